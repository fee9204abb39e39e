// The link from the preferences to the person's own page (`/privacy`), for whoever has decided something. The page gets the visitor's
// secret from window to window, after it has said where it is: in the address of a link every script of the page could read it, and
// it would stay in the browser's history.

/** How long the page that was opened may ask for the secret, which it does as soon as it is there. */
const PATIENCE_MS = 60_000;

/** The link; nothing where the page's configuration wants none, or names no address. */
export function yourData({ api, config, elsewhere, make, site, spoken, store, words }) {
  const own = config.privacy_page;
  if (own === false) return undefined;
  let address;
  try {
    address = new URL(own ?? `${api}/privacy#${new URLSearchParams({ ask: '', site, lang: spoken })}`, document.baseURI);
  } catch {}
  if (!/^https?:$/.test(address?.protocol)) return undefined;
  const link = make('a', { href: address.href, target: '_blank', rel: own ? 'noopener' : 'opener' }, words.your_data);
  if (own === undefined) link.addEventListener('click', (event) => open(event, address, elsewhere, { site, secret: store.known() }));
  return make('p', {}, link);
}

/** Opens the page, hands it the secret, and hears from it when something changes. Without a window of ours it opens all the same, and
 * says what to do. */
function open(event, { href, origin }, { look, opened }, proof) {
  const page = window.open(href, '_blank');
  if (!page) return;
  event.preventDefault();
  opened(page);
  let waits = true;
  setTimeout(() => (waits = false), PATIENCE_MS);
  addEventListener('message', ({ source, origin: from, data }) => {
    if (source !== page || from !== origin) return;
    if (data?.consentry === 'changed') look();
    if (data?.consentry !== 'ask' || !waits) return;
    waits = false;
    page.postMessage({ consentry: 'proof', ...proof }, origin);
  });
}
