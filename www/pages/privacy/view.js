// What the page shows. Owns elements, words and dates; what a press does is told to `main.js`. Elements are made by name and text,
// never from markup, so that Trusted Types and a strict policy have nothing to object to.

let words = {};
let moment;
let day;

export const one = (selector) => document.querySelector(selector);
export const say = (name) => words[name] ?? name.replaceAll('_', ' ');

/** Takes the words of a language and puts them where the page has places for them. */
export function speak(spoken) {
  words = spoken;
  moment = new Intl.DateTimeFormat(words.language, { dateStyle: 'long', timeStyle: 'short' });
  day = new Intl.DateTimeFormat(words.language, { dateStyle: 'long' });
  document.documentElement.lang = words.language;
  document.documentElement.dir = words.direction;
  document.title = say('privacy_title');
  for (const place of document.querySelectorAll('[data-words]')) place.textContent = say(place.dataset.words);
}

export const language = () => words.language ?? 'en';

/** An element with attributes and children; what is empty is left out. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children.filter((child) => child !== '' && child !== undefined));
  return element;
}

const time = (at, format = moment) => make('time', { datetime: at }, format.format(new Date(at)));

/** Says what was done, to whoever sees it and whoever hears it. */
export function tell(name) {
  one('[data-status]').textContent = name ? say(name) : '';
}

/** Says what went wrong; without a name, that nothing is. */
export function trouble(name) {
  const place = one('[data-trouble]');
  place.hidden = !name;
  place.textContent = name ? say(name) : '';
}

/** What holds of a purpose, in a sentence. */
function holding({ status, reason, updated_at: since }) {
  const said = { granted: 'agreed', revoked: 'refused' }[status] ?? (['expired', 'erased'].includes(reason) ? 'ended' : 'undecided');
  return since ? [say(said), ' · ', time(since)] : [say(said)];
}

/** Whether a switch that is on says no. */
const objects = (basis) => basis === 'legitimate_interest';

/** What a purpose is called, and what it means. */
export const named = (purpose) => say(purpose);
export const described = (purpose) => words[`${purpose}_text`] ?? '';

/** The switches: `changed` hears the purpose and the status that is wanted. */
export function showChoices(status, bases, changed) {
  const rows = Object.entries(status).map(([purpose, held]) => {
    const basis = bases[purpose] ?? 'consent';
    const [name, about] = [`name-${purpose}`, `about-${purpose}`];
    const input = make('input', { type: 'checkbox', role: 'switch', id: purpose, name: purpose, 'aria-describedby': about });
    input.checked = objects(basis) ? held.status === 'revoked' : held.status === 'granted';
    input.addEventListener('change', () => changed(purpose, input.checked === objects(basis) ? 'revoked' : 'granted', basis, input));
    const head =
      basis === 'contract'
        ? [make('span', { class: 'name', id: name }, named(purpose)), make('span', { class: 'quiet' }, say('always_on'))]
        : objects(basis)
          ? [make('span', { class: 'name', id: name }, named(purpose)), make('label', { class: 'object' }, say('object'), input)]
          : [make('label', { class: 'name', id: name, for: purpose }, named(purpose)), input];
    const text = described(purpose);
    return make(
      'li',
      { role: 'group', 'aria-labelledby': name },
      ...head,
      make('div', { id: about, class: 'about' }, text && make('p', { class: 'about' }, text), make('p', { class: 'holds' }, ...holding(held))),
    );
  });
  // A list whose entries are groups of their own.
  const list = one('[data-choices]');
  list.setAttribute('role', 'presentation');
  const focused = document.activeElement?.id;
  list.replaceChildren(...rows);
  if (focused && status[focused]) document.getElementById(focused)?.focus();
}

const ACTIONS = {
  consent_granted: 'agreed',
  consent_revoked: 'refused',
  consent_pending: 'undecided',
  data_exported: 'was_exported',
  erasure_requested: 'erasure_asked',
  evidence_redacted: 'was_erased',
  data_deleted: 'was_erased',
  identity_linked: 'was_linked',
};

/** What happened, newest first, so many of them. */
export function showHistory(events, count) {
  const lines = events.slice(0, count).map(({ action, purpose, timestamp, performed_by: by, decided_at: decided }) => {
    const what = ACTIONS[action] ?? (action.endsWith('_read') || action === 'privacy_opened' ? 'was_read' : action);
    const who = by === 'user' ? say('by_you') : by === 'system' ? 'Consentry' : say('by_site');
    const parts = [say(what), purpose && named(purpose), who].filter(Boolean).join(' · ');
    return make('li', {}, parts, make('br'), make('span', { class: 'small quiet' }, time(decided ?? timestamp)));
  });
  one('[data-history]').replaceChildren(...(lines.length ? lines : [make('li', {}, '–')]));
  one('[data-more]').hidden = events.length <= count;
}

/** Where erasures stand, the newest first. */
export function showErasures(erasures) {
  const dated = (name, at) => at && make('p', { class: 'small quiet' }, say(name).replace('{date}', day.format(new Date(at))));
  const entries = erasures.map((erasure) => {
    const stores = (erasure.stores ?? []).flatMap((store) => [
      make('dt', {}, store.store ?? store.name),
      // Whether it is tried again by itself is nothing to a person.
      make('dd', {}, say(`state_${store.state === 'dead' ? 'failed' : store.state}`)),
    ]);
    return make(
      'li',
      { 'data-state': erasure.state },
      make('h3', {}, say(`state_${erasure.state}`)),
      make('p', { class: 'small quiet' }, say('erasure_asked'), ' · ', time(erasure.requested_at)),
      erasure.state === 'done' ? '' : dated('due', erasure.due_at),
      stores.length ? make('dl', {}, ...stores) : '',
      dated('horizon', erasure.restore_horizon),
    );
  });
  one('[data-erasures]').replaceChildren(...entries);
}

/** Hands a file to the browser's downloads. */
export function save(blob, name) {
  const link = make('a', { download: name });
  link.href = URL.createObjectURL(blob);
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
