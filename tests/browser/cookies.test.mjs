// What a purpose left in the browser goes when it is taken back.

import assert from "node:assert/strict";
import { openShop, press, recorded, test, visitor } from "./visitor.mjs";

const { edge, site, browser } = await openShop();

const html = (purposes) =>
  `<!doctype html><html lang="en"><head>
  <script type="application/json" id="consentry-config">${JSON.stringify({ purposes })}</script>
  <script src="/banner.js" data-site="demo"></script></head><body><h1>Page</h1></body></html>`;

/** A new visitor on a page that says what its purposes leave behind, below a path of a host that has another above it. */
async function on(purposes, act) {
  const person = await visitor(browser, edge);
  const warnings = [];
  await person.context.route("https://www.shop.example/**", async (route) => {
    const { pathname } = new URL(route.request().url());
    if (pathname === "/consent") return route.abort();
    if (pathname.endsWith("/")) return route.fulfill({ contentType: "text/html", body: html(purposes) });
    const answer = await fetch(edge.url + pathname.replace("banner.js", person.artefact));
    return route.fulfill({ contentType: "text/javascript", body: await answer.text() });
  });
  const page = await person.open("https://www.shop.example/shop/books/");
  page.on("console", (message) => warnings.push(message.text()));
  await act(page, person, warnings);
  await person.context.close();
}

const write = (page, cookies) => page.evaluate((cookies) => cookies.forEach((cookie) => (document.cookie = cookie)), cookies);

/** The names of all cookies that the browser has, wherever they are. */
async function cookies({ context }) {
  const names = (await context.cookies()).map(({ name }) => name);
  return names.filter((name) => name !== "consentry.demo").toSorted();
}

async function withdraw(page, name) {
  await press(page, "Privacy settings");
  await page.getByRole("switch", { name }).uncheck();
  await press(page, "Save my choice");
}

const gone = (page, name) => page.waitForFunction((name) => !document.cookie.split("; ").includes(`${name}=1`), name);

test("cookies that match go from every host, path and jar that the page can reach, and no other", () => {
  const analytics = {
    cookies: ["_ga*", "_gid", "__Host-t*", "shared", "consentry*", { name: "_far", path: "/other" }, { name: "_wide", domain: "shop.example" }],
  };
  return on({ analytics, inference: { cookies: ["shared"] } }, async (page, person) => {
    await press(page, "Accept all");
    await write(page, [
      "_ga=1; Path=/",
      "_ga_1=1; Path=/; Domain=shop.example",
      "_ga_2=1; Path=/shop/books; Domain=www.shop.example",
      "_ga_3=1",
      "_ga_4=1; Path=/shop/; Secure; SameSite=None; Partitioned",
      "_gid=1; Path=/shop",
      "__Host-t1=1; Path=/; Secure",
      "_far=1; Path=/other",
      "_wide=1; Path=/; Domain=shop.example",
      "shared=1",
      "consentry.own=1",
      "my_ga=1",
      "_gid2=1",
      "session=1",
    ]);
    assert.equal((await cookies(person)).length, 14);
    await withdraw(page, "Statistics");
    await gone(page, "_ga");
    assert.deepEqual(await cookies(person), ["_gid2", "consentry.own", "my_ga", "session", "shared"]);
  });
});

test("keys that match go from both storages, and the choice itself stays", () =>
  on({ analytics: { storage: ["ga:*", "consentry*", "exact"] } }, async (page) => {
    await press(page, "Accept all");
    await page.evaluate(() => {
      for (const key of ["ga:1", "exact", "exactly", "other"]) {
        localStorage.setItem(key, "1");
        sessionStorage.setItem(key, "1");
      }
    });
    await withdraw(page, "Statistics");
    await page.waitForFunction(() => localStorage.getItem("exact") === null);
    const kept = await page.evaluate(() => [Object.keys(localStorage), Object.keys(sessionStorage)].map((keys) => keys.toSorted()));
    const ours = kept[0].filter((key) => key.startsWith("consentry."));
    assert.deepEqual(kept, [[...ours, "exactly", "other"], ["exactly", "other"]]);
    assert.equal(ours.includes("consentry.demo.choice"), true);
  }));

test("what comes back after a no goes on the next page, and nothing before a choice", () =>
  on({ analytics: { cookies: ["_ga"] } }, async (page, person) => {
    await write(page, ["_ga=1; Path=/"]);
    await page.reload();
    await page.waitForLoadState("networkidle");
    assert.deepEqual(await cookies(person), ["_ga"]);
    await press(page, "Reject all");
    await gone(page, "_ga");
    await write(page, ["_ga=1; Path=/"]);
    await page.reload();
    await gone(page, "_ga");
  }));

test("a pattern that fits everything clears nothing and says so", () =>
  on({ analytics: { cookies: ["*", "**", "", "_ga"], storage: ["*"] } }, async (page, person, warnings) => {
    await press(page, "Accept all");
    await write(page, ["_ga=1", "session=1"]);
    await page.evaluate(() => localStorage.setItem("cart", "1"));
    await withdraw(page, "Statistics");
    await gone(page, "_ga");
    assert.deepEqual(await cookies(person), ["session"]);
    assert.equal(await page.evaluate(() => localStorage.getItem("cart")), "1");
    assert.equal(warnings.some((text) => text.includes("sign people out")), true);
  }));

test("a purpose that wants it has its page reloaded once, where it was taken back, after the decision is kept", async () => {
  const person = await visitor(browser, edge);
  const page = await person.openHtml(html({ analytics: { reload: true, cookies: ["_ga"] }, inference: {} }));
  await recorded(page, () => press(page, "Accept all"));
  const other = await person.openHtml(html({ analytics: { reload: true }, inference: {} }));
  await other.locator("#consentry-reopen").waitFor();
  const loads = { page: 0, other: 0 };
  page.on("load", () => loads.page++);
  other.on("load", () => loads.other++);
  await withdraw(page, "Answers by AI");
  await withdraw(page, "Statistics");
  await page.waitForEvent("load");
  await page.waitForFunction(() => !Object.keys(localStorage).some((key) => key.includes(".queue.")));
  await page.waitForLoadState("networkidle");
  await other.waitForLoadState("networkidle");
  assert.deepEqual(loads, { page: 1, other: 0 });
  assert.equal((await person.record(page)).analytics, "revoked");
  const decisions = await person.history(page, site);
  assert.equal(decisions.length, 6);
  assert.deepEqual(person.complaints, []);
  await person.context.close();
});
