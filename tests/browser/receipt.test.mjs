// The page of a receipt, in a real Chromium under its own policy: what it says, what it sends, and whether everybody can read it.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import decodeQR from "qr/decode.js";
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
  await page.waitForFunction(() => !document.querySelector("#verdict").textContent.includes("…"));
  return { page, seen };
}

const verdict = (page) => page.locator("#verdict").textContent();

test("a receipt is shown in plain words, and nothing of it is sent", async () => {
  const receipt = await given();
  const { page, seen } = await open(receipt, { locale: "de-DE" });
  assert.match(await verdict(page), /^This receipt is genuine/);
  assert.match(await page.locator("#what").textContent(), /^You said yes to Training von KI-Modellen$/);
  assert.match(await page.locator("#facts").textContent(), /Version 3, in German/);
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

test("a receipt that was changed is told from a genuine one", async () => {
  const [head, payload, signature] = (await given()).split(".");
  const other = Buffer.from(payload, "base64url").toString().replace("granted", "revoked");
  const { page } = await open(`${head}.${Buffer.from(other).toString("base64url")}.${signature}`);
  assert.match(await verdict(page), /^This is not a genuine receipt/);
  assert.equal(await page.locator("#decision").isVisible(), false);
});

test("an empty link takes a receipt that is pasted", async () => {
  const { page } = await open("");
  await page.getByLabel("Receipt").fill(JSON.stringify({ receipt: await given() }));
  await page.getByRole("button", { name: "Check it" }).press("Enter");
  await page.getByText("This receipt is genuine").waitFor();
});

for (const colorScheme of ["light", "dark"]) {
  test(`axe-core finds nothing and nothing is cut off at 320 px, ${colorScheme}`, async () => {
    for (const fragment of [await given(), "", "x"]) {
      const { page } = await open(fragment, { colorScheme, viewport: { width: 320, height: 600 } });
      assert.deepEqual(await faults(page), []);
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 320);
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
