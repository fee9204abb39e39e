// Content that waits: a frame, an image, a video or a sound with `data-purpose` and its address in `data-src` (and `data-srcset`; of
// its sources, and of the picture that it is in, too). Owns giving it that address once all its purposes may be used and taking it
// away when one may not any more; what stands in its place meanwhile is a placeholder (`placeholder.js`).
//
// `<embed>` and `<object>` are left out: giving those an address is what Trusted Types forbid. They can wait in a <template>.
import { resize, placeholders } from './placeholder.js';

const CONTENT = ':is(iframe, img, video, audio)[data-purpose]';

/** How to bring the content of the page in line with what may be used. */
export function content({ accepted, ours, press, ...page }) {
  const placeholder = placeholders(page);
  /** What waits, for which purposes, and what stands in its place. */
  const waiting = new Map();
  const loaded = new WeakSet();
  /** What was asked for this once. It is there until the page goes or its purpose is taken back. */
  const once = new WeakSet();
  addEventListener('resize', () => waiting.forEach(({ box }, element) => resize(element, box)));

  function load(element) {
    release(element);
    if (loaded.has(element)) return;
    loaded.add(element);
    each(element, (part, name, value) => runs(value) || part.setAttribute(name, value));
  }

  function unload(element) {
    if (!loaded.delete(element)) return;
    each(element, (part, name) => part.removeAttribute(name));
    if (element.tagName !== 'IFRAME') return;
    // Without its address a frame goes on with what it shows; taken out it ends, and the history of the page stays as it was.
    const { parentNode, nextSibling } = element;
    element.remove();
    parentNode.insertBefore(element, nextSibling);
  }

  function release(element) {
    waiting.get(element)?.box.remove();
    waiting.delete(element);
    element.removeAttribute('data-consentry-waiting');
  }

  function wait(element) {
    const purposes = element.dataset.purpose.split(/\s+/).filter((name) => name && !accepted(name));
    const anchor = element.closest('picture') ?? element;
    const before = waiting.get(element);
    if (before && `${before.purposes}` === `${purposes}`) {
      if (anchor.nextSibling !== before.box) anchor.after(before.box);
      return;
    }
    release(element);
    const box = placeholder(element, purposes);
    waiting.set(element, { box, purposes });
    resize(element, box);
    anchor.after(box);
    box.addEventListener('click', ({ target }) => {
      if (!target.name) return;
      if (target.name === 'once') {
        once.add(element);
        load(element);
      } else {
        press('allow', +target.value);
      }
      // The button is gone with its placeholder.
      focus(waiting.get(element)?.box.querySelector('button') ?? element);
    });
  }

  return () => {
    // A page that takes its content out or moves it knows nothing of the placeholder beside it.
    for (const element of waiting.keys()) if (!element.isConnected) release(element);
    for (const element of document.querySelectorAll(CONTENT)) {
      if (!ours(element)) continue;
      if (accepted(element.dataset.purpose)) {
        once.delete(element);
        load(element);
      } else if (!once.has(element)) {
        unload(element);
        wait(element);
      }
    }
  };
}

/** Each address of an element and of its sources, which a browser must know first. */
function each(element, act) {
  const sources = (element.closest('picture') ?? element).querySelectorAll('source, track');
  for (const part of [...sources, element]) {
    for (const name of ['srcset', 'src']) if (part.dataset[name]) act(part, name, part.dataset[name]);
  }
  // A video looks for its sources only when it is told to.
  element.load?.();
}

/** Whether an address is a script: whoever may write a `data-` attribute into a page can't let one run by it. */
function runs(address) {
  const link = document.createElement('a');
  link.href = address;
  return link.protocol === 'javascript:';
}

function focus(element) {
  if (element.tabIndex < 0) element.tabIndex = -1;
  element.focus({ preventScroll: true });
}
