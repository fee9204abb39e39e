// Whether everybody can perceive and operate what the widget shows: WCAG 2.2 AA, as far as a machine can tell.
//
// What the keyboard does is in `keyboard.test.mjs`, the labels of all languages are in `labels.test.mjs`.

import assert from "node:assert/strict";
import { moves, seesEverything, smallTargets, standsOut } from "./looks.mjs";
import { faults, openShop, recorded, test, visitor } from "./visitor.mjs";

const { edge, browser } = await openShop();

const LANGUAGES = ["en", "de", "ar", "ja", "el"];
const BASES = `data-purposes="analytics:legitimate_interest support:contract model_training"`;
const CALIFORNIA = `data-regime="us_ca" data-purposes="analytics sale_or_sharing model_training"`;
const POLICY = `<script type="application/json" id="consentry-config">{"privacy_policy": "https://shop.example/privacy"}</script>`;

const CONTENT = `<iframe title="A film" width="320" height="180" data-purpose="model_training" data-src="/film"></iframe>
<img alt="A map" width="600" height="240" data-purpose="model_training support" data-src="/map.png">
<consentry-settings></consentry-settings>`;

const html = (attributes = "", { body = "", lang = "en", dir = "ltr" } = {}) => `<!doctype html>
<html lang="${lang}" dir="${dir}"><head><meta charset="utf-8"><title>Page</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<style>html { background: Canvas } a { color: LinkText }</style>${POLICY}<script src="/banner.js" data-site="demo" ${attributes}></script></head>
<body><main><h1>Page</h1><p><a href="#there">A link of the page</a></p>${body}</main></body></html>`;

/** Opens the preferences, which come with the part that is loaded after the banner. */
async function choose(page) {
  await page.locator("[data-consentry=choose]").click();
  await page.locator("#consentry-preferences").waitFor();
}
const signal = (context) =>
  context.addInitScript(() => Object.defineProperty(navigator, "globalPrivacyControl", { get: () => true }));

for (const language of LANGUAGES) {
  for (const theme of ["light", "dark"]) {
    test(`axe-core finds nothing in ${language}, ${theme}`, async () => {
      const person = await visitor(browser, edge, { colorScheme: theme });
      const page = await person.openHtml(html(`data-lang="${language}" ${BASES}`, { body: CONTENT }));
      await page.locator("#consentry-banner").waitFor();
      assert.deepEqual(await faults(page), [], "the banner");
      await choose(page);
      assert.deepEqual(await faults(page), [], "the preferences");
      for (const input of await page.getByRole("switch").all()) await input.check();
      assert.deepEqual(await faults(page), [], "the preferences with all switches on");

      await recorded(page, () => page.locator("#consentry-preferences [data-consentry=reject]").click());
      assert.equal(await page.locator(".consentry-placeholder").filter({ visible: true }).count(), 2);
      assert.deepEqual(await faults(page), [], "the placeholders");

      await signal(person.context);
      const american = await person.openHtml(html(`data-lang="${language}" ${CALIFORNIA}`));
      await american.locator("#consentry-reopen").waitFor();
      assert.equal(await american.locator(".consentry-corner").locator("p, button").filter({ visible: true }).count(), 3);
      assert.deepEqual(await faults(american), [], "the corner");
      await american.locator("#consentry-reopen").click();
      assert.deepEqual(await faults(american), [], "the preferences of whose signal was heard");
      await person.context.close();
    });
  }
}

test("the banner is a dialog with name and description, first in the page and not in a shadow root", async () => {
  const person = await visitor(browser, edge);
  const page = await person.openHtml(html());
  const banner = page.getByRole("dialog", { name: "Your data, your choice" });
  await banner.waitFor();
  assert.equal(await banner.evaluate((element) => element === document.body.firstElementChild), true);
  const description = await banner.evaluate((element) => document.getElementById(element.getAttribute("aria-describedby")).textContent);
  assert.match(description, /^We would like to use data/);
  await person.context.close();
});

