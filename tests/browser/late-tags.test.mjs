// Tags that come after the embed, by the page's HTML and by other scripts: each sentence of what the documentation says of blocking.

import assert from "node:assert/strict";
import { openShop, press, test, visitor } from "./visitor.mjs";

const { edge, browser } = await openShop();

const CONFIG = { purposes: { analytics: { block: ["/tracker/", "https://*.tracker.example/"] }, inference: {} } };

/** A new visitor on a page with this head, on a server that has scripts: each notes its name when it runs. */
async function on(head, body, act) {
  const person = await visitor(browser, edge);
  // A whole address, as the browser knows it.
  const purposes = JSON.stringify(CONFIG).replace("/tracker/", `${edge.url}/tracker/`);
  await person.context.route(/tracker|\/own\//, async (route) => {
    const { pathname } = new URL(route.request().url());
    if (pathname.includes("slow")) await new Promise((resolve) => setTimeout(resolve, 150));
    if (pathname.endsWith(".html")) return route.fulfill({ contentType: "text/html", body: "<script>parent.ran.push('frame')</script>" });
    await route.fulfill({ contentType: "text/javascript", body: `window.note("${pathname.split("/").pop()}")` });
  });
  await person.context.addInitScript(() => {
    window.ran = [];
    window.note = (name) => window.ran.push(`${name} ${typeof window.Consentry?.accepted} ${window.dataLayer?.[0]?.[1]}`);
  });
  const page = await person.openHtml(
    `<!doctype html><html lang="en"><head><script type="application/json" id="consentry-config">${purposes}</script>
    <script src="/banner.js" data-site="demo"></script>${head}</head><body>${body}<script>note("end")</script></body></html>`,
  );
  await act(page, person);
  assert.deepEqual(person.complaints, []);
  await person.context.close();
}

/** The names of what ran, in order. */
const ran = (page) => page.evaluate(() => window.ran.map((line) => line.split(" ")[0]));
const until = async (page, ...names) => {
  await page.waitForFunction((count) => window.ran.length >= count, names.length);
  await page.waitForLoadState("networkidle");
  assert.deepEqual(await ran(page), names);
};

test("no tag after the embed runs before everything is denied, whatever its kind", () => {
  const kinds = ["", "async", "defer", 'type="module"', 'type="module" async'];
  const tags = (place) =>
    kinds.map((kind, at) => `<script ${kind} src="/own/${place}${at}"></script>`).join("") +
    `<script>note("${place}-inline")</script><script type="module">note("${place}-module")</script>`;
  return on(tags("head"), tags("body"), async (page) => {
    await page.waitForFunction(() => window.ran.length === 15);
    const states = await page.evaluate(() => window.ran.map((line) => line.split(" ").slice(1).join(" ")));
    assert.deepEqual([...new Set(states)], ["function default"]);
  });
});

/** Ways for a script to put another into a `place` of the page that has one `child`. */
const INSERTIONS = {
  appendChild: "place.appendChild(script)",
  insertBefore: "place.insertBefore(script, child)",
  replaceChild: "place.replaceChild(script, child)",
  append: "place.append('text', script)",
  prepend: "place.prepend(script)",
  replaceChildren: "place.replaceChildren(script)",
  before: "child.before(script)",
  after: "child.after(script)",
  replaceWith: "child.replaceWith(script)",
  afterText: "child.firstChild.after(script)",
  insertAdjacentElement: "place.insertAdjacentElement('beforeend', script)",
  fragment: "const all = document.createDocumentFragment(); all.append(script); place.append(all)",
  nested: "const outer = document.createElement('p'); outer.append(script); place.append(outer)",
  template: "const outer = document.createElement('template'); outer.content.append(script); place.append(document.importNode(outer.content, true))",
  insertNode: "const range = document.createRange(); range.selectNode(child); range.insertNode(script)",
  typeBefore: "const other = document.createElement('script'); other.type = 'text/javascript'; other.src = script.src; place.append(other)",
  typeAfter: "script.type = 'application/javascript'; place.append(script)",
  later: "setTimeout(() => place.append(script))",
};

test("a script that another creates is held by its address and runs after a yes, in the order of the page", () => {
  const names = Object.keys(INSERTIONS);
  const insert = (name) => `<div id="${name}"><i>text</i></div><script>{
    const place = document.getElementById("${name}"), child = place.firstChild, script = document.createElement("script");
    script.src = "/tracker/${name}";
    ${INSERTIONS[name]}
  }</script>`;
  return on("", names.map(insert).join(""), async (page) => {
    await until(page, "end");
    await press(page, "Accept all");
    await until(page, "end", ...names);
  });
});

test("what is held keeps its order, slow ones included, and afterwards nothing is held any more", () => {
  const add = (address, more = "") =>
    `{ const script = document.createElement("script"); script.src = "${address}"; ${more} document.body.append(script) }`;
  const creator = `<script>${add("/tracker/slow")} ${add("https://cdn.tracker.example/two")} ${add("/own/free")}</script>`;
  return on("", `${creator}<script type="text/plain" data-purpose="analytics">note("marked")</script>`, async (page) => {
    await until(page, "end", "free");
    await press(page, "Accept all");
    await until(page, "end", "free", "slow", "two", "marked");
    await page.evaluate(add("/tracker/now"));
    await until(page, "end", "free", "slow", "two", "marked", "now");
  });
});

test("a script or a frame further on in the HTML is held by its address", () => {
  const tags = `<script src="/tracker/sync"></script><script src="/tracker/defer" defer></script>
    <script src="/tracker/module" type="module"></script><iframe src="/tracker/frame.html" title="frame"></iframe>`;
  return on(`<script src="/tracker/head" async></script>`, tags, async (page) => {
    await page.getByRole("group", { name: "frame" }).waitFor();
    await until(page, "end");
    await press(page, "Accept all");
    await page.waitForFunction(() => window.ran.length === 6);
    const names = await ran(page);
    assert.deepEqual(names.toSorted(), ["defer", "end", "frame", "head", "module", "sync"]);
    assert.deepEqual(names.filter((name) => /sync|defer|module/.test(name)), ["sync", "defer", "module"]);
  });
});

test("a marked tag that comes late runs once its purpose may be used, at once if it may already", () =>
  on("", "", async (page) => {
    const add = (name) =>
      page.evaluate((name) => {
        const outer = document.createElement("div");
        const script = document.createElement("script");
        Object.assign(script, { type: "text/plain", textContent: `note("${name}")` });
        script.dataset.purpose = "analytics";
        outer.append(script);
        document.body.append(outer);
      }, name);
    await add("early");
    await until(page, "end");
    await press(page, "Accept all");
    await until(page, "end", "early");
    await add("late");
    await until(page, "end", "early", "late");
  }));

test("what a browser can't stop runs: an inline script without a mark, and one that gets its address when it is in the page", () => {
  const late = `const script = document.createElement("script"); document.body.append(script); script.src = "/tracker/address"`;
  return on(`<script>note("inline")</script>`, `<script>${late}</script>`, (page) => until(page, "inline", "end", "address"));
});
