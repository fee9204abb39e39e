// A placeholder: what stands in the place of content that waits. Owns its words, and that it is where the content is and as large, so
// that nothing moves when the one replaces the other.
import { explain } from './notice.js';

/** The surface of the first purpose's placeholder, and how far from it that of the next is. */
const FIRST = 2;
const STEP = 4;

/** What decides where an element is and how large. */
const LAYOUT =
  'width height max-width max-height aspect-ratio box-sizing border-width padding margin position inset z-index float vertical-align flex order align-self justify-self grid-area'.split(
    ' ',
  );

/** How to make a placeholder for an element that waits for some purposes. */
export function placeholders(page) {
  const { asked, described, make, named, place, spoken, words } = page;
  const explained = new Set();
  const about = (text, title) => text.replace('{purpose}', () => title);
  const line = (text, kind) => (text ? [make('p', { class: `consentry-${kind}` }, text)] : []);

  /** Notes, once for each purpose, what a person decides on who allows it here. */
  function note(at) {
    if (explained.has(at)) return;
    explained.add(at);
    const { name } = asked.purposes[at];
    const texts = [words.placeholder, words.placeholder_load, words.placeholder_always].map((text) => about(text, named(name)));
    explain(page, FIRST + STEP * at, texts, [asked.purposes[at]], described);
  }

  return (element, purposes) => {
    const places = purposes.map((purpose) => asked.purposes.findIndex(({ name }) => name === purpose));
    if (!places.length || places.includes(-1)) {
      console.warn('Consentry keeps back what no purpose that this page asks about belongs to:', element);
      return make('div', { hidden: '' });
    }
    places.forEach(note);
    const sentence = about(words.placeholder, new Intl.ListFormat(spoken).format(purposes.map(named)));
    const title = element.title || element.alt || element.getAttribute('aria-label') || '';
    const always = (at) => make('button', { name: 'always', value: at }, about(words.placeholder_always, named(asked.purposes[at].name)));
    const card = make(
      'div',
      {},
      ...line(title, 'name'),
      ...line(sentence, 'sentence'),
      // Before what it means, because a small one is scrolled.
      make('div', { class: 'consentry-actions' }, make('button', { name: 'once' }, words.placeholder_load), ...places.map(always)),
      ...purposes.flatMap((name) => line(described(name), 'about')),
    );
    const box = place(make('div', { role: 'group' }, card), 'placeholder');
    box.setAttribute('aria-label', title || sentence);
    return box;
  };
}

/** Makes a placeholder as large as its element. Of what is not displayed the styles say what was asked for, such as `50%`, not how
 * many pixels it came to, so the placeholder goes along with the page. */
export function resize(element, box) {
  // Hides it (`more.css`) and leaves the page's own styles of it as they are.
  element.removeAttribute('data-consentry-waiting');
  const { display } = getComputedStyle(element);
  element.setAttribute('data-consentry-waiting', '');
  const style = getComputedStyle(element);
  for (const name of LAYOUT) box.style.setProperty(name, style.getPropertyValue(name));
  // A picture without a size is not there yet; everything else is as large as this without one.
  if (element.tagName !== 'IMG') {
    if (style.width === 'auto') box.style.width = '300px';
    if (style.height === 'auto' && style.aspectRatio === 'auto') box.style.height = element.tagName === 'AUDIO' ? '54px' : '150px';
  }
  const pixel = ['width', 'height'].every((name) => parseFloat(style[name]) <= 2);
  const inline = display === 'inline' ? 'inline-block' : display;
  box.style.display = box.hidden || pixel ? 'none' : inline;
}
