// What the embed does to a page: order of tags, regimes, languages, browsers that refuse something.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { makeSite } from "../support/client.mjs";
import { startEdge } from "../support/edge.mjs";
import { PURPOSES, all, cardsOn, nothingRan, openShop, press, recorded, test, visitor } from "./visitor.mjs";

const { edge, browser } = await openShop();

const EMBED = `<script src="/banner.js" data-site="demo"></script>`;
const html = (head, body = "", lang = "en") =>
  `<!doctype html><html lang="${lang}"><head>${EMBED}${head}</head><body>${body}</body></html>`;
const blocked = (purpose, text) => `<script type="text/plain" data-purpose="${purpose}">${text}</script>`;
const shown = (page) => page.locator("#consentry-banner").isVisible();

test("everything is denied before the next tag runs", async () => {
  const person = await visitor(browser, edge);
  const page = await person.openHtml(
    html("<script>window.seen = [dataLayer.filter((entry) => entry[0] === 'consent').map((entry) => [...entry]), Consentry.accepted('analytics')]</script>"),
  );
  const [layer, accepted] = await page.evaluate(() => window.seen);
  assert.deepEqual(layer[0].slice(0, 2), ["consent", "default"]);
  for (const [, , switches] of layer) {
    const granted = Object.keys(switches).filter((name) => switches[name] === "granted");
    assert.deepEqual(granted, ["security_storage"]);
  }
  assert.equal(accepted, false);
  await person.context.close();
});

test("an earlier yes is signalled before the next tag runs", async () => {
  const person = await visitor(browser, edge);
  const page = await person.openHtml(html("<script>window.seen = dataLayer.filter((entry) => entry[0] === 'consent').map((entry) => [...entry]).at(-1)</script>"));
  await recorded(page, () => press(page, "Accept all"));
  await page.reload();
  const [command, kind, switches] = await page.evaluate(() => window.seen);
  assert.deepEqual([command, kind, switches.analytics_storage], ["consent", "update", "granted"]);
  assert.equal(switches.ad_storage, "denied");
  await person.context.close();
});

test("blocked tags keep their order, slow ones included", async () => {
  const person = await visitor(browser, edge);
  await person.context.route("**/slow.js", async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 300));
    await route.fulfill({ contentType: "text/javascript", body: "ran.push('slow')" });
  });
  await person.context.route("**/missing.js", (route) => route.abort());
  const page = await person.openHtml(
    html(
      "<script>window.ran = []</script>",
      blocked("analytics", "ran.push('first')") +
        `<script type="text/plain" data-purpose="analytics" src="/slow.js"></script>` +
        `<script type="text/plain" data-purpose="analytics" src="/missing.js"></script>` +
        blocked("inference", "ran.push('second')") +
        `<script type="text/plain" data-purpose="analytics" data-type="module">ran.push('module ' + import.meta.url.length)</script>` +
        blocked("no_such_purpose", "ran.push('never')"),
    ),
  );
  assert.deepEqual(await page.evaluate(() => window.ran), []);
  await press(page, "Accept all");
  await page.waitForFunction(() => window.ran.length >= 4);
  const ran = await page.evaluate(() => window.ran);
  assert.deepEqual(ran.slice(0, 3), ["first", "slow", "second"]);
  assert.match(ran[3], /^module/);
  assert.equal(ran.length, 4);
  await person.context.close();
});

test("a storage that is full can't break anything either", async () => {
  const person = await visitor(browser, edge);
  await person.context.addInitScript(() => {
    Storage.prototype.setItem = () => {
      throw new DOMException("full", "QuotaExceededError");
    };
  });
  const page = await person.openHtml(html(""));
  const answer = await recorded(page, () => press(page, "Reject all"));
  assert.equal(answer.records.length, PURPOSES.length);
  assert.equal(await shown(page), false);
  await person.context.close();
});

