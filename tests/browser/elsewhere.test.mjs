// What a person changes on their own page, which the service serves from another origin than the site's: the banner of the site
// knows it, whether or not its page was there at that moment, and no other page has any part in it.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after } from "node:test";
import { accepted, all, embedding, openShop, press, recorded, test, visitor } from "./visitor.mjs";

/** The site, and one that has nothing to do with it; by name they are other origins than the service. */
const pages = new Map();
const server = createServer(({ url }, response) => {
  response.setHeader("Content-Type", "text/html; charset=utf-8");
  response.end(pages.get(url) ?? "<!doctype html><title>Empty</title>");
});
await new Promise((resolve) => server.listen(0, resolve));
after(() => server.close());
const SHOP = `http://localhost:${server.address().port}`;
const EVIL = `http://evil.localhost:${server.address().port}`;
const { edge, site, browser } = await openShop({
  origins: [SHOP],
  purposes: ["sale_or_sharing"],
});

const ASK = `${edge.url}/consent/choice`;
const TAG = `<script type="text/plain" data-purpose="analytics">window.ran = true</script>`;

/** A page of the shop; gives its address. */
function shop(name, config, attributes = "") {
  pages.set(`/${name}`, embedding(attributes, { config, src: `${edge.url}/banner.js`, head: TAG }));
  return `${SHOP}/${name}`;
}

/** A visitor of a page of the shop who said yes to everything, and how often their browser asked what to keep. */
async function arrive(address, options) {
  const person = await visitor(browser, edge, options);
  const asked = [];
  person.context.on("request", (request) => {
    if (request.url() === ASK && request.method() === "POST") asked.push(request.postData());
  });
  const page = await person.open(address);
  await recorded(page, () => press(page, "Accept all"));
  return { person, page, asked };
}

/** Opens their own page from the settings. */
async function openOwn(page) {
  await page.locator("#consentry-reopen").click();
  const link = page.locator("#consentry-preferences").getByRole("link", { name: "Your data" });
  const [own] = await Promise.all([page.waitForEvent("popup"), link.click()]);
  await own.locator("[data-page]").waitFor();
  return own;
}

/** Presses a switch there and waits until it is recorded. */
async function turn(own, name = "Statistics") {
  await own.getByRole("status").evaluate((status) => (status.textContent = ""));
  await own.getByRole("switch", { name }).click();
  await own.getByRole("status").filter({ hasText: "Your choice has been saved." }).waitFor();
}

/** Waits until a page's banner says of statistics what it should. */
const until = (page, allowed) => page.waitForFunction((allowed) => window.Consentry?.accepted("analytics") === allowed, allowed);
const keptBy = (page) => page.evaluate(() => localStorage.getItem("consentry.demo.choice"));
const focus = (page) => page.evaluate(() => dispatchEvent(new Event("focus")));

/** Does something and waits until the browser was told what to keep. */
async function told(page, act) {
  const [answer] = await Promise.all([page.waitForResponse((each) => each.url() === ASK && each.request().method() === "POST"), act()]);
  assert.equal(answer.status(), 200);
  await answer.finished();
}

test("a no on the person's own page counts on the site at once, and so does a yes after it", async () => {
  const config = { purposes: { analytics: { cookies: ["_seen"] }, personalization: {} } };
  const { person, page } = await arrive(shop("page", config));
  await page.evaluate(() => {
    document.cookie = "_seen=1";
    window.changes = [];
    window.Consentry.on("change", (consent) => window.changes.push(consent));
  });
  const own = await openOwn(page);
  await turn(own);
  await until(page, false);
  assert.deepEqual(await accepted(page, "analytics", "personalization"), [false, true]);
  assert.deepEqual(await page.evaluate(() => window.changes), [{ analytics: false, personalization: true }]);
  assert.equal(await page.evaluate(() => document.cookie.includes("_seen")), false);
  const signals = await page.evaluate(() => window.dataLayer.findLast((entry) => entry[0] === "consent")[2]);
  assert.deepEqual([signals.analytics_storage, signals.personalization_storage], ["denied", "granted"]);
  // The preferences, still open beneath, say what holds.
  const inside = page.locator("#consentry-preferences").getByRole("switch", { name: "Statistics" });
  assert.equal(await inside.isChecked(), false);
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Your data");

  await page.reload();
  await page.locator("#consentry-reopen").waitFor();
  assert.equal(await page.evaluate(() => window.ran), undefined);
  assert.equal(await page.locator("#consentry-banner").isVisible(), false);

  await turn(own);
  await focus(page);
  await until(page, true);
  await page.waitForFunction(() => window.ran);
  assert.deepEqual(person.complaints, []);
  await person.context.close();
});

