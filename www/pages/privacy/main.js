// A person's own page: what they agreed to and when, changing it, downloading everything, erasure. Owns what follows on what; what
// holds is decided by the service and read again after every change.
import { explain, hashOf, notices } from '../notice.js';
import { find, language, one, readWords, say, speak, tell, trouble } from '../page.js';
import { Failed, enter, readLink } from './person.js';
import {
  blame, busy, described, goTo, goToErasure, lines, named, save, showChoices, showErasures, showHistory,
} from './view.js';

/** What is shown of the history at first, in lines; each time that more is wanted, twice as much. */
const LINES = 20;
/** Erasures that are shown at first, and each time that more are wanted. */
const ERASURES = 5;
/** How long until they are looked at again: twice as long each time that nothing happened, because every look is an event. */
const FOLLOW_MS = 30_000;
const LONGEST_MS = 16 * 60_000;
/** States that an erasure stays in. */
const FINAL = ['done', 'refused'];
/** The number of this page's notice (`src/notice.rs`); raised when what it says about choices changes in substance. */
const NOTICE_VERSION = 1;

let person;
/** What is read of the history, newest first, and where what is older begins. */
let events = [];
let older;
/** The ground on which each purpose stands, as it was last recorded. */
let grounds = {};
/** The ids of erasures, newest first, and where older ones begin. */
let ids = [];
let olderIds;
/** How many of them are shown, and how they stood when they were looked at. */
let shownErasures = ERASURES;
const erasures = new Map();
let status = {};
let shown = LINES;

/** What a person is told of a failure. */
function fail(reason) {
  console.warn(`consentry: ${reason}`);
  const names = { 0: 'offline', 401: 'link_over' };
  trouble(say((reason instanceof Failed && names[reason.status]) || 'failed'));
}

/** Does what a press asks for, and tells if it can't be done. Whether it could. */
async function attempt(act) {
  trouble();
  tell();
  try {
    await act();
    return true;
  } catch (reason) {
    tell();
    fail(reason);
    return false;
  }
}

let turn = 0;

/** Reads all that the page shows. */
async function refresh() {
  const mine = ++turn;
  const held = await person.status();
  const newest = await person.trail();
  // What is further back than the first page is looked for.
  const found = await groundsOf(held, newest);
  const asked = await requests(newest.next ? await person.requests() : newest);
  // Somebody asked again meanwhile.
  if (mine !== turn) return;
  [status, grounds, events, older] = [held, found, newest.events, newest.next];
  [ids, olderIds] = asked;
  paint();
  await follow();
}

/** The grounds of all that was decided about, however long ago, of which the newest is there. */
async function groundsOf(held, newest) {
  const found = {};
  const missing = () => Object.keys(held).some((purpose) => held[purpose].updated_at && !found[purpose]);
  let page = newest;
  let next;
  for (;;) {
    for (const { purpose, legal_basis: basis } of page.events) if (purpose && basis) found[purpose] ??= basis;
    if (!page.next || !missing()) return found;
    page = await person.decisions(next);
    next = page.next;
  }
}

/** The ids of the erasures that a page of requests names, after those that are known, and where older ones begin; as many as are
 * shown, if there are so many. */
async function requests({ events, next }, known = []) {
  const asked = events.filter(({ action }) => action === 'erasure_requested').map(({ details }) => details.erasure);
  const all = [...new Set([...known, ...asked])].filter(Boolean);
  return next && all.length < shownErasures ? requests(await person.requests(next), all) : [all, next];
}

function paint() {
  showChoices(status, grounds, change);
  const all = lines(events);
  showHistory(all.slice(0, shown), all.length > shown || older);
}

/** Records one choice with the words that the person had before them. */
async function change(purpose, wanted, basis) {
  busy(purpose, true);
  const done = await attempt(async () => {
    const texts = [say('your_data'), say('choices')];
    const asked = { asked: { version: NOTICE_VERSION }, named, spoken: language() };
    explain(asked, purpose, texts, [{ name: purpose, basis }], described);
    const hash = await hashOf(purpose);
    const notice = { version: NOTICE_VERSION, language: language(), ...(hash && { hash }) };
    const answer = await person.decide({ purpose, status: wanted, legal_basis: basis }, notice);
    if (answer.notice_registered === false && notices[hash]) await person.register(hash, notices[hash]);
    tell(say('saved'));
  });
  busy(purpose, false);
  blame(purpose, !done);
  // What holds, whatever was pressed.
  if (!done) paint();
  else await refresh().catch(fail);
}

