// Content that waits for a yes: placeholders, templates, the settings element, and what the other part of the widget does besides.

import assert from "node:assert/strict";
import { claims, makeKey, token } from "../api/people.mjs";
import { makeSite } from "../support/client.mjs";
import { openShop, press, recorded, test, visitor } from "./visitor.mjs";

const { edge, browser } = await openShop();
const key = makeKey();
const site = await makeSite(edge.url, { purposes: ["sale_or_sharing"], jwks: { keys: [key.jwk] } });

const STYLE = `<style>body { margin: 0 } .wide { width: 50%; height: auto }
  .frame { position: relative; padding-bottom: 30% } .frame iframe { position: absolute; inset: 0; width: 100%; height: 100% }</style>`;
const html = (body, { head = STYLE, attributes = "" } = {}) =>
  `<!doctype html><html lang="en"><head><script src="/banner.js" data-site="demo" ${attributes}></script>${head}</head>
  <body>${body}<p id="end">End</p></body></html>`;
const frame = (name, purpose = "analytics", more = "") =>
  `<iframe id="${name}" title="${name}" data-purpose="${purpose}" data-src="/content/${name}" ${more}></iframe>`;
const PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" width="800" height="200"></svg>';

/** A new visitor on such a page, on a server that has the content: `act` is done, then they leave. */
async function on(body, act, options) {
  const person = await visitor(browser, edge);
  person.asked = [];
  await person.context.route("**/content/*", (route) => {
    const name = route.request().url().split("/").pop();
    person.asked.push(name);
    return name.endsWith(".svg")
      ? route.fulfill({ contentType: "image/svg+xml", body: PICTURE })
      : name.endsWith(".js")
        ? route.fulfill({ contentType: "text/javascript", body: `window.ran = [...(window.ran ?? []), "${name}"]` })
        : route.fulfill({ contentType: "text/html", body: `<!doctype html><title>${name}</title><script>parent.ran = [...(parent.ran ?? []), "${name}"]</script>` });
  });
  const page = await person.openHtml(html(body, options), options);
  await act(page, person);
  assert.deepEqual(person.complaints, []);
  await person.context.close();
}

const placeholder = (page, name) => page.getByRole("group", { name, exact: true });
const ran = (page) => page.evaluate(() => window.ran ?? []);
const until = (page, what, ...args) => page.waitForFunction(what, ...args);
const ends = (page) => page.locator("#end").evaluate((element) => element.getBoundingClientRect().top);

test("content waits without an address, in the place and the size that it will have", () => {
  const contents = [
    `<p>Text ${frame("inline", "analytics", 'width="400" height="200"')} text</p>`,
    `<img title="picture" alt="A cat" class="wide" width="800" height="200" data-purpose="analytics" data-src="/content/a.svg">`,
    `<div class="frame">${frame("stretched")}</div>`,
    `<video title="film" controls data-purpose="analytics"><source data-src="/content/film.svg"></video>`,
    `<img alt="" width="1" height="1" data-purpose="analytics" data-src="/content/count.svg">`,
  ];
  return on(contents.join(""), async (page, { asked }) => {
    const boxes = {};
    for (const name of ["inline", "picture", "stretched", "film"]) {
      const box = placeholder(page, name);
      await box.waitFor();
      boxes[name] = await box.boundingBox();
      assert.equal(await page.getByTitle(name).isVisible(), false, name);
    }
    assert.equal(await page.getByRole("group").count(), 4);
    assert.deepEqual(asked, []);
    const end = await ends(page);
    await press(page, "Accept all");
    await until(page, () => window.ran?.length === 2);
    for (const [name, box] of Object.entries(boxes)) assert.deepEqual(await page.getByTitle(name).boundingBox(), box, name);
    assert.equal(await ends(page), end);
    assert.equal(await page.getByRole("group").count(), 0);
    assert.deepEqual(await ran(page), ["inline", "stretched"]);
    assert.deepEqual(asked.toSorted(), ["a.svg", "count.svg", "film.svg", "inline", "stretched"]);
  });
});

test("a placeholder goes along with the page", () =>
  on(`<div class="frame">${frame("stretched")}</div>`, async (page) => {
    await placeholder(page, "stretched").getByRole("button").first().focus();
    await page.setViewportSize({ width: 900, height: 600 });
    await until(page, () => document.querySelector("[role=group]").offsetWidth > 900);
    assert.equal(await page.evaluate(() => document.activeElement.closest("[role=group]") !== null), true);
  }));

test("loading once shows this one, gives it the focus and records nothing", () =>
  on(frame("one") + frame("two"), async (page, { asked }) => {
    await placeholder(page, "one").getByRole("button", { name: "Load this content once" }).click();
    await until(page, () => window.ran?.length === 1);
    assert.deepEqual(asked, ["one"]);
    assert.equal(await page.evaluate(() => document.activeElement.id), "one");
    assert.deepEqual(
      [await placeholder(page, "one").count(), await placeholder(page, "two").isVisible(), await page.locator("#one").isVisible()],
      [0, true, true],
    );
    assert.equal(await page.evaluate(() => localStorage.length), 0);
    assert.equal(await page.locator("#consentry-banner").isVisible(), true);
  }));

