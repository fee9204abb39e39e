// What a receipt says, in plain words.
import { find, make, number, parts, say, time } from '../page.js';

const DONE = { granted: 'event_consent_granted', revoked: 'event_consent_revoked', pending: 'event_consent_pending' };

/** What the notice was, as far as the receipt says: its version, language and hash. */
function notice({ details, notice_hash: hash }, language) {
  const shown = details?.notice;
  if (!shown) return hash ? make('code', {}, hash) : say('not_recorded');
  let name = shown.language;
  try {
    name = new Intl.DisplayNames([language], { type: 'language' }).of(name);
  } catch {
    // A tag that this browser has no name for says it as well.
  }
  return `${say('version')} ${number(shown.version)} · ${name}`;
}

/** Says what it is in the parts of the page. */
export function show({ log, log_index: place, included_by: by, record }, part) {
  // A purpose that the site has made up has no word of ours.
  const named = find(record.purpose) ?? make('bdi', {}, say(record.purpose));
  part('what').replaceChildren(`${say(DONE[record.status])} · `, named);
  const who = record.performed_by === 'user' ? 'by_you' : 'by_site';
  const facts = [
    ['decided', time(record.decided_at ?? record.timestamp)],
    ['recorded', time(record.timestamp), ' · ', say(who)],
    ['website', make('bdi', {}, record.site)],
    ['ground', say(`basis_${record.legal_basis}`)],
    ['shown', notice(record, document.documentElement.lang)],
    ['record_number', make('code', {}, record.id)],
  ];
  part('facts').replaceChildren(
    ...facts.flatMap(([term, ...value]) => [make('dt', {}, say(term)), make('dd', {}, ...value)]),
  );
  const places = { place: make('bdi', {}, number(place)), log: make('bdi', {}, log), date: time(by) };
  part('promise').replaceChildren(...parts('promise', places));
}