test("where the site wants that, the page is loaded anew after a no", async () => {
  const { person, page } = await arrive(shop("again", { purposes: { analytics: { reload: true } } }));
  await page.waitForFunction(() => window.ran);
  const own = await openOwn(page);
  await Promise.all([page.waitForEvent("load"), turn(own)]);
  await page.locator("#consentry-reopen").waitFor();
  assert.deepEqual(await accepted(page, "analytics"), [false]);
  assert.equal(await page.evaluate(() => window.ran), undefined);
  await page.waitForLoadState("networkidle");
  assert.equal(await page.evaluate(() => performance.getEntriesByType("navigation")[0].type), "reload");
  await person.context.close();
});

test("a page that comes only afterwards learns of it, and cookies of the purpose go", async () => {
  const config = { purposes: { analytics: { cookies: ["_seen"] } } };
  const { person, page } = await arrive(shop("first", config));
  const next = shop("second", config);
  const own = await openOwn(page);
  await page.goto("about:blank");
  await turn(own);
  await own.close();
  await person.context.addCookies([{ name: "_seen", value: "1", url: SHOP }]);
  await told(page, () => page.goto(next));
  await until(page, false);
  await page.waitForFunction(() => !document.cookie.includes("_seen"));
  await page.reload();
  await page.locator("#consentry-reopen").waitFor();
  assert.equal(await page.evaluate(() => window.ran), undefined);
  await person.context.close();
});

test("nobody is asked who never opened the page, nor once it is closed and was asked about", async () => {
  const { person, page, asked } = await arrive(shop("quiet", undefined));
  await page.reload();
  await focus(page);
  await page.waitForLoadState("networkidle");
  assert.deepEqual(asked, []);

  const own = await openOwn(page);
  await own.close();
  await told(page, () => focus(page));
  await told(page, () => page.reload());
  await page.waitForFunction(() => !localStorage.getItem("consentry.demo.elsewhere"));
  const before = asked.length;
  await page.reload();
  await focus(page);
  await page.waitForLoadState("networkidle");
  assert.equal(asked.length, before);
  assert.deepEqual(person.complaints, []);
  await person.context.close();
});

test("a service that knows no such question is not asked for ever", async () => {
  const { person, page, asked } = await arrive(shop("older", undefined));
  const chosen = await keptBy(page);
  await person.context.route(ASK, (route) => route.fulfill({ status: 404, contentType: "text/html", body: "Nothing" }));
  await page.evaluate(() => localStorage.setItem("consentry.demo.elsewhere", Date.now() - 1));
  await page.reload();
  await page.waitForFunction(() => !localStorage.getItem("consentry.demo.elsewhere"));
  await page.reload();
  await page.locator("#consentry-reopen").waitFor();
  assert.equal(asked.length, 1);
  assert.equal(await keptBy(page), chosen);
  await person.context.close();
});

test("links of every kind are left alone", async () => {
  const { person, page } = await arrive(shop("links", undefined));
  await page.evaluate(() => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const link = svg.appendChild(document.createElementNS("http://www.w3.org/2000/svg", "a"));
    link.setAttribute("href", "#here");
    document.querySelector("main").append(svg, document.createElement("a"));
    for (const each of document.querySelectorAll("main a")) each.dispatchEvent(new MouseEvent("click", { bubbles: true }));
    document.dispatchEvent(new MouseEvent("click", { bubbles: true }));
  });
  assert.equal(await page.evaluate(() => localStorage.getItem("consentry.demo.elsewhere")), null);
  assert.deepEqual(person.complaints, []);
  await person.context.close();
});

