// The embedding tag and what it says about itself.

export const script = document.currentScript;
const { dataset } = script;

/** The site's id at the Worker. */
export const site = dataset.site || 'default';

/** Where the Worker is, without a slash at the end. */
export const api = (dataset.api || new URL(script.src || location).origin).replace(/\/+$/, '');

/** A data attribute, or an empty text. */
export const data = (name) => dataset[name] ?? '';
