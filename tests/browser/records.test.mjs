// What is recorded of a decision, as the Worker gives it out: what was shown, where, when, under which rules; and that it is recorded
// once, whatever the tabs of a browser do.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { embedding, eventually, openShop, press, recorded, test, userId, visit } from "./visitor.mjs";

const cf = { country: "US", regionCode: "CA" };
const shop = await openShop({ cf, purposes: ["sale_or_sharing"] });
const { edge, site } = shop;
const { version: WIDGET } = JSON.parse(readFileSync(new URL("../../www/npm/package.json", import.meta.url), "utf8"));

const ASKING = 'data-purposes="sale_or_sharing analytics" data-notice-version="7"';
const GDPR = `${ASKING} data-regime="gdpr"`;
const on = (html, act, options) => visit(shop, html, act, options);
const GPC = { extraHTTPHeaders: { "Sec-GPC": "1" } };

/** The details of the last event about a purpose, and its record. */
async function last(person, page, purpose = "analytics") {
  const { audit_trail: trail, consent_history: history } = await person.exported(page, site);
  const event = trail.findLast((event) => event.purpose === purpose);
  return { ...event.details, record: history.findLast((record) => record.purpose === purpose) };
}

/** What can be read on a surface. */
const read = (page, surface) =>
  page.locator(surface).evaluate((element) => {
    const texts = [];
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) texts.push(walker.currentNode.data);
    return texts.filter((text) => text.trim());
  });

/** What an auditor finds under the hash of a record. */
async function registered(hash) {
  // The browser sends it after the answer to the decision.
  const { status, body } = await eventually(() => site.call("GET", `/notices/${hash}`), ({ status }) => status === 200);
  assert.equal(status, 200, "the notice was not registered");
  return body;
}

test("a record says what was shown, where, when, under which rules and by what", () =>
  on(embedding(`${ASKING} data-lang="de"`), async (page, person) => {
    await page.locator("#consentry-banner[lang=de]").waitFor();
    await recorded(page, () => press(page, "Alle ablehnen"));
    const { notice, shown, gpc, over_gpc, record } = await last(person, page);
    assert.deepEqual([notice.version, notice.language], [7, "de"]);
    assert.match(record.notice_hash, /^[0-9a-f]{64}$/);
    const { at, ...how } = shown;
    assert.deepEqual(how, { surface: "banner", regime: "us_ca", version: WIDGET });
    const [before, decided] = [at, record.decided_at].map(Date.parse);
    assert.ok(before <= decided && before > decided - 60_000, `${at} ${record.decided_at}`);
    assert.deepEqual([gpc, over_gpc], [undefined, undefined]);
  }));

test("a record says that the browser sent Global Privacy Control, and that the dialog was the place", () =>
  on(embedding(ASKING), async (page, person) => {
    await press(page, "Privacy settings");
    await recorded(page, () => press(page, "Save my choice"));
    const { shown, gpc } = await last(person, page);
    assert.deepEqual([shown.surface, gpc], ["dialog", true]);
  }, GPC));

test("the words of banner and dialog are registered once, to the letter", () =>
  on(embedding(`${GDPR} data-lang="fr"`, { config: { privacy_policy: "/p" } }), async (page, person) => {
    const sent = [];
    page.on("request", (request) => request.method() === "PUT" && sent.push(request.url()));
    await page.locator("#consentry-banner[lang=fr]").waitFor();
    const onBanner = await read(page, "#consentry-banner");
    await recorded(page, () => press(page, "Tout accepter"));
    const banner = await registered((await last(person, page)).record.notice_hash);
    assert.deepEqual(banner.texts, onBanner);
    assert.ok(onBanner.length >= 8, onBanner.join());
    assert.deepEqual(banner.purposes.map(({ purpose, legal_basis }) => [purpose, legal_basis]), [["sale_or_sharing", "consent"], ["analytics", "consent"]]);
    assert.deepEqual([banner.version, banner.language], [7, "fr"]);

    await page.locator("#consentry-reopen").click();
    const onDialog = await read(page, "#consentry-preferences");
    await recorded(page, () => page.locator("#consentry-preferences [data-consentry=save]").click());
    const dialog = await registered((await last(person, page)).record.notice_hash);
    assert.deepEqual(dialog.texts, onDialog);
    for (const { title, description } of dialog.purposes) assert.ok(onDialog.includes(title) && onDialog.includes(description));

    await page.locator("#consentry-reopen").click();
    await recorded(page, () => page.locator("#consentry-preferences [data-consentry=reject]").click());
    // The first artefact may have registered them already.
    assert.ok(sent.length <= 2 && new Set(sent).size === sent.length, sent.join());
  }));

