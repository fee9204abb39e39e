// Exports of a log whose database was restored: an entry that was written under an earlier name says so, in every form alike.

import assert from "node:assert/strict";
import { test } from "node:test";
import { admin } from "../support/client.mjs";
import { about, accepted, grant, revoke, startWorld } from "./world.mjs";

const world = await startWorld();
const { edge } = world;
const site = await world.site();

/** Restores the database to before its last event, of which the log had been signed, and lets the log go on. */
async function restore() {
  await grant(site, "u1");
  await edge.cron("* * * * *");
  const [head] = await edge.sql("SELECT * FROM log_head");
  const { log_index: lost } = await grant(site, "u1");
  await edge.cron("* * * * *");
  for (const { name } of await edge.sql("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name IN ('events', 'log_head')")) {
    await edge.sql(`DROP TRIGGER ${name}`);
  }
  await edge.sql("DELETE FROM events WHERE log_index >= ?", lost);
  await edge.sql("DELETE FROM log_head");
  await edge.sql(
    "INSERT INTO log_head (id, size, root, note, key, signed_at) VALUES (0, ?, unhex(?), ?, ?, ?)",
    head.size, Buffer.from(head.root).toString("hex"), head.note, head.key, head.signed_at,
  );
  return accepted(await admin(edge.url, "POST", "/admin/log/restart"));
}

test("every form names the log of the entries that were written before the restore, and of no other", async () => {
  const restarted = await restore();
  await revoke(site, "u1");
  const whole = async (query) => (await site.call("GET", `${about("/data/export", "u1")}?${query}`)).text;
  const json = JSON.parse(await whole("limit=all"));
  assert.equal(json.log, restarted.log);
  const named = json.audit_trail.map(({ log_index: place, log }) => [place, log]);
  const early = named.filter(([, log]) => log !== undefined);
  assert.ok(early.length > 0 && early.length < named.length);
  for (const [place, log] of named) assert.equal(log !== undefined && log !== json.log, place < restarted.first, String(place));

  const linked = JSON.parse(await whole("format=jsonld"));
  assert.equal(linked.log, json.log);
  const upTo = (entries) => entries.filter(([place]) => place < json.until);
  assert.deepEqual(upTo(linked.audit_trail.map(({ log_index: place, log }) => [place, log])), upTo(named));
  const table = (await whole("format=csv")).split("\r\n").filter((record) => record.startsWith("event,"));
  assert.deepEqual(upTo(table.map((record) => [Number(record.split(",")[1]), record.split(",").at(-1) || undefined])), upTo(named));
  const page = (await whole("format=html")).matchAll(/<code>(\d+) · [0-9a-f]{64}(?: · ([^<]+))?<\/code><\/li>/g);
  assert.deepEqual(upTo([...page].map(([, place, log]) => [Number(place), log]).sort(([one], [other]) => one - other)), upTo(named));
});
