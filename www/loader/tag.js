// The embedding tag and what it says about itself: its data attributes, and what they can't say in a data block before it.

// A module, as some tools make of every script, is told of no tag.
export const script = document.currentScript ?? document.querySelector('script[src*="/banner."]');
const { dataset } = script;

/** The site's id at the Worker. */
export const site = dataset.site || 'default';

/** Where the Worker is, without a slash at the end. */
export const api = new URL(dataset.api || new URL(script.src || location).origin, document.baseURI).href.replace(/\/+$/, '');

/** A data attribute, or an empty text. */
export const data = (name) => dataset[name] ?? '';

/** The embeds that run on the page already; what is there before any is a list of callbacks. */
export const sites = window.Consentry?.sites;

/** What the ids of elements begin with, so that those of a second site are others. */
export const prefix = sites ? `consentry-${site}` : 'consentry';

/** The page's own texts, purposes, and what belongs to them, empty if there are none or they can't be read; and the purposes to ask
 * about, each with its legal basis if it has one. */
export const [config, purposes] = read(document.getElementById(sites ? `consentry-config-${site}` : 'consentry-config'));

function read(block) {
  try {
    const config = JSON.parse(block?.textContent ?? '{}');
    const own = config.purposes && Object.entries(config.purposes);
    return [config, own?.map(([name, { basis }]) => (basis ? `${name}:${basis}` : name)).join(' ') ?? data('purposes')];
  } catch (error) {
    console.error(`Consentry leaves out #${block.id}: ${error.message}`);
    return [{}, data('purposes')];
  }
}
