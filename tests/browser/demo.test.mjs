// The whole path on the demo site: a click in a real browser, a row in D1, an export by the site's backend.

import assert from "node:assert/strict";
import { PURPOSES, all, cardsOn, nothingRan, openShop, press, recorded, test, visitor } from "./visitor.mjs";

const { edge, site, browser } = await openShop();

test("rejecting runs nothing and is recorded; accepting runs everything; the export shows both in order", async () => {
  const person = await visitor(browser, edge);
  const page = await person.open();
  const answer = await recorded(page, () => press(page, "Reject all"));
  assert.deepEqual(answer.records.map(({ purpose, status }) => [purpose, status]), PURPOSES.map((p) => [p, "revoked"]));
  await nothingRan(page);
  assert.deepEqual(await person.record(page), all("revoked"));

  await press(page, "Privacy settings");
  await recorded(page, () => press(page, "Accept all"));
  await cardsOn(page, ...PURPOSES);
  assert.deepEqual(await person.record(page), all("granted"));

  const both = [...PURPOSES.map((p) => [p, "revoked"]), ...PURPOSES.map((p) => [p, "granted"])];
  assert.deepEqual(await person.history(page, site), both);
  assert.deepEqual(person.complaints, []);
  await person.context.close();
});

test("the demo shows the record as the server holds it", async () => {
  const person = await visitor(browser, edge);
  const page = await person.open();
  await press(page, "Choose");
  await page.getByRole("switch", { name: "Statistics" }).check();
  await press(page, "Save my choice");
  await page.locator("tr[data-purpose=analytics][data-status=granted]").waitFor();
  await page.locator("tr[data-purpose=model_training][data-status=revoked]").waitFor();
  assert.match(await page.locator("[data-leaf]").textContent(), /^no\. \d+ · [0-9a-f]{64}$/);
  await cardsOn(page, "analytics");
  assert.deepEqual(person.complaints, []);
  await person.context.close();
});

test("a reload keeps the choice, runs the tags and records nothing new", async () => {
  const person = await visitor(browser, edge);
  const page = await person.open();
  await recorded(page, () => press(page, "Accept all"));
  await page.reload();
  await page.locator("[data-tile=analytics].is-on").waitFor();
  assert.equal(await page.locator("#consentry-banner").isVisible(), false);
  assert.equal((await person.history(page, site)).length, PURPOSES.length);
  assert.deepEqual(person.complaints, []);
  await person.context.close();
});

test("a refusal outlives a reload too", async () => {
  const person = await visitor(browser, edge);
  const page = await person.open();
  await recorded(page, () => press(page, "Reject all"));
  await page.reload();
  assert.equal(await page.locator("#consentry-banner").isVisible(), false);
  await nothingRan(page);
  await person.context.close();
});

test("withdrawing is recorded and stops what listens", async () => {
  const person = await visitor(browser, edge);
  const page = await person.open();
  await recorded(page, () => press(page, "Accept all"));
  await press(page, "Privacy settings");
  await page.getByRole("switch", { name: "Training AI models" }).uncheck();
  await recorded(page, () => press(page, "Save my choice"));
  await cardsOn(page, "analytics", "inference", "personalization");
  assert.deepEqual(await person.record(page), { ...all("granted"), model_training: "revoked" });
  await page.reload();
  await page.locator("[data-tile=analytics].is-on").waitFor();
  await cardsOn(page, "analytics", "inference", "personalization");
  await person.context.close();
});

test("the records carry the notice that was shown", async () => {
  const person = await visitor(browser, edge);
  const page = await person.open();
  const sent = page.waitForRequest((request) => request.method() === "POST" && request.url() === `${edge.url}/consent`);
  await recorded(page, () => press(page, "Reject all"));
  const { notice } = (await sent).postDataJSON();
  assert.equal(notice.version, 1);
  assert.equal(notice.language, "en");
  assert.match(notice.hash, /^[0-9a-f]{64}$/);
  await person.context.close();
});

test("two visitors know nothing of each other", async () => {
  const [one, other] = [await visitor(browser, edge), await visitor(browser, edge)];
  const [page, otherPage] = [await one.open(), await other.open()];
  await recorded(page, () => press(page, "Accept all"));
  await recorded(otherPage, () => press(otherPage, "Reject all"));
  assert.notEqual(await one.secret(page), await other.secret(otherPage));
  assert.deepEqual(await one.record(page), all("granted"));
  assert.deepEqual(await other.record(otherPage), all("revoked"));
  await one.context.close();
  await other.context.close();
});

test("the demo is served under a policy without anything inline or from elsewhere", async () => {
  const policy = (await fetch(edge.url)).headers.get("Content-Security-Policy");
  assert.match(policy, /default-src 'none'/);
  assert.match(policy, /script-src 'self' 'wasm-unsafe-eval';/);
  assert.match(policy, /style-src 'self';/);
  assert.doesNotMatch(policy, /unsafe-inline/);
});
