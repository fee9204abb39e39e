// What a browser can tell of how things look: colours and their contrast, sizes, motion, and whether all of it can be brought onto the
// screen. What axe-core finds is in `visitor.mjs`.

import assert from "node:assert/strict";

/** Buttons and switches of a surface that are too small to be hit. A link in a sentence may be as high as its line. */
export const smallTargets = (surface) =>
  surface
    .locator("button, input")
    .filter({ visible: true })
    .evaluateAll((targets) => {
      if (!targets.length) return ["nothing to hit"];
      const sizes = targets.map((target) => [target.getBoundingClientRect(), target.name || target.textContent]);
      return sizes.filter(([{ width, height }]) => width < 24 || height < 24).map(([{ width, height }, name]) => [name, width, height]);
    });

/** The colours of a switch, as [red, green, blue], and where its thumb is. */
const look = (input) =>
  input.evaluate((input) => {
    const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const rgb = (colour) => {
      context.fillStyle = colour;
      context.fillRect(0, 0, 1, 1);
      return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
    };
    const [own, before] = [getComputedStyle(input), getComputedStyle(input, "::before")];
    return {
      paper: rgb(getComputedStyle(input.closest("dialog, section")).backgroundColor),
      border: rgb(own.borderTopColor),
      track: rgb(own.backgroundColor),
      thumb: rgb(before.backgroundColor),
      focus: rgb(getComputedStyle(document.activeElement).outlineColor),
      at: before.insetInlineStart,
    };
  });

/** Sees that a switch that has the focus, its state and the focus itself stand out, in both states; `turnOn` turns it on. */
export async function standsOut(input, turnOn) {
  const off = await look(input);
  await turnOn();
  const on = await look(input);
  const { paper, border, thumb, focus } = off;
  const ratios = [
    contrast(border, paper),
    contrast(thumb, paper),
    contrast(on.track, on.paper),
    contrast(on.thumb, on.track),
    contrast(focus, paper),
  ];
  assert.deepEqual(ratios.filter((ratio) => ratio < 3), [], `${ratios}`);
  assert.notEqual(on.at, off.at);
}

/** The contrast of two colours as WCAG 2 computes it. */
function contrast(...colours) {
  const luminance = (colour) => {
    const [red, green, blue] = colour.map((part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [darker, lighter] = colours.map(luminance).sort((one, other) => one - other);
  return (lighter + 0.05) / (darker + 0.05);
}

/** Whether any of these elements moves or could. */
export const moves = (elements) =>
  elements.evaluateAll((elements) =>
    elements
      .flatMap((element) => [null, "::before", "::after"].map((part) => getComputedStyle(element, part)))
      .some((style) => parseFloat(style.transitionDuration) > 0 || style.animationName !== "none"),
  );

/** Scrolls to each text and control of an element, and sees that it comes wholly onto the screen. */
export async function seesEverything(page, selector, parts = "h2, p, li, button, input") {
  const hidden = await page.locator(`${selector} :is(${parts})`).evaluateAll((parts) =>
    parts
      .filter((part) => {
        part.scrollIntoView({ block: "center" });
        const { left, right, top, bottom, x, y, width, height } = part.getBoundingClientRect();
        const inside = left >= 0 && right <= innerWidth && top >= 0 && bottom <= innerHeight;
        return width && height && !(inside && part.contains(document.elementFromPoint(x + width / 2, y + height / 2)));
      })
      .map((part) => part.textContent || part.name),
  );
  assert.deepEqual(hidden, []);
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true);
}
