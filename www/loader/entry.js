// `banner.js`: the widget as WebAssembly. Where a policy refuses that, the page gets `banner.csp.js` instead, the same widget
// without it; a strict site embeds that one itself, because it is there sooner and the browser reports no refusal.
import * as hands from './hands.js';
import { run, script } from './main.js';

// The build puts the module here (`xtask/src/build/literal.rs`): a character for each byte below 128, and for any other the
// first character of all and then the byte less 128.
const [escape, ...characters] = '%CONSENTRY_WASM%';

function bytes() {
  const bytes = [];
  let high = 0;
  for (const character of characters) {
    if (character === escape && !high) high = 128;
    else {
      bytes.push(character.charCodeAt() + high);
      high = 0;
    }
  }
  return new Uint8Array(bytes);
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
