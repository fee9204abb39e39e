// Which pages may read an answer: those on the exact origins that sites have registered.

import assert from "node:assert/strict";
import { test } from "node:test";
import { call } from "../support/client.mjs";
import { startWorld } from "./world.mjs";

const world = await startWorld();
const ORIGIN = "https://shop.example";
const site = await world.site({ origins: [ORIGIN, "http://localhost:3000"] });

const preflight = (origin, path = "/consent", method = "POST") =>
  call(world.url, "OPTIONS", path, {
    headers: {
      Origin: origin,
      "Access-Control-Request-Method": method,
      "Access-Control-Request-Headers": "authorization,content-type,idempotency-key,consentry-site,consentry-secret",
    },
  });
const read = (headers) => site.call("GET", "/consent/u", { headers });
const list = (answer, name) => (answer.headers.get(name) ?? "").toLowerCase().split(/,\s*/);

test("a registered origin's preflight is allowed with the methods and headers of the API", async () => {
  const answer = await preflight(ORIGIN);
  assert.equal(answer.status, 204);
  assert.equal(answer.headers.get("Access-Control-Allow-Origin"), ORIGIN);
  for (const method of ["get", "post"]) assert.ok(list(answer, "Access-Control-Allow-Methods").includes(method));
  for (const header of ["authorization", "content-type", "idempotency-key", "consentry-site", "consentry-secret"]) {
    assert.ok(list(answer, "Access-Control-Allow-Headers").includes(header), header);
  }
});

test("a registered origin may read answers, and the headers it needs", async () => {
  const answer = await read({ Origin: ORIGIN });
  assert.equal(answer.headers.get("Access-Control-Allow-Origin"), ORIGIN);
  for (const header of ["retry-after", "idempotent-replayed"]) {
    assert.ok(list(answer, "Access-Control-Expose-Headers").includes(header), header);
  }
});

test("a registered origin may read problems too", async () => {
  const answer = await call(world.url, "GET", "/consent/u", { headers: { Origin: ORIGIN } });
  assert.deepEqual([answer.status, answer.headers.get("Access-Control-Allow-Origin")], [401, ORIGIN]);
});

test("each of several origins gets its own", async () => {
  const answer = await read({ Origin: "http://localhost:3000" });
  assert.equal(answer.headers.get("Access-Control-Allow-Origin"), "http://localhost:3000");
});

const STRANGERS = [
  "https://evil.example",
  "http://shop.example",
  "https://shop.example:8443",
  "https://www.shop.example",
  "https://shop.example.evil.example",
  "https://evilshop.example",
  "HTTPS://SHOP.EXAMPLE",
  "null",
  "*",
];
for (const origin of STRANGERS) {
  test(`the origin ${origin} may read nothing`, async () => {
    for (const answer of [await preflight(origin), await read({ Origin: origin })]) {
      for (const name of answer.headers.keys()) assert.doesNotMatch(name, /^access-control-/);
    }
  });
}

const credentials = (answer) => answer.headers.get("Access-Control-Allow-Credentials");

test("a decision may come with cookies, so that its answer may bring one", async () => {
  const body = { anonymous: { site: "nowhere", secret: "" }, decisions: [] };
  const refusal = await call(world.url, "POST", "/consent", { headers: { Origin: ORIGIN }, body });
  for (const answer of [await preflight(ORIGIN), refusal]) assert.equal(credentials(answer), "true");
});

test("so may a browser that asks what to keep", async () => {
  assert.equal(credentials(await preflight(ORIGIN, "/consent/choice")), "true");
});

test("nothing else may come with cookies", async () => {
  const others = ["/consent/grant", "/consent/u", "/identity/link", "/data/delete/u", "/notices/x", "/Consent", "/consent/"];
  for (const path of others) assert.equal(credentials(await preflight(ORIGIN, path)), null, path);
  assert.equal(credentials(await read({ Origin: ORIGIN })), null);
});

test("every answer varies by origin, with or without one", async () => {
  const answers = [await preflight(ORIGIN), await preflight("https://evil.example"), await read({ Origin: ORIGIN }), await read({})];
  for (const answer of answers) assert.ok(list(answer, "Vary").includes("origin"));
});

test("a preflight leaves no event", async () => {
  const before = await world.events();
  await preflight(ORIGIN, "/data/delete/u");
  assert.equal(await world.events(), before);
});
