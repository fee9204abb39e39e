// The other part of the widget: what the first banner doesn't need. `begin` is called once with what the first part offers
// (`www/loader/more.js`); what it returns, the first part may call.
import css from 'widget/more.css';
import { corner as makeCorner } from './corner.js';
import { explain } from './notice.js';
import { preferences as makePreferences } from './preferences.js';
import { queue } from './queue.js';

/** The other texts of the language that this file is for, in the order of `www/locales/en.txt`. */
const lines = '%CONSENTRY_TEXTS%'.split('\n');

// The surfaces, by their place in `Surface::ALL` of the core.
const BANNER = 0;
const PAGE = 3;

// What `render` says of the screen.
const HIDDEN = 0;
const PREFERENCES = 2;

export function begin(page) {
  const { asked, dress, furnish, learn, words } = page;
  dress(css);
  learn(KEYS, lines);
  const answered = asked.purposes.filter(({ basis }) => basis !== 'contract');
  const texts = [words[asked.title], words[asked.text], asked.gpc && words.gpc_honoured, words.accept, words.reject, words.choose];
  explain(page, BANNER, texts, answered);

  const corner = makeCorner(page);
  const preferences = makePreferences(page);
  furnish({
    open(view, draft) {
      if (view === PREFERENCES) preferences.open(draft);
      corner.show(view === HIDDEN);
    },
    close(view, before) {
      if (before !== PREFERENCES) return;
      preferences.close();
      if (document.activeElement === document.body) corner.focus();
    },
  });
  const send = queue(page, () => {});
  return {
    /** Has an entry of the queue recorded, and says so. */
    record(entry, surface) {
      send(entry);
      corner.say(surface === PAGE ? words.opted_out : words.saved);
    },
  };
}
