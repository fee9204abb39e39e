// What the module lets the browser do: the other side of `www/src/hands.rs`.
import { hold } from './api.js';
import { accepted, text } from './core.js';
import { more } from './more.js';
import { log, signal, tell } from './page.js';
import { keep as keepChoice, kept, set, token } from './store.js';
import { run } from './tags.js';
import { speak as learn, spoken } from './texts.js';
import { appear, asked } from './view.js';

export { describe, render } from './view.js';

export const now = Date.now;

let first;

export async function speak(at, length) {
  await learn(text(at, length));
  if (document.body) return appear();
  // As soon as the parser has opened the body, not only when the whole page is read.
  const observer = new MutationObserver(() => {
    if (document.body) {
      observer.disconnect();
      appear();
    }
  });
  observer.observe(document.documentElement, { childList: true });
}

/** Keeps a choice, and what the other part needs to have its new answers recorded (`www/loader/more/queue.js`). */
export function keep(surface, shownAt, count, at, length) {
  const choice = text(at, length);
  first = !kept().join('');
  const secret = keepChoice(choice);
  const entry = `queue.${now()}.${token(16)}`;
  set(entry, JSON.stringify({ ...asked, choice, count, secret, spoken, surface, shownAt, widget: VERSION }));
  // Without a network the other part may be missing as well.
  const send = () => more().then(({ record }) => record(entry, surface)).catch(() => addEventListener('online', send, { once: true }));
  send();
}

/** Tells every signal, the first time the page what holds, runs the tags that may run, then tells the page if the person `changed` it. */
export function permit(signals, changed) {
  const consent = Object.fromEntries(asked.purposes.map(({ name }) => [name, accepted(name)]));
  signal(signals);
  // A tag that runs finds what holds.
  if (hold(consent)) tell('ready', consent);
  run();
  log(consent);
  if (first) tell('first', consent);
  first = false;
  if (changed) tell('change', consent);
}
