// `banner.js`: the widget as WebAssembly. Where a policy refuses that, the page gets `banner.csp.js` instead, the same widget
// without it; a strict site embeds that one itself, because it is there sooner and the browser reports no refusal.
import * as hands from './hands.js';
import { run, script } from './main.js';

// The build puts the module here (`xtask/src/build/literal.rs`): a character for each byte below 128, and for any other the
// first character of all and then the byte less 128.
const literal = '%CONSENTRY_WASM%';

function bytes() {
  const bytes = new Uint8Array(literal.length);
  const escape = literal.charCodeAt();
  let count = 0;
  for (let at = 1; at < literal.length; at++) {
    const code = literal.charCodeAt(at);
    bytes[count++] = code === escape ? literal.charCodeAt(++at) + 128 : code;
  }
  return bytes.subarray(0, count);
}

function strict() {
  // Not a clone: the browser takes that for a script that ran already.
  const other = document.createElement('script');
  for (const { name, value } of script.attributes) if (name !== 'src') other.setAttribute(name, value);
  other.nonce = script.nonce;
  // Of the file beside this one; the Worker's own differ by visitor, so nobody can name a hash for them.
  other.integrity = script.integrity && '%CONSENTRY_INTEGRITY%';
  const url = script.src.replace('/banner.', '/banner.csp.');
  const policy = window.trustedTypes?.createPolicy('consentry', { createScriptURL: (url) => url });
  other.src = policy?.createScriptURL(url) ?? url;
  script.after(other);
}

let module;
try {
  module = new WebAssembly.Module(bytes());
} catch {
  strict();
}
if (module) run(new WebAssembly.Instance(module, { hands }).exports);
