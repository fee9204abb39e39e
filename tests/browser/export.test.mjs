// The export as a page to read, as its reader sees it: in a real Chromium, in several languages and themes, on a small screen and on
// paper. The policy that it is served with lets nothing run in it, axe-core neither, so the file is looked at as one that was kept: under
// the policy that it holds itself.

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { test } from "node:test";
import { everything } from "../api/everything.mjs";
import { about, grant } from "../api/world.mjs";
import { faults, openShop } from "./visitor.mjs";

const { edge, site, browser } = await openShop();

const AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36";
const user = "Ada Lovelace <ada@a-rather-long-name-of-a-host.example>";
await everything(edge.url, site, user, { origin: edge.url, agent: AGENT });
assert.equal((await site.call("POST", about("/data/delete", user))).status, 202);
await grant(site, user, { purpose: "model_training", context: { user_agent: AGENT, ip_address: "203.0.113.9", country: "AT", gpc: true } });

/** Where pictures go, for whoever wants to look at them. */
const { PICTURES } = process.env;

/** Opens the page in a language. */
async function open(language, options) {
  const { text } = await site.call("GET", `${about("/data/export", user)}?format=html&lang=${language}`);
  const context = await browser.newContext(options);
  const page = await context.newPage();
  await context.route("**/*", (route) => route.fulfill({ contentType: "text/html; charset=utf-8", body: text }));
  const asked = [];
  page.on("request", (request) => asked.push(request.url()));
  await page.goto("https://kept.example/export.html");
  assert.equal(await page.locator("html").getAttribute("lang"), language);
  assert.equal(asked.length, 1, "it asks for nothing from anywhere");
  return { page, close: () => context.close() };
}

async function picture(page, name) {
  if (PICTURES === undefined) return;
  await mkdir(PICTURES, { recursive: true });
  await page.screenshot({ path: `${PICTURES}/${name}.png`, fullPage: true });
}

for (const language of ["en", "de", "ar", "ja"]) {
  for (const colorScheme of ["light", "dark"]) {
    for (const width of [320, 1000]) {
      test(`axe-core finds nothing on an export in ${language}, ${colorScheme}, at ${width} px, and nothing is cut off`, async () => {
        const { page, close } = await open(language, { colorScheme, viewport: { width, height: 700 } });
        await picture(page, `${language}-${colorScheme}-${width}`);
        assert.deepEqual(await faults(page), []);
        assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true);
        await close();
      });
    }
  }
}

test("as it is served no script runs in it", async () => {
  const { headers } = await site.call("GET", `${about("/data/export", user)}?format=html`);
  assert.match(headers.get("Content-Security-Policy"), /(^|; )sandbox(;|$)/);
  assert.match(headers.get("Content-Security-Policy"), /(^|; )default-src 'none'(;|$)/);
});

test("on paper it is dark on white in either theme, and no line is cut off", async () => {
  const { page, close } = await open("de", { colorScheme: "dark", viewport: { width: 700, height: 900 } });
  await page.emulateMedia({ media: "print", colorScheme: "dark" });
  await picture(page, "de-print");
  const [ink, paper] = await page.evaluate(() => {
    const { color, backgroundColor } = getComputedStyle(document.body);
    return [color, backgroundColor];
  });
  assert.deepEqual([ink, paper], ["rgb(27, 31, 36)", "rgb(255, 255, 255)"]);
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true);
  assert.ok((await page.pdf({ format: "A4" })).length > 1000);
  await close();
});
