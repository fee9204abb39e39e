// Where a choice is kept: the first-party cookie, also for the other hosts of a domain and inside other sites, the storage, and
// living with only one of the two or neither.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after } from "node:test";
import { makeSite } from "../support/client.mjs";
import { accepted, embedding, openShop, press, recorded, test, visit, visitor } from "./visitor.mjs";

const shop = await openShop();
const { edge, browser } = shop;
// Names of this machine, for a browser, of one domain.
const DOMAIN = "example.localhost";
const [ONE, OTHER] = ["one", "other"].map((name) => edge.url.replace("127.0.0.1", `${name}.${DOMAIN}`));
const site = await makeSite(edge.url, { origins: [edge.url, ONE, OTHER] });

const DAY_S = 24 * 60 * 60;
const on = (html, act, options) => visit(shop, html, act, options);
const banner = (page) => page.locator("#consentry-banner");
const page1 = embedding('data-purposes="analytics"');
const shared = embedding(`data-purposes="analytics" data-cookie-domain="${DOMAIN}"`);
/** The cookies of the widget. */
const cookies = async (person) => (await person.context.cookies()).filter(({ name }) => name === "consentry.demo");

test("the script sets a cookie at once, and the Worker again for as long as browsers keep one", () =>
  on(page1, async (page, person) => {
    await person.context.route(`${edge.url}/consent`, (route) => route.abort("connectionrefused"), { times: 1 });
    await press(page, "Accept all");
    const [byScript] = await cookies(person);
    assert.deepEqual([byScript.secure, byScript.sameSite, byScript.httpOnly, byScript.path], [true, "Lax", false, "/"]);
    assert.equal(byScript.domain, "127.0.0.1");

    // The next page delivers what the first could not.
    const [answer] = await Promise.all([
      page.waitForResponse((response) => response.url() === `${edge.url}/consent`),
      page.reload(),
    ]);
    assert.match(await answer.headerValue("Set-Cookie"), /^consentry\.demo=[^;]+; Path=\/; Max-Age=34560000; Secure; SameSite=Lax$/);
    const all = await cookies(person);
    assert.equal(all.length, 1);
    assert.equal(all[0].value, byScript.value);
    const days = (all[0].expires - Date.now() / 1000) / DAY_S;
    assert.ok(days > 399 && days < 401, `${days} days`);
  }, { expected: ["console: Failed to load resource: net::ERR_CONNECTION_REFUSED"] }));

test("a choice is known on another host of the domain, where it can be taken back by the same person", () =>
  on(shared, async (page, person) => {
    await recorded(page, () => press(page, "Accept all"));
    const [cookie] = await cookies(person);
    assert.equal(cookie.domain, `.${DOMAIN}`);

    const other = await person.openHtml(shared, { origin: OTHER });
    assert.deepEqual(await accepted(other, "analytics"), [true]);
    assert.equal(await banner(other).isVisible(), false);
    const secret = () => page.evaluate(() => window.Consentry.proof().secret);
    assert.equal(await other.evaluate(() => window.Consentry.proof().secret), await secret());
    await press(other, "Privacy settings");
    await recorded(other, () => press(other, "Reject all"));
    assert.deepEqual(await person.history(page, site), [["analytics", "granted"], ["analytics", "revoked"]]);
    await page.reload();
    assert.deepEqual(await accepted(page, "analytics"), [false]);
  }, { origin: ONE }));

test("who comes back to a page finds there what was decided on another host meanwhile", () =>
  on(shared, async (page, person) => {
    await banner(page).waitFor();
    await page.waitForFunction(() => document.querySelector("#consentry-reopen"));
    await page.evaluate(() => {
      window.heard = [];
      for (const name of ["first", "change"]) {
        window.Consentry.on(name, ({ analytics }) => window.heard.push(`${name} ${analytics}`));
      }
    });
    const other = await person.openHtml(shared, { origin: OTHER });
    await recorded(other, () => press(other, "Accept all"));
    const comeBack = () => page.evaluate(() => window.dispatchEvent(new Event("focus")));
    await comeBack();
    assert.equal(await banner(page).isVisible(), false);
    await comeBack();
    assert.deepEqual(await page.evaluate(() => window.heard), ["change true"]);
    // A decision made here is none that was made elsewhere.
    await press(page, "Privacy settings");
    await recorded(page, () => press(page, "Reject all"));
    await comeBack();
    assert.deepEqual(await page.evaluate(() => window.heard), ["change true", "change false"]);
  }, { origin: ONE }));

