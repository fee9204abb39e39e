// What a developer copies: the recipes, and the examples of the npm package's README, against the real Worker from a site of its
// own.

import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { after, test as nodeTest } from "node:test";
import { fileURLToPath } from "node:url";
import { bundle } from "../support/bundle.mjs";
import { makeSite } from "../support/client.mjs";
import { openShop, press, recorded, test, visitor } from "./visitor.mjs";

const www = new URL("../../www/", import.meta.url);
const file = (path) => fileURLToPath(new URL(path, www));
const read = (path) => readFile(file(path), "utf8");

const { edge, browser } = await openShop();

/** What the site serves, by path. */
const files = new Map([["/favicon.ico", ""]]);
const server = createServer(({ url }, response) => {
  const [path, policy] = url.split("?policy=");
  response.statusCode = files.has(path) ? 200 : 404;
  response.setHeader("Content-Type", path.endsWith("/") ? "text/html" : "text/javascript");
  if (policy) response.setHeader("Content-Security-Policy", decodeURIComponent(policy));
  response.end(files.get(path));
}).listen(0, "127.0.0.1");
after(() => server.close());
await once(server, "listening");
const origin = `http://127.0.0.1:${server.address().port}`;
await makeSite(edge.url, { origins: [origin], purposes: ["videos"] });
await makeSite(edge.url, { site: "shop", origins: [origin], purposes: ["videos"] });

/** A page as it would be with the site's own Worker. */
const here = (html) => html.replaceAll("https://consent.example.com", edge.url);

files.set("/html/", here(await read("recipes/html/index.html")));
for (const name of ["analytics.js", "page.js"]) files.set(`/html/${name}`, await read(`recipes/html/${name}`));
const FRAMEWORKS = { react: "main.tsx", vue: "main.ts" };
for (const [name, main] of Object.entries(FRAMEWORKS)) {
  files.set(`/${name}/`, here(await read(`recipes/${name}/index.html`)));
  files.set(`/${main}`, await bundle({ entryPoints: [file(`recipes/${name}/${main}`)] }));
}

/** Does something on a page of the site as a new visitor, who sees no complaint. */
async function on(path, act) {
  const person = await visitor(browser, edge);
  await act(await person.open(origin + path), person);
  assert.deepEqual(person.complaints, []);
  await person.context.close();
}

for (const name of Object.keys(FRAMEWORKS)) {
  test(`${name}: a gate opens with a yes, stays open over a reload, and closes with a no`, () =>
    on(`/${name}/`, async (page) => {
      const counting = () => page.evaluate(() => "counting" in document.documentElement.dataset);
      await page.getByText("Your visit is not counted.").waitFor();
      assert.deepEqual([await counting(), await page.locator("h1").textContent()], [false, "Our books"]);

      await recorded(page, () => press(page, "Accept all"));
      await page.getByText("Your visit is counted.").waitFor();
      assert.deepEqual([await counting(), await page.locator("h1").textContent()], [true, "Picked for you"]);

      await page.reload();
      await page.getByText("Your visit is counted.").waitFor();

      await page.locator("#app button").click();
      await recorded(page, () => press(page, "Reject all"));
      await page.getByText("Your visit is not counted.").waitFor();
      assert.deepEqual([await counting(), await page.locator("h1").textContent()], [false, "Our books"]);
    }));
}

nodeTest("on a server the gates are closed and nothing breaks", async () => {
  const react = `
    import { renderToString } from "react-dom/server";
    import { App } from "./App";
    export default renderToString(<App />);`;
  const vue = `
    import { createSSRApp } from "vue";
    import { renderToString } from "vue/server-renderer";
    import App from "./App.vue";
    export default renderToString(createSSRApp(App));`;
  for (const [name, contents] of Object.entries({ react, vue })) {
    const stdin = { contents, loader: "tsx", resolveDir: file(`recipes/${name}`) };
    const text = await bundle({ stdin, jsx: "automatic", platform: "node", format: "cjs" });
    const module = {};
    new Function("require", "module", text)(createRequire(import.meta.url), module);
    const html = await module.exports.default;
    assert.match(html, /Our books/);
    assert.match(html, /Your visit is not counted/);
    assert.doesNotMatch(html, /Your visit is counted/);
  }
});

nodeTest("on a server nothing is accepted and nobody is called", async () => {
  const { accepted, consentry, load, on } = await import("consentry-banner");
  assert.equal(accepted("analytics"), false);
  on("ready", () => assert.fail())();
  const pending = Symbol("pending");
  for (const promise of [consentry(), load({ src: "/banner.js" })]) {
    assert.equal(await Promise.race([promise, new Promise((resolve) => setImmediate(resolve, pending))]), pending);
  }
});

test("html: tag and frame wait for a yes, and the page follows", () =>
  on("/html/", async (page, person) => {
    const film = { contentType: "text/html", body: "How it is made" };
    await person.context.route("https://videos.example.com/**", (route) => route.fulfill(film));
    const asked = [];
    person.context.on("request", (request) => asked.push(request.url()));
    await page.reload();
    const state = page.locator("#state");
    const counted = () => page.evaluate(() => /visits=1/.test(document.cookie));
    await page.waitForLoadState("networkidle");
    assert.deepEqual([await state.textContent(), await counted()], ["off", false]);
    assert.deepEqual(asked.filter((url) => /analytics|videos/.test(url)), []);

    await recorded(page, () => press(page, "Accept all"));
    assert.deepEqual([await state.textContent(), await counted()], ["on", true]);

    await page.locator("footer button").click();
    await recorded(page, () => press(page, "Reject all"));
    assert.equal(await state.textContent(), "off");
  }));

