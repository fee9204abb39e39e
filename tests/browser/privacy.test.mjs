// A person's own page, in a real Chromium, with the service behind it.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { makeSite } from "../support/client.mjs";
import { makeVisitor } from "../api/people.mjs";
import { openPages } from "./people.mjs";

const { edge, site, link, jwks, grant, open, visitor } = await openPages();

test("a link opens the page once and leaves the address", async () => {
  const user = "once@example.com";
  await grant(user);
  const person = await visitor();
  const address = `/privacy#token=${link(user)}`;
  const page = await person.open(address);
  await page.locator("[data-page]").waitFor();
  assert.equal(new URL(page.url()).hash, "");
  assert.equal(await page.getByRole("switch", { name: "Statistics" }).isChecked(), true);
  assert.deepEqual(person.complaints, []);
  const again = await person.open(address);
  await again.getByRole("alert").filter({ hasText: "This link was used already" }).waitFor();
  assert.equal(await again.locator("[data-page]").isVisible(), false);
  await person.context.close();
});

test("saying no takes as many presses as saying yes, and both are recorded with the words", async () => {
  const user = "change@example.com";
  await grant(user);
  const person = await visitor();
  const page = await open(person, user);
  const statistics = page.getByRole("switch", { name: "Statistics" });
  for (const wanted of ["revoked", "granted"]) {
    await statistics.press("Space");
    await page.getByRole("status").filter({ hasText: "Your choice has been saved." }).waitFor();
    const { body } = await site.call("GET", `/data/export/${encodeURIComponent(user)}`);
    const last = body.consent_history.at(-1);
    assert.deepEqual([last.purpose, last.status], ["analytics", wanted]);
    const words = body.notices.find(({ hash }) => hash === last.notice_hash);
    assert.equal(words.notice.purposes[0].title, "Statistics");
    await page.evaluate(() => (document.querySelector("[role=status]").textContent = ""));
  }
  assert.deepEqual(person.complaints, []);
  await person.context.close();
});

test("everything can be downloaded in every form", async () => {
  const user = "download@example.com";
  await grant(user);
  const person = await visitor();
  const page = await open(person, user);
  const forms = {
    HTML: ["html", "<!doctype html>"],
    CSV: ["csv", "record,log_index"],
    JSON: ["json", `{"user_id":"${user}"`],
    "JSON-LD": ["jsonld", `{"@context":`],
  };
  for (const [name, [ending, begins]] of Object.entries(forms)) {
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name, exact: true }).click()]);
    assert.equal(download.suggestedFilename(), `demo.${ending}`);
    const text = await readFile(await download.path(), "utf8");
    assert.ok(text.startsWith(begins), text.slice(0, 100));
    if (ending.startsWith("json")) assert.ok(JSON.parse(text).digest);
  }
  await person.context.close();
});

test("an erasure is asked for after a question, and followed", async () => {
  const user = "erase@example.com";
  await grant(user);
  const person = await visitor();
  const page = await open(person, user);
  await page.getByRole("button", { name: "Erase my data" }).click();
  const sure = page.getByRole("dialog", { name: "Erase my data" });
  await sure.getByRole("button", { name: "Cancel" }).click();
  assert.equal(await page.locator("[data-erasures] > li").count(), 0);
  await page.getByRole("button", { name: "Erase my data" }).click();
  await sure.getByRole("button", { name: "Erase my data" }).click();
  const erasure = page.locator("[data-erasures] > li[data-state]");
  await erasure.waitFor();
  assert.match(await erasure.textContent(), /Technical details of your decisions/);
  assert.doesNotMatch(await erasure.textContent(), /_/);
  await person.context.close();
});

test("a visitor opens the page with the banner's secret, which leaves the address, and changes what holds", async () => {
  const { secret } = makeVisitor("demo", edge.url);
  const person = await visitor();
  const page = await person.open(`/privacy#site=demo&secret=${secret}`);
  await page.locator("[data-page]").waitFor();
  assert.equal(new URL(page.url()).hash, "");
  await page.getByRole("switch", { name: "Statistics" }).click();
  await page.getByRole("status").filter({ hasText: "Your choice has been saved." }).waitFor();
  assert.equal(await page.getByRole("switch", { name: "Statistics" }).isChecked(), true);
  assert.deepEqual(person.complaints, []);
  await person.context.close();
});

