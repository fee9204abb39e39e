// What the service says about itself, and what it says when it is not set up.

import assert from "node:assert/strict";
import { test } from "node:test";
import { call } from "../support/client.mjs";
import { refused, startWorld } from "./world.mjs";

const world = await startWorld();
const get = (path, options) => call(world.url, "GET", path, options);

test("healthz answers without credentials", async () => {
  const answer = await get("/healthz");
  assert.deepEqual([answer.status, answer.body.status], [200, "ok"]);
  assert.equal((await fetch(`${world.url}/healthz`, { method: "HEAD" })).status, 200);
});

test("the GPC statement is that of the specification", async () => {
  const answer = await get("/.well-known/gpc.json");
  assert.match(answer.headers.get("Content-Type"), /^application\/json/);
  assert.equal(answer.body.gpc, true);
  assert.match(answer.body.lastUpdate, /^\d{4}-\d\d-\d\d$/);
});

test("the API is described in OpenAPI 3.1, every path of it exists", async () => {
  const { body } = await get("/openapi.json");
  assert.match(body.openapi, /^3\.1\./);
  for (const [path, operations] of Object.entries(body.paths)) {
    for (const method of Object.keys(operations)) {
      const answer = await call(world.url, method.toUpperCase(), path.replaceAll(/\{\w+\}/g, "x"));
      assert.notEqual(answer.status, 405, `${method} ${path}`);
      assert.notEqual(answer.body?.detail, "no such path; /docs lists those that exist", `${method} ${path}`);
    }
  }
});

test("the documentation page asks no other host", async () => {
  const page = await get("/docs/");
  assert.equal(page.status, 200);
  assert.doesNotMatch(page.text, /(src|href)="?(https?:)?\/\//);
});

for (const path of ["/banner.js", "/locales/ar.txt"]) {
  test(`pages of other origins, isolated ones too, may load ${path} and nothing else than what it is`, async () => {
    const { status, headers } = await get(path);
    assert.equal(status, 200);
    assert.equal(headers.get("Access-Control-Allow-Origin"), "*");
    assert.equal(headers.get("Cross-Origin-Resource-Policy"), "cross-origin");
    assert.equal(headers.get("X-Content-Type-Options"), "nosniff");
    assert.match(headers.get("Content-Type"), /; charset=utf-8$/);
  });
}

test("banner.js knows the visitor: country, language, Global Privacy Control", async () => {
  const answer = await get("/banner.js", { headers: { "Accept-Language": "fr-FR,fr;q=0.9", "Sec-GPC": "1" } });
  assert.match(answer.headers.get("Content-Type"), /^text\/javascript/);
  assert.match(answer.text, /gdpr\|DE\|fr\|1/);
  assert.doesNotMatch(answer.text, /CONSENTRY_VISITOR/);
});

for (const path of ["/banner.js", "/banner.csp.js"]) {
  test(`${path} speaks the visitor's language, or that of the address`, async () => {
    const texts = async (language) => (await get(`/locales/${language}.txt`)).text;
    const spoken = async (address) => (await get(address, { headers: { "Accept-Language": "tlh, fr-CA;q=0.9, de" } })).text;
    assert.ok((await spoken(path)).includes(await texts("fr")));
    assert.ok((await spoken(`${path}?lang=sv`)).includes(await texts("sv")));
    assert.ok((await spoken(`${path}?lang=../../docs`)).includes(await texts("fr")));
  });
}

test("no header of a visitor becomes code in banner.js", async () => {
  const answer = await get("/banner.js", { headers: { "Accept-Language": '"+alert(1)+"' } });
  assert.doesNotMatch(answer.text, /alert\(1\)/);
  assert.match(answer.text, /gdpr\|DE\|en\|0/);
});

for (const [what, vars] of Object.entries({
  CONSENTRY_SECRET: { CONSENTRY_SECRET: "short" },
  CONSENTRY_ADMIN_SECRET: { CONSENTRY_ADMIN_SECRET: "" },
})) {
  test(`a deployment without ${what} says so and answers nothing else`, async () => {
    const { url } = await startWorld({ vars });
    const problem = refused(await call(url, "GET", "/consent/u1"), 500, "misconfigured");
    assert.match(problem.detail, new RegExp(`\\b${what}\\b`));
  });
}
