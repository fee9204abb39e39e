// What both artefacts do: deny, start the module, listen. If the module can't start, nothing is shown and everything stays denied.
import css from 'widget/widget.css';
import { accepted, call, core, use } from './core.js';
import { deny } from './page.js';
import { flush } from './queue.js';
import { get, isAbout } from './store.js';
import { api, data, script, site } from './tag.js';
import { run as runTags } from './tags.js';
import { language } from './texts.js';

export { script };

deny();

/** Starts the widget with the exports of its module. */
export function run(exports) {
  use(exports);
  // A constructed style sheet is allowed under every policy; <style> and style="…" are not.
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];

  window.Consentry = {
    /** Opens the preferences. */
    show: () => call('press', ['reopen']),
    /** Whether data may be used for a purpose. */
    accepted: (purpose) => accepted(`${purpose}`),
    /** What the person needs to read their own record; without a secret before the first decision. */
    proof: () => ({ api, site, secret: get('secret') }),
  };
  call(
    'start',
    [
      data('purposes'),
      data('noticeVersion'),
      '%CONSENTRY_VISITOR%',
      LANGUAGES,
      `${data('lang')} ${document.documentElement.lang}`,
      language,
      get('choice') ?? '',
    ],
    !!navigator.globalPrivacyControl,
  );

  addEventListener('storage', (event) => {
    if (isAbout(event, 'choice')) call('stored', [get('choice') ?? '']);
  });
  addEventListener('online', flush);
  addEventListener('keydown', (event) => {
    // An Escape that the page used up closed something of the page's.
    if (event.key === 'Escape' && !event.defaultPrevented) core.close(0);
  });
  document.addEventListener('DOMContentLoaded', runTags);
  flush();
}
