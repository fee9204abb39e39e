// The page of a receipt, in a real Chromium under its own policy: what it says, what it sends, and whether everybody can read it.

import assert from "node:assert/strict";
import { generateKeyPairSync, sign } from "node:crypto";
import { readdir } from "node:fs/promises";
import { after, test } from "node:test";
import decodeQR from "qr/decode.js";
import { seesEverything } from "./looks.mjs";
import { faults, openShop } from "./visitor.mjs";

const { edge, browser, site } = await openShop();

const given = async () => {
  const body = { user_id: "u1", purpose: "model_training", notice: { version: 3, language: "de" } };
  return (await site.call("POST", "/consent/grant", { body })).body.receipt;
};

/** Opens the page in a context of its own; collects what it asks for and what it complains of. */
async function open(fragment, options = {}) {
  const context = await browser.newContext(options);
  after(() => context.close());
  const page = await context.newPage();
  const seen = { requests: [], errors: [] };
  page.on("request", (request) => seen.requests.push(request.url()));
  page.on("pageerror", (error) => seen.errors.push(String(error)));
  page.on("console", (message) => message.type() === "error" && seen.errors.push(message.text()));
  await page.goto(`${edge.url}/receipt#${fragment}`);
  await checked(page);
  return { page, seen, context };
}

/** Waits until it is said what the receipt is. */
const checked = (page) => page.waitForFunction(() => !document.querySelector("#verdict").textContent.includes("…"));

const verdict = (page) => page.locator("#verdict").textContent();

test("a receipt is shown in plain words of the reader's language, and nothing of it is sent", async () => {
  const receipt = await given();
  const { page, seen } = await open(receipt, { locale: "de-DE" });
  assert.match(await verdict(page), /^Dieser Beleg ist echt/);
  assert.equal(await page.locator("#what").textContent(), "Sie haben zugestimmt · Training von KI-Modellen");
  assert.match(await page.locator("#facts").textContent(), /Nur mit Ihrer Einwilligung.*Version 3 · Deutsch/);
  assert.equal(await page.evaluate(() => document.documentElement.lang), "de");
  assert.equal(await page.title(), "Ein Beleg für Ihre Entscheidung");
  assert.deepEqual(seen.errors, []);
  const parts = receipt.split(".");
  assert.ok(seen.requests.every((url) => url.startsWith(edge.url)));
  assert.ok(seen.requests.every((url) => !parts.some((part) => url.split("#")[0].includes(part))));
});

test("the log proves it on demand, by the number of its place", async () => {
  const { page } = await open(await given());
  await page.locator("#ask").click();
  await page.getByText("The log has no proof yet").waitFor();
  await edge.cron("* * * * *");
  await page.locator("#ask").click();
  await page.getByText(/^Proved: it is one of the \d+ entries/).waitFor();
});

/** A receipt that somebody else signed, who says so or names the service's key. */
function forged(receipt, header) {
  const { privateKey } = generateKeyPairSync("ed25519");
  const [head, payload] = receipt.split(".");
  const own = { ...JSON.parse(Buffer.from(head, "base64url")), ...header };
  const data = `${Buffer.from(JSON.stringify(own)).toString("base64url")}.${payload}`;
  return `${data}.${sign(null, Buffer.from(data), privateKey).toString("base64url")}`;
}

/** A receipt of which what was signed says something else. */
function changed(receipt) {
  const [head, payload, signature] = receipt.split(".");
  const other = Buffer.from(payload, "base64url").toString().replace("granted", "revoked");
  return [head, Buffer.from(other).toString("base64url"), signature].join(".");
}

const WHOLE = /^This is not a whole receipt/;
const FOREIGN = /^This receipt is not from this service/;
const CHANGED = /^This receipt is not genuine/;
for (const [what, spoil, said] of [
  ["was changed", changed, CHANGED],
  ["somebody signed in the service's name", (receipt) => forged(receipt), CHANGED],
  ["another service signed", (receipt) => forged(receipt, { kid: "another" }), FOREIGN],
  ["was signed by nobody", (receipt) => `${receipt.split(".").slice(0, 2).join(".")}.`, WHOLE],
  ["was cut off", (receipt) => receipt.slice(0, -1), WHOLE],
  ["was cut off early", (receipt) => receipt.slice(0, 200), WHOLE],
  ["has something behind it", (receipt) => `${receipt}A`, WHOLE],
  ["is none", () => "%E0%A4%A", WHOLE],
]) {
  test(`a receipt that ${what} says so, and never looks like one`, async () => {
    const { page } = await open(spoil(await given()));
    assert.match(await verdict(page), said);
    assert.equal(await page.locator("#verdict").getAttribute("class"), "trouble");
    for (const part of ["decision", "proof", "keep"]) assert.equal(await page.locator(`#${part}`).isVisible(), false, part);
  });
}

