// What a visitor sees and may do, on a page of its own.

import assert from "node:assert/strict";
import { PURPOSES, openShop, press, test, visitor } from "./visitor.mjs";

const { edge, browser } = await openShop();

const blocked = (purpose, letter) => `<script type="text/plain" data-purpose="${purpose}">window.ran += "${letter}"</script>`;
const html = (attributes = "", body = "") =>
  `<!doctype html><html lang="en"><head><script src="/banner.js" data-site="demo" ${attributes}></script>
  <script>window.ran = ""</script></head><body>${body}</body></html>`;
const ran = (page) => page.evaluate(() => window.ran);
const choice = (page) => page.evaluate(() => localStorage.getItem("consentry.demo.choice"));
const told = (page) => page.evaluate(() => Array.from(window.dataLayer.findLast((entry) => entry[0] === "consent"))[2]);
const shown = (page, id) => page.locator(`#consentry-${id}`).isVisible();

/** A new visitor on such a page: `act` is done, then they leave. */
async function on(page, act) {
  const person = await visitor(browser, edge);
  const opened = await person.openHtml(page);
  await act(opened, person);
  assert.deepEqual(person.complaints, []);
  await person.context.close();
}

test("the first visit shows a labelled dialog with three buttons of one size", () =>
  on(html(), async (page) => {
    const dialog = page.getByRole("dialog", { name: "Your data, your choice" });
    assert.equal(await dialog.isVisible(), true);
    assert.equal(await dialog.evaluate((element) => element === document.body.firstElementChild), true);
    const sizes = await dialog.locator("button").evaluateAll((buttons) =>
      buttons.map((button) => [button.dataset.consentry, button.offsetWidth, button.offsetHeight]),
    );
    assert.deepEqual(sizes.map(([action]) => action), ["accept", "reject", "choose"]);
    assert.equal(new Set(sizes.map(([, ...size]) => size.join())).size, 1);
    assert.equal(await shown(page, "reopen"), false);
  }));

test("rejecting keeps the choice, runs nothing and leaves a way back", () =>
  on(html("", blocked("analytics", "a")), async (page) => {
    await press(page, "Reject all");
    assert.deepEqual([await shown(page, "banner"), await shown(page, "reopen")], [false, true]);
    assert.equal(await ran(page), "");
    assert.equal((await told(page)).analytics_storage, "denied");
    const kept = (await choice(page)).split(" ").slice(2).map((answer) => answer.split("@")[0]);
    assert.deepEqual(kept, PURPOSES.map((purpose) => `${purpose}=revoked`));
  }));

test("accepting runs the blocked tags in the order of the page, and none without a purpose that was granted", () => {
  const tags = [
    blocked("analytics", "a"),
    blocked("personalization analytics", "b"),
    blocked("no_such_purpose", "x"),
    blocked("analytics no_such_purpose", "x"),
    blocked("", "x"),
    blocked(" inference\n analytics ", "c"),
  ];
  return on(html("", tags.join("")), async (page) => {
    await press(page, "Accept all");
    assert.equal(await ran(page), "abc");
    const { analytics_storage, ad_storage, security_storage } = await told(page);
    assert.deepEqual([analytics_storage, ad_storage, security_storage], ["granted", "denied", "granted"]);
  });
});

test("no switch is on before the person turns it on; only what was turned on runs, and the switches stay", () =>
  on(html("", blocked("analytics", "a") + blocked("inference", "i")), async (page) => {
    await press(page, "Choose");
    const switches = page.getByRole("switch");
    await switches.first().waitFor();
    assert.equal(await switches.count(), PURPOSES.length);
    for (const each of await switches.all()) assert.equal(await each.isChecked(), false);
    await page.getByRole("switch", { name: "Answers by AI" }).check();
    await press(page, "Save my choice");
    assert.equal(await ran(page), "i");
    await press(page, "Privacy settings");
    assert.equal(await page.getByRole("switch", { name: "Answers by AI" }).isChecked(), true);
    assert.equal(await page.getByRole("switch", { name: "Statistics" }).isChecked(), false);
  }));

test("an unreadable choice counts as none", () =>
  on(html(), async (page) => {
    for (const text of ["", "yes", "1 1 analytics=granted", '{"analytics":true}', "1 1 analytics=granted@5\u0000"]) {
      await page.evaluate((text) => localStorage.setItem("consentry.demo.choice", text), text);
      await page.reload();
      assert.equal(await shown(page, "banner"), true, text);
      assert.equal((await told(page)).analytics_storage, "denied", text);
    }
  }));

test("a newer notice asks again", async () => {
  const person = await visitor(browser, edge);
  const page = await person.openHtml(html());
  await press(page, "Accept all");
  await page.close();
  const newer = await person.openHtml(html('data-notice-version="2"'));
  assert.equal(await shown(newer, "banner"), true);
  assert.equal((await told(newer)).analytics_storage, "denied");
  await person.context.close();
});

test("the tag chooses language and purposes", () =>
  on(html('data-lang="de-AT" data-purposes="analytics fraud_checks"'), async (page) => {
    const banner = page.locator("#consentry-banner[lang=de]");
    await banner.waitFor();
    assert.deepEqual(await banner.locator("li").allTextContents(), ["Statistik", "fraud checks"]);
    await press(page, "Auswählen");
    assert.deepEqual(await page.getByRole("switch").evaluateAll((all) => all.map(({ name }) => name)), [
      "analytics",
      "fraud_checks",
    ]);
  }));

test("the page can ask and open", () =>
  on(html(), async (page) => {
    const ask = (purpose) => page.evaluate((purpose) => window.Consentry.accepted(purpose), purpose);
    assert.equal(await ask("analytics"), false);
    assert.equal(await page.evaluate(() => window.Consentry.proof().secret), undefined);
    await page.evaluate(() => window.Consentry.show());
    await press(page, "Accept all");
    assert.deepEqual([await ask("analytics"), await ask("no_such_purpose"), await ask("")], [true, false, false]);
  }));

test("what the page does while the focus moves finds everything in order", () =>
  on(html("", "<input autofocus>"), async (page) => {
    await page.evaluate(() => {
      window.seen = [];
      document.querySelector("input").addEventListener("focus", () => window.seen.push(window.Consentry.accepted("analytics")));
      document.querySelector("input").addEventListener("blur", () => window.Consentry.show());
    });
    await page.locator("input").focus();
    await page.evaluate(() => window.Consentry.show());
    await page.locator("#consentry-preferences").waitFor();
    await press(page, "Accept all");
    assert.equal(await shown(page, "preferences"), false);
    assert.deepEqual(await page.evaluate(() => window.seen.at(-1)), true);
  }));
