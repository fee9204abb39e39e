// What the module lets the browser do: the other side of `www/src/hands.rs`. Every element is made by name and text, never from
// markup, so that Trusted Types and a strict policy have nothing to object to.
import { accepted, bytes, call, core, text } from './core.js';
import { signal, tell } from './page.js';
import { push, token } from './queue.js';
import { get, set } from './store.js';
import { run } from './tags.js';
import { script, site } from './tag.js';
import { language, lines } from './texts.js';

const elements = [0];
let spoken;
let hash;

export const now = Date.now;

export function add(parent, tag, tagLength, value, valueLength, words, wordsLength) {
  const [name, ...attributes] = text(tag, tagLength).split(' ');
  const element = document.createElement(name);
  if (name === 'button') element.type = name;
  for (const attribute of attributes) {
    const [key, fixed] = attribute.split('=');
    element.setAttribute(key, fixed.replace('$', () => text(value, valueLength)));
  }
  element.textContent = text(words, wordsLength);
  if (parent) elements[parent].append(element);
  else {
    document.body.prepend(element);
    for (const kind of ['click', 'change', 'cancel', 'close']) element.addEventListener(kind, hear);
  }
  return elements.push(element) - 1;
}

function hear(event) {
  const { currentTarget, target, type } = event;
  if (type === 'click') {
    const button = target.closest('[data-consentry]');
    if (button) call('press', [button.dataset.consentry]);
  } else if (type === 'change') {
    core.toggle(switches(currentTarget).indexOf(target), target.checked);
  } else {
    // The module closes the dialog, after it has shown again what had the focus.
    event.preventDefault();
    core.close(1);
  }
}

const switches = (dialog) => [...dialog.querySelectorAll('input')];

export const show = (element, on) => (elements[element].hidden = !on);

export const modal = (dialog, open) => elements[dialog][open ? 'showModal' : 'close']();

export const check = (dialog, place, on) => (switches(elements[dialog])[place].checked = on);

export const focus = (element) => {
  if (document.activeElement === document.body) elements[element].focus();
};

export async function speak(at, length) {
  spoken = text(at, length);
  let words = lines;
  if (spoken !== language) {
    try {
      const file = await fetch(new URL(`locales/${spoken}.txt`, script.src));
      // The file is what stands between the quotation marks here.
      [spoken, ...words] = JSON.parse(`"${await file.text()}"`).split('\n');
    } catch {
      spoken = language;
    }
  }
  const appear = () => call('appear', [spoken, words.join('\n')]);
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

export function digest(at, length) {
  const hex = (digest) => [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, 0)).join('');
  // Empty where the browser won't compute it (no secure context).
  hash = Promise.resolve(crypto.subtle?.digest('SHA-256', bytes(at, length).slice())).then(hex);
}

export function keep(at, length, count) {
  const choice = text(at, length);
  set('choice', choice);
  const [, version, ...answers] = choice.split(' ');
  const decisions = answers.slice(0, count).map((answer) => {
    const [purpose, status, moment] = answer.split(/[=@]/);
    return { purpose, status, legal_basis: 'consent', decided_at: new Date(+moment).toISOString() };
  });
  let secret = get('secret');
  if (!secret) set('secret', (secret = token(32)));
  hash.then((hash) => {
    // A version alone proves nothing about what was shown.
    const notice = hash ? { version: +version, language: spoken, hash } : undefined;
    push(decisions[0].decided_at, JSON.stringify({ anonymous: { site, secret }, notice, decisions }));
  });
}

export function permit(signals, changed, at, length) {
  const purposes = text(at, length).trim().split(' ');
  signal(signals);
  run();
  if (changed) tell('change', Object.fromEntries(purposes.map((purpose) => [purpose, accepted(purpose)])));
}
