// Our banner beside those of others, on one page each, in one run: prints a JSON array with a row for each.
//
// Owns the pages, the slow network and what is measured. A server of its own sends everything compressed, as a host would. The
// figures of two runs can't be compared: a busy machine moves them by a third.

import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync } from "node:zlib";
import { launchChromium } from "./chromium.mjs";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const ROUNDS = Number(process.argv[2] ?? 9);

// 1.6 Mbit/s with 150 ms, and a processor at a quarter of its speed: a cheap phone in the country.
const NETWORK = { offline: false, latency: 150, downloadThroughput: 200_000, uploadThroughput: 94_000 };
const CPU_SLOWDOWN = 4;

const dist = (name) => join(root, "www/dist", name);
const npm = (name) => join(root, "node_modules", name);
/** What our banner loads once it is on the screen. */
const LATER = dist("more.en.js");
const script = (name) => `<script src="/${name}" data-site="bench"></script>`;
const purposes = ["training", "inference", "analytics", "personalisation"];

/** The page: the files it needs, its head, and what is its banner. Each asks in English for four purposes. */
const WIDGETS = {
  "Consentry banner.js": {
    files: [dist("banner.en.js")],
    head: script("banner.en.js"),
    banner: "#consentry-banner",
  },
  "Consentry banner.csp.js": {
    files: [dist("banner.csp.en.js")],
    head: script("banner.csp.en.js"),
    banner: "#consentry-banner",
  },
  "Orejime 3.2.1": {
    files: [npm("orejime/dist/orejime-standard-en.js"), npm("orejime/dist/orejime-standard.css")],
    head: `<link rel="stylesheet" href="/orejime-standard.css"><script>window.orejimeConfig = ${JSON.stringify({
      privacyPolicyUrl: "/privacy",
      purposes: purposes.map((id) => ({ id, title: id, description: "Your data is used for this.", cookies: [] })),
    })}</script><script src="/orejime-standard-en.js"></script>`,
    banner: ".orejime-Banner",
  },
  "vanilla-cookieconsent 3.1.0": {
    files: [npm("vanilla-cookieconsent/dist/cookieconsent.umd.js"), npm("vanilla-cookieconsent/dist/cookieconsent.css")],
    head: `<link rel="stylesheet" href="/cookieconsent.css"><script src="/cookieconsent.umd.js"></script><script>
      addEventListener("DOMContentLoaded", () => CookieConsent.run(${JSON.stringify({
        // A browser under control counts as one.
        hideFromBots: false,
        categories: Object.fromEntries(purposes.map((id) => [id, {}])),
        language: {
          default: "en",
          translations: {
            en: {
              consentModal: {
                title: "Your data, your choice",
                description: "We would like to use data about your visit for the purposes below.",
                acceptAllBtn: "Accept all",
                acceptNecessaryBtn: "Reject all",
                showPreferencesBtn: "Choose",
              },
              preferencesModal: { title: "Privacy settings", sections: [{ title: "Your data", description: "Choose." }] },
            },
          },
        },
      })}))</script>`,
    banner: "#cc-main .cm",
  },
  "klaro 0.7.22": {
    files: [npm("klaro/dist/klaro.js")],
    head: `<script>window.klaroConfig = ${JSON.stringify({
      lang: "en",
      acceptAll: true,
      services: purposes.map((name) => ({ name, title: name, purposes: [name] })),
    })}</script><script defer src="/klaro.js"></script>`,
    banner: ".klaro .cookie-notice",
  },
};

const TEXT = "A page has something to say before anybody asks about data, and it says it in more than one line. ".repeat(6);
const page = ({ head }) => `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Bench</title>
<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">${head}</head>
<body><h1>A normal page</h1>${`<p>${TEXT}</p>`.repeat(12)}</body></html>`;

