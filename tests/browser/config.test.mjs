// What a site says about itself, and what its developers can ask for: words and purposes of its own, callbacks, events, a widget
// that comes late, two sites on one page.

import assert from "node:assert/strict";
import { makeSite } from "../support/client.mjs";
import { accepted, embedding, openShop, press, recorded, test, visit, visitor } from "./visitor.mjs";

const shop = await openShop({ purposes: ["videos", "fraud_checks"] });
const { edge, site, browser } = shop;
const blog = await makeSite(edge.url, { site: "blog", purposes: ["videos"] });

const on = (html, act, options) => visit(shop, html, act, options);
const banner = (page) => page.locator("#consentry-banner");
const names = (page) => banner(page).locator("li").allTextContents();

const HOSTILE = `<img src=x onerror=alert(1)> & "Büro"\nnext line`;
const OWN = {
  purposes: {
    videos: { title: { en: "Films", de: "Filme" }, text: { en: HOSTILE, de: "Was Sie ansehen" } },
    analytics: {},
    fraud_checks: { title: "Checks", text: "Same in every language" },
  },
  texts: { en: { title: HOSTILE, save: "Keep it" }, de: { title: "Eigener Titel" } },
};

test("a site has its own words and purposes, which are text and nothing else", () =>
  on(embedding('data-purposes="inference"', { config: OWN }), async (page, person) => {
    assert.equal(await banner(page).locator("h2").textContent(), HOSTILE);
    assert.deepEqual(await names(page), ["Films", "Statistics", "Checks"]);
    await press(page, "Choose");
    const dialog = page.locator("#consentry-preferences");
    const about = await dialog.locator(".consentry-about p:first-child").allTextContents();
    assert.deepEqual([about[0], about[2]], [HOSTILE, "Same in every language"]);
    assert.equal(await page.locator(".consentry img").count(), 0);
    await page.getByRole("switch", { name: "Films" }).check();
    await recorded(page, () => press(page, "Keep it"));
    const history = await person.history(page, site);
    assert.deepEqual(history, [["videos", "granted"], ["analytics", "revoked"], ["fraud_checks", "revoked"]]);
  }));

test("in the language of the page", () =>
  on(embedding('data-lang="de"', { config: OWN }), async (page) => {
    await page.locator("#consentry-banner[lang=de]").waitFor();
    assert.equal(await banner(page).locator("h2").textContent(), "Eigener Titel");
    assert.deepEqual(await names(page), ["Filme", "Statistik", "Checks"]);
  }));

test("the privacy policy is linked, unless its address is none of the web", async () => {
  const link = banner;
  for (const [address, href] of [
    ["https://example.com/privacy?a=b", "https://example.com/privacy?a=b"],
    ["/privacy", `${edge.url}/privacy`],
    ["javascript:alert(1)", undefined],
    ["data:text/html,x", undefined],
    ["https://", undefined],
  ]) {
    await on(embedding("", { config: { privacy_policy: address } }), async (page) => {
      const links = await link(page).locator("a").evaluateAll((all) => all.map(({ href, textContent }) => [href, textContent]));
      assert.deepEqual(links, href ? [[href, "Privacy policy"]] : [], address);
    });
  }
});

