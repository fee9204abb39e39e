// Erasing: what goes, what stays, who may follow it, and what happens if it is cut off.

import assert from "node:assert/strict";
import { createPublicKey, verify } from "node:crypto";
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
  assert.equal(stores.length, 1);
  const { store, kind, state: at, attempts, found, removed } = stores[0];
  assert.deepEqual([store, kind, at, attempts, found, removed], ["d1_evidence", "d1_evidence", "done", 1, 1, 1]);
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

test("what was granted before an erasure holds no longer, and a grant after it counts again", async () => {
  const decision = async () => accepted(await site.call("GET", `${about("/consent", "ended")}/model_training`));
  const purpose = "model_training";
  const { timestamp } = await grant(site, "ended", { purpose });
  await erase("ended");
  assert.deepEqual(await statusOf(site, "ended", purpose), { status: "pending", reason: "erased", updated_at: timestamp });
  const { allowed, status, reason, expires_at } = await decision();
  assert.deepEqual([allowed, status, reason, expires_at], [false, "pending", "erased", undefined]);
  await grant(site, "ended", { purpose, decided_at: timestamp });
  assert.equal((await decision()).reason, "erased", "a late grant from before the erasure");
  const { erased_at, erasures } = await exportOf(site, "ended");
  assert.ok(Date.parse(timestamp) <= Date.parse(erased_at) && Date.parse(erased_at) <= Date.now());
  assert.equal(erased_at, erasures[0].requested_at);
  const whole = accepted(await site.call("GET", `${about("/data/export", "ended")}?limit=all`));
  assert.equal(whole.erased_at, erased_at);
  await grant(site, "ended", { purpose });
  assert.deepEqual([(await decision()).allowed, (await decision()).reason], [true, "granted"]);
});

