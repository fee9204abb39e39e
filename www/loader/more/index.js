// The other part of the widget: what the first banner doesn't need. `begin` is called once with what the first part offers
// (`www/loader/more.js`); what it returns, the first part may call.
import css from 'widget/more.css';
import { cleaner } from './clear.js';
import { content } from './content.js';
import { corner as makeCorner } from './corner.js';
import { elsewhere } from './elsewhere.js';
import { follow } from './follow.js';
import { link } from './link.js';
import { explain, textsIn } from './notice.js';
import { preferences as makePreferences } from './preferences.js';
import { queue } from './queue.js';
import { register } from './register.js';
import { makeRoom } from './room.js';
import { settings } from './settings.js';
import { templates } from './templates.js';

/** The other texts of the language that this file is for, in the order of `www/locales/en.txt`. */
const lines = '%CONSENTRY_TEXTS%'.split('\n');

// The surfaces, by their place in `Surface::ALL` of the core.
const BANNER = 0;
const PAGE = 3;

// What `render` says of the screen.
const HIDDEN = 0;
const PREFERENCES = 2;

export function begin(part) {
  const { asked, banner, call, dress, furnish, learn, store, words } = part;
  /** What a purpose means, in plain words. */
  const described = (name) => part.own(name, 'text') ?? words[`${name}_text`] ?? '';
  const page = { ...part, described };
  dress(css);
  learn(KEYS, lines);
  const answered = asked.purposes.filter(({ basis }) => basis !== 'contract');
  explain(page, BANNER, textsIn(banner), answered);

  const corner = makeCorner(page);
  const preferences = makePreferences(page);
  makeRoom();
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
  const { send, waits } = queue(page, (decisions) => register(page, decisions).catch(() => {}));

  const look = [settings, content, templates].map((kind) => kind(page));
  const lookAround = () => look.forEach((each) => each());
  const clear = cleaner(page);
  new MutationObserver(lookAround).observe(document, { childList: true, subtree: true });
  document.addEventListener('consentry:change', () => {
    lookAround();
    clear();
  });
  lookAround();
  clear();
  const decidedHere = follow(page);
  page.elsewhere = elsewhere(page, () => {
    decidedHere();
    preferences.beneath(() => call('stored', store.kept()));
    clear.reload();
  });

  return {
    /** Has an entry of the queue recorded, and says so. */
    async record(entry, surface) {
      decidedHere();
      corner.say(surface === PAGE ? words.opted_out : words.saved);
      await send(entry);
      clear.reload();
    },
    link: (token) => link(page, waits, token),
  };
}
