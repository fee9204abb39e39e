// Blocked tags. Owns letting `<script type="text/plain" data-purpose="…">` run once all its purposes may be used, in the order of
// the document: a script with a `src` is waited for unless it is `async`.
//
// The element itself is taken out and put back with its real type (`data-type`, or JavaScript): a script that was never run is
// prepared again when it is inserted. So no text and no address is assigned, which Trusted Types would forbid, and its nonce and
// every other attribute stay.
import { accepted } from './core.js';

let waiting;

/** Runs every script that may run and has not, up to the first that must be waited for. */
export function run() {
  const blocked = [...document.querySelectorAll('script[type="text/plain"][data-purpose]')];
  const script = !waiting && blocked.find((script) => accepted(script.dataset.purpose));
  if (script) {
    release(script);
    run();
  }
}

function release(script) {
  script.type = script.dataset.type ?? '';
  // Inserted by a script, it would otherwise run whenever it arrives, in any order.
  if (!script.hasAttribute('async')) {
    script.async = false;
    if (script.hasAttribute('src')) {
      waiting = true;
      script.addEventListener('load', resume);
      script.addEventListener('error', resume);
    }
  }
  const { parentNode, nextSibling } = script;
  script.remove();
  parentNode.insertBefore(script, nextSibling);
}

function resume() {
  waiting = false;
  run();
}
