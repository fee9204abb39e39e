// Erasing: what goes, what stays, who may follow it, and what happens if it is cut off.

import assert from "node:assert/strict";
import { test } from "node:test";
import { about, accepted, exportOf, grant, refused, revoke, startWorld, statusOf } from "./world.mjs";

const world = await startWorld();
const site = await world.site();
const STATES = ["open", "verifying", "running", "partly_done", "done", "refused", "on_hold"];

const erase = (user, options) => site.call("POST", about("/data/delete", user), options);

test("an erasure is accepted with its id, state, deadline and what was done in each store", async () => {
  await grant(site, "shape");
  const answer = await erase("shape");
  assert.equal(answer.status, 202);
  const { id, state, requested_at, due_at, stores } = answer.body;
  assert.match(id, /^[0-9a-f-]{36}$/);
  assert.ok(STATES.includes(state), state);
  assert.ok(Date.parse(due_at) > Date.parse(requested_at));
  assert.deepEqual(stores, [{ store: "d1_evidence", state: "done", removed: 1 }]);
});

test("an erasure says honestly that no further store is connected", async () => {
  const { note } = accepted(await erase("honest"));
  assert.match(note, /no further store is connected/i);
});

test("an erasure that is done names until when a restore may bring back what went", async () => {
  const { state, completed_at, restore_horizon } = accepted(await erase("horizon"));
  assert.equal(state, "done");
  assert.equal(Date.parse(restore_horizon) - Date.parse(completed_at), 30 * 86_400_000);
});

test("following an erasure shows what its answer showed", async () => {
  const asked = accepted(await erase("follow"));
  assert.deepEqual(accepted(await site.call("GET", `/erasures/${asked.id}`)), asked);
});

test("an erasure that does not exist is not found", async () => {
  refused(await site.call("GET", "/erasures/01a20cc8-8e80-72f5-8f43-90e6fed996c5"), 404, "not_found");
  refused(await site.call("GET", "/erasures/no-uuid"), 404, "not_found");
});

test("the evidence is gone from the export and marked as redacted", async () => {
  await grant(site, "redacted", { context: { ip_address: "203.0.113.7", user_agent: "Gone/1", country: "FR", gpc: true } });
  await erase("redacted");
  const [{ evidence, ip_address, user_agent, country, gpc }] = (await exportOf(site, "redacted")).consent_history;
  assert.deepEqual([evidence, ip_address, user_agent, country, gpc], ["redacted", undefined, undefined, undefined, undefined]);
});

test("consent and audit events are kept", async () => {
  await grant(site, "kept");
  await revoke(site, "kept");
  const before = await exportOf(site, "kept");
  await erase("kept");
  const after = await exportOf(site, "kept");
  assert.deepEqual(after.audit_trail.slice(0, before.audit_trail.length), before.audit_trail);
  assert.equal((await statusOf(site, "kept")).status, "revoked");
});

test("the evidence of others is left alone", async () => {
  await grant(site, "neighbour");
  await erase("not the neighbour");
  assert.equal((await exportOf(site, "neighbour")).consent_history[0].evidence, "kept");
});

test("what is recorded after an erasure has evidence again, and a second erasure removes it", async () => {
  await grant(site, "returns");
  await erase("returns");
  await grant(site, "returns");
  const { stores } = accepted(await erase("returns"));
  assert.equal(stores[0].removed, 1);
});

test("erasing somebody of whom nothing is held is done at once", async () => {
  const { state, stores } = accepted(await erase("stranger"));
  assert.deepEqual([state, stores[0].removed], ["done", 0]);
});

test("the same Idempotency-Key gives the same erasure", async () => {
  const options = { headers: { "Idempotency-Key": "erase-once" } };
  await grant(site, "repeat");
  const first = await erase("repeat", options);
  const before = await world.events();
  const second = await erase("repeat", options);
  assert.deepEqual([second.status, second.body], [202, first.body]);
  assert.equal(second.headers.get("Idempotent-Replayed"), "true");
  assert.equal(await world.events(), before);
});

test("without an Idempotency-Key every request is an erasure of its own", async () => {
  assert.notEqual(accepted(await erase("twice")).id, accepted(await erase("twice")).id);
});

test("an erasure that was left running is ended by the scheduled handler", async () => {
  const { id, stores } = accepted(await erase("cut off"));
  await world.edge.sql(
    "UPDATE erasures SET state = 'running', completed_at = NULL, requested_at = requested_at - 120000, stores = ? WHERE id = ?",
    JSON.stringify([{ ...stores[0], state: "open", removed: 0 }]), id,
  );
  assert.equal(accepted(await site.call("GET", `/erasures/${id}`)).state, "running");
  await world.edge.cron("17 * * * *");
  const { state, completed_at } = accepted(await site.call("GET", `/erasures/${id}`));
  assert.equal(state, "done");
  assert.ok(completed_at);
});

test("the scheduled handler leaves an erasure that began a moment ago to its own call", async () => {
  const { id } = accepted(await erase("in flight"));
  await world.edge.sql("UPDATE erasures SET state = 'running', completed_at = NULL WHERE id = ?", id);
  const before = await world.events();
  await world.edge.cron("17 * * * *");
  assert.equal(await world.events(), before);
});

// What can be asked of the database. SQLite does not wipe the bytes it frees unless told to, which D1 refuses callers
// (PRAGMA secure_delete), so in the file itself and its journal traces stay until their place is written again.
test("no table of the database holds the evidence that was erased", async () => {
  const agent = "needle-agent-of-the-erased/1.0";
  await grant(site, "searched", { context: { user_agent: agent } });
  assert.deepEqual(await tablesWith(agent), ["consent_records", "events"]);
  await erase("searched");
  assert.deepEqual(await tablesWith(agent), []);
});

test("the salt goes with the evidence, so that no guess can be checked against the commitment", async () => {
  await grant(site, "salted");
  const { subject } = await exportOf(site, "salted");
  const [{ evidence }] = await world.edge.sql("SELECT evidence FROM events WHERE subject = unhex(?) AND evidence IS NOT NULL", subject);
  await erase("salted");
  assert.deepEqual(await tablesWith(JSON.parse(evidence).salt), []);
});

/** The tables and views that hold a text in any column. */
async function tablesWith(text) {
  const names = await world.edge.sql("SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE '\\_cf%' ESCAPE '\\' ORDER BY name");
  const found = [];
  for (const { name } of names) {
    if (JSON.stringify(await world.edge.sql(`SELECT * FROM "${name}"`)).includes(text)) found.push(name);
  }
  return found;
}
