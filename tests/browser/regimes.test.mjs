// What differs by the law of a place and by the ground of a purpose, and for how long an answer stands. The visitors are in
// California, except where the tag says otherwise.

import assert from "node:assert/strict";
import { accepted, embedding, openShop, press, recorded, test, visit, visitor } from "./visitor.mjs";

const cf = { country: "US", regionCode: "CA" };
const shop = await openShop({ cf, purposes: ["sale_or_sharing"] });
const { edge, site, browser } = shop;

const PURPOSES = ["sale_or_sharing", "analytics", "model_training"];
const SELLING = `data-purposes="${PURPOSES.join(" ")}"`;
const LINK = "Do Not Sell or Share My Personal Information";
const on = (html, act, options) => visit(shop, html, act, options);
const banner = (page) => page.locator("#consentry-banner");
const corner = (page) => page.locator(".consentry-corner");
const link = (page) => page.getByRole("button", { name: LINK });
const toggle = (page, name) => page.getByRole("switch", { name });
/** What was recorded about a purpose: [status, legal basis], oldest first. */
const records = async (person, page, purpose) =>
  (await person.exported(page, site)).consent_history
    .filter((record) => record.purpose === purpose)
    .map(({ status, legal_basis }) => [status, legal_basis]);
/** What the log says of the last decision about a purpose. */
const details = async (person, page, purpose) =>
  (await person.exported(page, site)).audit_trail.findLast((event) => event.purpose === purpose).details;

test("where silence is a yes the banner says so, and what it is none for is marked", () =>
  on(embedding(SELLING), async (page) => {
    await banner(page).getByRole("heading", { name: "You can say no" }).waitFor();
    assert.match(await banner(page).locator("#consentry-text").textContent(), /^We use data .* unless you say no/);
    const list = await banner(page).locator("li").allTextContents();
    assert.deepEqual(list, ["Sale or sharing", "Statistics", "Training AI models · Only with your consent"]);
    assert.deepEqual(await accepted(page, ...PURPOSES), [true, true, false]);
  }));

test("where a yes is needed none of that is said", () =>
  on(embedding(`${SELLING} data-regime="gdpr"`), async (page) => {
    await banner(page).getByRole("heading", { name: "Your data, your choice" }).waitFor();
    assert.deepEqual(await banner(page).locator("li").allTextContents(), ["Sale or sharing", "Statistics", "Training AI models"]);
    await press(page, "Accept all");
    await page.locator("#consentry-reopen").waitFor();
    assert.equal(await link(page).count(), 0);
  }));

const GPC = {
  header: (act) => on(embedding(SELLING), act, { extraHTTPHeaders: { "Sec-GPC": "1" } }),
  async navigator(act) {
    const person = await visitor(browser, edge);
    await person.context.addInitScript(() => Object.defineProperty(navigator, "globalPrivacyControl", { value: true }));
    await act(await person.openHtml(embedding(SELLING)), person);
    await person.context.close();
  },
};
for (const [where, visiting] of Object.entries(GPC)) {
  test(`Global Privacy Control in the ${where} is honoured and shown, and nobody is asked`, () =>
    visiting(async (page) => {
      await corner(page).getByText("Opt-out request honoured").waitFor();
      assert.equal(await banner(page).isVisible(), false);
      assert.deepEqual(await accepted(page, ...PURPOSES), [false, false, false]);
    }));
}

test("the signal is shown where the regime honours it, and asks nobody less where a yes is needed anyway", async () => {
  for (const [regime, notes] of [["gdpr", 0], ["default", 1]]) {
    const asking = 'data-purposes="inference analytics:legitimate_interest"';
    await on(embedding(`${asking} data-regime="${regime}"`), async (page) => {
      await banner(page).waitFor();
      assert.equal(await banner(page).getByText("Opt-out request honoured").count(), notes, regime);
      // An objection can be made by technical means everywhere.
      assert.deepEqual(await accepted(page, "inference", "analytics"), [false, false], regime);
    }, { extraHTTPHeaders: { "Sec-GPC": "1" } });
  }
});

test("a yes over Global Privacy Control counts only by its own switch, and is recorded as one", () =>
  GPC.header(async (page, person) => {
    await press(page, "Privacy settings");
    await page.locator("#consentry-preferences").getByText("Opt-out request honoured").waitFor();
    await recorded(page, () => press(page, "Accept all"));
    assert.deepEqual(await accepted(page, ...PURPOSES), [false, true, true]);
    assert.equal((await details(person, page, "sale_or_sharing")).over_gpc, undefined);

    await press(page, "Privacy settings");
    assert.equal(await toggle(page, "Sale or sharing").isChecked(), false);
    await toggle(page, "Sale or sharing").check();
    await recorded(page, () => press(page, "Save my choice"));
    assert.deepEqual(await accepted(page, "sale_or_sharing"), [true]);
    const { over_gpc, gpc } = await details(person, page, "sale_or_sharing");
    assert.deepEqual([over_gpc, gpc], [true, true]);
    await page.reload();
    assert.deepEqual(await accepted(page, "sale_or_sharing"), [true]);
  }));

