// The widget under the policies that careful sites send, and without the Worker.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { openShop, press, recorded, visitor } from "./visitor.mjs";

const { edge, browser } = await openShop();

const STRICT = "default-src 'self'; script-src 'self'; style-src 'self'";
const TRUSTED_TYPES = "require-trusted-types-for 'script'; trusted-types 'none'";
const blocked = `<script type="text/plain" data-purpose="analytics" src="/tag.js"></script>`;
const html = (script) =>
  `<!doctype html><html lang="en"><head>${script}</head><body><h1>Page</h1>${blocked}</body></html>`;
const embed = (name, attributes = "") => `<script src="/${name}" data-site="demo" ${attributes}></script>`;
/** A visitor to a site that has a tag. */
async function guest(options) {
  const person = await visitor(browser, edge, options);
  await person.context.route("**/tag.js", (route) => route.fulfill({ contentType: "text/javascript", body: "" }));
  return person;
}
const under = (policy) => ({ headers: { "Content-Security-Policy": policy } });
const loaded = (page) =>
  page.evaluate(() => performance.getEntriesByType("resource").some(({ name }) => name.endsWith("/tag.js")));

/** Goes through the whole widget and sees that it is styled and works. */
async function isComplete(person, page) {
  const banner = page.locator("#consentry-banner");
  await banner.waitFor();
  assert.equal(await banner.evaluate((element) => getComputedStyle(element).position), "fixed");
  await press(page, "Choose");
  const preferences = page.locator("#consentry-preferences");
  assert.equal(await preferences.evaluate((element) => getComputedStyle(element).display), "flex");
  assert.equal(await loaded(page), false);
  await page.getByRole("switch", { name: "Statistics" }).check();
  const answer = await recorded(page, () => press(page, "Save my choice"));
  assert.equal(answer.records.length, 4);
  await page.waitForFunction(() => performance.getEntriesByType("resource").some(({ name }) => name.endsWith("/tag.js")));
  await page.reload();
  await page.locator("#consentry-reopen").waitFor();
}

for (const [name, policy] of [["the strictest policy", STRICT], ["Trusted Types too", `${STRICT}; ${TRUSTED_TYPES}`]]) {
  test(`under ${name} banner.csp.js is complete and nothing is reported`, async () => {
    const person = await guest();
    const page = await person.openHtml(html(embed("banner.csp.js")), under(policy));
    await isComplete(person, page);
    assert.deepEqual(person.complaints, []);
    await person.context.close();
  });
}

test("under Trusted Types banner.js is complete and nothing is reported, with WebAssembly allowed", async () => {
  const policy = `default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; ${TRUSTED_TYPES}`;
  const person = await guest();
  const page = await person.openHtml(html(embed("banner.js")), under(policy));
  await isComplete(person, page);
  assert.deepEqual(person.complaints, []);
  await person.context.close();
});

test("where WebAssembly is refused banner.js becomes banner.csp.js by itself", async () => {
  for (const policy of [STRICT, `${STRICT}; require-trusted-types-for 'script'`]) {
    const person = await guest();
    const page = await person.openHtml(html(embed("banner.js")), under(policy));
    await isComplete(person, page);
    // The browser itself reports what it refused, once a page.
    assert.match(person.complaints[0], /^policy: script-src wasm-eval/);
    assert.equal(person.complaints.filter((text) => text.startsWith("policy")).length, 2);
    await person.context.close();
  }
});

test("where nothing can run everything stays denied", async () => {
  const person = await guest();
  await person.context.route("**/banner.csp.js", (route) => route.abort());
  const page = await person.openHtml(html(embed("banner.js")), under(STRICT));
  await page.waitForLoadState("networkidle");
  assert.equal(await page.locator("#consentry-banner").count(), 0);
  const layer = await page.evaluate(() => window.dataLayer.filter((entry) => entry[0] === "consent").map((entry) => Array.from(entry)));
  assert.deepEqual(layer.map(([command, kind]) => [command, kind]), [["consent", "default"]]);
  assert.equal(await loaded(page), false);
  assert.equal(await page.evaluate(() => localStorage.length), 0);
  await person.context.close();
});

test("without the Worker a script of a language works, with its hash named", async () => {
  const file = new URL("../../www/dist/integrity.json", import.meta.url);
  const hashes = JSON.parse(await readFile(file, "utf8"));
  for (const name of ["banner.de.js", "banner.csp.de.js"]) {
    const person = await guest();
    const integrity = `integrity="${hashes[name]}" data-lang="de"`;
    const page = await person.openHtml(html(embed(name, integrity)), under("default-src 'self' 'wasm-unsafe-eval'"));
    assert.equal(await page.locator("#consentry-banner").getAttribute("lang"), "de");
    await recorded(page, () => press(page, "Alle akzeptieren"));
    assert.deepEqual(person.complaints, []);
    await person.context.close();
  }
});

test("the fallback of a script with a hash has a hash too", async () => {
  const hashes = JSON.parse(await readFile(new URL("../../www/dist/integrity.json", import.meta.url), "utf8"));
  const person = await guest();
  const named = embed("banner.en.js", `integrity="${hashes["banner.en.js"]}"`);
  const page = await person.openHtml(html(named), under(STRICT));
  await page.locator("#consentry-banner").waitFor();
  const integrity = await page.locator('script[src$="/banner.csp.en.js"]').getAttribute("integrity");
  assert.equal(integrity, hashes["banner.csp.en.js"]);
  await person.context.close();
});

test("a page in a language that the script does not carry gets its texts", async () => {
  const person = await guest({ locale: "de-DE" });
  const asked = [];
  person.context.on("request", (request) => asked.push(new URL(request.url()).pathname));
  const page = await person.openHtml(html(embed("banner.js")).replace('lang="en"', 'lang="pt-BR"'), under(STRICT));
  await page.locator("#consentry-banner[lang=pt-BR]").waitFor();
  assert.equal(asked.filter((path) => path === "/locales/pt-BR.txt").length, 1);
  await press(page, "Rejeitar tudo");
  await person.context.close();
});

test("a page that names its language in the address needs one request", async () => {
  const person = await guest({ locale: "de-DE" });
  const asked = [];
  person.context.on("request", (request) => asked.push(new URL(request.url()).pathname));
  const page = await person.openHtml(html(embed("banner.csp.js?lang=sv")).replace('lang="en"', 'lang="sv"'), under(STRICT));
  assert.equal(await page.locator("#consentry-banner").getAttribute("lang"), "sv");
  assert.deepEqual(asked.filter((path) => /banner|locales/.test(path)), ["/banner.csp.js"]);
  await person.context.close();
});

test("a page in no language that there is gets that of the visitor", async () => {
  const person = await guest({ locale: "de-DE" });
  const page = await person.openHtml(html(embed("banner.js")).replace('lang="en"', 'lang="tlh"'));
  assert.equal(await page.locator("#consentry-banner").getAttribute("lang"), "de");
  await person.context.close();
});

test("pages of other origins may load the scripts, with their hashes, and the texts", async () => {
  for (const path of ["/banner.js", "/banner.csp.js?lang=fr", "/banner.fr.js", "/banner.csp.fr.js", "/locales/fr.txt"]) {
    const answer = await fetch(edge.url + path);
    assert.equal(answer.status, 200, path);
    assert.equal(answer.headers.get("Access-Control-Allow-Origin"), "*", path);
  }
});
