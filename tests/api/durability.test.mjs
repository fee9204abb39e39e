// A crash loses nothing that was acknowledged.

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { call, makeSite } from "../support/client.mjs";
import { startEdge } from "../support/edge.mjs";

const WRITES = 1000;
const AT_ONCE = 16;

test("workerd is killed in the middle of a thousand writes, and every acknowledged one is there", async () => {
  const directory = await mkdtemp(join(tmpdir(), "consentry-crash-"));
  after(() => rm(directory, { recursive: true, force: true }));
  let edge = await startEdge({ directory });
  const site = await makeSite(edge.url);
  const acknowledged = new Map();
  let failures = 0;
  let next = 0;
  let killed;
  const writer = async () => {
    while (next < WRITES) {
      const user = `user ${next++}`;
      try {
        const answer = await site.call("POST", "/consent/grant", { body: { user_id: user, purpose: "analytics" } });
        if (answer.status === 201) acknowledged.set(user, answer.body);
        else failures += 1;
      } catch {
        failures += 1;
      }
      if (acknowledged.size === WRITES / 2) killed ??= edge.kill();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, writer));
  await killed;
  assert.ok(acknowledged.size >= WRITES / 2 && failures > 0, `it died in the middle: ${acknowledged.size} and ${failures}`);
  await edge.stop();

  edge = await startEdge({ directory });
  after(() => edge.stop());
  const rows = await edge.sql("SELECT log_index, id, lower(hex(leaf_hash)) AS leaf_hash FROM events ORDER BY log_index");
  assert.deepEqual(rows.map(({ log_index }) => log_index), rows.map((_, index) => index), "no gap and no double");
  for (const { log_index, id, leaf_hash } of acknowledged.values()) {
    assert.deepEqual({ ...rows[log_index] }, { log_index, id, leaf_hash });
  }

  const [user] = acknowledged.keys();
  const read = await call(edge.url, "GET", `/consent/${encodeURIComponent(user)}`, { key: site.key });
  assert.equal(read.body.consent.analytics.status, "granted");
  const more = await call(edge.url, "POST", "/consent/grant", { key: site.key, body: { user_id: "after", purpose: "analytics" } });
  assert.equal(more.body.log_index, rows.length + 1, "the log goes on where it was, after the event of the read");
});
