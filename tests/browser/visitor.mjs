// A visitor with a browser of their own, for the tests of the whole path.
//
// Owns what a test may see of one: the page, what it complained about, and the record that the Worker holds of them.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, test as nodeTest } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import axe from "axe-core";
import { launchChromium } from "../support/chromium.mjs";
import { makeSite } from "../support/client.mjs";
import { startEdge } from "../support/edge.mjs";

export const PURPOSES = ["model_training", "inference", "analytics", "personalization"];

/**
 * A Worker with the site `demo`, and a browser; both end with the test file.
 *
 * @param {{ cf?: Record<string, unknown> } & Record<string, unknown>} [options] where visitors are; the rest is the site's own settings
 */
export async function openShop({ cf, ...settings } = {}) {
  const edge = await startEdge({ cf });
  after(() => edge.stop());
  const site = await makeSite(edge.url, settings);
  const browser = await launchChromium();
  after(() => browser.close());
  return { edge, site, browser };
}

/** The scripts that carry the widget: as WebAssembly, and translated into JavaScript. */
export const ARTEFACTS = ["banner.js", "banner.csp.js"];

// Tests of a file run one after the other.
let artefact = ARTEFACTS[0];

/** A test that either artefact has to pass: whoever asks for `/banner.js`, or that of a language, gets the one that it is about. */
export function test(name, run) {
  for (const each of ARTEFACTS) {
    nodeTest(`${each}: ${name}`, async (context) => {
      artefact = each;
      try {
        await run(context);
      } finally {
        artefact = ARTEFACTS[0];
      }
    });
  }
}

/**
 * A new visitor with an empty browser.
 *
 * @param {import("playwright-core").Browser} browser
 * @param {{ url: string }} edge where the Worker answers
 * @param {import("playwright-core").BrowserContextOptions} [options]
 */
export async function visitor(browser, edge, options = {}) {
  const context = await browser.newContext({ locale: "en-GB", reducedMotion: "reduce", ...options });
  context.setDefaultTimeout(20_000);
  if (artefact !== ARTEFACTS[0]) {
    await context.route(/\/banner\.(?!csp\.)([\w-]+\.)?js(?=$|\?)/, (route) =>
      route.continue({ url: route.request().url().replace("/banner.", "/banner.csp.") }),
    );
  }
  const complaints = [];
  await context.exposeBinding("complain", (_source, text) => complaints.push(text));
  await context.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      window.complain(`policy: ${event.violatedDirective} ${event.blockedURI}`);
    });
  });

  return {
    artefact,
    context,
    complaints,

    /** Opens a page by its path on the edge, by default the demo, or by its whole address. */
    async open(path = "/") {
      const page = await context.newPage();
      page.on("console", (message) => {
        if (message.type() === "error") complaints.push(`console: ${message.text()}`);
      });
      page.on("pageerror", (error) => complaints.push(`script: ${error}`));
      await page.goto(new URL(path, edge.url).href);
      return page;
    },

    /** Opens a page with this HTML, which the edge doesn't have but might; also by another name of its host. */
    async openHtml(html, { headers = {}, origin = edge.url } = {}) {
      const url = `${origin}/made-up.html`;
      await context.route(url, (route) => route.fulfill({ contentType: "text/html; charset=utf-8", headers, body: html }));
      return this.open(url);
    },

    /** The secret that the browser keeps, if any. */
    async secret(page) {
      return page.evaluate(() => localStorage.getItem("consentry.demo.secret"));
    },

    /** The status of each purpose as the Worker holds it, asked with nothing but the visitor's secret. */
    async record(page) {
      const secret = await this.secret(page);
      const answer = await fetch(`${edge.url}/consent/${encodeURIComponent(userId(secret))}`, {
        headers: { "Consentry-Site": "demo", "Consentry-Secret": secret },
      });
      assert.equal(answer.status, 200);
      const { consent } = await answer.json();
      return Object.fromEntries(Object.entries(consent).map(([purpose, { status }]) => [purpose, status]));
    },

    /** Everything that is held about the visitor, as the site's backend exports it. */
    async exported(page, site) {
      const id = encodeURIComponent(userId(await this.secret(page)));
      const { status, body } = await site.call("GET", `/data/export/${id}`);
      assert.equal(status, 200);
      return body;
    },

    /** `[purpose, status]` of everything ever recorded about the visitor, oldest first. */
    async history(page, site) {
      const { consent_history: history } = await this.exported(page, site);
      return history.map(({ purpose, status }) => [purpose, status]);
    },
  };
}

