// Other pages of the site. Owns noticing what was decided there: the storage tells of another tab at once; of the cookie, in which a
// page on another host of the domain keeps it, nothing tells, so it is looked at when the person comes back.

/** Begins with what the first part found; how to say that what is kept now was decided here. */
export function follow({ call, store: { kept, seen } }) {
  function look() {
    const now = kept();
    // Another tab keeps the same choice twice, one after the other.
    if (now.some((choice) => !seen.includes(choice))) call('stored', now);
    seen = now;
  }
  for (const name of ['storage', 'focus', 'pageshow']) addEventListener(name, look);
  return () => (seen = kept());
}