test("where people opt out, the silence of somebody who was erased is no yes", async () => {
  const reason = async (purpose) => accepted(await site.call("GET", `${about("/consent", "silent")}/${purpose}?country=US&region=CA&gpc=0`)).reason;
  assert.equal(await reason("analytics"), "opt_out_default");
  await erase("silent");
  assert.deepEqual([await reason("analytics"), await reason("model_training")], ["erased", "not_recorded"]);
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

test("once an erasure is done, asking again is an erasure of its own", async () => {
  assert.notEqual(accepted(await erase("twice")).id, accepted(await erase("twice")).id);
});

test("no erasure removes anything before its entry is in the ledger", async () => {
  const { id } = accepted(await erase("ledgered"));
  const entry = JSON.parse(await world.edge.bucket("LEDGER", async (bucket) => (await bucket.get(`ledger/${site.site}/${id}.json`)).text()));
  assert.equal(entry.erasure, id);
  assert.ok(!JSON.stringify(entry).includes("ledgered"), "the entry names the person");
});

test("an erasure that was left open is ended by the scheduled handler", async () => {
  const { id } = accepted(await erase("cut off"));
  await world.edge.sql("UPDATE erasures SET state = 'open', completed_at = NULL WHERE id = ?", id);
  await world.edge.sql("UPDATE erasure_tasks SET state = 'open', leased_until = 0 WHERE erasure = ?", id);
  await world.edge.sql("DELETE FROM idempotency");
  assert.equal(accepted(await site.call("GET", `/erasures/${id}`)).state, "open");
  await world.edge.cron("* * * * *");
  const { state, completed_at } = accepted(await site.call("GET", `/erasures/${id}`));
  assert.equal(state, "done");
  assert.ok(completed_at);
});

test("the scheduled handler leaves a task to whoever has it", async () => {
  const { id } = accepted(await erase("in flight"));
  await world.edge.sql("UPDATE erasures SET state = 'open', completed_at = NULL WHERE id = ?", id);
  await world.edge.sql("UPDATE erasure_tasks SET state = 'open', leased_until = ? WHERE erasure = ?", Date.now() + 60_000, id);
  const before = await world.events();
  await world.edge.cron("* * * * *");
  assert.equal(await world.events(), before);
});

test("no table holds the id of whoever was erased", async () => {
  const user = "needle-of-the-erased@example.com";
  await grant(site, user);
  await erase(user);
  assert.deepEqual(await tablesWith(user), []);
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

const path = ({ id }, more = "") => `/erasures/${id}${more}`;
const decide = (erasure, what, body) => site.call("POST", path(erasure, `/${what}`), { body });

test("with verify nothing is removed before somebody says who is asking", async () => {
  await grant(site, "asked for");
  const asked = accepted(await erase("asked for", { body: { verify: true } }));
  assert.deepEqual([asked.state, asked.stores[0].state], ["verifying", "open"]);
  await world.edge.cron("* * * * *");
  assert.equal((await exportOf(site, "asked for")).consent_history[0].evidence, "kept");
  assert.equal(accepted(await decide(asked, "release")).state, "done");
  assert.equal((await exportOf(site, "asked for")).consent_history[0].evidence, "redacted");
});

test("an erasure is held, released and refused, and each leaves an event", async () => {
  const asked = accepted(await erase("disputed", { body: { verify: true } }));
  const held = accepted(await decide(asked, "hold", { ground: "authority" }));
  assert.deepEqual([held.state, held.ground], ["on_hold", "authority"]);
  refused(await decide(asked, "hold", { ground: "authority" }), 409, "conflict");
  refused(await decide(asked, "refuse", { ground: "because" }), 422, "invalid_field");
  const no = accepted(await decide(asked, "refuse", { ground: "legal_claims" }));
  assert.deepEqual([no.state, no.ground, no.restore_horizon], ["refused", "legal_claims", undefined]);
  refused(await decide(asked, "release"), 409, "conflict");
  const { audit_trail } = await exportOf(site, "disputed");
  const changes = audit_trail.filter(({ action }) => action === "erasure_changed").map(({ details }) => details.change);
  assert.deepEqual(changes, ["hold", "refuse"]);
  assert.notEqual(accepted(await erase("disputed")).id, asked.id, "a refused erasure is still open");
});

test("the deadline is extended once, by two months", async () => {
  const asked = accepted(await erase("complex", { body: { verify: true } }));
  const longer = accepted(await decide(asked, "extend", { reason: "complexity" }));
  const months = (from, to) => (to.getUTCFullYear() - from.getUTCFullYear()) * 12 + to.getUTCMonth() - from.getUTCMonth();
  assert.equal(months(new Date(asked.due_at), new Date(longer.due_at)), 2);
  assert.equal(longer.extension, "complexity");
  refused(await decide(asked, "extend", { reason: "complexity" }), 409, "conflict");
});

test("an erasure that is done has a receipt that the published key verifies", async () => {
  await grant(site, "receipted");
  const asked = accepted(await erase("receipted"));
  const { receipt } = accepted(await site.call("GET", path(asked, "/receipt")));
  const [head, payload, signature] = receipt.split(".").map((part) => Buffer.from(part, "base64url"));
  const { alg, kid, typ } = JSON.parse(head);
  assert.deepEqual([alg, typ], ["EdDSA", "deletion-receipt+jws"]);
  const { keys } = accepted(await site.call("GET", "/.well-known/jwks.json"));
  const key = createPublicKey({ key: keys.find((key) => key.kid === kid), format: "jwk" });
  assert.ok(verify(null, Buffer.from(receipt.slice(0, receipt.lastIndexOf("."))), key, signature));
  const said = JSON.parse(payload);
  assert.deepEqual([said.erasure, said.stores[0].removed, said.stores[0].verified], [asked.id, 1, "read_again"]);
  assert.equal(said.restore_horizon, asked.restore_horizon);
  assert.equal(accepted(await site.call("GET", path(asked, "/receipt"))).receipt, receipt);
  const waiting = accepted(await erase("no receipt yet", { body: { verify: true } }));
  refused(await site.call("GET", path(waiting, "/receipt")), 409, "conflict");
});