test("another tab of the site learns of it too", async () => {
  const address = shop("tabs", undefined);
  const { person, page } = await arrive(address);
  const other = await person.open(address);
  const own = await openOwn(page);
  await turn(own);
  await until(page, false);
  await until(other, false);
  assert.equal(await keptBy(other), await keptBy(page));
  await person.context.close();
});

for (const regime of ["gdpr", "us_opt_out"]) {
  test(`an erasure leaves nothing allowed, and the person is asked again (${regime})`, async () => {
    const { person, page } = await arrive(shop("erased", undefined, `data-regime="${regime}"`));
    const own = await openOwn(page);
    await own.getByRole("button", { name: "Erase my data" }).click();
    await own.getByRole("dialog").getByRole("button", { name: "Erase my data" }).click();
    await until(page, false);
    const nothing = ["analytics", "inference", "model_training", "personalization"];
    assert.deepEqual(await accepted(page, ...nothing), [false, false, false, false]);
    await page.keyboard.press("Escape");
    await page.locator("#consentry-banner").waitFor();
    await page.reload();
    await page.locator("#consentry-banner").waitFor();
    assert.equal(await page.evaluate(() => window.ran), undefined);

    // Whoever says yes again has said it.
    await recorded(page, () => press(page, "Accept all"));
    await told(page, () => focus(page));
    assert.deepEqual(await accepted(page, ...nothing), [true, true, true, true]);
    assert.deepEqual(await person.record(page), { ...all("granted"), sale_or_sharing: "pending" });
    await person.context.close();
  });
}

test("a yes there does not outrank Global Privacy Control", async () => {
  const config = { purposes: { sale_or_sharing: {}, analytics: {} } };
  const address = shop("signal", config, `data-regime="us_ca"`);
  const person = await visitor(browser, edge, { extraHTTPHeaders: { "Sec-GPC": "1" } });
  const page = await person.open(address);
  await page.locator("#consentry-reopen").click();
  await recorded(page, () => page.locator("#consentry-preferences [data-consentry=reject]").click());
  const own = await openOwn(page);
  await turn(own, "Sale or sharing");
  await page.waitForFunction(() => localStorage.getItem("consentry.demo.choice").includes("sale_or_sharing=granted"));
  assert.deepEqual(await accepted(page, "sale_or_sharing"), [false]);
  await person.context.close();
});

test("what is decided on the site while it is asked about stays", async () => {
  const { person, page } = await arrive(shop("both", undefined));
  const own = await openOwn(page);
  let release;
  const held = new Promise((resolve) => (release = resolve));
  await person.context.route(ASK, async (route) => {
    const answer = await route.fetch();
    await held;
    await route.fulfill({ response: answer });
  });
  const asks = page.waitForRequest(ASK);
  await turn(own, "Personalisation");
  await asks;
  await recorded(page, () => page.locator("#consentry-preferences [data-consentry=reject]").click());
  const chosen = await keptBy(page);
  await told(page, async () => release());
  await page.waitForLoadState("networkidle");
  assert.equal(await keptBy(page), chosen);
  assert.deepEqual(await person.record(page), { ...all("revoked"), sale_or_sharing: "pending" });
  await person.context.unrouteAll({ behavior: "wait" });
  await person.context.close();
});

