// What the page shows of a person: their choices, what happened, their erasures. Owns elements and what they say; what a press does
// is told to `main.js`.
import { date, find, focus, make, number, one, parts, refill, say, time } from '../page.js';

/** What holds of a purpose, in a sentence. */
function holding({ status, reason, updated_at: since }) {
  const ended = ['expired', 'erased'].includes(reason) && 'ended';
  const said = { granted: 'event_consent_granted', revoked: 'event_consent_revoked' }[status] ?? (ended || 'event_consent_pending');
  return since ? [say(said), ' · ', time(since)] : [say(said)];
}

/** Whether a switch that is on says no. */
const objects = (basis) => basis === 'legitimate_interest';

/** What a purpose is called, and what it means. */
export const named = (purpose) => say(purpose);
export const described = (purpose) => find(`${purpose}_text`) ?? '';

/** What is shown of the choices, so that a row stays as long as it is about the same. */
let shown = '';

/** The switches: `changed` hears the purpose and the status that is wanted. */
export function showChoices(status, bases, changed) {
  const basis = (purpose) => bases[purpose] ?? 'consent';
  const list = one('[data-choices]');
  const now = JSON.stringify(Object.keys(status).map((purpose) => [purpose, basis(purpose)]));
  if (now !== shown) {
    shown = now;
    // A list whose entries are groups of their own.
    list.setAttribute('role', 'presentation');
    list.replaceChildren(...Object.keys(status).map((purpose) => row(purpose, basis(purpose), changed)));
  }
  for (const [purpose, held] of Object.entries(status)) {
    const input = document.getElementById(purpose);
    if (input) input.checked = objects(basis(purpose)) ? held.status === 'revoked' : held.status === 'granted';
    document.getElementById(`holds-${purpose}`).replaceChildren(...holding(held));
  }
}

function row(purpose, basis, changed) {
  const [name, about] = [`name-${purpose}`, `about-${purpose}`];
  const input = make('input', { type: 'checkbox', role: 'switch', id: purpose, name: purpose, 'aria-describedby': about });
  input.addEventListener('change', () => {
    // One thing after the other. A switch that is disabled would lose the focus.
    if (input.hasAttribute('aria-disabled')) input.checked = !input.checked;
    else changed(purpose, input.checked === objects(basis) ? 'revoked' : 'granted', basis);
  });
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
    make('div', { id: about, class: 'about' }, text && make('p', {}, text), make('p', { class: 'holds', id: `holds-${purpose}` })),
  );
}

/** Shows that a choice is being recorded, or is no longer. */
export function busy(purpose, on) {
  const input = document.getElementById(purpose);
  if (on) input?.setAttribute('aria-disabled', 'true');
  else input?.removeAttribute('aria-disabled');
}

/** Ties what went wrong to the switch that it is about, or unties it. */
export function blame(purpose, on) {
  const input = document.getElementById(purpose);
  input?.setAttribute('aria-describedby', on ? `trouble about-${purpose}` : `about-${purpose}`);
  if (on) input?.setAttribute('aria-invalid', 'true');
  else input?.removeAttribute('aria-invalid');
}

const isRead = ({ action }) => action.endsWith('_read') || action === 'privacy_opened';

/** What happened, in a sentence. */
function sentence({ action, purpose, performed_by: by, details }) {
  // What failed is tried once more: for the person it goes on.
  const change = details.change === 'retry' ? 'release' : details.change;
  const what = (action === 'erasure_changed' && find(`changed_${change}`)) || say(`event_${action}`);
  const who = by === 'user' ? say('by_you') : by === 'system' ? 'Consentry' : say('by_site');
  return [what, purpose && named(purpose), who].filter(Boolean).join(' · ');
}

/** Whether two events that follow each other are one line: reads that read alike, and all that a person looked at themself, because
 * whoever looks often would see nothing else. */
const alike = (one, other) =>
  isRead(one) && isRead(other) && one.performed_by === other.performed_by && (one.performed_by === 'user' || one.action === other.action);

/** The lines that events make. */
export function lines(events) {
  const lines = [];
  for (const event of events) {
    const at = event.decided_at ?? event.timestamp;
    const last = lines.at(-1);
    if (last && alike(last.event, event)) {
      if (last.event.action !== event.action) last.said = sentence({ ...event, action: 'consent_read' });
      Object.assign(last, { count: last.count + 1, first: at });
    } else lines.push({ event, said: sentence(event), count: 1, first: at, last: at });
  }
  return lines;
}

/** What happened, newest first; `more` says whether there is more than that. */
export function showHistory(lines, more) {
  const entries = lines.map(({ said, count, first, last }) => {
    const times = count > 1 ? [time(first), ' – ', time(last)] : [time(last)];
    const often = count > 1 ? `${number(count)} × ` : '';
    return make('li', {}, `${often}${said}`, make('br'), make('span', { class: 'small quiet' }, ...times));
  });
  refill(one('[data-history]'), entries.length ? entries : [make('li', {}, '–')]);
  one('[data-more]').hidden = !more;
}

/** Goes to a line of what happened. */
export const goTo = (line) => focus(one('[data-history]').children[line] ?? one('[data-history]').lastElementChild);

/** Where erasures stand, the newest first. */
export function showErasures(erasures) {
  refill(one('[data-erasures]'), erasures.map(erasureEntry));
}

/** Goes to an erasure, the newest by default. */
export function goToErasure(place = 0) {
  const headings = document.querySelectorAll('[data-erasures] h3');
  focus(headings[place] ?? headings[headings.length - 1]);
}

function erasureEntry(erasure) {
  const line = (...children) => make('p', { class: 'small quiet' }, ...children);
  const dated = (name, at) => at && line(...parts(name, { date: date(at) }));
  const over = ['done', 'refused'].includes(erasure.state);
  const stores = (erasure.stores ?? []).flatMap(({ store, kind, state }) => [
    make('dt', {}, kind === 'd1_evidence' ? say('store_evidence') : make('bdi', {}, store)),
    make('dd', {}, say(`state_${state}`)),
  ]);
  // A data set of which no model is known is a store like others.
  const models = (erasure.lineage ?? []).flatMap(({ model, state }) =>
    model ? [make('dt', {}, make('bdi', {}, model)), make('dd', {}, say(`model_${state}`))] : [],
  );
  return make(
    'li',
    { 'data-state': erasure.state },
    make('h3', {}, say(`state_${erasure.state}`)),
    erasure.ground ? make('p', {}, say(`ground_${erasure.ground}`)) : '',
    erasure.state === 'refused' ? make('p', {}, say('complain')) : '',
    line(say('event_erasure_requested'), ' · ', time(erasure.requested_at)),
    over ? '' : dated(erasure.deadline_warning === 'overdue' ? 'overdue' : 'due', erasure.due_at),
    erasure.extension && !over ? line(say('changed_extend'), ' · ', say(`ground_${erasure.extension}`)) : '',
    stores.length && erasure.state !== 'refused' ? make('dl', {}, ...stores) : '',
    dated('horizon', erasure.restore_horizon),
    models.length ? make('h4', {}, say('models')) : '',
    models.length ? make('dl', {}, ...models) : '',
  );
}

/** Hands a file to the browser's downloads. */
export function save(blob, name) {
  const link = make('a', { download: name });
  link.href = URL.createObjectURL(blob);
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