/** Sees what arrives at the Worker: the keys of the calls. */
function listen(person) {
  const keys = [];
  person.context.on("request", (request) => {
    if (request.url() === `${edge.url}/consent`) keys.push(request.headers()["idempotency-key"]);
  });
  return keys;
}
const empty = (page) => page.waitForFunction(() => !Object.keys(localStorage).some((key) => key.includes(".queue.")));
const ready = (page) => page.waitForFunction(() => document.querySelector("#consentry-reopen"));

test("of two tabs only that one sends in which the decision was made", () =>
  on(embedding(GDPR), async (page, person) => {
    const other = await person.openHtml(embedding(GDPR));
    await ready(other);
    await ready(page);
    await person.context.setOffline(true);
    await press(page, "Accept all");
    const keys = listen(person);
    await person.context.setOffline(false);
    await empty(other);
    assert.equal(keys.length, 1);
    assert.equal((await person.history(page, site)).length, 2);
  }));

test("what an earlier page left is sent by one of two tabs", () =>
  on(embedding(GDPR), async (page, person) => {
    await ready(page);
    await person.context.setOffline(true);
    await press(page, "Accept all");
    // Long enough ago that no page is expected to send it itself.
    await page.evaluate(() => {
      const key = Object.keys(localStorage).find((key) => key.includes(".queue."));
      localStorage.setItem(key.replace(/\d{13}/, (moment) => moment - 60_000), localStorage.getItem(key));
      localStorage.removeItem(key);
    });
    await page.close();
    await person.context.setOffline(false);
    const keys = listen(person);
    await person.context.route(`${edge.url}/consent`, async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 300));
      await route.continue();
    });
    const tabs = await Promise.all([1, 2].map(() => person.openHtml(embedding(GDPR))));
    await Promise.all(tabs.map(ready));
    await empty(tabs[0]);
    assert.equal(keys.length, 1);
    assert.equal((await person.history(tabs[0], site)).length, 2);
  }));

test("a decision made before what sends it could be loaded is sent once that is there, with the notice", () =>
  on(embedding(GDPR), async (page, person) => {
    await person.context.route(/\/more\./, (route) => route.abort("internetdisconnected"));
    await page.reload();
    await press(page, "Accept all");
    await person.context.unroute(/\/more\./);
    await recorded(page, () => page.evaluate(() => window.dispatchEvent(new Event("online"))));
    const { shown, record } = await last(person, page);
    assert.equal(shown.surface, "banner");
    assert.match(record.notice_hash, /^[0-9a-f]{64}$/);
    person.complaints.splice(0);
  }));

test("a decision arrives although the tab is closed at once", () =>
  on(embedding(GDPR), async (page, person) => {
    await ready(page);
    await page.evaluate(() => document.querySelector("[data-consentry=reject]").click());
    await page.close();
    // Nothing on this page sends what the other left.
    const bare = await person.openHtml("<!doctype html><title>Bare</title>");
    const secret = await person.secret(bare);
    assert.ok(secret);
    const known = () => site.call("GET", `/consent/${encodeURIComponent(userId(secret))}`);
    const arrived = ({ body }) => body.consent.analytics.status === "revoked";
    assert.ok(arrived(await eventually(known, arrived)), "nothing arrived");
  }));

test("a yes that arrives late does not undo a no that came after it", () =>
  on(embedding(GDPR), async (page, person) => {
    await ready(page);
    await person.context.setOffline(true);
    await press(page, "Accept all");
    const [secret, choice] = await page.evaluate(() => ["secret", "choice"].map((name) => localStorage.getItem(`consentry.demo.${name}`)));
    const decided_at = new Date(Number(/@(\d+)/.exec(choice)[1]) + 1).toISOString();
    // The same person, on another host of the domain that shares the secret.
    const answer = await fetch(`${edge.url}/consent`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Origin: edge.url },
      body: JSON.stringify({ anonymous: { site: "demo", secret }, decisions: [{ purpose: "analytics", status: "revoked", decided_at }] }),
    });
    assert.equal(answer.status, 201);
    await recorded(page, () => person.context.setOffline(false));
    assert.equal((await person.history(page, site)).length, 3);
    const { analytics, sale_or_sharing: sale } = await person.record(page);
    assert.deepEqual([analytics, sale], ["revoked", "granted"]);
  }));
