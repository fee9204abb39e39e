// The widget for code that is bundled: bring it onto the page, wait for it, ask it, hear of changes.
//
// Owns nothing but the way there. What is asked, shown, granted and kept is the widget's own, which is a script of its own
// (`dist/banner.js`), because it must run before anything that a bundler makes. Importing this does nothing, and on a server
// nothing is granted and nothing ever calls back.

const onPage = typeof document === 'object';

/** By site, what `load` is doing or has done. */
const loads = new Map();
/** The load before: one after the other, because which site came first decides where the next one looks for its settings. */
let before = Promise.resolve();
let policy;

/** Adds the widget's tag, once for each site: the widget, when it runs. */
export function load(options) {
  if (!onPage) return new Promise(() => {});
  const { site = 'default' } = options;
  if (!loads.has(site)) {
    const load = before.then(() => running(site) ?? add(site, options));
    before = load.catch(() => loads.delete(site));
    loads.set(site, load);
  }
  return loads.get(site);
}

/** The widget that the page embeds, when it runs. */
export const consentry = () => new Promise(queue);

/** Whether data may be used for a purpose; not before that is known. */
export const accepted = (purpose) => onPage && window.Consentry?.accepted?.(purpose) === true;

/** Calls back on `ready`, `first` or `change`, also if the widget comes later. Returns how to stop that. */
export function on(event, callback) {
  let stopped = false;
  let stop;
  queue((consentry) => {
    if (stopped) return;
    stop = consentry.on(event, callback);
    // `ready` may have called back already, and been stopped by that.
    if (stopped) stop();
  });
  return () => {
    stopped = true;
    stop?.();
  };
}

function queue(callback) {
  if (onPage) (window.Consentry ??= []).push(callback);
}

const running = (site) => window.Consentry?.sites?.[site];

async function add(site, { src, config, integrity, nonce, ...attributes }) {
  const script = document.createElement('script');
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) script.dataset[name] = [value].flat().join(' ');
  }
  if (nonce) script.nonce = nonce;
  if (integrity) Object.assign(script, { integrity, crossOrigin: 'anonymous' });
  script.src = trusted('createScriptURL', src);
  if (config) put(window.Consentry?.sites ? `consentry-config-${site}` : 'consentry-config', config);
  try {
    const arrived = arrival(script);
    document.head.append(script);
    await arrived;
    // Where a policy refuses WebAssembly, banner.js puts the translated script beside itself.
    const other = script.nextElementSibling;
    if (!running(site) && other?.src?.includes('/banner.csp.')) await arrival(other);
    if (running(site)) return running(site);
    throw new Error(`Consentry: ${src} arrived and runs no banner. It must be banner.js or banner.csp.js, or one of a language.`);
  } catch (error) {
    script.remove();
    throw error;
  }
}

/** Puts the settings where the widget reads them when it starts. */
function put(id, config) {
  const block = document.createElement('script');
  Object.assign(block, { id, type: 'application/json', textContent: trusted('createScript', JSON.stringify(config)) });
  document.getElementById(id)?.remove();
  document.head.append(block);
}

const arrival = (script) =>
  new Promise((resolve, reject) => {
    script.addEventListener('load', resolve);
    script.addEventListener('error', () =>
      reject(new Error(`Consentry: ${script.src} could not be loaded. Check the address, the policy and the hash.`)),
    );
  });

/** An address or a text as Trusted Types want it, where a page asks for them. */
function trusted(create, text) {
  policy ??= window.trustedTypes?.createPolicy('consentry-banner', { createScript: same, createScriptURL: same });
  return policy?.[create](text) ?? text;
}

const same = (text) => text;
