// What stays when nothing is asked: the way back to the preferences, the link that stops selling where there has to be one, what the
// browser's signal did, and a word after each decision.

/** How long a word stays. */
const WORD_MS = 6_000;

/** Puts it on the page; how to show what is in it. */
export function corner({ asked, button, make, place, words }) {
  const status = make('p', { role: 'status' });
  const reopen = button('open', words.reopen, { id: '-reopen' });
  const rest = make(
    'div',
    { hidden: '' },
    ...(asked.gpc ? [make('p', {}, words.gpc_honoured)] : []),
    ...(asked.sells ? [button('opt-out', words.do_not_sell)] : []),
    reopen,
  );
  // A screen reader hears what changes in a status that was there before.
  place(make('div', {}, status, rest), 'corner');
  let timer;
  return {
    show: (on) => (rest.hidden = !on),
    focus: () => reopen.focus(),
    say(words) {
      status.textContent = words;
      clearTimeout(timer);
      timer = setTimeout(() => (status.textContent = ''), WORD_MS);
    },
  };
}
