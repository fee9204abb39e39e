// The labels of all languages: that they fit, that yes and no weigh the same, and that consent tools of the visitor's own
// understand the no.

import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { test } from "node:test";
import { openShop, visitor } from "./visitor.mjs";

const { edge, browser } = await openShop();

const LOCALES = new URL("../../www/locales/", import.meta.url);
const languages = (await readdir(LOCALES)).map((name) => name.replace(".txt", ""));
const PURPOSES = `data-purposes="analytics:legitimate_interest support:contract model_training inference sale_or_sharing"`;
const html = (language) => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Page</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>:root { --consentry-font: "DejaVu Sans" }</style>
<script src="/banner.js" data-site="demo" data-lang="${language}" ${PURPOSES}></script></head><body></body></html>`;

for (const width of [320, 1280]) {
  test(`at ${width} pixels all labels fit, and yes and no have one size in every language`, async () => {
    const person = await visitor(browser, edge, { viewport: { width, height: 640 } });
    const found = [];
    for (const language of languages) {
      const page = await person.openHtml(html(language));
      for (const surface of ["banner", "preferences"]) {
        const element = page.locator(`#consentry-${surface}`);
        await element.waitFor();
        found.push(...(await element.evaluate(faults)).map((fault) => `${language} ${surface}: ${fault}`));
        if (surface === "banner") await element.locator("[data-consentry=choose]").click();
      }
      await page.close();
    }
    assert.deepEqual(found, []);
    await person.context.close();
  });
}

/** What sticks out of an element, or is not as prominent as it must be. */
function faults(element) {
  const found = [];
  const frame = element.getBoundingClientRect();
  for (const part of element.querySelectorAll("*")) {
    const { left, right } = part.getBoundingClientRect();
    const overflows = part.clientWidth && part.scrollWidth > part.clientWidth;
    if (left < frame.left || right > frame.right || overflows) found.push(`${part.className || part.tagName}: ${part.textContent}`);
  }
  const look = (action) => {
    const button = element.querySelector(`[data-consentry=${action}]`);
    const { width, height } = button.getBoundingClientRect();
    const { color, backgroundColor, fontSize, fontWeight } = getComputedStyle(button);
    return JSON.stringify([Math.round(width), Math.round(height), color, backgroundColor, fontSize, fontWeight]);
  };
  if (look("accept") !== look("reject")) found.push(`${look("accept")} is yes, ${look("reject")} is no`);
  return found;
}

// How tools that refuse for their users recognise the button, by what DuckDuckGo's autoconsent 16.23 looks for in the languages
// that it knows; the labels in lower case.
const REFUSES = {
  de: /^alles? (ablehnen|verweigern)$/,
  en: /^(reject|deny|refuse|decline)( all)?$/,
  es: /(^|\s)(rechaz|deneg|declin)/,
  fr: /^(tout )?(refuser|rejeter)( tout)?$/,
  it: /^(rifiuta|nega)( tutto| tutti)?$/,
  nl: /weiger|afwijz|verwerp/,
  pl: /odrzu(ć|cam|cenie|cać)|odm(aw|ow|ów)/,
  pt: /^(rejeitar|recusar|negar)( tud?o| todos)?$/,
  "pt-BR": /^(rejeitar|recusar|negar)( tud?o| todos)?$/,
  sv: /(^|\s)(avvisa|avböj|neka|förneka)/,
};

for (const [language, refuses] of Object.entries(REFUSES)) {
  test(`consent tools understand the no in ${language}`, async () => {
    const texts = await readFile(new URL(`${language}.txt`, LOCALES), "utf8");
    assert.match(/^reject: (.*)$/m.exec(texts)[1].toLowerCase(), refuses);
  });
}