/** A page that embeds the widget: attributes of the tag, a configuration before it, more in the head, the body. */
export function embedding(attributes = "", { config, head = "", body = "", src = "/banner.js" } = {}) {
  const text = config && (typeof config === "string" ? config : JSON.stringify(config));
  const block = config ? `<script type="application/json" id="consentry-config">${text}</script>` : "";
  return `<!doctype html><html lang="en"><head>${block}<script src="${src}" data-site="demo" ${attributes}></script>
    ${head}<link rel="icon" href="data:,"></head><body>${body}<main>Page</main></body></html>`;
}

/** Has a new visitor do something on such a page, who sees no complaint but `expected`. */
export async function visit({ browser, edge }, html, act, { expected = [], ...options } = {}) {
  const person = await visitor(browser, edge, options);
  const page = await person.openHtml(html, options);
  await act(page, person);
  assert.deepEqual(person.complaints, expected);
  await person.context.close();
}

/** Whether a purpose may be used, as the page asks. */
export const accepted = (page, ...purposes) =>
  page.evaluate((purposes) => purposes.map((purpose) => window.Consentry.accepted(purpose)), purposes);

/** The id of whoever holds a secret. */
export function userId(secret) {
  return `anonymous:${createHash("sha256").update(Buffer.from(secret, "base64url")).digest("base64url")}`;
}

/** Every purpose with the same status. */
export function all(status) {
  return Object.fromEntries(PURPOSES.map((purpose) => [purpose, status]));
}

/** Presses a button of the widget, in whatever of it is shown. */
export async function press(page, name) {
  const shown = page.locator("#consentry-banner button, #consentry-preferences button, #consentry-reopen");
  await shown.filter({ hasText: name, visible: true }).click();
  // The preferences come with the part that is loaded after the banner.
  if (name === "Choose") await page.locator("#consentry-preferences").waitFor();
}

/** Does something in a page and waits until the Worker has recorded what follows from it: its answer. */
export async function recorded(page, act) {
  await page.evaluate(() => {
    window.recorded = new Promise((resolve, reject) => {
      document.addEventListener("consentry:recorded", (event) => resolve(event.detail), { once: true });
      // A test that waits for ever tells nothing.
      setTimeout(() => reject(new Error("nothing was recorded")), 20_000);
    });
  });
  await act();
  return page.evaluate(() => window.recorded);
}

/** Asks until the answer is as it should be, for as long as a busy machine may take; the last answer. */
export async function eventually(ask, holds) {
  for (let tries = 0; ; tries++) {
    const answer = await ask();
    if (holds(answer) || tries === 400) return answer;
    await sleep(50);
  }
}

/** Waits until exactly these purposes' cards on the demo are on. */
export async function cardsOn(page, ...purposes) {
  const wanted = purposes.sort().join(" ");
  const seen = () =>
    page.locator("[data-tile].is-on").evaluateAll((cards) => cards.map((card) => card.dataset.tile).sort().join(" "));
  // The tags run one after the other, each loaded from the server.
  assert.equal(await eventually(seen, (now) => now === wanted), wanted);
}

/** Waits until the page has come to rest and sees that no demo tag was even loaded. */
export async function nothingRan(page) {
  await page.waitForLoadState("networkidle");
  const tags = await page.evaluate(() =>
    performance.getEntriesByType("resource").filter((entry) => entry.name.includes("/tags/")).map((entry) => entry.name),
  );
  assert.deepEqual(tags, []);
  await cardsOn(page);
}

/** What axe-core finds wrong with a page, or can't tell, each with where. Its script is the test's own, whatever the page's policy. */
export async function faults(page) {
  await page.evaluate(axe.source);
  return page.evaluate(async (rules) => {
    const { violations, incomplete } = await window.axe.run(document, { runOnly: rules });
    return [...violations, ...incomplete].flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target}`));
  }, ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]);
}