/** Runs in the page before anything else: notes when the banner is on the screen, and what the page went through. */
function watch(selector) {
  const seen = (window.seen = { shift: 0, longest: 0 });
  const observe = (type, note) => new PerformanceObserver((list) => list.getEntries().forEach(note)).observe({ type, buffered: true });
  observe("layout-shift", ({ value }) => (seen.shift += value));
  observe("longtask", ({ duration }) => (seen.longest = Math.max(seen.longest, duration)));
  observe("largest-contentful-paint", ({ element }) => (seen.largest = element));
  // A message that is posted while a frame is made arrives once it is made.
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => (seen.at = performance.now());
  const look = () => {
    const banner = document.querySelector(selector);
    const { width = 0, height = 0 } = banner?.getBoundingClientRect() ?? {};
    const style = banner && getComputedStyle(banner);
    const shown = width * height > 0 && style.visibility === "visible" && Number(style.opacity) > 0.1;
    if (shown) port2.postMessage(0);
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}

const nameOf = (file) => file.split("/").at(-1);

async function serve() {
  const ready = new Map();
  for (const [name, widget] of Object.entries(WIDGETS)) {
    ready.set(`/${encodeURIComponent(name)}`, ["text/html; charset=utf-8", brotliCompressSync(page(widget))]);
    for (const file of widget.files) {
      const type = file.endsWith(".css") ? "text/css" : "text/javascript; charset=utf-8";
      ready.set(`/${nameOf(file)}`, [type, brotliCompressSync(readFileSync(file))]);
    }
  }
  ready.set(`/${nameOf(LATER)}`, ["text/javascript; charset=utf-8", brotliCompressSync(readFileSync(LATER))]);
  const server = createServer((request, response) => {
    const [type, body] = ready.get(request.url) ?? [];
    if (!body) return response.writeHead(404).end();
    response.writeHead(200, { "Content-Type": type, "Content-Encoding": "br", "Cache-Control": "no-store" });
    response.end(body);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, bytes: ({ files }) => files.reduce((sum, file) => sum + ready.get(`/${nameOf(file)}`)[1].length, 0) };
}

async function measure(browser, url, { banner }) {
  const context = await browser.newContext({ viewport: { width: 412, height: 823 }, locale: "en-GB" });
  const tab = await context.newPage();
  await tab.addInitScript(watch, banner);
  const devtools = await context.newCDPSession(tab);
  await devtools.send("Network.enable");
  await devtools.send("Network.emulateNetworkConditions", NETWORK);
  await devtools.send("Emulation.setCPUThrottlingRate", { rate: CPU_SLOWDOWN });
  await tab.goto(url);
  await tab.waitForFunction(() => window.seen.at);
  await tab.waitForTimeout(600);
  const seen = await tab.evaluate((banner) => {
    const { at, shift, longest, largest } = window.seen;
    return { at, shift, longest, largest: Boolean(largest?.closest(banner)) };
  }, banner);
  await context.close();
  return seen;
}

const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

const { server, bytes } = await serve();
const browser = await launchChromium();
const seen = new Map(Object.keys(WIDGETS).map((name) => [name, []]));
// The first round of all warms browser and disk and counts for nothing. In each, everybody has a turn, so that what else the
// machine does falls on all alike.
for (let round = 0; round <= ROUNDS; round++) {
  for (const [name, widget] of Object.entries(WIDGETS)) {
    const one = await measure(browser, `http://127.0.0.1:${server.address().port}/${encodeURIComponent(name)}`, widget);
    if (round > 0) seen.get(name).push(one);
  }
}
await browser.close();
server.close();

const rows = Object.entries(WIDGETS).map(([widget, page]) => {
  const of = (key) => seen.get(widget).map((one) => one[key]);
  return {
    widget,
    brotli: bytes(page),
    visible_ms: Math.round(median(of("at"))),
    fastest_ms: Math.round(Math.min(...of("at"))),
    slowest_ms: Math.round(Math.max(...of("at"))),
    layout_shift: Math.max(...of("shift")).toFixed(3),
    longest_task_ms: Math.round(median(of("longest"))),
    largest_paint: of("largest").some(Boolean) ? "yes" : "no",
  };
});
console.log(JSON.stringify(rows));