test("whoever has no link is told what to do", async () => {
  const person = await visitor();
  const page = await person.open("/privacy");
  await page.getByRole("alert").filter({ hasText: "Open this page by a link from the site." }).waitFor();
  assert.equal(await page.locator("[data-page]").isVisible(), false);
  await person.context.close();
});

test("whoever is offline is told so, and the switch shows what holds and what went wrong with it", async () => {
  const user = "offline@example.com";
  await grant(user);
  const person = await visitor();
  const page = await open(person, user);
  await person.context.setOffline(true);
  await page.getByRole("switch", { name: "Statistics" }).click();
  await page.getByRole("alert").filter({ hasText: "The service can't be reached." }).waitFor();
  const statistics = page.getByRole("switch", { name: "Statistics" });
  assert.equal(await statistics.isChecked(), true);
  assert.equal(await statistics.getAttribute("aria-invalid"), "true");
  assert.match(await statistics.getAttribute("aria-describedby"), /^trouble /);
  await person.context.close();
});

test("whose answer is lost on its way has decided once", async () => {
  const user = "lost@example.com";
  const person = await visitor();
  const page = await open(person, user);
  let lost = 0;
  await person.context.route("**/consent", async (route) => {
    if (lost++) return route.continue();
    await route.fetch();
    return route.abort();
  });
  await page.getByRole("switch", { name: "Statistics" }).click();
  await page.getByRole("status").filter({ hasText: "Your choice has been saved." }).waitFor();
  const { body } = await site.call("GET", `/data/export/${encodeURIComponent(user)}`);
  assert.deepEqual([lost, body.consent_history.length], [2, 1]);
  await person.context.close();
});

test("a link whose time is over says so, and what to do", async () => {
  const person = await visitor();
  const page = await person.open(`/privacy#token=${link("late@example.com", { exp: Math.floor(Date.now() / 1000) - 60 })}`);
  await page.getByRole("alert").filter({ hasText: "Open a new one from the site." }).waitFor();
  assert.equal(await page.locator("[data-page]").isVisible(), false);
  await person.context.close();
});

test("what is no link at all is told like a link that is over", async () => {
  const person = await visitor();
  for (const hash of ["token=x", "token=a.b.c", "site=demo&secret=x", "site=none&secret=%", "site=demo"]) {
    const page = await person.open(`/privacy#${hash}`);
    await page.getByRole("alert").filter({ hasText: /\S/ }).waitFor();
    assert.equal(await page.locator("[data-page]").isVisible(), false, hash);
    await page.close();
  }
  await person.context.close();
});

test("what was changed in another tab is shown when the person comes back to this one", async () => {
  const user = "tabs@example.com";
  await grant(user);
  const person = await visitor();
  const [one, other] = [await open(person, user), await open(person, user)];
  await other.getByRole("switch", { name: "Statistics" }).click();
  await other.getByRole("status").filter({ hasText: "Your choice has been saved." }).waitFor();
  await one.bringToFront();
  await one.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  await one.getByText("You said no", { exact: false }).first().waitFor();
  assert.equal(await one.getByRole("switch", { name: "Statistics" }).isChecked(), false);
  await person.context.close();
});

test("two presses on a slow network are one choice", async () => {
  const user = "slow@example.com";
  const person = await visitor();
  const page = await open(person, user);
  let release;
  const held = new Promise((resolve) => (release = resolve));
  await person.context.route("**/consent", async (route) => {
    await held;
    await route.continue();
  });
  const statistics = page.getByRole("switch", { name: "Statistics" });
  await statistics.press("Space");
  await statistics.press("Space");
  assert.equal(await statistics.isChecked(), true);
  release();
  await page.getByRole("status").filter({ hasText: "Your choice has been saved." }).waitFor();
  const { body } = await site.call("GET", `/data/export/${encodeURIComponent(user)}`);
  assert.equal(body.consent_history.length, 1);
  await person.context.close();
});

