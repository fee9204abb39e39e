// What the pages for people share: words in the reader's language, elements, and telling what was done or what went wrong. Elements
// are made by name and text, never from markup, so that Trusted Types and a strict policy have nothing to object to.

/** What is said where no words can be had. The words that stand in a page itself are English too. */
const ENGLISH = { language: 'en', direction: 'ltr', offline: 'The service can’t be reached. Please try again later.' };

/** How long it is said that something was done. */
const TOLD_MS = 10_000;

let words = ENGLISH;
let moment;
let day;

export const one = (selector) => document.querySelector(selector);

/** The words of a name, with what stands in their braces; without any, the name. */
export function say(name, places = {}) {
  const text = words[name] ?? name.replaceAll('_', ' ');
  return text.replace(/\{(\w+)\}/g, (brace, place) => places[place] ?? brace);
}

/** The words of a name in parts, so that elements can stand in their braces. */
export const parts = (name, places) => say(name).split(/(\{\w+\})/).map((part) => places[part.slice(1, -1)] ?? part);

/** The words of a name, or none. */
export const find = (name) => words[name];

export const language = () => words.language;

/** Gets the words in a language, or without one in the reader's. Whether there are any. */
export async function readWords(language) {
  const query = language ? `?lang=${encodeURIComponent(language)}` : '';
  try {
    const answer = await fetch(`/words.json${query}`);
    if (!answer.ok) throw new Error(`${answer.status}`);
    words = await answer.json();
  } catch {
    words = ENGLISH;
  }
  return words !== ENGLISH;
}

/** Puts the words where the page has places for them; `title` is the page's own. */
export function speak(title) {
  // The reader's own kind of the language, which may write dates another way.
  const own = navigator.languages.find((tag) => tag.split('-')[0] === words.language.split('-')[0]) ?? words.language;
  moment = new Intl.DateTimeFormat(own, { dateStyle: 'long', timeStyle: 'short' });
  day = new Intl.DateTimeFormat(own, { dateStyle: 'long' });
  document.documentElement.lang = words.language;
  document.documentElement.dir = words.direction;
  if (words === ENGLISH) return;
  document.title = say(title);
  for (const place of document.querySelectorAll('[data-words]')) place.textContent = say(place.dataset.words);
}

/** An element with attributes and children; what is empty is left out. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children.filter((child) => child !== '' && child !== undefined));
  return element;
}

/** A moment, and a day. */
export const time = (at) => make('time', { datetime: at }, moment.format(new Date(at)));
export const date = (at) => make('time', { datetime: at }, day.format(new Date(at)));

export const number = (value) => new Intl.NumberFormat(words.language).format(value);

/** Gives the focus to something that a keyboard doesn't reach by itself, because what had it is gone. */
export function focus(element) {
  element.tabIndex = -1;
  element.focus();
}

/** Fills a list anew. Whoever was at an entry, or at the heading in it, goes on at the entry of the same place. */
export function refill(list, entries) {
  const at = [...list.children].findIndex((entry) => entry.contains(document.activeElement));
  list.replaceChildren(...entries);
  const entry = list.children[at];
  if (entry) focus(entry.querySelector('h3') ?? entry);
}

let told;

/** Says what was done, to whoever sees it and whoever hears it; nothing without a text. What is not over yet stays. */
export function tell(text = '', over = true) {
  clearTimeout(told);
  one('[data-status]').textContent = text;
  if (text && over) told = setTimeout(tell, TOLD_MS);
}

/** Says what went wrong; without a text, that nothing is. */
export function trouble(text = '') {
  const place = one('[data-trouble]');
  place.hidden = !text;
  place.textContent = text;
}
