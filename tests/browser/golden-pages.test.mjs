// What the pages for people look like, against pictures that somebody looked at: a person's own page and that of a receipt.

import assert from "node:assert/strict";
import { test } from "node:test";
import { FONT, WHERE, gallery } from "./golden.mjs";
import { openPages } from "./people.mjs";

const { browser, site, grant, open, visitor } = await openPages();
const { differs, skip } = await gallery(browser);

/** Each language, theme and width at least once. */
const LOOKS = [
  ["en", "light", 1280],
  ["en", "dark", 320],
  ["de", "light", 320],
  ["de", "dark", 768],
  ["ar", "light", 768],
  ["ar", "dark", 320],
];

/** Gives a page the one font, and what is never twice the same one text. Style sheets that are constructed pass its policy. */
async function settle(page) {
  await page.evaluate((font) => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`* { font-family: "${font}" !important }`);
    document.adoptedStyleSheets = [sheet];
    const time = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "long", timeZone: "UTC" });
    for (const each of document.querySelectorAll("time")) each.textContent = time.format(Date.UTC(2026, 1, 3));
    for (const each of document.querySelectorAll("code, #promise bdi")) each.textContent = "0123-4567-89ab-cdef";
    for (const each of document.querySelectorAll("#code path")) each.remove();
    document.activeElement.blur();
  }, FONT);
  return page;
}

for (const [language, theme, width] of LOOKS) {
  test(`the pages for people look as they did, ${theme}, in ${language}, ${width} pixels wide`, { skip }, async () => {
    const user = `${language}-${theme}@example.com`;
    await grant(user);
    const body = { user_id: user, purpose: "model_training", notice: { version: 3, language: "de" } };
    const { receipt } = (await site.call("POST", "/consent/revoke", { body })).body;
    const { id } = (await site.call("POST", `/data/delete/${encodeURIComponent(user)}`, { body: { verify: true } })).body;
    await site.call("POST", `/erasures/${id}/refuse`, { body: { ground: "legal_claims" } });
    await site.call("POST", `/data/delete/${encodeURIComponent(user)}`);

    const person = await visitor({ colorScheme: theme, viewport: { width, height: 640 } });
    const differing = [];
    const compare = async (name, picture) => {
      const file = `${name}-${language}-${theme}-${width}.png`;
      if (await differs(file, await picture)) differing.push(file);
    };
    const page = await settle(await open(person, user, `&lang=${language}`));
    await compare("privacy", page.screenshot({ fullPage: true }));
    const opened = await person.open(`/receipt?lang=${language}#${receipt}`);
    await opened.locator("#decision").waitFor();
    await compare("receipt", (await settle(opened)).screenshot({ fullPage: true }));
    assert.deepEqual(differing, [], WHERE);
    await person.context.close();
  });
}
