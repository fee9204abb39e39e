// What is on the screen. Owns the banner; what else there is comes with the other part of the widget. What is shown when, and what
// holds, the module says (`www/src/app.rs`).
import { core, text } from './core.js';
import { button, make, place } from './elements.js';
import { begun, more } from './more.js';
import { config } from './tag.js';
import { named, words } from './texts.js';

/** What there is to ask: version and regime, purposes with name, legal basis and whether they are used without an answer, flags. */
export const asked = { purposes: [] };

const BANNER = 1;

/** Its element, once it is made. */
export let banner;
let others;
let wanted;
let shown;

/** Takes from the module what there is to ask. */
export function describe(flags, at, length) {
  const [version, regime, ...purposes] = text(at, length).split(' ');
  Object.assign(asked, {
    version,
    regime,
    purposes: purposes.map((purpose) => {
      const [name, basis, unasked] = purpose.split('=');
      return { name, basis, unasked: unasked === '' };
    }),
    gpc: flags & 1,
    title: flags & 2 ? 'opt_out_title' : 'title',
    text: flags & 2 ? 'opt_out_text' : 'text',
    sells: flags & 4,
  });
}

/** Yes, no and a third. */
export const choices = (third, label) =>
  make('div', { class: 'consentry-actions' }, button('accept', words.accept), button('reject', words.reject), button(third, label));

/** Makes the banner, and shows what is to be shown. */
export function appear() {
  const { purposes, gpc, title } = asked;
  const about = make('p', { id: '-text' }, words[asked.text]);
  if (policy) about.append(' ', make('a', { href: policy }, words.legal_notice));
  const list = make('ul');
  for (const { name, basis, unasked } of purposes) {
    // What is used without an answer is told where there is room to explain it.
    if (basis === 'contract') continue;
    // Where silence is a yes, what it is none for says so.
    list.append(make('li', {}, named(name), title === 'title' || unasked ? '' : ` · ${words.basis_consent}`));
  }
  banner = place(
    make(
      'div',
      { id: '-banner', role: 'dialog', 'aria-labelledby': '-title', 'aria-describedby': '-text', hidden: '' },
      make(
        'div',
        { class: 'consentry-words' },
        make('h2', { id: '-title' }, words[title]),
        about,
        ...(gpc ? [make('p', {}, words.gpc_honoured)] : []),
        list,
      ),
      choices('choose', words.choose),
    ),
    'banner',
  );
  render(...wanted);
  begun();
  more().catch(() => {});
}

/** The address of the privacy policy, if the page gave one. */
const policy = (() => {
  try {
    const { href, protocol } = new URL(config.privacy_policy, location);
    return config.privacy_policy && /^https?:$/.test(protocol) && href;
  } catch {}
})();

/** There is more to show. */
export function furnish(rest) {
  others = rest;
  shown = undefined;
  render(...wanted);
}

/** Shows what the module says: nothing, the banner (1), or the preferences (2) with some purposes on. */
export function render(view, draft) {
  wanted = [view, draft];
  if (!banner) return;
  if (view > BANNER && !others) return more().catch(() => core.close(1));
  const before = shown;
  shown = view;
  // A dialog remembers the focus when it opens and restores it when it closes: it must open before what has the focus is hidden, and
  // close after that is shown. Both move the focus, on which the page may act, and then this is called again.
  if (before !== view) others?.open(view, draft);
  banner.hidden = view !== BANNER;
  if (before !== view) others?.close(view, before);
}
