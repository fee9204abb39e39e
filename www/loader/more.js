// The other part of the widget (`www/loader/more/`), loaded after the first banner is on the screen: the corner, the preferences,
// sending decisions, and what few pages have.
import { accepted, call, core } from './core.js';
import { button, dress, make, place, press } from './elements.js';
import { tell } from './page.js';
import { cookies, domain, get, keep, kept, known, memory, set, start } from './store.js';
import { api, config, script, site } from './tag.js';
import { ours } from './tags.js';
import { hash, learn, named, own, spoken, words } from './texts.js';
import { asked, banner, choices, furnish } from './view.js';

/** What the module begins with. */
const seen = kept();

let part;
let ready;
const appeared = new Promise((resolve) => (ready = resolve));

/** There is a banner, shown or not, so that the other part has something to add to. */
export const begun = () => ready();

/** Loads it once; what it offers. A failure is forgotten, so that the next who needs it tries again. */
export function more() {
  part ??= load().catch((error) => {
    part = undefined;
    throw error;
  });
  return part;
}

async function load() {
  await appeared;
  const url = new URL(`more.${spoken}.js`, script.src).href;
  if (script.integrity) await vouch(url);
  // Not a tag: an import keeps the nonce of this script, and Trusted Types have nothing against it.
  const { begin } = await import(url);
  return begin({
    accepted,
    api,
    asked,
    banner,
    button,
    call,
    choices,
    config,
    core,
    dress,
    furnish,
    learn,
    make,
    named,
    ours,
    own,
    place,
    press,
    site,
    spoken,
    store: { cookies, domain, get, keep, kept, known, memory, seen, set, start },
    tell,
    words,
  });
}

/** Has the browser check what it loads against the hash that came with the texts, as it did with this script. */
const vouch = (href) =>
  new Promise((resolve, reject) => {
    const link = document.createElement('link');
    Object.assign(link, { rel: 'modulepreload', href, integrity: hash, crossOrigin: '', nonce: script.nonce });
    Object.assign(link, { onload: resolve, onerror: reject });
    script.after(link);
  });