/** The examples in the README: their language and text. */
const examples = [...(await read("npm/README.md")).matchAll(/^```(\w+)\n(.*?)^```/gms)].map(([, language, text]) => [language, text]);
/** The example that has this in it. */
const example = (part) => here(examples.find(([, text]) => text.includes(part))[1]);

test("the examples of the README work together", async () => {
  const head = example('id="consentry-config"') + example("<script src=");
  const own = `<script>counted = 0; count = () => counted++</script><script type="module" src="/readme.js"></script>`;
  files.set("/readme/", `<!doctype html><html lang="en"><head>${head}${own}</head><body>${example("data-src")}</body></html>`);
  files.set("/readme.js", await bundle({ stdin: { contents: example("import {"), resolveDir: file(".") } }));
  files.set("/analytics.js", "window.measured = true");
  await on("/readme/", async (page) => {
    const preferences = page.getByRole("dialog", { name: "Privacy settings" });
    await preferences.waitFor();
    assert.deepEqual(await preferences.getByRole("switch").evaluateAll((all) => all.map(({ name }) => name)), ["analytics", "videos"]);
    await preferences.getByText("Another company learns what you watch.").waitFor();
    await recorded(page, () => press(page, "Accept all"));
    await page.waitForFunction(() => window.measured);
    await page.reload();
    await preferences.waitFor();
    assert.equal(await page.evaluate(() => window.counted), 1);
  });
});

// The package as it is, which needs no bundler.
files.set("/npm.js", await read("npm/index.js"));
files.set("/bare/", `<!doctype html><html lang="en"><head></head><body></body></html>`);
const SRC = `${edge.url}/banner.js`;
const CONFIG = { purposes: { analytics: {}, videos: { title: "Films" } } };

test("load brings the banner once, with its attributes and settings", () =>
  on("/bare/", async (page) => {
    const same = await page.evaluate(
      async ({ src, config }) => {
        const { accepted, consentry, load, on } = await import("/npm.js");
        window.heard = [];
        on("change", ({ analytics, videos }) => window.heard.push([analytics, videos, accepted("videos")]));
        const options = { src, site: "shop", noticeVersion: 3, lang: "de", config };
        const [one, other, third] = await Promise.all([load(options), load(options), consentry()]);
        return one === other && other === third && one === (await load(options)) && one.site;
      },
      { src: SRC, config: CONFIG },
    );
    assert.equal(same, "shop");
    assert.equal(await page.locator("script[src*=banner]").count(), 1);
    await page.getByText("Films").first().waitFor();
    await recorded(page, () => press(page, "Alle akzeptieren"));
    assert.deepEqual(await page.evaluate(() => window.heard), [[true, true, true]]);
  }));

test("a callback that was stopped is not called", () =>
  on("/bare/", async (page) => {
    await page.evaluate(async (src) => {
      const { load, on } = await import("/npm.js");
      window.heard = [];
      on("ready", () => window.heard.push("stopped early"))();
      const stop = on("change", () => window.heard.push("stopped late"));
      on("change", () => window.heard.push("stays"));
      await load({ src, site: "shop" });
      stop();
    }, SRC);
    await recorded(page, () => press(page, "Accept all"));
    assert.deepEqual(await page.evaluate(() => window.heard), ["stays"]);
  }));

test("two sites on one page get each their own settings", () =>
  on("/bare/", async (page) => {
    const asked = await page.evaluate(async (src) => {
      const { load } = await import("/npm.js");
      const of = async (site, purpose) => {
        const consentry = await load({ src, site, config: { purposes: { [purpose]: {} } } });
        return new Promise((resolve) => consentry.on("ready", (consent) => resolve([consentry.site, ...Object.keys(consent)])));
      };
      return Promise.all([of("shop", "videos"), of("demo", "analytics")]);
    }, SRC);
    assert.deepEqual(asked, [["shop", "videos"], ["demo", "analytics"]]);
  }));

nodeTest("load says what went wrong, and the next call tries again", async () => {
  const person = await visitor(browser, edge);
  const page = await person.open(`${origin}/bare/`);
  files.set("/other.js", "");
  const tries = await page.evaluate(
    async ([src, missing, wrong]) => {
      const { load } = await import("/npm.js");
      const why = (src) => load({ src, site: "shop" }).then(({ site }) => site, ({ message }) => message);
      return [await why(missing), await why(wrong), await why(src), document.querySelectorAll("script[src]").length];
    },
    [SRC, `${origin}/missing.js`, `${origin}/other.js`],
  );
  assert.match(tries[0], /missing\.js could not be loaded/);
  assert.match(tries[1], /other\.js arrived and runs no banner/);
  assert.deepEqual(tries.slice(2), ["shop", 1]);
  await person.context.close();
});

nodeTest("load works under the strictest policy with the package's hashes, also where banner.js has to be replaced", async () => {
  const hashes = JSON.parse(await read("npm/dist/integrity.json"));
  const policy = [
    `default-src 'self' ${edge.url}`,
    "require-trusted-types-for 'script'",
    "trusted-types consentry-banner consentry",
  ].join("; ");
  for (const [name, refused] of [["banner.csp.en.js", 0], ["banner.en.js", 1]]) {
    const person = await visitor(browser, edge);
    const page = await person.open(`${origin}/bare/?policy=${encodeURIComponent(policy)}`);
    const site = await page.evaluate(
      async (options) => (await (await import("/npm.js")).load(options)).site,
      { src: `${edge.url}/${name}`, integrity: hashes[name], site: "shop", config: CONFIG },
    );
    assert.equal(site, "shop");
    await page.getByText("Films").first().waitFor();
    assert.equal(person.complaints.filter((text) => text.startsWith("policy")).length, refused, person.complaints.join("\n"));
    await person.context.close();
  }
});
