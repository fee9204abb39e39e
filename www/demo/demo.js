// The demo shop: shows which tags run and what the server holds about the visitor. Nothing here decides anything; it uses
// what any site can use: `window.Consentry`, the events and the API.
window.demo = {
  /** Called by a tag that runs. */
  turnOn(purpose) {
    ran.add(purpose);
    paint(purpose);
  },
};
const ran = new Set();

const PURPOSES = {
  model_training: 'Training AI models',
  inference: 'Answers by AI',
  analytics: 'Statistics',
  personalization: 'Personalisation',
};
const STATUS = { granted: 'Yes', revoked: 'No', pending: 'Not decided' };
const MOMENT = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' });
const one = (selector, root = document) => root.querySelector(selector);

/** A tag can't be unloaded, but a well-behaved one stops when its purpose is withdrawn. */
function paint(purpose) {
  const tile = one(`[data-tile="${purpose}"]`);
  const on = ran.has(purpose) && window.Consentry?.accepted(purpose) === true;
  tile.classList.toggle('is-on', on);
  one('.state', tile).textContent = on ? 'On' : 'Off';
}

/** The person's id: the hash of a secret that only this browser holds. */
async function userId(secret) {
  const binary = atob(secret.replaceAll('-', '+').replaceAll('_', '/'));
  const digest = await crypto.subtle.digest('SHA-256', Uint8Array.from(binary, (c) => c.charCodeAt(0)));
  const base64 = btoa(String.fromCharCode(...new Uint8Array(digest)));
  return `anonymous:${base64.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')}`;
}

async function showRecord() {
  const { api, site, secret } = window.Consentry?.proof() ?? {};
  if (!secret) return;
  const id = await userId(secret);
  const answer = await fetch(`${api}/consent/${encodeURIComponent(id)}`, {
    headers: { 'Consentry-Site': site, 'Consentry-Secret': secret },
  });
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.detail ?? body.title ?? `status ${answer.status}`);

  const shown = Object.keys(PURPOSES).filter((purpose) => purpose in body.consent);
  one('[data-rows]').replaceChildren(...shown.map((purpose) => row(purpose, body.consent[purpose])));
  one('[data-user]').textContent = body.user_id;
  one('[data-filled]').hidden = false;
  one('[data-empty]').hidden = true;
  one('[data-trouble]').hidden = true;
}

function row(purpose, { status, updated_at: since }) {
  const cells = [
    Object.assign(document.createElement('th'), { scope: 'row', textContent: PURPOSES[purpose] }),
    document.createElement('td'),
    Object.assign(document.createElement('td'), { textContent: since ? MOMENT.format(new Date(since)) : '–' }),
  ];
  const badge = Object.assign(document.createElement('span'), { textContent: STATUS[status] ?? status });
  badge.className = `badge ${status}`;
  cells[1].append(badge);
  const line = document.createElement('tr');
  line.dataset.purpose = purpose;
  line.dataset.status = status;
  line.append(...cells);
  return line;
}

function refresh() {
  showRecord().catch((reason) => {
    one('[data-trouble]').textContent = `The server can't be asked right now (${reason.message}).`;
    one('[data-trouble]').hidden = false;
  });
}

for (const button of document.querySelectorAll('[data-show]')) {
  button.addEventListener('click', () => window.Consentry?.show());
}
document.addEventListener('consentry:change', () => ran.forEach(paint));
document.addEventListener('consentry:recorded', ({ detail }) => {
  const last = detail.records?.at(-1);
  if (last) {
    one('[data-leaf]').textContent = `no. ${last.log_index} · ${last.leaf_hash}`;
    one('[data-latest]').hidden = false;
  }
  refresh();
});
refresh();
