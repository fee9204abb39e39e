// Whether everybody can perceive and operate their own page: WCAG 2.2 AA, as far as a machine can tell.

import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { test } from "node:test";
import { moves, seesEverything, smallTargets, standsOut } from "./looks.mjs";
import { openPages } from "./people.mjs";
import { faults } from "./visitor.mjs";

const { site, grant, open, visitor } = await openPages();

const LANGUAGES = ["en", "de", "ar", "ja", "el"];
const ALL = (await readdir(new URL("../../www/pages/words/", import.meta.url))).map((name) => name.replace(".txt", ""));
const PARTS = "h1, h2, h3, p, dt, dd, button, input";

const focused = (page) =>
  page.evaluate(() => {
    const { id, dataset, textContent } = document.activeElement;
    return id || Object.keys(dataset).join(" ") || textContent;
  });

for (const language of LANGUAGES) {
  for (const theme of ["light", "dark"]) {
    test(`axe-core finds nothing on the page in ${language}, ${theme}`, async () => {
      const user = `axe-${language}-${theme}@example.com`;
      await grant(user);
      await site.call("POST", `/data/delete/${encodeURIComponent(user)}`);
      const person = await visitor({ colorScheme: theme });
      const page = await open(person, user, `&lang=${language}`);
      assert.equal(await page.evaluate(() => document.documentElement.lang), language);
      assert.deepEqual(await faults(page), []);
      await page.locator("[data-erase]").click();
      assert.deepEqual(await faults(page), [], "the question");
      await person.context.close();
    });
  }
}

for (const [what, width, height] of [["200", 640, 360], ["400", 320, 256]]) {
  test(`at ${what} % zoom everything can be reached without scrolling sideways, in every language`, async () => {
    const user = `zoom-${what}@example.com`;
    await grant(user);
    await site.call("POST", `/data/delete/${encodeURIComponent(user)}`);
    const person = await visitor({ viewport: { width, height }, deviceScaleFactor: 1280 / width });
    for (const language of ALL) {
      const page = await open(person, user, `&lang=${language}`);
      await seesEverything(page, "main", PARTS);
      await page.locator("[data-erase]").click();
      await seesEverything(page, "dialog", PARTS);
      await page.close();
    }
    await person.context.close();
  });
}

test("everything can be done with the keyboard, and the focus is never lost", async () => {
  const user = "keyboard@example.com";
  await grant(user);
  // Each of these is a line of its own.
  for (let times = 0; times < 24; times++) {
    const path = times % 2 ? "/consent/grant" : "/consent/revoke";
    await site.call("POST", path, { body: { user_id: user, purpose: "inference" } });
  }
  const person = await visitor();
  const page = await open(person, user);
  const order = [];
  for (let presses = 0; presses < 10; presses++) {
    await page.keyboard.press("Tab");
    order.push(await focused(page));
  }
  assert.deepEqual(order, ["analytics", "inference", "model_training", "personalization", "more words", "format", "format", "format", "format", "erase words"]);

  await page.getByRole("switch", { name: "Statistics" }).focus();
  await page.keyboard.press("Space");
  await page.getByRole("status").filter({ hasText: "Your choice has been saved." }).waitFor();
  assert.equal(await focused(page), "analytics");

  await page.locator("[data-more]").press("Enter");
  await page.waitForFunction(() => document.querySelectorAll("[data-history] > li").length > 20);
  const place = await page.evaluate(() => [...document.querySelector("[data-history]").children].indexOf(document.activeElement));
  assert.equal(place, 20, "on the first line that is new");

  await page.locator("[data-erase]").press("Enter");
  assert.equal(await page.evaluate(() => !!document.activeElement.closest("dialog:modal")), true);
  await page.keyboard.press("Escape");
  assert.equal(await focused(page), "erase words");
  await page.keyboard.press("Enter");
  await page.locator("[data-confirm]").press("Enter");
  await page.locator("[data-erasures] > li").waitFor();
  await page.waitForFunction(() => document.activeElement.matches("[data-erasures] h3"));
  await page.getByRole("status").filter({ hasText: "Erasure was requested" }).waitFor();
  await person.context.close();
});