test("the link that stops selling does so with one record, and says it", () =>
  on(embedding(SELLING), async (page, person) => {
    await recorded(page, () => press(page, "Accept all"));
    await recorded(page, () => link(page).click());
    assert.equal(await page.getByRole("status").textContent(), "You have opted out.");
    assert.deepEqual(await accepted(page, ...PURPOSES), [false, true, true]);
    const sale = await records(person, page, "sale_or_sharing");
    assert.deepEqual(sale, [["granted", "consent"], ["revoked", "consent"]]);
    assert.equal((await records(person, page, "analytics")).length, 1);
    assert.equal((await details(person, page, "sale_or_sharing")).shown.surface, "page");
  }));

test("a page that sells nothing has no such link", () =>
  on(embedding('data-purposes="analytics"'), async (page) => {
    await press(page, "Accept all");
    await page.locator("#consentry-reopen").waitFor();
    assert.equal(await link(page).count(), 0);
  }));

test("an element of the page's own can opt out too, on a page that does not ask about it", () =>
  on(embedding('data-purposes="analytics"', { body: '<a href="/gone" data-consentry-open="opt-out">Do not sell</a>' }), async (page, person) => {
    await recorded(page, () => page.getByText("Do not sell").click());
    assert.deepEqual(await person.history(page, site), [["sale_or_sharing", "revoked"]]);
    // Opting out answers no other question.
    assert.equal(await banner(page).isVisible(), true);
    const selling = await person.openHtml(embedding(SELLING));
    assert.deepEqual(await accepted(selling, "sale_or_sharing"), [false]);
  }));

const GROUNDS = 'data-regime="gdpr" data-purposes="analytics:legitimate_interest support:contract model_training:legitimate_interest inference"';

test("a legitimate interest is used until an objection, a contract without a question, training only after a yes", () =>
  on(embedding(GROUNDS), async (page, person) => {
    const asked = ["analytics", "support", "model_training", "inference"];
    assert.deepEqual(await accepted(page, ...asked), [true, true, false, false]);
    assert.deepEqual(await banner(page).locator("li").allTextContents(), ["Statistics", "Training AI models · Only with your consent", "Answers by AI · Only with your consent"]);
    await press(page, "Choose");
    const row = (name) => page.getByRole("group", { name });
    assert.equal(await row("support").getByRole("switch").count(), 0);
    await row("support").getByText("Always on").waitFor();
    await row("Statistics").getByText("Legitimate interest; you can object").waitFor();
    await row("Training AI models").getByText("Only with your consent").waitFor();

    const objection = row("Statistics").getByLabel("I object");
    assert.equal(await objection.isChecked(), false);
    await objection.check();
    await recorded(page, () => press(page, "Save my choice"));
    assert.deepEqual(await accepted(page, ...asked), [false, true, false, false]);
    assert.deepEqual(await records(person, page, "analytics"), [["revoked", "legitimate_interest"]]);
    assert.deepEqual(await records(person, page, "model_training"), [["revoked", "consent"]]);
    assert.deepEqual(await records(person, page, "support"), []);

    await press(page, "Privacy settings");
    assert.equal(await objection.isChecked(), true);
    await objection.uncheck();
    await recorded(page, () => press(page, "Save my choice"));
    assert.deepEqual(await accepted(page, "analytics"), [true]);
    assert.deepEqual((await records(person, page, "analytics")).at(-1), ["granted", "legitimate_interest"]);
  }));

test("training, inference, statistics and personalisation come explained, each with its ground", () =>
  on(embedding('data-regime="gdpr"'), async (page) => {
    await press(page, "Choose");
    const said = await page.locator(".consentry-about").evaluateAll((all) => all.map((about) => [...about.children].map((p) => p.textContent)));
    const subjects = [/teach our AI models/, /AI model to answer you/, /count visits/, /adapted to what you did/];
    assert.equal(said.length, subjects.length);
    said.forEach(([text, ground], place) => {
      assert.match(text, subjects[place]);
      assert.equal(ground, "Only with your consent");
    });
  }));

/** Signals in the order in which a tag manager gets them. */
const signals = (page) => page.evaluate(() => window.dataLayer.map((entry) => (entry.event ? entry : [...entry])));
/** Loads a tag manager as its maker's snippet does, which must keep what waits for it. */
const SNIPPETS = `<script>
  window.order = dataLayer.length;
  dataLayer.push({ event: "gtm.js" });
  window.clarity = window.clarity || function () { (window.clarity.q = window.clarity.q || []).push(arguments); };
  clarity("set", "a", "b");
  window.uetq = window.uetq || [];
  uetq.push("event", "page_view", {});
</script>`;