test("the banner lets the focus pass on to the page", async () => {
  const person = await visitor(browser, edge);
  const page = await person.openHtml(html());
  await page.locator("#consentry-banner").waitFor();
  const order = [];
  for (let presses = 0; presses < 5; presses++) {
    await page.keyboard.press("Tab");
    order.push(await page.evaluate(() => document.activeElement.textContent));
  }
  assert.deepEqual(order, ["Privacy policy", "Accept all", "Reject all", "Choose", "A link of the page"]);
  await person.context.close();
});

for (const [position, width, left] of [["bottom", 320, 40], ["bottom", 1280, 500], ["bottom-left", 1280, 40], ["center", 1280, 500]]) {
  test(`nothing that gets the focus is hidden behind a banner at ${position}, ${width} pixels wide`, async () => {
    const person = await visitor(browser, edge, { viewport: { width, height: 640 } });
    const links = Array.from({ length: 40 }, (_, at) => `<p style="margin-left: ${left}px"><a href="#${at}">A link of the page</a></p>`).join("");
    const page = await person.openHtml(html(`data-position="${position}"`, { body: links }));
    await page.locator(".consentry-corner").waitFor({ state: "attached" });
    await page.locator("[data-consentry=choose]").focus();
    const hidden = [];
    for (let presses = 0; presses <= 40; presses++) {
      await page.keyboard.press("Tab");
      hidden.push(...(await page.evaluate(hiddenFocus)));
    }
    assert.deepEqual(hidden, []);
    await person.context.close();
  });
}

/** Where the focus is, if that is outside the window or wholly behind the banner. */
function hiddenFocus() {
  const focus = document.activeElement.getBoundingClientRect();
  const cover = document.getElementById("consentry-banner").getBoundingClientRect();
  const behind =
    focus.top >= cover.top && focus.bottom <= cover.bottom && focus.left >= cover.left && focus.right <= cover.right;
  return behind || focus.bottom <= 0 || focus.top >= innerHeight ? [document.activeElement.href] : [];
}

test("the preferences are a modal dialog with a name, opened from the corner and left to it", async () => {
  const person = await visitor(browser, edge);
  const page = await person.openHtml(html());
  await recorded(page, () => page.locator("[data-consentry=reject]").click());
  const reopen = page.getByRole("button", { name: "Privacy settings" });
  await reopen.press("Enter");
  const preferences = page.getByRole("dialog", { name: "Privacy settings" });
  assert.equal(await preferences.evaluate((element) => element.matches(":modal")), true);
  assert.equal(await preferences.evaluate((element) => element.contains(document.activeElement)), true);
  await page.keyboard.press("Escape");
  assert.equal(await reopen.evaluate((element) => element === document.activeElement), true);
  await person.context.close();
});

test("every target is at least 24 pixels high and wide", async () => {
  const person = await visitor(browser, edge);
  await signal(person.context);
  for (const width of [320, 1280]) {
    for (const attributes of [BASES, CALIFORNIA]) {
      const page = await person.openHtml(html(attributes, { body: CONTENT }));
      await page.setViewportSize({ width, height: 640 });
      const opener = page.locator("[data-consentry=choose], #consentry-reopen").filter({ visible: true });
      await opener.waitFor();
      assert.deepEqual(await smallTargets(page.locator(".consentry")), []);
      await opener.click();
      await page.locator("#consentry-preferences").waitFor();
      assert.deepEqual(await smallTargets(page.locator(".consentry")), []);
    }
  }
  await person.context.close();
});

for (const theme of ["light", "dark"]) {
  for (const forcedColors of ["none", "active"]) {
    test(`a switch, its state and the focus stand out, ${theme}, forced colours ${forcedColors}`, async () => {
      const person = await visitor(browser, edge, { colorScheme: theme, forcedColors });
      const page = await person.openHtml(html());
      await choose(page);
      const input = page.getByRole("switch", { name: "Statistics" });
      await page.keyboard.press("Tab");
      await standsOut(input, () => input.check());
      await person.context.close();
    });
  }
}