test("allowing for good is a decision made on a placeholder, and loads all of its purpose in the order of the page", () =>
  on(frame("one") + frame("other", "inference") + frame("two"), async (page, { asked }) => {
    const sent = page.waitForRequest("**/consent");
    const always = placeholder(page, "two").getByRole("button", { name: "Always allow “Statistics”" });
    const answer = await recorded(page, () => always.click());
    assert.deepEqual(answer.records.map(({ purpose, status }) => [purpose, status]), [["analytics", "granted"]]);
    const { shown, notice } = (await sent).postDataJSON();
    assert.equal(shown.surface, "placeholder");
    assert.match(notice.hash, /^[0-9a-f]{64}$/);
    await until(page, () => window.ran?.length === 2);
    assert.deepEqual(asked, ["one", "two"]);
    assert.equal(await page.evaluate(() => document.activeElement.id), "two");
    assert.equal(await placeholder(page, "other").isVisible(), true);
  }));

test("a placeholder says what it asks for, with a button for each purpose", () =>
  on(frame("both", " analytics\n inference "), async (page, { asked }) => {
    const box = placeholder(page, "both");
    await box.waitFor();
    const texts = ["This content needs your consent for “Statistics and Answers by AI”.", "We count visits", "Your data is given to an AI"];
    for (const text of texts) assert.equal(await box.getByText(text).isVisible(), true, text);
    await box.getByRole("button", { name: "Always allow “Statistics”" }).click();
    assert.deepEqual(asked, []);
    const left = await box.getByRole("button").allTextContents();
    assert.deepEqual(left, ["Load this content once", "Always allow “Answers by AI”"]);
    assert.equal(await page.evaluate(() => document.activeElement.textContent), "Load this content once");
    await box.getByRole("button", { name: "Always allow “Answers by AI”" }).click();
    await until(page, () => window.ran?.length === 1);
  }));

test("what was loaded goes when its purpose is taken back", () => {
  const video = `<video title="film" controls data-purpose="analytics" data-src="/content/film.svg"></video>`;
  return on(frame("one") + video + frame("other", "inference"), async (page) => {
    await placeholder(page, "other").getByRole("button", { name: "Load this content once" }).click();
    await press(page, "Accept all");
    await until(page, () => window.ran?.length === 2);
    await page.evaluate(() => (window.inner = document.querySelector("#one").contentWindow));
    await press(page, "Privacy settings");
    await page.getByRole("switch", { name: "Statistics" }).uncheck();
    await press(page, "Save my choice");
    assert.deepEqual([await placeholder(page, "one").isVisible(), await placeholder(page, "film").isVisible()], [true, true]);
    assert.equal(await page.evaluate(() => window.inner.closed), true);
    assert.deepEqual(await page.locator("[title=one], [title=film]").evaluateAll((all) => all.map((each) => each.getAttribute("src"))), [null, null]);
    assert.equal(await page.locator("#other").isVisible(), true);
  });
});

test("content that comes later, moves or goes takes its placeholder along", () =>
  on("<div></div>", async (page, { asked }) => {
    await page.evaluate((frame) => document.querySelector("div").insertAdjacentHTML("beforeend", `<section>${frame}</section>`), frame("late"));
    await placeholder(page, "late").waitFor();
    await page.evaluate(() => document.body.append(document.querySelector("#late")));
    await until(page, () => document.querySelector("#late").nextElementSibling?.role === "group");
    assert.equal(await page.getByRole("group").count(), 1);
    await page.evaluate(() => document.querySelector("#late").remove());
    await placeholder(page, "late").waitFor({ state: "detached" });
    assert.deepEqual(asked, []);
  }));

test("sources of a picture wait and come with it", () => {
  const picture = `<picture><source data-srcset="/content/wide.svg"><img title="p" alt="" data-src="/content/p.svg" data-purpose="analytics"></picture>`;
  return on(picture, async (page, { asked }) => {
    await placeholder(page, "p").getByRole("button", { name: "Always" }).click();
    await until(page, () => document.querySelector("img").currentSrc);
    assert.deepEqual(asked, ["wide.svg"]);
  });
});

test("an address that is a script is none, and content of no purpose that is asked about waits for ever", async () => {
  const script = frame("bad").replace("/content/bad", "javascript:parent.ran = ['bad']");
  const warnings = [];
  await on(script + frame("unknown", "no_such_purpose") + frame("none", "") + frame("one"), async (page, { asked }) => {
    page.on("console", (message) => warnings.push(message.text()));
    await placeholder(page, "one").waitFor();
    warnings.length = 0;
    await page.reload();
    await placeholder(page, "one").waitFor();
    await press(page, "Accept all");
    await until(page, () => window.ran?.includes("one"));
    assert.deepEqual([asked, await ran(page)], [["one"], ["one"]]);
    assert.equal(await page.getByRole("group").count(), 0);
    assert.equal(warnings.filter((text) => text.startsWith("Consentry keeps back")).length, 2);
  });
});

