// A person's own page, in a real Chromium, with the service behind it.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { claims, makeKey, makeVisitor, token } from "../api/people.mjs";
import { faults, openShop, visitor } from "./visitor.mjs";

const key = makeKey();
const { edge, site, browser } = await openShop({ jwks: { keys: [key.jwk] } });

const LANGUAGES = ["en", "de", "ar", "ja", "el"];

const link = (user) => token(key, claims(site.site, user, { aud: "consentry-link", jti: randomUUID() }));

async function grant(user, purpose = "analytics") {
  const { status } = await site.call("POST", "/consent/grant", { body: { user_id: user, purpose } });
  assert.equal(status, 201);
}

/** Opens the page as a person, once it shows what is held. */
async function open(person, user, more = "") {
  const page = await person.open(`/privacy#token=${link(user)}${more}`);
  await page.locator("[data-page]").waitFor();
  return page;
}

test("a link opens the page once and leaves the address", async () => {
  const user = "once@example.com";
  await grant(user);
  const person = await visitor(browser, edge);
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
  const person = await visitor(browser, edge);
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
  const person = await visitor(browser, edge);
  const page = await open(person, user);
  for (const [name, begins] of [["HTML", "<!doctype html>"], ["CSV", "record,log_index"], ["JSON", `{"user_id":"${user}"`]]) {
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name, exact: true }).click()]);
    assert.equal(download.suggestedFilename(), `demo.${name.toLowerCase()}`);
    assert.ok((await readFile(await download.path(), "utf8")).startsWith(begins));
  }
  await person.context.close();
});

test("an erasure is asked for after a question, and followed", async () => {
  const user = "erase@example.com";
  await grant(user);
  const person = await visitor(browser, edge);
  const page = await open(person, user);
  await page.getByRole("button", { name: "Erase my data" }).click();
  const sure = page.getByRole("dialog", { name: "Erase my data" });
  await sure.getByRole("button", { name: "Cancel" }).click();
  assert.equal(await page.locator("[data-erasures] > li").count(), 0);
  await page.getByRole("button", { name: "Erase my data" }).click();
  await sure.getByRole("button", { name: "Erase my data" }).click();
  await page.locator("[data-erasures] > li[data-state]").waitFor();
  await person.context.close();
});

test("a visitor opens the page with the banner's secret, which leaves the address, and changes what holds", async () => {
  const { secret } = makeVisitor("demo", edge.url);
  const person = await visitor(browser, edge);
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
  const person = await visitor(browser, edge);
  const page = await person.open("/privacy");
  await page.getByRole("alert").filter({ hasText: "Open this page by a link from the site." }).waitFor();
  assert.equal(await page.locator("[data-page]").isVisible(), false);
  await person.context.close();
});

test("whoever is offline is told that nothing was changed, and the switch shows what holds", async () => {
  const user = "offline@example.com";
  await grant(user);
  const person = await visitor(browser, edge);
  const page = await open(person, user);
  await person.context.setOffline(true);
  await page.getByRole("switch", { name: "Statistics" }).click();
  await page.getByRole("alert").filter({ hasText: "The service can't be reached. Nothing was changed." }).waitFor();
  assert.equal(await page.getByRole("switch", { name: "Statistics" }).isChecked(), true);
  await person.context.close();
});

for (const language of LANGUAGES) {
  for (const theme of ["light", "dark"]) {
    test(`axe-core finds nothing on the page in ${language}, ${theme}`, async () => {
      const user = `axe-${language}-${theme}@example.com`;
      await grant(user);
      await site.call("POST", `/data/delete/${encodeURIComponent(user)}`);
      const person = await visitor(browser, edge, { colorScheme: theme });
      const page = await open(person, user, `&lang=${language}`);
      assert.equal(await page.evaluate(() => document.documentElement.lang), language);
      assert.deepEqual(await faults(page), []);
      await page.locator("[data-erase]").click();
      assert.deepEqual(await faults(page), [], "the question");
      await person.context.close();
    });
  }
}

test("at 400 % zoom nothing has to be scrolled sideways, in any language", async () => {
  const user = "zoom@example.com";
  await grant(user);
  const person = await visitor(browser, edge, { viewport: { width: 320, height: 256 }, deviceScaleFactor: 4 });
  for (const language of ["en", "de", "el", "fi", "ar"]) {
    const page = await open(person, user, `&lang=${language}`);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, language);
    await page.close();
  }
  await person.context.close();
});
