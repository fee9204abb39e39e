// The widget's elements. Each is made by name and text, never from markup, so that Trusted Types and a strict policy have nothing to
// object to, and in the light DOM with plain labels, where assistive technology and consent tools of the visitor's own find it.
import { core } from './core.js';
import { data, prefix } from './tag.js';
import { spoken } from './texts.js';

/** Takes a constructed style sheet, which is allowed under every policy; <style> and style="…" are not. */
export function dress(css) {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}

/** A new element with attributes and with children: elements and texts. In ids `-` stands for what those of this embed begin with. */
export function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  if (tag === 'button') element.type = tag;
  for (const name in attributes) {
    element.setAttribute(name, `${attributes[name]}`.replace(/^-/, `${prefix}-`));
  }
  element.append(...children);
  return element;
}

/** What buttons do, as the module knows it by their number. */
const ACTIONS = ['accept', 'reject', 'save', 'close', 'opt-out', 'allow'];

/** Does what a button does: with the purpose at a place if it is a placeholder's, and whatever has no number opens the preferences. */
export const press = (action, place) => core.press(ACTIONS.indexOf(action), place);

/** A button. */
export const button = (action, text, attributes) => make('button', { 'data-consentry': action, ...attributes }, text);

let banner;

/** Puts an element into the page and hears its buttons: the banner first, so that a keyboard and a screen reader meet the question
 * before the page it is about, and the others behind it. */
export function place(element, kind) {
  element.className = `consentry consentry-${kind}`;
  element.lang = spoken;
  element.dir = /^(ar|he)/.test(spoken) ? 'rtl' : 'ltr';
  element.dataset.theme = data('theme');
  element.dataset.position = data('position');
  element.addEventListener('click', ({ target }) => {
    const button = target.closest('[data-consentry]');
    if (button) press(button.dataset.consentry);
  });
  if (banner) banner.after(element);
  else document.body.prepend((banner = element));
  return element;
}