test("a refused erasure says why, and where the person can complain", async () => {
  const user = "refused@example.com";
  const { body } = await site.call("POST", `/data/delete/${encodeURIComponent(user)}`, { body: { verify: true } });
  await site.call("POST", `/erasures/${body.id}/extend`, { body: { reason: "complexity" } });
  await site.call("POST", `/erasures/${body.id}/hold`, { body: { ground: "dispute" } });
  await site.call("POST", `/erasures/${body.id}/refuse`, { body: { ground: "legal_claims" } });
  const person = await visitor();
  const page = await open(person, user);
  const erasure = await page.locator("[data-erasures] > li").textContent();
  assert.match(erasure, /^RefusedIt is needed for legal claims\.You can complain to a data protection authority or go to court\./);
  const history = await page.locator("[data-history]").textContent();
  for (const said of ["The erasure was refused", "put on hold", "The deadline of the erasure was extended", "Erasure was requested"]) {
    assert.ok(history.includes(said), said);
  }
  assert.doesNotMatch(history, /_/);
  await person.context.close();
});

test("a history of ten thousand events and more begins with the newest and goes back to the first", async () => {
  // Twenty purposes, so that one call is twenty decisions.
  const purposes = Array.from({ length: 16 }, (_, at) => `purpose_${at}`);
  const long = await makeSite(edge.url, { site: "long", jwks, purposes });
  const all = ["analytics", "inference", "model_training", "personalization", ...purposes];
  const user = "long@example.com";
  const decide = async (status, legal_basis) => {
    const decisions = all.map((purpose) => ({ purpose, status, ...(purpose === "analytics" && { legal_basis }) }));
    const answer = await long.call("POST", "/consent", { body: { user_id: user, decisions } });
    assert.equal(answer.status, 201, answer.text);
  };
  await decide("granted", "legitimate_interest");
  for (let calls = 0; calls < 500; calls++) await decide("revoked", "legitimate_interest");
  const person = await visitor();
  const page = await person.open(`/privacy#token=${link(user, { iss: "long" })}`);
  await page.locator("[data-page]").waitFor();
  const lines = page.locator("[data-history] > li");
  assert.match(await lines.first().textContent(), /by you/);
  assert.match(await lines.nth(1).textContent(), /^You said no/);
  const more = page.locator("[data-more]");
  while (await more.isVisible()) {
    const shown = await lines.count();
    // Twice: the second press waits for nothing and does nothing.
    await more.evaluate((button) => [button.click(), button.click()]);
    await page.waitForFunction((shown) => document.querySelectorAll("[data-history] > li").length > shown, shown);
    assert.ok((await lines.count()) <= 2 * shown);
  }
  assert.match(await lines.last().textContent(), /^You agreed/);
  assert.ok((await lines.count()) > 10_000);
  assert.deepEqual(person.complaints, []);
  await person.context.close();
});

test("what is beyond the first page of a history is found: grounds and erasures", async () => {
  const user = "buried@example.com";
  const about = { user_id: user, purpose: "analytics", legal_basis: "legitimate_interest" };
  await site.call("POST", "/consent/grant", { body: about });
  const { body } = await site.call("POST", `/data/delete/${encodeURIComponent(user)}`, { body: { verify: true } });
  for (let reads = 0; reads < 210; reads++) await site.call("GET", `/consent/${encodeURIComponent(user)}`);
  const person = await visitor();
  const page = await open(person, user);
  await page.getByRole("switch", { name: "I object" }).waitFor();
  await page.locator("[data-erasures] > li[data-state=verifying]").waitFor();
  assert.ok(body.id);
  // They read alike and are one line.
  assert.match(await page.locator("[data-history]").textContent(), /\d+ × Your data was read · by the site/);
  await person.context.close();
});
