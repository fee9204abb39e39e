// What the browser keeps. Owns the keys in `localStorage` and living without it: where it is refused or full, everything is kept
// in memory until the page goes, so that the page works the same and the person is asked again on the next one.
import { site } from './tag.js';

/** Two sites on one origin don't share a key. */
const prefix = `consentry.${site}.`;
const memory = {};

/** The value of a key, or undefined. */
export function get(name) {
  const key = prefix + name;
  try {
    return memory[key] ?? localStorage.getItem(key) ?? undefined;
  } catch {}
}

/** Keeps a value under a key. */
export function set(name, value) {
  const key = prefix + name;
  try {
    localStorage.setItem(key, value);
    delete memory[key];
  } catch {
    memory[key] = value;
  }
}

/** Forgets a key. */
export function remove(name) {
  delete memory[prefix + name];
  try {
    localStorage.removeItem(prefix + name);
  } catch {}
}

/** The first key in alphabetical order that begins with `start`. */
export function first(start) {
  const keys = Object.keys(memory);
  try {
    keys.push(...Object.keys(localStorage));
  } catch {}
  return keys.filter((key) => key.startsWith(prefix + start)).sort()[0]?.slice(prefix.length);
}

/** Whether a storage event is about a key; without one it is about all. */
export const isAbout = (event, name) => !event.key || event.key === prefix + name;
