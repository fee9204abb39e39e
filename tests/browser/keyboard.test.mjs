// Deciding without a mouse, and leaving without deciding.

import assert from "node:assert/strict";
import { cardsOn, nothingRan, openShop, press, recorded, test, visitor } from "./visitor.mjs";

const { edge, browser } = await openShop();

const focusedText = (page) => page.evaluate(() => document.activeElement.textContent);

test("Escape closes the banner, grants nothing, records nothing, and the next page asks again", async () => {
  const person = await visitor(browser, edge);
  const page = await person.open();
  await page.keyboard.press("Escape");
  assert.equal(await page.locator("#consentry-banner").isVisible(), false);
  await nothingRan(page);
  assert.deepEqual(await page.evaluate(() => Object.keys(localStorage)), []);
  await page.reload();
  assert.equal(await page.locator("#consentry-banner").isVisible(), true);
  assert.deepEqual(person.complaints, []);
  await person.context.close();
});

test("an Escape that the page used for something of its own leaves the banner", async () => {
  const person = await visitor(browser, edge);
  const page = await person.open();
  await page.evaluate(() => document.addEventListener("keydown", (event) => event.preventDefault()));
  await page.keyboard.press("Escape");
  assert.equal(await page.locator("#consentry-banner").isVisible(), true);
  await person.context.close();
});

test("Escape in the preferences forgets the switches and brings the banner back, with the focus", async () => {
  const person = await visitor(browser, edge);
  const page = await person.open();
  await press(page, "Choose");
  await page.getByRole("switch", { name: "Statistics" }).check();
  await page.keyboard.press("Escape");
  assert.equal(await page.locator("#consentry-preferences").isVisible(), false);
  assert.equal(await page.locator("#consentry-banner").isVisible(), true);
  assert.equal(await focusedText(page), "Choose");
  await nothingRan(page);
  await press(page, "Choose");
  assert.equal(await page.getByRole("switch", { name: "Statistics" }).isChecked(), false);
  await person.context.close();
});

test("closing the reopened preferences gives the focus back to where it was", async () => {
  const person = await visitor(browser, edge);
  const page = await person.open();
  await recorded(page, () => press(page, "Reject all"));
  const opener = page.locator("footer [data-show]");
  await opener.press("Enter");
  await page.keyboard.press("Escape");
  assert.equal(await opener.evaluate((element) => element === document.activeElement), true);
  await person.context.close();
});

test("the whole choice can be made with the keyboard, and the focus stays in the preferences", async () => {
  const person = await visitor(browser, edge);
  const page = await person.open();
  // The banner is first in the page.
  await page.keyboard.press("Tab");
  assert.equal(await focusedText(page), "Accept all");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  // They come with the part that is loaded after the banner.
  await page.locator("#consentry-preferences").waitFor();
  const names = [];
  for (let presses = 0; presses < 9; presses++) {
    names.push(await page.evaluate(() => document.activeElement.name || document.activeElement.dataset.consentry || ""));
    await page.keyboard.press("Tab");
  }
  const order = ["close", "model_training", "inference", "analytics", "personalization", "accept", "reject", "save"];
  assert.deepEqual(names.slice(0, order.length), order);
  assert.doesNotMatch(await page.evaluate(() => document.activeElement.closest("main, footer")?.tagName ?? ""), /./);
  await page.getByRole("switch", { name: "Answers by AI" }).press("Space");
  await recorded(page, () => page.getByRole("button", { name: "Save my choice" }).press("Enter"));
  await cardsOn(page, "inference");
  await person.context.close();
});

test("nothing scrolls sideways at 320 px", async () => {
  const person = await visitor(browser, edge, { viewport: { width: 320, height: 560 } });
  const page = await person.open();
  const overflowing = () =>
    page.evaluate(() => {
      const scrolls = (element) =>
        element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).overflowX !== "visible";
      const shown = document.querySelectorAll("html, #consentry-banner, #consentry-preferences, #consentry-preferences *");
      return [...shown].filter(scrolls).map((element) => element.id || element.className || element.tagName);
    });
  const width = () => page.evaluate(() => document.documentElement.scrollWidth);
  assert.deepEqual([await width(), await overflowing()], [320, []]);
  await press(page, "Choose");
  await page.locator("#consentry-preferences").waitFor();
  assert.deepEqual([await width(), await overflowing()], [320, []]);
  await person.context.close();
});
