// The words on the screen. Owns which language they are in and the page's own in their places. The build and the Worker put one
// language here: the first line is its tag, the second the hash of `more.<tag>.js`, the others are the first of `www/locales/en.txt`,
// in its order.
import { config, script } from './tag.js';

/** The language on the screen, the hash of its other part, the lines of the banner. */
export let [spoken, hash, ...lines] = '%CONSENTRY_TEXTS%'.split('\n');

/** Texts by the names of `www/locales/en.txt`. */
export const words = {};

/** Adds the texts that have these names. */
export const learn = (names, lines) =>
  names.split(' ').forEach((name, place) => (words[name] = config.texts?.[spoken]?.[name] ?? lines[place]));

/** Gets the texts of a language; if that fails, those that are there will do. */
export async function speak(language) {
  if (language !== spoken) {
    try {
      const file = await fetch(new URL(`locales/${language}.txt`, script.src));
      // The file is what stands between the quotation marks here.
      [spoken, hash, ...lines] = JSON.parse(`"${await file.text()}"`).split('\n');
    } catch {}
  }
  learn(KEYS, lines);
}

/** What the page says about a purpose, in the language on the screen. */
export function own(name, what) {
  const said = config.purposes?.[name]?.[what];
  return typeof said === 'string' ? said : said?.[spoken] ?? said?.en;
}

/** What a purpose is called. */
export const named = (name) => own(name, 'title') ?? words[name] ?? name.replace(/_/g, ' ');
