// A person's own page: what they agreed to, changing it, downloading everything, erasure. Owns what follows on what; what holds is
// decided by the service and read again after every change.
import { explain, hashOf, notices } from '../notice.js';
import { Failed, enter, readLink, readWords } from './person.js';
import { described, language, named, one, save, say, showChoices, showErasures, showHistory, speak, tell, trouble } from './view.js';

/** What is shown of the history at a time. */
const LINES = 20;
/** Pages of a thousand events that are read; a history beyond is in the download. */
const PAGES = 10;
/** Erasures that are followed. */
const ERASURES = 5;
const FOLLOW_MS = 30_000;
/** States that an erasure stays in. */
const FINAL = ['done', 'refused'];
/** The number of this page's notice (`src/notice.rs`); raised when what it says about choices changes in substance. */
const NOTICE_VERSION = 1;

let person;
let events = [];
let lines = LINES;
let status = {};

/** What a person is told of a failure. */
function fail(reason) {
  console.warn(`consentry: ${reason}`);
  if (!(reason instanceof Failed)) return trouble('failed');
  trouble(reason.status === 0 ? 'offline' : reason.status === 401 ? 'link_over' : 'failed');
}

/** Does what a press asks for, and tells if it can't be done. */
async function attempt(act) {
  trouble();
  try {
    await act();
  } catch (reason) {
    tell();
    fail(reason);
  }
}

/** Reads all that the page shows. */
async function refresh() {
  status = await person.status();
  const read = [];
  let next;
  for (let page = 0; page < PAGES && (page === 0 || next); page++) {
    const { events, next: after } = await person.trail(next);
    read.push(...events);
    next = after;
  }
  events = read.reverse();
  paint();
  await follow();
}

/** The ground on which each purpose stands, as it was last recorded. */
function bases() {
  const found = {};
  for (const { purpose, legal_basis: basis } of events) if (purpose && basis) found[purpose] ??= basis;
  return found;
}

function paint() {
  showChoices(status, bases(), change);
  showHistory(events, lines);
}

/** Records one choice with the words that the person had before them. */
async function change(purpose, wanted, basis, input) {
  input.disabled = true;
  await attempt(async () => {
    explain(
      { asked: { version: NOTICE_VERSION }, named, spoken: language() },
      purpose,
      [say('privacy_title'), say('choices')],
      [{ name: purpose, basis }],
      described,
    );
    const hash = await hashOf(purpose);
    const notice = { version: NOTICE_VERSION, language: language(), ...(hash && { hash }) };
    const answer = await person.decide({ purpose, status: wanted, legal_basis: basis }, notice);
    if (answer.notice_registered === false && notices[hash]) await person.register(hash, notices[hash]);
    input.disabled = false;
    await refresh();
    tell('saved');
  });
  // What holds, whatever was pressed.
  input.disabled = false;
  if (!one('[data-trouble]').hidden) paint();
}

let following;

/** Shows where erasures stand, and looks again while one goes on. */
async function follow() {
  clearTimeout(following);
  const asked = events.filter(({ action }) => action === 'erasure_requested').map(({ details }) => details.erasure);
  const ids = [...new Set(asked)].filter(Boolean).slice(0, ERASURES);
  const erasures = await Promise.all(ids.map((id) => person.erasure(id)));
  showErasures(erasures);
  const running = erasures.some(({ state }) => !FINAL.includes(state));
  one('[data-erase]').disabled = running;
  if (running) following = setTimeout(() => document.hidden || follow().catch(fail), FOLLOW_MS);
}

async function start() {
  const link = readLink();
  try {
    speak(await readWords(link.lang));
  } catch {
    // The words in the page itself are English.
    speak({ language: 'en', direction: 'ltr', offline: "The service can't be reached. Nothing was changed." });
    tell();
    return trouble('offline');
  }
  await attempt(async () => {
    person = await enter(link);
    if (!person) {
      tell();
      return trouble('locked');
    }
    one('[data-site]').textContent = person.site;
    await refresh();
    one('[data-page]').hidden = false;
    tell();
  });
}

one('[data-more]').addEventListener('click', () => {
  lines += LINES;
  paint();
});
for (const button of document.querySelectorAll('[data-format]')) {
  button.addEventListener('click', () =>
    attempt(async () => {
      tell('loading');
      const { format } = button.dataset;
      save(await person.download(format, language()), `${person.site}.${format}`);
      tell();
    }),
  );
}
const sure = one('[data-sure]');
one('[data-erase]').addEventListener('click', () => sure.showModal());
one('[data-cancel]').addEventListener('click', () => sure.close());
one('[data-confirm]').addEventListener('click', () => {
  sure.close();
  attempt(async () => {
    await person.erase();
    await refresh();
    tell('erasure_asked');
  });
});
// A second link opened in the same tab, and the way back to a service that couldn't be reached.
addEventListener('hashchange', () => location.hash && location.reload());
addEventListener('online', () => person && attempt(refresh));
document.addEventListener('visibilitychange', () => !document.hidden && person && attempt(follow));

start();
