// Delivery. Owns the queue of decisions that the Worker has not acknowledged yet: it survives reload and a closed tab, keeps the
// order, and repeats with the same idempotency key, so that a decision is recorded once however often it is sent. What an answer
// means, and how long to wait, the module says (`www/src/delivery.rs`).
//
// An entry is `queue.<moment>.<idempotency key>` → the body. Each has a key of its own, so that two tabs never write over each
// other.
import { core } from './core.js';
import { tell } from './page.js';
import { first, get, remove, set } from './store.js';
import { api } from './tag.js';

let busy;
let failures = 0;

/** Random bytes as base64url (RFC 4648, section 5) without padding. */
export const token = (count) =>
  btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(count)))).replace(
    /[+/=]/g,
    (character) => ({ '+': '-', '/': '_' })[character] ?? '',
  );

/** Puts a body last and starts sending. */
export function push(moment, body) {
  set(`queue.${moment}.${token(16)}`, body);
  flush();
}

/** Sends the oldest entry, and after its answer the next. */
export async function flush() {
  const entry = first('queue.');
  if (busy || !entry || !navigator.onLine) return;
  busy = true;
  let status = 0;
  let told = 0;
  let answer;
  try {
    const response = await fetch(`${api}/consent`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'Idempotency-Key': entry.split('.').pop() },
      body: get(entry),
      // The person's secret is in the body; cookies of the Worker's origin have no business here.
      credentials: 'omit',
      // Outlives the page, so that a decision followed by a click on a link arrives.
      keepalive: true,
    });
    status = response.status;
    told = response.headers.get('Retry-After');
    answer = await response.json();
  } catch {}
  busy = false;
  const wait = core.answered(status, failures++, told);
  if (wait > 0) setTimeout(flush, wait);
  else {
    failures = 0;
    remove(entry);
    tell(wait ? 'refused' : 'recorded', answer);
    flush();
  }
}
