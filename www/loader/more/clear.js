// What a purpose left in the browser goes when it may not be used any more: cookies and keys of the storages, by the patterns of the
// page's configuration; and reloading the page where the site wants that. What a page can't see stays: cookies with HttpOnly, and
// those of other paths, unless the pattern says where they are.
import { pattern } from '../pattern.js';

/** Where the choice itself is kept. */
const OURS = /^consentry\./;

/** A cookie goes only for the one who names the jar that it is in. */
const JARS = ['', '; Secure; SameSite=None', '; Secure; SameSite=None; Partitioned'];

/** How to clear after the purposes that may not be used; and how to reload, if one that the person has just taken back wants that. */
export function cleaner({ accepted, config, store }) {
  const purposes = Object.entries(config.purposes ?? {});
  const patterns = (what, allowed) =>
    purposes.filter(([name]) => accepted(name) === allowed).flatMap(([, about]) => about[what] ?? []).flatMap(read);
  const used = () => purposes.filter(([name, { reload }]) => reload && accepted(name)).map(([name]) => name);
  let before = used();
  let stale;

  function clear() {
    stale = before.some((name) => !accepted(name));
    before = used();
    // Whoever has not decided yet has left nothing, or the site has set it without asking.
    if (!store.kept().join('')) return;
    for (const [what, forget] of [['cookies', forgetCookies], ['storage', forgetKeys]]) {
      const needed = patterns(what, true);
      // What another purpose uses as well stays.
      forget(patterns(what, false), (name) => OURS.test(name) || needed.some(({ fits }) => fits.test(name)));
    }
  }

  clear.reload = () => stale && location.reload();
  return clear;
}

function read(one) {
  const { name = '', domain, path } = typeof one === 'string' ? { name: one } : one;
  if (/[^*]/.test(name)) return [{ name, domain, path, fits: new RegExp(`^${pattern(name)}$`) }];
  console.warn('Consentry clears nothing for a pattern that everything fits: it would sign people out.');
  return [];
}

function cookies() {
  try {
    return document.cookie.split('; ').map((pair) => pair.split('=')[0]);
  } catch {
    return [];
  }
}

function forgetCookies(patterns, stays) {
  for (const { name, domain, path, fits } of patterns) {
    // One that is named in full may be where it can't be seen from here.
    const found = new Set([...cookies().filter((cookie) => fits.test(cookie)), name.includes('*') ? '' : name]);
    for (const cookie of found) if (cookie && !stays(cookie)) expire(cookie, domain, path);
  }
}

/** Expires a cookie wherever it may be: for this host and those above it, for this path and those above it, and where the page says. */
function expire(name, domain, path) {
  const above = (whole, separator, part) => whole.split(separator).map((_, at, all) => part(all, at).join(separator));
  const domains = ['', ...above(location.hostname, '.', (all, at) => all.slice(at))];
  const paths = above(location.pathname, '/', (all, at) => all.slice(0, at + 1)).flatMap((at) => [at, `${at}/`]);
  const set = (at, host) => {
    const place = `; Path=${at || '/'}${host && `; Domain=${host}`}`;
    for (const jar of JARS) document.cookie = `${name}=; Max-Age=0${place}${jar}`;
  };
  if (domain || path) set(path, domain ?? '');
  for (const at of paths) for (const host of domains) if (cookies().includes(name)) set(at, host);
}

function forgetKeys(patterns, stays) {
  for (const kind of ['localStorage', 'sessionStorage']) {
    try {
      for (const key of Object.keys(window[kind])) {
        if (!stays(key) && patterns.some(({ fits }) => fits.test(key))) window[kind].removeItem(key);
      }
    } catch {}
  }
}
