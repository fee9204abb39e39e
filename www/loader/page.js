// What the page's own scripts see: Google's `dataLayer` and events on `document`.

const dataLayer = (window.dataLayer ||= []);

function gtag() {
  // Consent Mode takes no array: it wants the very object that `arguments` is.
  dataLayer.push(arguments);
}

// What `signals::ConsentMode::DENIED` says, in its order; a test of the widget holds the two together.
const switches = {
  ad_storage: 'denied',
  ad_user_data: 'denied',
  ad_personalization: 'denied',
  analytics_storage: 'denied',
  functionality_storage: 'denied',
  personalization_storage: 'denied',
  security_storage: 'granted',
};

/** Denies before anything else happens. */
export const deny = () => gtag('consent', 'default', switches);

/** Tells Consent Mode its switches, the first the lowest bit. */
export function signal(bits) {
  const values = Object.keys(switches).map((name, place) => [name, (bits >> place) & 1 ? 'granted' : 'denied']);
  gtag('consent', 'update', Object.fromEntries(values));
}

/** Dispatches `consentry:change` (of each purpose whether it may be used), `…:recorded` or `…:refused` (the Worker's answer). */
export const tell = (name, detail) => document.dispatchEvent(new CustomEvent(`consentry:${name}`, { detail }));
