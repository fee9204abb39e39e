// Blocked tags. Owns letting `<script type="text/plain" data-purpose="…">` run once all its purposes may be used, in the order of
// the document (a script with a `src` is waited for unless it is `async`), and blocking tags that other scripts add, by the
// addresses in `block` of the page's configuration. What else can be blocked is in `www/loader/more/`.
//
// The element itself is taken out and put back with its real type (`data-type`, or JavaScript): a script that was never run is
// prepared again when it is inserted. So no text and no address is assigned, which Trusted Types would forbid, and its nonce and
// every other attribute stay.
import { accepted } from './core.js';
import { pattern } from './pattern.js';
import { config, site, sites } from './tag.js';

const BLOCKED = 'script[type="text/plain"][data-purpose]';

let waiting;

/** Whether an element is about this embed's site: the first one's unless it names another. */
export const ours = ({ dataset }) => (dataset.site ? dataset.site === site : !sites);

/** Runs every script that may run and has not, up to the first that must be waited for. */
export function run() {
  const blocked = [...document.querySelectorAll(BLOCKED)];
  const script = !waiting && blocked.find((script) => ours(script) && !isEarly(script) && accepted(script.dataset.purpose));
  if (script) {
    release(script);
    run();
  }
}

/** Whether a script would wait for the end of the page if it were not blocked. */
const isEarly = ({ dataset, defer }) => document.readyState === 'loading' && (defer || dataset.type === 'module');

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

/** The addresses that belong to a purpose: each stands for all that begin so, `*` in it for anything. */
const blocks = Object.entries(config.purposes ?? {}).flatMap(([purpose, { block = [] }]) =>
  [].concat(block).map((start) => [purpose, new RegExp(`^${pattern(start)}`)]),
);

const STOPPABLE = 'script, iframe';

/** Blocks the scripts and frames in what is about to be in the page whose purpose may not be used. */
function hold(node) {
  if (!node?.querySelectorAll) return;
  for (const element of [node, ...node.querySelectorAll(STOPPABLE)]) {
    const [purpose] = blocks.find(([, address]) => address.test(element.src)) ?? [];
    if (!purpose || !element.matches?.(STOPPABLE) || element.dataset.purpose || accepted(purpose)) continue;
    element.dataset.purpose = purpose;
    if (element.tagName === 'IFRAME') {
      element.dataset.src = element.src;
      element.removeAttribute('src');
    } else {
      if (element.type) element.dataset.type = element.type;
      element.type = 'text/plain';
    }
  }
}

/** Watches for tags that come later, from the parser or from a script. */
export function watch() {
  new MutationObserver((records) => {
    for (const node of records.flatMap(({ addedNodes }) => [...addedNodes])) {
      // The parser runs a script only after this was called.
      hold(node);
      if (node.matches?.(BLOCKED) || node.querySelector?.(BLOCKED)) run();
    }
  }).observe(document, { childList: true, subtree: true });
  document.addEventListener('DOMContentLoaded', run);
  if (!blocks.length) return;
  // A script that another inserts starts at once, so it has to be caught before.
  for (const { prototype } of [Node, Element, Document, DocumentFragment, CharacterData, Range]) {
    for (const name of 'appendChild insertBefore replaceChild append prepend before after replaceWith replaceChildren insertAdjacentElement insertNode'.split(' ')) {
      const insert = Object.hasOwn(prototype, name) && prototype[name];
      if (insert) {
        prototype[name] = function (...nodes) {
          nodes.forEach(hold);
          return insert.apply(this, nodes);
        };
      }
    }
  }
}