test("a configuration that can't be read is said to be none, and the defaults are asked about, denied", async () => {
  for (const config of ["{", "null", '{"purposes": {"analytics": null}}']) {
    const person = await visitor(browser, edge);
    const page = await person.openHtml(embedding("", { config, head: "<script>dataLayer.push({ event: 'next' })</script>" }));
    assert.equal((await names(page)).length, 4, config);
    assert.deepEqual(await accepted(page, "analytics"), [false]);
    assert.equal(person.complaints.length, 1, config);
    assert.match(person.complaints[0], /^console: Consentry leaves out #consentry-config: ./);
    await person.context.close();
  }
});

test("one entry needs no list, and the address of the API may be relative to the page", () => {
  const config = {
    purposes: { analytics: { block: "https://tags.example/" } },
    consent_mode_defaults: { region: ["US-CA"], ad_storage: "denied" },
  };
  return on(embedding('data-api="/"', { config }), async (page) => {
    assert.deepEqual(await names(page), ["Statistics"]);
    const answer = await recorded(page, () => press(page, "Accept all"));
    assert.deepEqual(answer.records.map(({ purpose }) => purpose), ["analytics"]);
  });
});

test("whatever the widget stumbles over, Consent Mode was told to deny before", async () => {
  const person = await visitor(browser, edge);
  const config = '{"purposes": {"analytics": {"block": 5}}, "consent_mode_defaults": 5}';
  const page = await person.openHtml(embedding("", { config }));
  const first = await page.evaluate(() => [...window.dataLayer[0]]);
  assert.deepEqual([first[0], first[1], first[2].ad_storage], ["consent", "default", "denied"]);
  await person.context.close();
});

/** Notes what a page is called back with, before and after the widget is there. */
const LISTENING = `<script>
  window.heard = [];
  for (const name of ["ready", "first", "change"]) {
    document.addEventListener("consentry:" + name, ({ detail }) => heard.push("event " + name + " " + detail.analytics));
  }
  (window.Consentry ||= []).push((consentry) => {
    heard.push("load " + consentry.site + " " + consentry.accepted("analytics"));
    for (const name of ["ready", "first", "change"]) {
      consentry.on(name, ({ analytics }) => heard.push(name + " " + analytics));
    }
  });
</script>`;
const listening = (attributes, options) => embedding(attributes, options).replace("<script src", `${LISTENING}<script src`);
const heard = (page) => page.evaluate(() => window.heard.splice(0));

test("a page hears of what is known, of the first decision and of changes, each once", () =>
  on(listening(), async (page) => {
    assert.deepEqual(await heard(page), ["load demo false", "event ready false", "ready false"]);
    await press(page, "Accept all");
    assert.deepEqual(await heard(page), ["event first true", "first true", "event change true", "change true"]);
    await press(page, "Privacy settings");
    await press(page, "Reject all");
    assert.deepEqual(await heard(page), ["event change false", "change false"]);
    await page.evaluate(() => window.Consentry.on("ready", ({ analytics }) => window.heard.push(`late ${analytics}`)));
    assert.deepEqual(await heard(page), ["late false"]);
    await page.reload();
    assert.deepEqual(await heard(page), ["load demo false", "event ready false", "ready false"]);
  }));

test("another tab hears of a change and of no first decision", () =>
  on(listening(), async (page, person) => {
    const other = await person.openHtml(listening());
    await banner(other).waitFor();
    await other.waitForFunction(() => document.querySelector("#consentry-reopen"));
    await heard(other);
    await press(page, "Accept all");
    await other.waitForFunction(() => window.heard.length);
    assert.deepEqual(await heard(other), ["event change true", "change true"]);
  }));

/** A tag that asks as soon as it may run. */
const ASKING = `<script type="text/plain" data-purpose="analytics">
  window.heard = [Consentry.accepted("analytics")];
  Consentry.on("ready", ({ analytics }) => heard.push(analytics));
</script>`;
const EMBED_BEFORE = embedding("", { body: ASKING });
const EMBED_AFTER = embedding("", { src: "data:text/javascript,", body: `${ASKING}<script src="/banner.js" data-site="demo"></script>` });

for (const [where, html] of Object.entries({ before: EMBED_BEFORE, after: EMBED_AFTER })) {
  test(`a tag that is let loose by a widget ${where} it finds that, and hears once what is known`, () =>
    on(html, async (page) => {
      await press(page, "Accept all");
      assert.deepEqual(await heard(page), [true, true]);
      await page.reload();
      assert.deepEqual(await heard(page), [true, true]);
    }));
}

test("who stops listening hears no more, and who fails harms nobody", () =>
  on(listening(), async (page) => {
    await page.evaluate(() => {
      const { Consentry, heard } = window;
      const stop = Consentry.on("change", () => heard.push("stopped"));
      Consentry.push(() => {
        throw new Error("in push");
      });
      Consentry.on("ready", () => {
        throw new Error("in ready");
      });
      Consentry.on("change", () => {
        throw new Error("in change");
      });
      Consentry.on("change", () => heard.push("stays"));
      stop();
      stop();
    });
    await heard(page);
    await recorded(page, () => press(page, "Accept all"));
    assert.deepEqual((await heard(page)).filter((word) => word.startsWith("st")), ["stays"]);
    assert.equal(await banner(page).isVisible(), false);
  }, { expected: ["in push", "in ready", "in change"].map((where) => `script: Error: ${where}`) }));

test("a page that adds the widget later gets it", () =>
  on(embedding("", { src: "data:text/javascript," }), async (page) => {
    await page.evaluate(
      () =>
        new Promise((resolve) => {
          window.Consentry = [({ site }) => resolve(site)];
          const script = document.createElement("script");
          Object.assign(script.dataset, { site: "demo", purposes: "videos" });
          script.src = "/banner.js";
          document.head.append(script);
        }),
    );
    await banner(page).waitFor();
    await recorded(page, () => press(page, "Accept all"));
    assert.deepEqual(await accepted(page, "videos"), [true]);
  }));

test("a page whose tools make a module of every script gets it as well", () =>
  on(embedding('type="module" data-purposes="videos"'), async (page) => {
    await banner(page).waitFor();
    await recorded(page, () => press(page, "Accept all"));
    assert.deepEqual(await accepted(page, "videos"), [true]);
  }));

const TWO = embedding('data-purposes="analytics"', {
  head: `<script type="application/json" id="consentry-config-blog">{"purposes": {"videos": {"title": "Films"}},
    "consent_mode_defaults": [{"ad_storage": "granted"}]}</script>
    <script src="/banner.js" data-site="blog"></script>`,
  body: `<script>window.ran = ""</script><script type="text/plain" data-purpose="analytics">ran += "demo "</script>
    <script type="text/plain" data-purpose="videos" data-site="blog">ran += "blog "</script>
    <script type="text/plain" data-purpose="videos">ran += "nobody "</script>
    <button data-consentry-open="" data-site="blog">Blog</button>`,
});

test("two sites on one page ask one after the other and share nothing", () =>
  on(TWO, async (page, person) => {
    const asking = page.locator(".consentry-banner").filter({ visible: true });
    const answer = async (name) => {
      await page.waitForFunction(() => document.querySelectorAll(".consentry-corner").length === 2);
      assert.equal(await asking.count(), 1);
      const text = await asking.locator("li").textContent();
      const { user_id, records } = await recorded(page, () => asking.getByRole("button", { name }).click());
      return { text, user_id, purposes: records.map(({ purpose, status }) => `${purpose} ${status}`) };
    };
    const [first, second] = [await answer("Accept all"), await answer("Accept all")];
    const answers = [first, second].sort((one, other) => (one.text > other.text ? 1 : -1));
    assert.deepEqual(answers.map(({ text, purposes }) => [text, ...purposes]), [
      ["Films", "videos granted"],
      ["Statistics", "analytics granted"],
    ]);
    const [films, statistics] = answers.map(({ user_id }) => encodeURIComponent(user_id));
    assert.notEqual(films, statistics);
    assert.equal((await blog.call("GET", `/consent/${films}`)).body.consent.videos.status, "granted");
    assert.equal((await site.call("GET", `/consent/${statistics}`)).body.consent.analytics.status, "granted");
    assert.equal(await page.evaluate(() => window.ran.split(" ").sort().join(" ").trim()), "blog demo");

    const ids = await page.locator("[id]").evaluateAll((all) => all.map(({ id }) => id));
    assert.equal(new Set(ids).size, ids.length);
    // Both ways back can be pressed; those of one don't lie on those of the other.
    for (const reopen of ["#consentry-reopen", "#consentry-blog-reopen"]) {
      await page.locator(reopen).click();
      await page.keyboard.press("Escape");
    }
    await page.getByRole("button", { name: "Blog" }).click();
    assert.equal(await page.getByRole("dialog").getByRole("switch").getAttribute("name"), "videos");
    assert.deepEqual(await page.evaluate(() => [window.Consentry.site, Object.keys(window.Consentry.sites)]), ["demo", ["demo", "blog"]]);
    const kept = await page.evaluate(() => Object.keys(localStorage).sort());
    assert.deepEqual(kept, ["consentry.blog.choice", "consentry.blog.secret", "consentry.demo.choice", "consentry.demo.secret"]);
    assert.equal(person.complaints.length, 0);
  }));

test("of two sites only the first signals", () =>
  on(TWO, async (page) => {
    const layer = () => page.evaluate(() => window.dataLayer.map((entry) => (entry.event ? Object.keys(entry.consent).join() : entry[1])));
    assert.deepEqual(await layer(), ["default", "update", "analytics"]);
    await page.evaluate(() => window.Consentry.sites.blog.show());
    await page.locator("#consentry-blog-preferences").getByRole("button", { name: "Accept all" }).click();
    assert.deepEqual(await layer(), ["default", "update", "analytics"]);
    assert.equal((await page.evaluate(() => window.clarity.q)).length, 2);
    assert.equal((await page.evaluate(() => window.uetq)).length, 6);
  }));