test("Consent Mode, Clarity and UET hear of the default first, by region too, and of every change", () => {
  const regional = { region: ["US-CA"], ad_storage: "granted", wait_for_update: 500 };
  const config = { consent_mode_defaults: [regional] };
  return on(embedding(`${SELLING} data-regime="gdpr"`, { config, head: SNIPPETS }), async (page) => {
    await press(page, "Accept all");
    const layer = await signals(page);
    const commands = layer.map((entry) => (entry.event ? entry.event : entry.slice(0, 2).join(" ")));
    const update = ["consent update", "consentry_consent"];
    assert.deepEqual(commands, ["consent default", "consent default", ...update, "gtm.js", ...update]);
    assert.deepEqual(layer[1][2], regional);
    assert.deepEqual([layer[0], layer[2], layer[5]].map(([, , { ad_storage }]) => ad_storage), ["denied", "denied", "granted"]);
    assert.deepEqual(layer.at(-1), { event: "consentry_consent", consent: { sale_or_sharing: true, analytics: true, model_training: true } });
    const genuine = await page.evaluate(() => Object.prototype.toString.call(window.dataLayer[0]));
    assert.equal(genuine, "[object Arguments]");

    const clarity = await page.evaluate(() => window.clarity.q.map((call) => [...call]));
    const both = (word) => ["consentv2", { ad_Storage: word, analytics_Storage: word }];
    assert.deepEqual(clarity, [both("denied"), both("denied"), ["set", "a", "b"], both("granted")]);
    const uet = await page.evaluate(() => window.uetq);
    const call = (command, ad_storage) => ["consent", command, { ad_storage }];
    assert.deepEqual(uet, [...call("default", "denied"), ...call("update", "denied"), "event", "page_view", {}, ...call("update", "granted")]);
  });
});

const STATIC = { src: "/banner.de.js" };

test("a script that no Worker served is as strict as can be, in its own language", () =>
  on(embedding(`${SELLING} data-lang="de"`, STATIC), async (page) => {
    await banner(page).getByRole("heading", { name: "Ihre Daten" }).waitFor();
    assert.deepEqual(await accepted(page, ...PURPOSES), [false, false, false]);
  }));

test("and follows the regime that its tag names", () =>
  on(embedding(`${SELLING} data-regime="us_opt_out"`, { src: "/banner.en.js" }), async (page) => {
    await banner(page).getByRole("heading", { name: "You can say no" }).waitFor();
    assert.deepEqual(await accepted(page, ...PURPOSES), [true, true, false]);
  }));

/** Comes back so many months later, give or take some days: whether the person is asked again, and what is accepted. */
async function later(page, months, days, ...purposes) {
  const moment = new Date();
  moment.setMonth(moment.getMonth() + months, moment.getDate() + days);
  await page.clock.setFixedTime(moment);
  await page.reload();
  await banner(page).waitFor({ state: "attached" });
  return [await banner(page).isVisible(), ...(await accepted(page, ...purposes))];
}

for (const [regime, months] of [["gdpr", 6], ["us_ca", 12]]) {
  test(`${regime}: a yes stands for ${months} months, then the person is asked again`, () =>
    on(embedding(`data-purposes="analytics model_training" data-regime="${regime}"`), async (page) => {
      await press(page, "Accept all");
      assert.deepEqual(await later(page, months, -1, "model_training"), [false, true]);
      assert.deepEqual(await later(page, months, 1, "model_training"), [true, false]);
    }));
}

test("after a no nobody is asked for six months, and the no stands for ever", () =>
  on(embedding(`data-purposes="analytics" data-regime="gdpr"`), async (page) => {
    await press(page, "Reject all");
    assert.deepEqual(await later(page, 6, -1, "analytics"), [false, false]);
    assert.deepEqual(await later(page, 6, 1, "analytics"), [true, false]);
  }));

test("a legitimate interest is told of once", () =>
  on(embedding(`data-purposes="analytics:legitimate_interest" data-regime="gdpr"`), async (page) => {
    await press(page, "Accept all");
    assert.deepEqual(await later(page, 60, 0, "analytics"), [false, true]);
  }));

test("a purpose that is added is asked about, and what was answered stands meanwhile", () =>
  on(embedding('data-purposes="analytics" data-regime="gdpr"'), async (page, person) => {
    await press(page, "Accept all");
    const other = await person.openHtml(embedding('data-purposes="analytics inference" data-regime="gdpr"'));
    assert.equal(await banner(other).isVisible(), true);
    assert.deepEqual(await accepted(other, "analytics", "inference"), [true, false]);
  }));

test("a newer notice asks again, and a no to the older one stands", () =>
  on(embedding('data-purposes="analytics:legitimate_interest inference" data-regime="gdpr"'), async (page, person) => {
    await press(page, "Reject all");
    const newer = 'data-purposes="analytics:legitimate_interest inference" data-regime="gdpr" data-notice-version="2"';
    const other = await person.openHtml(embedding(newer));
    assert.equal(await banner(other).isVisible(), true);
    assert.deepEqual(await accepted(other, "analytics", "inference"), [false, false]);
  }));
