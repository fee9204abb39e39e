// What both artefacts do: deny, start the module, listen. If the module can't start, nothing is shown and everything stays denied.
import css from 'widget/widget.css';
import { call, core, use } from './core.js';
import { dress, press } from './elements.js';
import './page.js';
import { kept } from './store.js';
import { data, purposes, script, site, sites } from './tag.js';
import { ours, watch } from './tags.js';
import { spoken } from './texts.js';

export { script };

/** Starts the widget with the exports of its module. */
export function run(exports) {
  // A page that embeds a site twice, in its template and by its tag manager, is asked once.
  if (sites?.[site]) return;
  use(exports);
  dress(css);
  call(
    'start',
    [
      purposes,
      data('noticeVersion'),
      data('regime'),
      '%CONSENTRY_VISITOR%',
      LANGUAGES,
      `${data('lang')} ${document.documentElement.lang}`,
      spoken,
      ...kept(),
    ],
    !!navigator.globalPrivacyControl,
  );
  watch();
  addEventListener('keydown', (event) => {
    // An Escape that the page used up closed something of the page's.
    if (event.key === 'Escape' && !event.defaultPrevented) core.close(0);
  });
  addEventListener('click', (event) => {
    const opener = event.target.closest?.('[data-consentry-open]');
    if (opener && ours(opener)) {
      event.preventDefault();
      press(opener.dataset.consentryOpen);
    }
  });
}