test("what is read again while somebody reads leaves them where they are", async () => {
  const user = "reads@example.com";
  for (let times = 0; times < 12; times++) {
    const path = times % 2 ? "/consent/grant" : "/consent/revoke";
    await site.call("POST", path, { body: { user_id: user, purpose: "inference" } });
  }
  const { body } = await site.call("POST", `/data/delete/${encodeURIComponent(user)}`, { body: { verify: true } });
  const person = await visitor();
  const page = await open(person, user);
  const again = async (text, change) => {
    await change();
    await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
    await page.locator("[data-history], [data-erasures]").getByText(text).first().waitFor();
  };
  const stand = (selector) => page.locator(selector).evaluate((element) => {
    element.tabIndex = -1;
    element.focus();
  });
  await stand("[data-history] > li:nth-child(5)");
  await again("Statistics", () => grant(user));
  assert.equal(await page.evaluate(() => [...document.querySelector("[data-history]").children].indexOf(document.activeElement)), 4);
  await stand("[data-erasures] h3");
  await again("Refused", () => site.call("POST", `/erasures/${body.id}/refuse`, { body: { ground: "unfounded" } }));
  assert.equal(await page.evaluate(() => document.activeElement.matches("[data-erasures] h3")), true);
  await person.context.close();
});

test("nothing that gets the focus is hidden behind what is said of a failure", async () => {
  const user = "hidden@example.com";
  await grant(user);
  const person = await visitor({ viewport: { width: 320, height: 256 } });
  const page = await open(person, user);
  await person.context.setOffline(true);
  await page.getByRole("switch", { name: "Statistics" }).click();
  await page.getByRole("alert").filter({ hasText: /\S/ }).waitFor();
  const hidden = [];
  for (const key of [...Array(9).fill("Tab"), ...Array(9).fill("Shift+Tab")]) {
    await page.keyboard.press(key);
    hidden.push(...(await page.evaluate(() => {
      const focus = document.activeElement;
      if (focus === document.body) return [];
      const { x, y, width, height } = focus.getBoundingClientRect();
      return focus.contains(document.elementFromPoint(x + width / 2, y + height / 2)) ? [] : [focus.id || focus.textContent];
    })));
  }
  assert.deepEqual(hidden, []);
  await person.context.close();
});

test("every target is at least 24 pixels high and wide", async () => {
  const user = "targets@example.com";
  await site.call("POST", "/consent/grant", { body: { user_id: user, purpose: "analytics", legal_basis: "legitimate_interest" } });
  for (const width of [320, 1280]) {
    const person = await visitor({ viewport: { width, height: 640 } });
    const page = await open(person, user);
    assert.deepEqual(await smallTargets(page.locator("main")), []);
    await page.locator("[data-erase]").click();
    assert.deepEqual(await smallTargets(page.locator("dialog")), []);
    await person.context.close();
  }
});

for (const theme of ["light", "dark"]) {
  for (const forcedColors of ["none", "active"]) {
    test(`a switch, its state and the focus stand out, ${theme}, forced colours ${forcedColors}`, async () => {
      const person = await visitor({ colorScheme: theme, forcedColors });
      const page = await open(person, `look-${theme}-${forcedColors}@example.com`);
      const input = page.getByRole("switch", { name: "Statistics" });
      await page.keyboard.press("Tab");
      await standsOut(input, async () => {
        await input.press("Space");
        await page.getByRole("status").filter({ hasText: /\S/ }).waitFor();
      });
      await person.context.close();
    });
  }
}

for (const [reducedMotion, moving] of [["reduce", false], ["no-preference", true]]) {
  test(`whoever wants ${reducedMotion === "reduce" ? "no motion gets none" : "motion sees the switches move"}`, async () => {
    const person = await visitor({ reducedMotion });
    const page = await open(person, `motion-${reducedMotion}@example.com`);
    assert.equal(await moves(page.locator("body *")), moving);
    await person.context.close();
  });
}

test("what goes on with an erasure is said while the page is open", async () => {
  const user = "follows@example.com";
  const { body } = await site.call("POST", `/data/delete/${encodeURIComponent(user)}`, { body: { verify: true } });
  const person = await visitor();
  const page = await open(person, user);
  await page.getByRole("heading", { name: "Being checked" }).waitFor();
  await site.call("POST", `/erasures/${body.id}/refuse`, { body: { ground: "unfounded" } });
  await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  await page.getByRole("status").filter({ hasText: "Erase my data: Refused" }).waitFor();
  await person.context.close();
});
