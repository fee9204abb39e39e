// What a call costs in D1, where a written row costs a thousand read ones and every round trip costs the caller time.

import assert from "node:assert/strict";
import { test } from "node:test";
import { about, startWorld } from "./world.mjs";

const world = await startWorld({ vars: { BENCH: "on" } });
const site = await world.site();

/** What the Worker says of one call, as the meta of D1's results has it. */
function cost(answer) {
  assert.ok(answer.status < 300, answer.text);
  const parts = answer.headers.get("Consentry-D1").split(";").map((part) => part.split("="));
  return Object.fromEntries(parts.map(([name, value]) => [name, Number(value)]));
}

const grant = (key) =>
  site.call("POST", "/consent/grant", {
    headers: key === undefined ? {} : { "Idempotency-Key": key },
    body: { user_id: "u1", purpose: "analytics", notice: { version: 1, language: "en" } },
  });

test("a grant is one round trip and two written rows, three with an Idempotency-Key", async () => {
  await grant();
  const plain = cost(await grant());
  assert.deepEqual([plain.queries, plain.written], [1, 2]);
  const keyed = cost(await grant("k1"));
  assert.deepEqual([keyed.queries, keyed.written], [1, 3]);
});

test("a batch of four is one round trip", async () => {
  const decisions = ["model_training", "inference", "analytics", "personalization"].map((purpose) => ({ purpose, status: "revoked" }));
  const { queries, written } = cost(await site.call("POST", "/consent", { body: { user_id: "u2", decisions } }));
  assert.deepEqual([queries, written], [1, 8]);
});

for (const [what, path] of [
  ["the status", about("/consent", "u1")],
  ["a decision", `${about("/consent", "u1")}/analytics`],
  ["a page of the export", about("/data/export", "u1")],
  ["a page of the audit trail", about("/audit", "u1")],
]) {
  test(`${what} is one round trip, with its event`, async () => {
    const { queries, written } = cost(await site.call("GET", path));
    assert.deepEqual([queries, written], [1, 2]);
  });
}

test("reading the status does not wade through earlier reads", async () => {
  await grant();
  const before = cost(await site.call("GET", about("/consent", "u3"))).read;
  for (let n = 0; n < 50; n += 1) await site.call("GET", about("/consent", "u3"));
  assert.equal(cost(await site.call("GET", about("/consent", "u3"))).read, before);
});

test("no other Worker tells", async () => {
  const other = await startWorld();
  const answer = await (await other.site()).call("GET", about("/consent", "u1"));
  assert.equal(answer.headers.get("Consentry-D1"), null);
});
