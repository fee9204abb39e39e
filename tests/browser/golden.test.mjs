// What banner and preferences look like, against pictures that somebody looked at.

import assert from "node:assert/strict";
import { test } from "node:test";
import { FONT, WHERE, gallery } from "./golden.mjs";
import { openShop, visitor } from "./visitor.mjs";

const SIZES = [
  { width: 320, height: 560 },
  { width: 768, height: 1024 },
  { width: 1280, height: 800 },
];

const { edge, browser } = await openShop();
const { differs, skip } = await gallery(browser);
const html = (language) => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Page</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<style>:root { --consentry-font: "${FONT}" }</style>
<script src="/banner.js" data-site="demo" data-lang="${language}"></script></head><body></body></html>`;

for (const language of ["en", "de", "ar"]) {
  for (const theme of ["light", "dark"]) {
    test(`banner and preferences look as they did, ${theme}, in ${language}`, { skip }, async () => {
      const person = await visitor(browser, edge, { colorScheme: theme });
      const page = await person.openHtml(html(language));
      const differing = [];
      async function compare(surface) {
        const element = page.locator(`#consentry-${surface}`);
        await element.waitFor();
        for (const size of SIZES) {
          await page.setViewportSize(size);
          const name = `${surface}-${language}-${theme}-${size.width}.png`;
          if (await differs(name, await element.screenshot())) differing.push(name);
        }
      }
      await compare("banner");
      await page.locator("[data-consentry=choose]").click();
      // Away from buttons that would show that they are pointed at.
      await page.mouse.move(0, 0);
      await compare("preferences");
      assert.deepEqual(differing, [], WHERE);
      await person.context.close();
    });
  }
}
