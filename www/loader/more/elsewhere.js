// What the person decides on their own page (`/privacy`), of which this browser would not know. Owns when the service is asked about
// that, which is only after the page was opened from here, and keeping what it says is to be kept (`Choice::renewed` of the core).
//
// The page says no more than that something changed. What did, the service says to whoever shows the visitor's secret, so there is
// nothing that another page could make anybody believe.
import { remover } from './remove.js';

/** Until when the service is asked at every occasion: once more after that. The page itself, where it is on this origin, sets it too
 * (`www/pages/privacy/person.js`). */
const UNTIL = 'elsewhere';

/** How long that is where nobody sees whether the page is still open. */
const LONGEST_MS = 24 * 60 * 60_000;

/** Asking again would be answered the same. */
const FINAL = [400, 401, 403, 404, 405, 413, 415, 422];

/** How to look at what happens there; `taken` is called once the browser keeps another choice. */
export function elsewhere({ api, asked, site, store }, taken) {
  const { cookies, domain, get, keep, kept, known, set, start } = store;
  const remove = remover(store);
  const pages = [];
  let mine;
  let busy;
  let again;

  /** Asks, if the page was opened. One call after the other: what changes during one is asked for by the next. */
  async function look() {
    again = true;
    if (busy) return;
    busy = true;
    while (again && get(UNTIL)) {
      again = false;
      await ask().catch(() => {});
    }
    busy = false;
  }

  async function ask() {
    const [began, until, before, secret] = [Date.now(), get(UNTIL), kept(), known()];
    const closed = pages.length && pages.every((page) => page.closed);
    const choices = before.filter(Boolean);
    if (secret && choices.length) {
      const { status, choice } = await send({ anonymous: { site, secret }, choices }, cookies && { domain: domain || undefined, embedded: self !== top });
      if (status !== 200 && !FINAL.includes(status)) return;
      // Decided here meanwhile. The service may have set the cookie.
      if (kept().some((text, place) => text !== before[place] && text !== choice)) return look();
      if (choice && choices.some((text) => text !== choice)) {
        if (kept()[1] === choice) set('choice', choice);
        else keep(choice);
        taken();
      }
    }
    if (get(UNTIL) !== until) return;
    // A clock that was set back must not make it longer.
    if (until <= began || until - began > LONGEST_MS) remove(UNTIL);
    else if (closed && until === mine) set(UNTIL, began);
  }

  /** Sends a question, with the wish for a cookie; without it if it can't be met. */
  async function send(question, cookie) {
    const purposes = asked.purposes.filter(({ basis }) => basis !== 'contract').map(({ name }) => name);
    const response = await fetch(`${api}/consent/choice`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ ...question, purposes, cookie: cookie || undefined }),
      credentials: cookie ? 'include' : 'omit',
    });
    const answer = await response.json().catch(() => ({}));
    return cookie && answer.field?.startsWith('cookie') ? send(question) : { status: response.status, choice: answer.choice };
  }

  addEventListener('focus', look);
  addEventListener('pageshow', ({ persisted }) => persisted && look());
  // The page said so itself; what other pages of the site note is about theirs.
  addEventListener('storage', ({ key, newValue }) => key === `${start}${UNTIL}` && newValue && newValue <= Date.now() && look());
  // A link of the site's own leads there, in this tab or in another.
  const follow = (address) => `${address}`.startsWith(`${api}/privacy`) && opened();
  window.navigation?.addEventListener('navigate', ({ destination }) => follow(destination.url));
  addEventListener('click', ({ target, defaultPrevented }) => defaultPrevented || follow(target.closest?.('a')?.href));
  look();

  /** The page was opened, in a window if it is known in which. */
  function opened(page) {
    if (page) pages.push(page);
    set(UNTIL, (mine = `${Date.now() + LONGEST_MS}`));
  }
  return { look, opened };
}