for (const [reducedMotion, moving] of [["reduce", false], ["no-preference", true]]) {
  test(`whoever wants ${reducedMotion === "reduce" ? "no motion gets none" : "motion sees the switches move"}`, async () => {
    const person = await visitor(browser, edge, { reducedMotion });
    const page = await person.openHtml(html());
    await choose(page);
    assert.equal(await moves(page.locator(".consentry, .consentry *")), moving);
    await person.context.close();
  });
}

for (const [what, width, height] of [["200", 640, 360], ["400", 320, 256]]) {
  test(`at ${what} % zoom everything can be reached without scrolling sideways`, async () => {
    // What zoom does: a pixel of the page becomes more of the screen's.
    const person = await visitor(browser, edge, { viewport: { width, height }, deviceScaleFactor: 1280 / width });
    const page = await person.openHtml(html(`data-lang="de" ${BASES}`));
    await page.locator("#consentry-banner").waitFor();
    await seesEverything(page, "#consentry-banner");
    await choose(page);
    await seesEverything(page, "#consentry-preferences");
    await person.context.close();
  });
}

test("a screen reader hears that a choice was saved", async () => {
  const person = await visitor(browser, edge);
  const page = await person.openHtml(html());
  const status = page.locator(".consentry-corner").getByRole("status");
  await status.waitFor({ state: "attached" });
  assert.equal(await status.textContent(), "");
  await page.locator("[data-consentry=reject]").click();
  await page.waitForFunction(() => document.querySelector(".consentry-corner [role=status]").textContent);
  assert.equal(await status.textContent(), "Your choice has been saved.");
  await person.context.close();
});

for (const [language, dir, about] of [["ar", "rtl", { lang: "en" }], ["he", "rtl", { lang: "en" }], ["en", "ltr", { lang: "ar", dir: "rtl" }]]) {
  test(`${language} is marked as such and runs ${dir} on a page in ${about.lang}`, async () => {
    const person = await visitor(browser, edge);
    const page = await person.openHtml(html(`data-lang="${language}"`, about));
    await choose(page);
    const said = await page.locator(".consentry").evaluateAll((elements) =>
      elements.map((element) => `${element.lang} ${getComputedStyle(element).direction}`),
    );
    assert.deepEqual(said, Array(3).fill(`${language} ${dir}`));
    await person.context.close();
  });
}

test("what two sites have in the corner does not overlap", async () => {
  const person = await visitor(browser, edge);
  await signal(person.context);
  const embeds = ["demo", "other"].map((site) => `<script src="/banner.js" data-site="${site}" data-lang="de" data-regime="us_opt_out"></script>`);
  const page = await person.openHtml(`<!doctype html><html lang="en"><head>${embeds.join("")}</head><body></body></html>`);
  const buttons = page.locator(".consentry-corner button").filter({ visible: true });
  await page.waitForFunction(() => document.querySelectorAll(".consentry-corner").length === 2);
  for (const width of [320, 1280]) {
    await page.setViewportSize({ width, height: 640 });
    const [one, other] = await Promise.all((await buttons.all()).map((button) => button.boundingBox()));
    const beside = one.x + one.width <= other.x || other.x + other.width <= one.x;
    const above = one.y + one.height <= other.y || other.y + other.height <= one.y;
    assert.equal(beside || above, true, JSON.stringify([one, other]));
  }
  await person.context.close();
});

test("on paper there is only the page", async () => {
  const person = await visitor(browser, edge);
  const page = await person.openHtml(html("", { body: CONTENT }));
  await page.locator(".consentry-corner").waitFor({ state: "attached" });
  await page.emulateMedia({ media: "print" });
  assert.equal(await page.locator(".consentry").filter({ visible: true }).count(), 0);
  await person.context.close();
});
