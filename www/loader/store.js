// What the browser keeps. Owns the keys in `localStorage`, the first-party cookie, and living without either: where both are refused
// or full, everything is kept in memory until the page goes, so that the page works the same and the person is asked again on the
// next one.
import { api, data, script, site } from './tag.js';

/** Two sites on one origin don't share a key. */
export const start = `consentry.${site}.`;
/** What a browser that keeps nothing keeps until the page goes. */
export const memory = {};

/** The value of a key, or undefined. */
export function get(name) {
  const key = start + name;
  try {
    return memory[key] ?? localStorage.getItem(key) ?? undefined;
  } catch {}
}

/** Keeps a value under a key. */
export function set(name, value) {
  const key = start + name;
  try {
    localStorage.setItem(key, value);
    delete memory[key];
  } catch {
    memory[key] = value;
  }
}

/** Random bytes as base64url (RFC 4648, section 5) without padding. */
export const token = (count) =>
  btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(count)))).replace(
    /[+/=]/g,
    (character) => ({ '+': '-', '/': '_' })[character] ?? '',
  );

// The cookie is for pages on other hosts of the same domain and for browsers that forget what scripts keep. It is of use only where
// the Worker is on a host whose cookies this page can read.
export const domain = data('cookieDomain');
export const cookies = domain || 'cookieDomain' in script.dataset || new URL(api).hostname === location.hostname;
const cookie = `consentry.${site}`;

/** The secret and the choice in the cookie, or nothing. */
function inCookie() {
  try {
    // Of several the one that was made last: that of the host from before there was one for the domain stands before it.
    const pair = document.cookie.split('; ').findLast((pair) => pair.startsWith(`${cookie}=`));
    const [secret, ...choice] = decodeURIComponent(pair.slice(cookie.length + 1)).split(' ');
    return [secret, choice.join(' ')];
  } catch {
    return [];
  }
}

/** The choices in the storage and in the cookie. */
export const kept = () => [get('choice') ?? '', inCookie()[1] ?? ''];

/** The secret of whoever chose, if anybody did. */
export const known = () => inCookie()[0] || get('secret');

/** Keeps what was chosen; gives the secret of whoever chose. */
export function keep(choice) {
  const secret = known() || token(32);
  set('choice', choice);
  set('secret', secret);
  const scope = self !== top ? 'SameSite=None; Partitioned' : `SameSite=Lax${domain && `; Domain=${domain}`}`;
  try {
    if (cookies) document.cookie = `${cookie}=${encodeURIComponent(`${secret} ${choice}`)}; Path=/; Max-Age=34560000; Secure; ${scope}`;
  } catch {}
  return secret;
}
