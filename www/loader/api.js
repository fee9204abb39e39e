// `window.Consentry`: what the page can ask for. A page that calls before the widget is there writes
// `(window.Consentry ||= []).push((consentry) => …)`, and the same line works afterwards.
import { accepted } from './core.js';
import { press } from './elements.js';
import { more } from './more.js';
import { known } from './store.js';
import { api, site, sites } from './tag.js';

/** Of each purpose whether it may be used; undefined until that is known. */
let held;

const consentry = {
  site,
  /** Opens the preferences. */
  show: () => press('open'),
  /** Whether data may be used for a purpose. */
  accepted,
  /** Calls back on `ready` (at once if it is), `first` and `change`. Returns how to stop that. */
  on(name, callback) {
    const hear = (event) => event.site === site && callback(event.detail);
    document.addEventListener(`consentry:${name}`, hear);
    if (name === 'ready' && held) consentry.push(() => callback(held));
    return () => document.removeEventListener(`consentry:${name}`, hear);
  },
  push(callback) {
    try {
      callback(consentry);
    } catch (error) {
      reportError(error);
    }
  },
  /** What the person needs to read their own record; without a secret before the first decision. */
  proof: () => ({ api, site, secret: known() }),
  /** Says that this visitor is the person for whom the site's backend signed a token. */
  link: async (token) => (await more()).link(token),
};

/** Puts it where the page finds it, and calls who waits for it. */
function publish() {
  const waiting = window.Consentry;
  if (!sites) window.Consentry = consentry;
  (consentry.sites = sites ?? {})[site] = consentry;
  if (!sites && Array.isArray(waiting)) waiting.forEach(consentry.push);
}

/** Remembers what holds; whether it is the first time, from when on the page can ask. */
export function hold(consent) {
  const first = !held;
  if (first) publish();
  held = consent;
  return first;
}
