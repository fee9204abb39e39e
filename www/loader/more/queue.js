// Delivery. Owns the queue of decisions that the Worker has not acknowledged yet: it survives reload and a closed tab, keeps the
// order, and repeats with the same idempotency key, so that a decision is recorded once however often it is sent.
//
// An entry is `queue.<moment>.<idempotency key>`. Each has a key of its own, so that two tabs never write over each other. The first
// part of the widget leaves in it what it knew at the moment of the decision; here it becomes the body that is sent, once, because
// the body must stay the same however often it is sent.
import { hashOf } from './notice.js';
import { remover } from './remove.js';

/** The wait after a failure; it doubles with each further one, up to the longest, also where the Worker asks for a longer one. */
const FIRST_WAIT_MS = 2_000;
const LONGEST_WAIT_MS = 300_000;

/** The same body will never do; keeping it would hold up every later decision. */
const FINAL = [400, 413, 415, 422];

/** How long an entry that another tab made is left to it, which knows what was on the screen. */
const LEFT_MS = 5_000;

/** How long to wait where another page is sending. Not only until it is done: what it removes from the storage is seen here later. */
const BUSY_MS = 1_000;

/** As the module counts them. */
const SURFACES = ['banner', 'dialog', 'placeholder', 'page'];

export function queue({ api, site, store, tell }, registered) {
  const { cookies, domain, get, memory, set, start } = store;
  const remove = remover(store);
  /** The entries that were made on this page. */
  const own = new Set();
  let busy;
  let failures = 0;

  /** The oldest entry. */
  function oldest() {
    const keys = Object.keys(memory);
    try {
      keys.push(...Object.keys(localStorage));
    } catch {}
    return keys.filter((key) => key.startsWith(`${start}queue.`)).sort()[0]?.slice(start.length);
  }

  /** What is sent of an entry. */
  async function body(entry) {
    const kept = JSON.parse(get(entry));
    if (kept.decisions) return kept;
    const [, version, ...answers] = kept.choice.split(' ');
    const hash = own.has(entry) ? await hashOf(kept.surface) : undefined;
    const body = {
      anonymous: { site, secret: kept.secret },
      // A version alone proves nothing about what was shown.
      notice: hash && { version: +version, language: kept.spoken, hash },
      shown: {
        // Each purpose has a placeholder of its own.
        surface: SURFACES[kept.surface % SURFACES.length],
        regime: kept.regime,
        version: kept.widget,
        at: time(kept.shownAt),
      },
      decisions: answers.slice(0, kept.count).map((answer) => {
        const [purpose, status, moment, mark] = answer.split(/[=@]/);
        const { basis } = kept.purposes.find(({ name }) => name === purpose) ?? {};
        return { purpose, status, legal_basis: basis, decided_at: time(+moment), over_gpc: mark === 'gpc' || undefined };
      }),
      // The Worker sets it again, for longer than some browsers let a script.
      cookie: cookies ? { choice: get('choice') ?? kept.choice, domain: domain || undefined, embedded: self !== top } : undefined,
    };
    set(entry, JSON.stringify(body));
    return body;
  }

  /** Sends one entry after the other. */
  async function flush() {
    const entry = oldest();
    if (busy || !entry || !navigator.onLine) return;
    const [, moment] = entry.split('.');
    const left = +moment + LEFT_MS - Date.now();
    const young = left > 0 && left <= LEFT_MS;
    if (young && !own.has(entry)) return setTimeout(flush, left);
    busy = true;
    // What this page alone may send is sent at once, because the page may be about to go.
    const wait = await (young ? deliver() : alone(deliver));
    busy = false;
    if (wait) setTimeout(flush, wait);
    else flush();
  }

  /** Sends the oldest entry; how long to wait before going on. */
  async function deliver() {
    const entry = oldest();
    // Another page sent it meanwhile.
    if (!entry) return;
    let status = 0;
    let told = 0;
    let sent;
    let answer;
    try {
      sent = await body(entry);
    } catch {
      // What can't be read was written by nobody here.
      return remove(entry);
    }
    try {
      const response = await fetch(`${api}/consent`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', 'Idempotency-Key': entry.split('.')[2] },
        body: JSON.stringify(sent),
        // The right to decide is the person's secret in the body; without a cookie to set, those of the Worker's host have no
        // business here.
        credentials: sent.cookie ? 'include' : 'omit',
        // Outlives the page, so that a decision followed by a click on a link arrives.
        keepalive: true,
      });
      status = response.status;
      told = response.headers.get('Retry-After');
      answer = await response.json();
    } catch {}
    // A cookie that can't be set, for a domain that is not this one's, must not cost the decision.
    if (sent.cookie && answer?.field?.startsWith('cookie')) return set(entry, JSON.stringify({ ...sent, cookie: undefined }));
    const recorded = status >= 200 && status < 300;
    if (!recorded && !FINAL.includes(status)) {
      const doubled = FIRST_WAIT_MS * 2 ** failures++;
      return Math.min(Math.max(doubled, told * 1_000 || 0), LONGEST_WAIT_MS);
    }
    failures = 0;
    remove(entry);
    tell(recorded ? 'recorded' : 'refused', answer);
    if (answer?.notice_registered === false) registered(sent);
  }

  /** Does what only one page of the browser may do at a time. Where there are no locks, the Worker knows what it has already. */
  async function alone(act) {
    try {
      return await navigator.locks.request(`${start}queue`, { ifAvailable: true }, (lock) => (lock ? act() : BUSY_MS));
    } catch {
      return act();
    }
  }

  addEventListener('online', flush);
  flush();
  return {
    /** Sends an entry that was made on this page. Settled once it is what it will be, so that the page may go. */
    async send(entry) {
      own.add(entry);
      await body(entry).catch(() => {});
      flush();
    },
    /** Whether something is still to be sent. */
    waits: () => !!oldest(),
  };
}

const time = (ms) => new Date(ms).toISOString();
