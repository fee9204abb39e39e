// Comparing what is on the screen with pictures that somebody looked at.
//
// The pictures are in `golden/`. `UPDATE_GOLDEN=1 node --test tests/browser/golden*.test.mjs` makes them anew; look at each before it
// is committed. A picture that differs is left in `target/golden/`.

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const GOLDEN = new URL("golden/", import.meta.url);
const ACTUAL = new URL("../../target/golden/", import.meta.url);

/** Comes with Chromium on Debian, and has all three scripts. */
export const FONT = "DejaVu Sans";

/** The share of pixels that may differ: less than a short word has. */
const TOLERANCE = 0.001;

/** What a test says where pictures differ. */
export const WHERE = `see ${fileURLToPath(ACTUAL)}`;

/** What compares pictures with a browser; without the font, why it can't. */
export async function gallery(browser) {
  const blank = await browser.newPage();

  /** Whether a page gets the font and not another in its place. */
  const hasFont = await blank.evaluate((font) => {
    const context = document.createElement("canvas").getContext("2d");
    const width = (fallback) => {
      context.font = `16px "${font}", ${fallback}`;
      return context.measureText("Wimmelbild").width;
    };
    return width("serif") === width("monospace");
  }, FONT);

  /** Whether a picture differs from the golden one of this name; then it is left where somebody can look at it. */
  async function differs(name, picture) {
    if (process.env.UPDATE_GOLDEN) {
      await writeFile(new URL(name, GOLDEN), picture);
      return false;
    }
    const golden = await readFile(new URL(name, GOLDEN)).catch(() => undefined);
    if (golden && (await difference(golden, picture)) <= TOLERANCE) return false;
    await mkdir(ACTUAL, { recursive: true });
    await writeFile(new URL(name, ACTUAL), picture);
    return true;
  }

  /** The share of pixels in which two pictures differ visibly, which is all of them if their sizes do. */
  function difference(...pictures) {
    return blank.evaluate(
      async (pictures) => {
        const [one, other] = await Promise.all(
          pictures.map(async (base64) => {
            const image = new Image();
            image.src = `data:image/png;base64,${base64}`;
            await image.decode();
            const { width, height } = image;
            const context = Object.assign(document.createElement("canvas"), { width, height }).getContext("2d");
            context.drawImage(image, 0, 0);
            return context.getImageData(0, 0, width, height);
          }),
        );
        if (one.width !== other.width || one.height !== other.height) return 1;
        let differing = 0;
        for (let at = 0; at < one.data.length; at += 4) {
          // What smoothing does to an edge is less than a fifth of the way from black to white.
          if ([0, 1, 2].some((channel) => Math.abs(one.data[at + channel] - other.data[at + channel]) > 51)) differing++;
        }
        return differing / (one.width * one.height);
      },
      pictures.map((picture) => picture.toString("base64")),
    );
  }

  return { differs, skip: !hasFont && `${FONT} is missing` };
}
