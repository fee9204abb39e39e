import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { call } from "./client.mjs";
import { startEdge } from "./edge.mjs";

test("two edges at once have an address and a database each", async (t) => {
  const edges = await Promise.all([startEdge(), startEdge()]);
  t.after(() => Promise.all(edges.map((edge) => edge.stop())));
  assert.notEqual(edges[0].url, edges[1].url);
  assert.notEqual(edges[0].databaseFile, edges[1].databaseFile);
  for (const edge of edges) {
    assert.equal((await call(edge.url, "GET", "/healthz")).status, 200);
  }
});

test("killing one leaves its database for the next", async (t) => {
  const killed = await startEdge();
  t.after(() => killed.stop());
  await killed.sql("CREATE TABLE left_over (n INTEGER)");
  await killed.kill();
  await assert.rejects(call(killed.url, "GET", "/healthz"));
  const next = await startEdge({ directory: killed.directory });
  t.after(() => next.stop());
  assert.deepEqual(await next.sql("SELECT n FROM left_over"), []);
});

test("a stopped edge leaves nothing", async () => {
  const edge = await startEdge();
  await edge.stop();
  assert.equal(existsSync(edge.directory), false);
});
