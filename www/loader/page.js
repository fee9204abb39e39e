// What the page's own scripts see: the consent signals of Google and Microsoft, and events on `document`.
import { config, site, sites } from './tag.js';

// There is one set of signals on a page, and it belongs to the site that came first.
const dataLayer = sites ? [] : (window.dataLayer ||= []);

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

// Everything is denied before anything else happens, of which the one or the other could fail.
send('default', switches);
// For hosts that don't know where a visitor is: Google applies an entry with `region` there only.
for (const entry of [].concat(config.consent_mode_defaults ?? [])) gtag('consent', 'default', entry);

/** Tells everybody the switches of Consent Mode, the first the lowest bit. */
export function signal(bits) {
  const values = Object.keys(switches).map((name, place) => [name, (bits >> place) & 1 ? 'granted' : 'denied']);
  send('update', Object.fromEntries(values));
}

function send(command, values) {
  if (sites) return;
  const { ad_storage, analytics_storage } = values;
  gtag('consent', command, values);
  (window.uetq ||= []).push('consent', command, { ad_storage });
  // The queue that Clarity's own tag would make.
  window.clarity ||= function () {
    (window.clarity.q ||= []).push(arguments);
  };
  window.clarity('consentv2', { ad_Storage: ad_storage, analytics_Storage: analytics_storage });
}

/** Dispatches `consentry:ready`, `…:first`, `…:change` (of each purpose whether it may be used), `…:recorded` or `…:refused` (the Worker's answer). */
export function tell(name, detail) {
  const event = new CustomEvent(`consentry:${name}`, { detail });
  event.site = site;
  document.dispatchEvent(event);
}

/** Tells tag managers what may be used. */
export const log = (consent) => dataLayer.push({ event: 'consentry_consent', consent });
