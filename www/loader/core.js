// The border to the Rust module (`www/src/calls.rs`, `www/src/hands.rs`): how texts cross it.

/** The module's exports. */
export let core;

/** Says which module it is, the WebAssembly one or the translated one. */
export const use = (exports) => (core = exports);

/** Calls an export that takes texts, which go in first, and numbers. */
export function call(name, texts, ...numbers) {
  for (const character of texts.join('\0')) core.put(character.codePointAt());
  return core[name](...numbers);
}

const decoder = new TextDecoder();

/** The text at a place in the module's memory. */
export const text = (at, length) => decoder.decode(new Uint8Array(core.memory.buffer, at, length));

/** Whether data may be used for all of some purposes, named in one text; for none, nothing may. */
export function accepted(purposes) {
  const names = `${purposes}`.match(/\S+/g);
  return !!names?.every((name) => call('accepted', [name]));
}
