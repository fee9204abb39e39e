// `<consentry-settings>`: the way to the preferences from anywhere on a page, or with the attribute `opt-out` the way out of the sale
// and sharing of data. It gets a button with its text or else ours; elements that it has stay and do the same.

/** How to fill those that there are. */
export function settings({ make, ours, spoken, words }) {
  return () => {
    for (const element of document.querySelectorAll('consentry-settings')) {
      if (!ours(element)) continue;
      const out = element.hasAttribute('opt-out');
      // The first part hears a click on whatever has this.
      element.dataset.consentryOpen = out ? 'opt-out' : '';
      if (element.firstElementChild) continue;
      const text = element.textContent.trim();
      const button = text ? make('button', {}, text) : make('button', { lang: spoken }, out ? words.do_not_sell : words.reopen);
      element.replaceChildren(button);
    }
  };
}