/** Shows more of what happened, and goes on there. */
async function showMore() {
  const from = shown;
  shown *= 2;
  while (older && lines(events).length <= shown) {
    const page = await person.trail(older);
    events = [...events, ...page.events];
    older = page.next;
  }
  paint();
  goTo(from);
}

let following;
let wait = FOLLOW_MS;
let before = '[]';

/** Shows where erasures stand, and looks again while one goes on. */
async function follow() {
  clearTimeout(following);
  const wanted = ids.slice(0, shownErasures);
  // What is over further back is looked at once.
  const open = wanted.filter((id, place) => place < ERASURES || !FINAL.includes(erasures.get(id)?.state));
  for (const erasure of await Promise.all(open.map((id) => person.erasure(id)))) erasures.set(erasure.id, erasure);
  const found = wanted.map((id) => erasures.get(id));
  one('[data-more-erasures]').hidden = !olderIds && ids.length <= shownErasures;
  const now = JSON.stringify(found);
  const states = (text) => JSON.stringify(JSON.parse(text).map(({ id, state }) => [id, state]));
  wait = now === before ? Math.min(2 * wait, LONGEST_MS) : FOLLOW_MS;
  if (now !== before) showErasures(found);
  // Where something was shown before, what is new is said; not what is only further back.
  if (before !== '[]' && !states(now).startsWith(states(before).slice(0, -1))) {
    tell(`${say('erase')}: ${say(`state_${found[0].state}`)}`);
  }
  before = now;
  const running = found.some(({ state }) => !FINAL.includes(state));
  one('[data-erase]').disabled = running;
  if (running) following = setTimeout(() => document.hidden || follow().catch(fail), wait);
}

/** Shows more erasures, and goes on there. */
async function showMoreErasures() {
  const from = shownErasures;
  shownErasures += ERASURES;
  [ids, olderIds] = await requests({ events: [], next: olderIds }, ids);
  await follow();
  goToErasure(from);
}

async function start() {
  const link = readLink();
  const spoken = await readWords(link.lang);
  speak('your_data');
  if (!spoken) {
    tell();
    return trouble(say('offline'));
  }
  tell(say('loading'), false);
  try {
    person = await enter(link);
    if (!person) {
      tell();
      return trouble(say('locked'));
    }
    one('[data-site]').textContent = person.site;
    await refresh();
    one('[data-page]').hidden = false;
    tell();
  } catch (reason) {
    tell();
    fail(reason);
  }
}

let loading = false;

/** Gets something that may take a while, one thing at a time. */
async function load(act) {
  if (loading) return;
  loading = true;
  await attempt(async () => {
    tell(say('loading'), false);
    await act();
    tell();
  });
  loading = false;
}

one('[data-more]').addEventListener('click', () => load(showMore));
one('[data-more-erasures]').addEventListener('click', () => load(showMoreErasures));
for (const button of document.querySelectorAll('[data-format]')) {
  const { format } = button.dataset;
  button.addEventListener('click', () =>
    load(async () => save(await person.download(format, language()), `${person.site}.${format}`)),
  );
}
const sure = one('[data-sure]');
one('[data-erase]').addEventListener('click', () => sure.showModal());
one('[data-cancel]').addEventListener('click', () => sure.close());
one('[data-confirm]').addEventListener('click', () => {
  sure.close();
  attempt(async () => {
    await person.erase();
    tell(say('event_erasure_requested'));
    await refresh();
    goToErasure();
  });
});
// A second link opened in the same tab, the way back to a service that couldn't be reached, and back from another tab.
addEventListener('hashchange', () => location.hash && location.reload());
addEventListener('online', () => (person ? attempt(refresh) : find('locked') || location.reload()));
document.addEventListener('visibilitychange', () => !document.hidden && person && refresh().catch(fail));

start();
