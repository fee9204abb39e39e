// What a person had before them when they decided. Owns writing down what a surface shows, in the form that `src/notice.rs`
// describes, and its hash, which is sent with the decision; which words those are, whoever shows them says.

/** The words by their hash, and the hash by the surface. */
export const notices = {};
const hashes = {};

const encoder = new TextEncoder();
const number = (value) => [value >>> 24, value >>> 16, value >>> 8, value].map((byte) => byte & 255);

function text(words) {
  const bytes = encoder.encode(words);
  return [...number(bytes.length), ...bytes];
}

/** What can be read in an element, in that order. */
export function textsIn(element) {
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  const texts = [];
  while (walker.nextNode()) texts.push(walker.currentNode.data);
  return texts;
}

/** Notes what a surface shows: texts in their order, and purposes with what is said about them. */
export function explain({ asked, named, spoken }, surface, texts, purposes, described = () => '') {
  const shown = texts.filter((text) => text?.trim());
  const bytes = Uint8Array.from([
    ...encoder.encode('consentry-notice-v1'),
    ...number(+asked.version),
    ...text(spoken),
    ...number(shown.length),
    ...shown.flatMap(text),
    ...number(purposes.length),
    ...purposes.flatMap(({ name, basis }) => [name, named(name), described(name), basis].flatMap(text)),
  ]);
  hashes[surface] = digest(bytes);
}

async function digest(bytes) {
  // Undefined where the browser won't compute it (no secure context).
  const digest = await crypto.subtle?.digest('SHA-256', bytes);
  const hash = digest && [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, 0)).join('');
  notices[hash] = bytes;
  return hash;
}

/** The hash of what a surface shows. */
export const hashOf = (surface) => hashes[surface];
