// Room on the page for what stands before it, so that nothing that gets the focus is hidden behind the banner or the corner (WCAG 2.2,
// 2.4.11). Owns what the browser keeps free when it scrolls to something, and the room after the page's end. It is written into a
// style sheet and not onto the page's elements, which belong to the page.
//
// Before the page's beginning there is none, for that would move the page: behind a banner at the top its first lines stay until
// somebody answers or presses Escape.

/** Keeps room from now on. */
export function makeRoom() {
  const sheet = new CSSStyleSheet();
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  const covers = document.querySelectorAll('.consentry-banner, .consentry-corner');
  const observer = new ResizeObserver(() => {
    const rules = [...covers].map((cover) => {
      const { top, bottom, height } = cover.getBoundingClientRect();
      if (!height) return '';
      if (cover.dataset.position === 'top' && isBanner(cover)) return `:root{scroll-padding-top:${bottom}px}`;
      const room = innerHeight - top;
      // A page that doesn't scroll would get a scroll bar, and move beside it.
      const scrolls = isBanner(cover) && document.documentElement.scrollHeight > innerHeight;
      return `:root{scroll-padding-bottom:${room}px}${scrolls ? `:root::after{content:"";display:block;height:${room}px}` : ''}`;
    });
    sheet.replaceSync(`@media screen{${rules.join('')}}`);
  });
  covers.forEach((cover) => observer.observe(cover));
}

const isBanner = (element) => element.matches('.consentry-banner');
