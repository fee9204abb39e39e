// Who the page is for. Owns how a person gets in, and calling the service as them; nothing of it outlives the page.
//
// Four ways: a link that the site's backend made, with a token that opens the page once (`#token=…`); the banner's settings, which
// open the page and hand it the visitor's secret from window to window (`#ask`), so that it is in no address; a link of the site's own
// page, with the site and that secret (`#site=…&secret=…`); or, where the service is on the site's own origin, what the banner keeps
// in this browser. What stands behind the `#` is sent to nobody, and leaves the address at once.

/** How long the window that opened this one has to say whom it opened it for. */
const PATIENCE_MS = 3_000;
/** The waits before a call that reached nobody is tried again. */
const AGAIN_MS = [500, 2_000];

/** Events on a page of the history, and of what is looked for among all of it. */
const TRAIL = 200;
const FAR = 1000;
const DECISIONS = 'consent_granted,consent_revoked,consent_pending';

/** A call that did not succeed; `status` is 0 where the service wasn't reached. */
export class Failed extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

/** An answer of the service; without credentials where none are given. What reached nobody is tried again: a call that may have
 * arrived all the same has a key by which it is done once. */
async function ask(path, { headers = {}, ...options } = {}, waits = AGAIN_MS) {
  let answer;
  try {
    answer = await fetch(path, { headers, credentials: 'omit', cache: 'no-store', ...options });
  } catch (reason) {
    const [wait, ...rest] = waits;
    if (wait === undefined || !navigator.onLine) throw new Failed(0, `${reason}`);
    await new Promise((resolve) => setTimeout(resolve, wait));
    return ask(path, { headers, ...options }, rest);
  }
  if (answer.ok) return answer;
  const { detail = '' } = await answer.json().catch(() => ({}));
  throw new Failed(answer.status, detail);
}

/** What the link says, which is then no longer in the address. */
export function readLink() {
  const link = new URLSearchParams(location.hash.slice(1));
  if (location.hash) history.replaceState(null, '', location.pathname + location.search);
  return Object.fromEntries(link);
}

/** The person whom the link lets in; nothing where there is no link and the browser keeps nothing. */
export async function enter({ token, ask: asks, site, secret }) {
  if (token) {
    const body = JSON.stringify({ token });
    // Once: a link whose answer was lost is used.
    const answer = await ask('/privacy/session', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body }, []);
    const { session, user_id: user, site } = await answer.json();
    return person(user, site, { Authorization: `Bearer ${session}` });
  }
  const handed = asks === undefined ? undefined : await hand();
  const [knownSite, knownSecret, tell] = handed ?? (secret ? [site, secret] : kept(site));
  if (!knownSite || !knownSecret) return undefined;
  const changed = () => {
    tell?.();
    note(knownSite, knownSecret);
  };
  return person(await visitorId(knownSecret), knownSite, { 'Consentry-Site': knownSite, 'Consentry-Secret': knownSecret }, changed);
}

/** Site and secret that the window which opened this one hands over, if it does, and how to tell it that something changed; no more
 * than that, and to nobody but the origin that knows the secret. For everybody else it is forgotten then. */
async function hand() {
  const { opener } = window;
  if (!opener) return undefined;
  let hear;
  const heard = await new Promise((resolve) => {
    hear = ({ source, origin, data }) => {
      if (source !== opener || data?.consentry !== 'proof') return;
      // What has no origin can't be told anything that others don't hear.
      const tell = () => origin !== 'null' && opener.postMessage({ consentry: 'changed' }, origin);
      resolve([`${data.site}`, `${data.secret}`, tell]);
    };
    addEventListener('message', hear);
    // Whoever it is: nothing is told but that this page is there.
    opener.postMessage({ consentry: 'ask' }, '*');
    setTimeout(resolve, PATIENCE_MS);
  });
  removeEventListener('message', hear);
  window.opener = null;
  return heard;
}

/** Site and secret of a banner on this origin: of the site that the link names, or the only one. */
function kept(wanted) {
  try {
    const names = Object.keys(localStorage).flatMap((key) => /^consentry\.(\w+)\.secret$/.exec(key)?.[1] ?? []);
    const site = wanted ? names.find((name) => name === wanted) : names.length === 1 && names[0];
    return site ? [site, localStorage.getItem(`consentry.${site}.secret`)] : [];
  } catch {
    return [];
  }
}

/** Lets a banner on this origin know that what holds for its visitor changed (`www/loader/more/elsewhere.js`). */
function note(site, secret) {
  try {
    const key = `consentry.${site}`;
    if (localStorage.getItem(`${key}.secret`) === secret) localStorage.setItem(`${key}.elsewhere`, Date.now());
  } catch {}
}

/** A visitor's id: the hash of their secret. */
async function visitorId(secret) {
  const binary = atob(secret.replaceAll('-', '+').replaceAll('_', '/'));
  const digest = await crypto.subtle.digest('SHA-256', Uint8Array.from(binary, (character) => character.charCodeAt(0)));
  const base64 = btoa(String.fromCharCode(...new Uint8Array(digest)));
  return `anonymous:${base64.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')}`;
}

/** The service as a person meets it; `changed` is called after everything that may have changed what holds, whether or not its answer
 * came. */
function person(user, site, credentials, changed = () => {}) {
  const id = encodeURIComponent(user);
  const call = (path, options = {}) => ask(path, { ...options, headers: { ...credentials, ...options.headers } });
  const read = async (path) => (await call(path)).json();
  const send = async (path, body) => {
    // The same key for a repetition by the browser: nothing is recorded twice.
    const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': crypto.randomUUID() };
    return (await call(path, { method: 'POST', headers, body: body && JSON.stringify(body) })).json();
  };
  const page = async (path) => {
    const { audit_trail: events, next } = await read(path);
    return { events, next };
  };
  return {
    site,
    status: async () => (await read(`/consent/${id}`)).consent,
    /** A page of what was done, newest first, and the path of the next. */
    trail: (path = `/audit/${id}?order=desc&limit=${TRAIL}`) => page(path),
    /** A page of decisions, and one of requests for erasure, in the same way. */
    decisions: (path = `/audit/${id}?order=desc&limit=${FAR}&kind=${DECISIONS}`) => page(path),
    requests: (path = `/audit/${id}?order=desc&limit=${FAR}&kind=erasure_requested`) => page(path),
    decide: (decision, notice) =>
      send('/consent', { user_id: user, decisions: [decision], notice, shown: { surface: 'page' } }).finally(changed),
    /** Registers the words of a notice. */
    register: (hash, body) =>
      call(`/notices/${hash}`, { method: 'PUT', headers: { 'Content-Type': 'application/octet-stream' }, body }),
    /** Everything, as a file. */
    download: async (format, language) =>
      (await call(`/data/export/${id}?format=${format}&lang=${language}${format === 'json' ? '&limit=all' : ''}`)).blob(),
    erase: () => send(`/data/delete/${id}`).finally(changed),
    erasure: (erasure) => read(`/erasures/${erasure}`),
  };
}