test("a template comes in with its scripts in order, and stays on this page", () => {
  const script = (text) => `<script>window.ran = [...(window.ran ?? []), "${text}"]</script>`;
  const template = `<template data-purpose="analytics"><b>In</b>${script("first")}<script src="/content/slow"></script>${script("last")}</template>`;
  return on(`${template}<i>after</i>`, async (page, person) => {
    await person.context.route("**/content/slow", async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      await route.fulfill({ contentType: "text/javascript", body: "window.ran.push('slow')" });
    });
    assert.deepEqual([await page.locator("b").count(), await ran(page)], [0, []]);
    await press(page, "Accept all");
    await until(page, () => window.ran?.length === 3);
    assert.deepEqual(await ran(page), ["first", "slow", "last"]);
    assert.equal(await page.locator("b ~ template ~ i").count(), 1);
    await press(page, "Privacy settings");
    await press(page, "Reject all");
    await press(page, "Privacy settings");
    await press(page, "Accept all");
    assert.equal(await page.locator("b").count(), 1);
    await press(page, "Privacy settings");
    await press(page, "Reject all");
    await page.reload();
    await page.waitForLoadState("networkidle");
    assert.deepEqual([await page.locator("b").count(), await ran(page)], [0, []]);
  });
});

test("under the strictest policies content, placeholders and templates work, and nothing is reported", () => {
  const policy = `default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self';
    require-trusted-types-for 'script'; trusted-types 'none'`.replace(/\s+/g, " ");
  const contents = `${frame("one")}<img title="picture" width="300" height="200" data-purpose="analytics" data-src="/content/a.svg">
    <template data-purpose="analytics"><script src="/content/in.js"></script></template><consentry-settings></consentry-settings>`;
  const options = { head: "", headers: { "Content-Security-Policy": policy } };
  return on(contents, async (page) => {
    const box = placeholder(page, "picture");
    await box.waitFor();
    assert.deepEqual(await box.evaluate((element) => [element.offsetWidth, element.offsetHeight]), [300, 200]);
    await placeholder(page, "one").getByRole("button", { name: "Always" }).click();
    await until(page, () => window.ran?.length === 2 && document.querySelector("img").naturalWidth);
  }, options);
});

test("the settings element opens the preferences, by a button of ours or by what the page put into it", () => {
  const elements = `<consentry-settings></consentry-settings> <consentry-settings>Cookies</consentry-settings>
    <consentry-settings><a href="/privacy">Own</a></consentry-settings>`;
  return on(elements, async (page) => {
    await press(page, "Reject all");
    const names = [["button", "Privacy settings"], ["button", "Cookies"], ["link", "Own"]];
    for (const [role, name] of names) {
      const opener = page.locator("consentry-settings").getByRole(role, { name });
      await opener.click();
      await page.locator("#consentry-preferences").waitFor();
      await page.keyboard.press("Escape");
      assert.equal(await opener.evaluate((element) => element === document.activeElement), true, name);
    }
  });
});

test("the settings element that opts out does so", () =>
  on("<consentry-settings opt-out></consentry-settings>", async (page) => {
    const answer = await recorded(page, () => page.getByRole("button", { name: "Do Not Sell" }).click());
    assert.deepEqual(answer.records.map(({ purpose, status }) => [purpose, status]), [["sale_or_sharing", "revoked"]]);
  }));

test("signing in joins the visitor to the person, once there is a decision, with the Worker's reason if it can't", () =>
  on("", async (page, { artefact, complaints }) => {
    const link = (bearer) =>
      page.evaluate((bearer) => window.Consentry.link(bearer).catch(({ message, code, status }) => ({ message, code, status })), bearer);
    const requests = [];
    page.on("request", (request) => requests.push(new URL(request.url()).pathname));
    assert.equal(await link("no token"), null);
    assert.equal(requests.includes("/identity/link"), false);
    await press(page, "Accept all");
    const answer = await link(token(key, claims(site.site, `Ada of ${artefact}`)));
    assert.deepEqual([answer.user_id, answer.records.length], [`Ada of ${artefact}`, 4]);
    const { message, code, status } = await link("no token");
    assert.deepEqual([typeof message, code, status], ["string", "unauthenticated", 401]);
    // The browser itself tells of it.
    assert.match(complaints.pop(), /401/);
  }));

/** Of a notice that no test had yet. */
let version = 1;

test("the words that a decision was made on can be read by an auditor", () => {
  version++;
  return on(frame("one"), async (page) => {
    const always = placeholder(page, "one").getByRole("button", { name: "Always" });
    const [registered] = await Promise.all([page.waitForResponse(/\/notices\//), recorded(page, () => always.click())]);
    assert.equal(registered.status(), 200);
    const { body } = await site.call("GET", new URL(registered.url()).pathname);
    assert.deepEqual(body.texts, [
      "This content needs your consent for “Statistics”.",
      "Load this content once",
      "Always allow “Statistics”",
    ]);
    assert.equal(body.version, version);
    assert.deepEqual(body.purposes.map(({ purpose, title }) => [purpose, title]), [["analytics", "Statistics"]]);
  }, { attributes: `data-notice-version="${version}"` });
});
