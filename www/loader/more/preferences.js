// The preferences: a modal dialog with a switch for each purpose.
import { explain, textsIn } from './notice.js';
import { yourData } from './your-data.js';

/** The surface that the preferences are. */
const DIALOG = 1;

/** How to open and close them. They are made when they are first opened. */
export function preferences(page) {
  let dialog;
  let link;
  return {
    open(draft) {
      const first = !dialog;
      dialog ??= make(page);
      // Who has decided nothing yet has nothing there.
      const more = !link && page.store.known() && yourData(page);
      if (more) dialog.querySelector('.consentry-list').append((link = more));
      // A record names all that was shown, the link too.
      if (first || more) explain(page, DIALOG, textsIn(dialog), page.asked.purposes, page.described);
      page.asked.purposes.forEach(({ name, basis }, place) => {
        const input = dialog.querySelector(`[name="${name}"]`);
        if (input) input.checked = !!((draft >> place) & 1) !== objects(basis);
      });
      dialog.showModal();
    },
    close: () => dialog.close(),
    /** Does something beneath the preferences, which then show what holds. */
    beneath(act) {
      if (!dialog?.open) return act();
      const { activeElement } = document;
      page.core.close(1);
      act();
      page.press('open');
      activeElement.focus();
    },
  };
}

/** Whether a switch that is on says no. */
const objects = (basis) => basis === 'legitimate_interest';

function make(page) {
  const { asked, button, choices, core, make, place, words } = page;
  const note = asked.gpc ? words.gpc_honoured : '';
  const dialog = place(
    make(
      'dialog',
      { id: '-preferences', 'aria-labelledby': '-heading', 'aria-describedby': '-intro' },
      make(
        'div',
        { class: 'consentry-head' },
        make('h2', { id: '-heading' }, words.preferences),
        button('close', '', { 'aria-label': words.close }),
      ),
      make(
        'div',
        { class: 'consentry-list' },
        make('p', { id: '-intro' }, words.preferences_text),
        note && make('p', { class: 'consentry-note' }, note),
        ...asked.purposes.map((purpose) => row(page, purpose)),
      ),
      choices('save', words.save),
    ),
    'preferences',
  );
  dialog.addEventListener('change', ({ target }) => {
    const at = asked.purposes.findIndex(({ name }) => name === target.name);
    core.toggle(at, target.checked !== objects(asked.purposes[at].basis));
  });
  for (const kind of ['cancel', 'close']) {
    dialog.addEventListener(kind, (event) => {
      // The module closes the dialog, after it has shown again what had the focus.
      event.preventDefault();
      // The event of a closing comes late; the dialog may be open again.
      if (kind === 'cancel' || !dialog.open) core.close(1);
    });
  }
  return dialog;
}

/** A purpose with its switch: on for a yes, or where the person can only object, for a no. What a contract needs has none. */
function row({ described, make, named, words }, { name, basis, unasked }) {
  const [id, title, about] = [`-${name}`, `-name-${name}`, `-about-${name}`];
  const input = () => make('input', { type: 'checkbox', role: 'switch', name, id, 'aria-describedby': about });
  const label = (tag, attributes) => make(tag, { class: 'consentry-name', id: title, ...attributes }, named(name));
  const head =
    basis === 'consent'
      ? [label('label', { for: id }), input()]
      : [label('div'), objects(basis) ? make('label', { for: id }, words.object, input()) : make('div', { class: 'consentry-basis' }, words.always_on)];
  return make(
    'div',
    { class: 'consentry-purpose', role: 'group', 'aria-labelledby': title },
    ...head,
    make(
      'div',
      { class: 'consentry-about', id: about },
      make('p', {}, described(name)),
      // Where silence is a yes, it is not used with consent only.
      make('p', { class: 'consentry-basis' }, basis === 'consent' && unasked ? words.opt_out_title : words[`basis_${basis}`]),
    ),
  );
}