test("a choice that a host kept before its domain had one does not hide a later one of the domain", () =>
  on(page1, async (page, person) => {
    await recorded(page, () => press(page, "Accept all"));
    const other = await person.openHtml(shared, { origin: OTHER });
    await recorded(other, () => press(other, "Reject all"));
    const again = await person.openHtml(shared, { origin: ONE });
    assert.equal((await cookies(person)).length, 2);
    assert.deepEqual(await accepted(again, "analytics"), [false]);
  }, { origin: ONE }));

test("a domain that is not the page's costs no decision", () =>
  on(embedding('data-purposes="analytics" data-cookie-domain="example.com"'), async (page, person) => {
    const { records } = await recorded(page, () => press(page, "Reject all"));
    assert.equal(records.length, 1);
    assert.deepEqual(await cookies(person), []);
    await page.reload();
    assert.equal(await banner(page).isVisible(), false);
  }, { expected: ["console: Failed to load resource: the server responded with a status of 422 (Unprocessable Entity)"] }));

// A server of its own, because what a test makes up is no site of another origin.
const server = createServer((_request, response) => {
  response.setHeader("Content-Type", "text/html");
  response.end(`<!doctype html><link rel="icon" href="data:,"><iframe src="${edge.url}/made-up.html" width="900" height="600"></iframe>`);
}).listen(0, "127.0.0.1");
after(() => server.close());
await once(server, "listening");

test("inside a page of another site the cookie is for that page alone", () =>
  on(page1, async (page, person) => {
    const outer = await person.open(`http://localhost:${server.address().port}`);
    const frame = outer.frames()[1];
    const [answer] = await Promise.all([
      outer.waitForResponse((response) => response.url() === `${edge.url}/consent`),
      frame.locator("#consentry-banner [data-consentry=accept]").click(),
    ]);
    assert.equal(answer.status(), 201);
    assert.match(await answer.headerValue("Set-Cookie"), /; Secure; SameSite=None; Partitioned$/);
    const [cookie, ...more] = await cookies(person);
    assert.deepEqual([cookie.sameSite, cookie.secure, more.length], ["None", true, 0]);
    assert.equal(cookie.partitionKey, "http://localhost");
    await page.reload();
    assert.equal(await banner(page).isVisible(), true);
  }));

/** Makes a browser refuse what its names say. */
const REFUSING = {
  storage: () =>
    Object.defineProperty(window, "localStorage", {
      get() {
        throw new DOMException("refused", "SecurityError");
      },
    }),
  cookies: () => {
    const refuse = () => {
      throw new DOMException("refused", "SecurityError");
    };
    Object.defineProperty(document, "cookie", { get: refuse, set: refuse });
  },
};

for (const refused of Object.keys(REFUSING)) {
  test(`a browser that refuses ${refused} keeps a choice, and who took it back is who gave it`, async () => {
    const person = await visitor(browser, edge);
    await person.context.addInitScript(REFUSING[refused]);
    const page = await person.openHtml(page1);
    const one = await recorded(page, () => press(page, "Accept all"));
    const secret = await page.evaluate(() => window.Consentry.proof().secret);
    await page.reload();
    assert.equal(await banner(page).isVisible(), false);
    assert.deepEqual(await accepted(page, "analytics"), [true]);
    assert.equal(await page.evaluate(() => window.Consentry.proof().secret), secret);
    await press(page, "Privacy settings");
    const other = await recorded(page, () => press(page, "Reject all"));
    assert.equal(one.user_id, other.user_id);
    assert.deepEqual(person.complaints, []);
    await person.context.close();
  });
}

test("in a private window that refuses both a choice holds for the page, and is recorded once", async () => {
  const person = await visitor(browser, edge);
  for (const refuse of Object.values(REFUSING)) await person.context.addInitScript(refuse);
  const page = await person.openHtml(page1);
  const { user_id } = await recorded(page, () => press(page, "Accept all"));
  assert.deepEqual(await accepted(page, "analytics"), [true]);
  const { body } = await site.call("GET", `/data/export/${encodeURIComponent(user_id)}`);
  assert.equal(body.consent_history.length, 1);
  await page.reload();
  assert.equal(await banner(page).isVisible(), true);
  assert.deepEqual(person.complaints, []);
  await person.context.close();
});