test("no other window can have the banner ask or believe anything", async () => {
  const { person, page, asked } = await arrive(shop("target", undefined));
  pages.set("/forger", `<!doctype html><title>Forger</title><script>
    const lie = { consentry: "changed", choice: "1 1 analytics=revoked@1", site: "demo" };
    (opener ?? parent).postMessage(lie, "*");</script>`);
  await page.evaluate(() => {
    window.told = [];
    addEventListener("message", ({ data }) => window.told.push(data.consentry));
  });
  const chosen = await keptBy(page);
  const heard = (count) => page.waitForFunction((count) => window.told.length === count, count);
  // The page itself, a frame in it, and a window that it opened.
  await page.evaluate(() => postMessage({ consentry: "changed" }, "*"));
  await page.evaluate((src) => document.body.append(Object.assign(document.createElement("iframe"), { src })), `${EVIL}/forger`);
  await heard(2);
  await page.evaluate((address) => void window.open(address), `${EVIL}/forger`);
  await heard(3);
  // Whatever came into the place of the person's page.
  await person.context.route("**/privacy", (route) => route.fulfill({ contentType: "text/html", body: "<title>Nothing</title>" }));
  await page.locator("#consentry-reopen").click();
  const link = page.locator("#consentry-preferences").getByRole("link");
  const [opened] = await Promise.all([page.waitForEvent("popup"), link.click()]);
  await opened.waitForFunction(() => document.title === "Nothing");
  await opened.evaluate((other) => (location.href = other), `${EVIL}/forger`);
  await heard(4);
  await page.waitForTimeout(300);
  assert.deepEqual(asked, []);
  assert.equal(await keptBy(page), chosen);
  await person.context.close();
});

test("the page tells nobody but the origin that gave it the secret, and not the secret", async () => {
  const { person, page } = await arrive(shop("mine", undefined));
  const secret = await person.secret(page);
  pages.set("/listener", `<!doctype html><title>Listener</title><script>
    window.told = []; addEventListener("message", ({ data }) => told.push(JSON.stringify(data)));</script>`);
  const own = await openOwn(page);
  await page.evaluate(() => {
    window.told = [];
    addEventListener("message", ({ data }) => window.told.push(data));
  });
  await turn(own);
  await page.waitForFunction(() => window.told.length);
  assert.deepEqual(await page.evaluate(() => window.told), [{ consentry: "changed" }]);
  // Whoever has the window of the site afterwards hears nothing.
  await page.goto(`${EVIL}/listener`);
  await turn(own);
  await page.waitForTimeout(300);
  assert.deepEqual(await page.evaluate(() => window.told), []);
  assert.equal(JSON.stringify(await person.context.cookies(EVIL)).includes(secret), false);
  await person.context.close();
});

const WAYS = {
  async "in the same tab"(page, address) {
    await page.evaluate((address) => void (location.href = address), address);
    return [page, () => page.goBack()];
  },
  async "in another tab"(page, address) {
    const open = page.evaluate((href) => {
      const link = Object.assign(document.createElement("a"), { href, textContent: "Mine", target: "_blank", rel: "noopener" });
      document.querySelector("main").append(link);
      link.click();
    }, address);
    const [own] = await Promise.all([page.context().waitForEvent("page"), open]);
    return [own, () => focus(page)];
  },
};
for (const [way, go] of Object.entries(WAYS)) {
  test(`a link of the site's own leads there ${way}, and the page knows when the person comes back`, async () => {
    const { person, page, asked } = await arrive(shop("own", undefined));
    const secret = await person.secret(page);
    const [own, comeBack] = await go(page, `${edge.url}/privacy#${new URLSearchParams({ site: "demo", secret })}`);
    await own.locator("[data-page]").waitFor();
    await turn(own);
    assert.deepEqual(asked, []);
    await comeBack();
    await until(page, false);
    await person.context.close();
  });
}

test("where the service is on the site's own origin, its page lets the banner know without a window", async () => {
  const person = await visitor(browser, edge);
  const page = await person.openHtml(embedding());
  await recorded(page, () => press(page, "Accept all"));
  const own = await person.open("/privacy");
  await own.locator("[data-page]").waitFor();
  await turn(own);
  await until(page, false);
  await page.waitForFunction(() => !localStorage.getItem("consentry.demo.elsewhere"));
  assert.ok((await person.context.cookies(edge.url)).find(({ name }) => name === "consentry.demo").value.includes("analytics%3Drevoked"));
  assert.deepEqual(person.complaints, []);
  await person.context.close();
});
