// The way from the banner's settings to the person's own page: the secret goes from window to window and is in no address.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, test } from "node:test";
import { openShop, recorded, visitor } from "./visitor.mjs";

// The shop has another name than the service, so that the service's own pages can't read what the banner keeps there.
const server = createServer(({ url }, response) => {
  response.setHeader("Content-Type", "text/html; charset=utf-8");
  response.end(url === "/other" ? OTHER : html(decodeURIComponent(url.slice(2))));
});
await new Promise((resolve) => server.listen(0, "localhost", resolve));
after(() => server.close());
const SHOP = `http://localhost:${server.address().port}`;
const { edge, browser } = await openShop({ origins: [SHOP] });

/** What somebody may have put in the place of the page. */
const OTHER = `<title>Other</title><script>addEventListener("message", ({ data }) => (window.got = data));
opener.postMessage({ consentry: "ask" }, "*")</script>`;

const html = (config = "") => `<!doctype html><html lang="en"><head><title>Shop</title>
<script type="application/json" id="consentry-config">{${config}}</script>
<script src="${edge.url}/banner.js" data-site="demo"></script><link rel="icon" href="data:,"></head><body><main>Shop</main></body></html>`;

/** A visitor of the shop who has said yes to everything, with the settings open. */
async function settings(config = "") {
  const person = await visitor(browser, edge);
  const page = await person.open(`${SHOP}/?${encodeURIComponent(config)}`);
  await recorded(page, () => page.locator("[data-consentry=accept]").click());
  await page.locator("#consentry-reopen").click();
  await page.locator("#consentry-preferences").waitFor();
  return { person, page, link: page.locator("#consentry-preferences").getByRole("link") };
}

test("the settings lead to the person's own page, and the secret is in no address", async () => {
  const { person, page, link } = await settings();
  const secret = await person.secret(page);
  assert.ok(secret);
  assert.equal(await link.textContent(), "Your data");
  const addresses = [await link.getAttribute("href")];
  person.context.on("request", (request) => addresses.push(request.url()));
  const [opened] = await Promise.all([page.waitForEvent("popup"), link.click()]);
  opened.on("framenavigated", (frame) => addresses.push(frame.url()));
  await opened.locator("[data-page]").waitFor();
  assert.equal(await opened.getByRole("switch", { name: "Statistics" }).isChecked(), true);
  addresses.push(opened.url());
  assert.deepEqual(addresses.filter((address) => address.includes(secret)), []);
  assert.equal(await opened.evaluate(() => window.opener), null);
  await person.context.close();
});

test("it can be done by keyboard, again and again", async () => {
  const { person, page, link } = await settings();
  for (let times = 0; times < 2; times++) {
    const [opened] = await Promise.all([page.waitForEvent("popup"), link.press("Enter")]);
    await opened.locator("[data-page]").waitFor();
    await opened.close();
  }
  await person.context.close();
});

test("no other window gets the secret: neither the page itself nor one that somebody put in the place of the page", async () => {
  const { person, page, link } = await settings();
  await person.context.route("**/privacy", (route) => route.fulfill({ contentType: "text/html", body: "<title>Nothing</title>" }));
  await page.evaluate(() => {
    window.told = [];
    addEventListener("message", ({ data }) => window.told.push(data.consentry));
  });
  const [opened] = await Promise.all([page.waitForEvent("popup"), link.click()]);
  await page.evaluate(() => postMessage({ consentry: "ask" }, "*"));
  // As whoever has the window would: a browser that is told to by its user forgets who opened it.
  await opened.evaluate((other) => (location.href = other), `${SHOP}/other`);
  await page.waitForFunction(() => window.told.length === 2);
  assert.deepEqual(await page.evaluate(() => window.told), ["ask", "ask"]);
  assert.equal(await opened.evaluate(() => window.got), undefined);
  await person.context.close();
});

test("whoever has not decided has nothing there, and no link", async () => {
  const person = await visitor(browser, edge);
  const page = await person.open(`${SHOP}/?`);
  await page.locator("[data-consentry=choose]").click();
  await page.locator("#consentry-preferences").waitFor();
  assert.equal(await page.locator("#consentry-preferences a").count(), 0);
  await person.context.close();
});

test("a site may leave the link out, or lead to a page of its own, which gets no secret", async () => {
  const none = await settings(`"privacy_page": false`);
  assert.equal(await none.link.count(), 0);
  await none.person.context.close();
  const own = await settings(`"privacy_page": "/account/data"`);
  assert.equal(await own.link.evaluate((link) => `${link.href} ${link.rel}`), `${SHOP}/account/data noopener`);
  await own.person.context.close();
  const odd = await settings(`"privacy_page": "javascript:alert(1)"`);
  assert.equal(await odd.link.count(), 0);
  await odd.person.context.close();
});