test("once the page is there it works without network", async () => {
  const { page, context } = await open("");
  await context.setOffline(true);
  await page.getByRole("textbox", { name: "Receipt" }).fill(await given());
  await page.getByRole("button", { name: "Check it" }).press("Enter");
  await page.getByText("This receipt is genuine").waitFor();
  assert.equal(await page.locator("#code svg").isVisible(), true);
  await page.locator("#ask").click();
  await page.locator("#proved").filter({ hasText: "The service can't be reached." }).waitFor();
});

test("what is wrong with a receipt that was pasted is tied to its field, and a better one is taken", async () => {
  const { page } = await open("");
  const field = page.getByRole("textbox", { name: "Receipt" });
  await field.fill("none");
  await page.getByRole("button", { name: "Check it" }).press("Enter");
  await page.getByRole("status").filter({ hasText: WHOLE }).waitFor();
  assert.equal(await field.getAttribute("aria-invalid"), "true");
  assert.match(await field.getAttribute("aria-describedby"), /^verdict /);
  assert.equal(await field.evaluate((field) => field === document.activeElement), true);
  await field.fill(`${edge.url}/receipt#${await given()}`);
  await page.getByRole("button", { name: "Check it" }).press("Enter");
  await page.getByText("This receipt is genuine").waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.id), "verdict");
  assert.equal(await page.locator("#text").getAttribute("aria-invalid"), null);
});

test("an empty link takes a receipt that is pasted", async () => {
  const { page } = await open("");
  await page.getByRole("textbox", { name: "Receipt" }).fill(JSON.stringify({ receipt: await given() }));
  await page.getByRole("button", { name: "Check it" }).press("Enter");
  await page.getByText("This receipt is genuine").waitFor();
});

const languages = (await readdir(new URL("../../www/pages/words/", import.meta.url))).map((name) => name.replace(".txt", ""));

test("it prints on one page in every language, and at 400 % zoom all of it can be reached", async () => {
  const receipt = await given();
  for (const language of languages) {
    const { page, context } = await open(receipt, { locale: language, viewport: { width: 320, height: 256 } });
    assert.equal(await page.evaluate(() => document.documentElement.lang), language);
    await seesEverything(page, "main", "h2, p:not(details p), dt, dd, button");
    for (const format of ["A4", "Letter"]) {
      const pdf = (await page.pdf({ format })).toString("latin1");
      assert.equal(pdf.match(/\/Type \/Page\b/g).length, 1, `${language}, ${format}`);
    }
    await context.close();
  }
});

for (const colorScheme of ["light", "dark"]) {
  test(`axe-core finds nothing and nothing is cut off at 320 px, ${colorScheme}`, async () => {
    for (const locale of ["en-GB", "de-DE", "ar", "ja", "el"]) {
      for (const fragment of [await given(), "", "x"]) {
        const { page, context } = await open(fragment, { colorScheme, locale, viewport: { width: 320, height: 600 } });
        assert.deepEqual(await faults(page), [], locale);
        assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 320, locale);
        await context.close();
      }
    }
  });
}

/** The picture that a path of runs `Mx yhw…` draws, four pixels a module. */
function picture(side, path) {
  const width = 4 * side;
  const data = new Uint8Array(4 * width * width).fill(255);
  for (const [, x, y, run] of path.matchAll(/M(\d+) (\d+)h(\d+)/g)) {
    for (let row = 4 * y; row < 4 * y + 4; row += 1) {
      for (let at = 4 * x; at < 4 * (Number(x) + Number(run)); at += 1) data.fill(0, 4 * (row * width + at), 4 * (row * width + at) + 3);
    }
  }
  return { width, height: width, data };
}

test("a reader of codes finds the page's own link, and it prints", async () => {
  const { page } = await open(await given());
  assert.equal(await page.locator("#link").getAttribute("href"), page.url());
  const [, , side] = (await page.locator("#code svg").getAttribute("viewBox")).split(" ").map(Number);
  assert.equal(decodeQR(picture(side, await page.locator("#code path").getAttribute("d"))), page.url());
  await page.emulateMedia({ media: "print" });
  assert.equal(await page.locator("#code svg").isVisible(), true);
  assert.equal(await page.locator("#print").isVisible(), false);
});