test("a page of another origin embeds the widget and its decisions arrive", async () => {
  // A server of its own: a browser trusts a page that a test makes up too little to let it ask 127.0.0.1.
  const embed = `<script src="${edge.url}/banner.js" data-site="shop" data-purposes="analytics"></script>`;
  const server = createServer((_request, response) => {
    response.setHeader("Content-Type", "text/html");
    response.end(`<!doctype html><html lang="en"><head>${embed}<link rel="icon" href="data:,"></head><body></body></html>`);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const origin = `http://localhost:${server.address().port}`;
  const shop = await makeSite(edge.url, { site: "shop", origins: [origin] });
  const person = await visitor(browser, edge);
  const page = await person.open(origin);
  const answer = await recorded(page, () => press(page, "Accept all"));
  assert.deepEqual(answer.records.map(({ purpose, status }) => [purpose, status]), [["analytics", "granted"]]);
  const { body } = await shop.call("GET", `/consent/${encodeURIComponent(answer.user_id)}`);
  assert.equal(body.consent.analytics.status, "granted");
  assert.equal(body.consent.model_training.status, "pending");
  assert.deepEqual(person.complaints, []);
  await person.context.close();
  server.close();
});

test("a choice in one tab is known in the other", async () => {
  const person = await visitor(browser, edge);
  const [one, other] = [await person.open(), await person.open()];
  await recorded(one, () => press(one, "Accept all"));
  await other.locator("#consentry-banner").waitFor({ state: "hidden" });
  await cardsOn(other, ...PURPOSES);
  assert.deepEqual(await person.record(one), all("granted"));
  await person.context.close();
});

test("the page's language counts first, then the visitor's", async () => {
  const person = await visitor(browser, edge, { locale: "de-AT" });
  const german = await person.openHtml(html("", "", ""));
  assert.equal(await german.locator("#consentry-banner").getAttribute("lang"), "de");
  await press(german, "Alle ablehnen");
  await person.context.close();

  const french = await visitor(browser, edge, { locale: "de-AT" });
  const page = await french.openHtml(html("", "", "fr-CA"));
  assert.equal(await page.locator("#consentry-banner").getAttribute("lang"), "fr");
  await press(page, "Tout refuser");
  await french.context.close();
});

test("in the USA all but training is allowed until a no, and Global Privacy Control is one", async () => {
  const america = await startEdge({ cf: { country: "US" } });
  try {
    await makeSite(america.url);
    const free = await visitor(browser, america);
    const page = await free.open();
      await cardsOn(page, "analytics", "inference", "personalization");
    await recorded(page, () => press(page, "Reject all"));
    await page.reload();
    await nothingRan(page);
    await free.context.close();

    const opted = await visitor(browser, america, { extraHTTPHeaders: { "Sec-GPC": "1" } });
    await nothingRan(await opted.open());
    await opted.context.close();
  } finally {
    await america.stop();
  }
});

test("the banner shifts nothing", async () => {
  const person = await visitor(browser, edge);
  const page = await person.open();
  await page.locator("#consentry-banner").waitFor();
  const shifts = await page.evaluate(
    () =>
      new Promise((resolve) => {
        const seen = [];
        const what = ({ node, previousRect, currentRect }) => [node?.outerHTML ?? node?.data, previousRect, currentRect].map((part) => JSON.stringify(part));
        new PerformanceObserver((list) =>
          list.getEntries().forEach(({ value, sources }) => seen.push({ value, sources: sources.map(what) })),
        ).observe({ type: "layout-shift", buffered: true });
        setTimeout(() => resolve(seen), 300);
      }),
  );
  assert.deepEqual(shifts, []);
  await person.context.close();
});

test("a page that embeds a site twice is asked once", async () => {
  const person = await visitor(browser, edge);
  const page = await person.openHtml(html(EMBED));
  await recorded(page, () => press(page, "Accept all"));
  assert.equal(await page.locator(".consentry-banner").count(), 1);
  assert.equal(await page.locator("#consentry-reopen").count(), 1);
  assert.deepEqual(person.complaints, []);
  await person.context.close();
});
