// The export: everything that is held about a person, in pages that fit together, each event verifiable by its leaf.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { canonical, commitment, leafHash } from "./leaf.mjs";
import { about, accepted, exportOf, grant, revoke, startWorld } from "./world.mjs";

const world = await startWorld();
const site = await world.site({ purposes: ["fraud_checks"] });
const LARGE = 2500;
await fill("large", LARGE);
await grant(site, "somebody in between");

/** Gives a person so many decisions, twenty a call. */
async function fill(user, count) {
  const purposes = ["analytics", "inference", "model_training", "personalization", "fraud_checks"];
  for (let made = 0; made < count; made += purposes.length) {
    const decisions = purposes.map((purpose, i) => ({ purpose, status: ["granted", "revoked", "pending"][(made + i) % 3] }));
    accepted(await site.call("POST", "/consent", { body: { user_id: user, decisions } }));
  }
}

/** All pages of an export; `between` runs after each. */
async function pages(user, limit, between = async () => {}) {
  const all = [];
  for (let next = `${about("/data/export", user)}?limit=${limit}`; next; ) {
    const page = accepted(await site.call("GET", next));
    all.push(page);
    next = page.next;
    await between();
  }
  return all;
}

const trail = (all) => all.flatMap((page) => page.audit_trail.map((event) => event.log_index));
const rows = (subject, until) =>
  world.edge.sql("SELECT log_index FROM events WHERE subject = unhex(?) AND log_index <= ? ORDER BY log_index", subject, until);

for (const limit of [1000, 999, 617, 250]) {
  test(`an export of ${LARGE} decisions in pages of ${limit} is complete, in order and without duplicates`, async () => {
    const all = await pages("large", limit);
    const expected = (await rows(all[0].subject, all[0].until)).map((row) => row.log_index);
    assert.deepEqual(trail(all), expected);
    assert.equal(all.flatMap((page) => page.consent_history).length, LARGE);
  });
}

test("a page holds as many events as asked for, the last one the rest", async () => {
  const sizes = (await pages("large", 1000)).map((page) => page.audit_trail.length);
  assert.deepEqual(sizes.slice(0, -1), sizes.slice(0, -1).map(() => 1000));
  assert.ok(sizes.at(-1) <= 1000 && sizes.at(-1) > 0);
});

test("a page holds a thousand events where no limit is given", async () => {
  assert.equal((await exportOf(site, "large")).audit_trail.length, 1000);
});

test("pages of one event each fit together too", async () => {
  for (let i = 0; i < 5; i += 1) await grant(site, "small");
  const all = await pages("small", 1);
  assert.deepEqual(all.map((page) => page.audit_trail.length), Array(6).fill(1));
});

test("events that come between pages are not on them", async () => {
  for (let i = 0; i < 9; i += 1) await grant(site, "busy");
  const all = await pages("busy", 4, () => revoke(site, "busy"));
  assert.equal(new Set(all.map((page) => page.until)).size, 1);
  assert.equal(all.flatMap((page) => page.consent_history).length, 9);
});

test("every page leaves an event although none of them shows", async () => {
  for (let i = 0; i < 9; i += 1) await grant(site, "audited pages");
  const all = await pages("audited pages", 4);
  const exported = await world.edge.sql("SELECT log_index FROM audit_log WHERE subject = ? AND action = 'data_exported'", all[0].subject);
  assert.equal(exported.length, all.length);
  assert.equal(all.flatMap((page) => page.audit_trail).filter((event) => event.action === "data_exported").length, 1);
});

test("the way to the next page works for an id with slashes, quotes and an emoji", async () => {
  const user = `a/b "c" 🦀?&#%2F`;
  for (let i = 0; i < 4; i += 1) await grant(site, user);
  const all = await pages(user, 2);
  assert.deepEqual(all.map((page) => page.user_id), all.map(() => user));
  assert.equal(all.flatMap((page) => page.consent_history).length, 4);
});

test("the history and the trail of a page tell of the same decisions", async () => {
  for (const page of await pages("large", 1000)) {
    const decisions = page.audit_trail.filter((event) => event.purpose !== undefined);
    assert.deepEqual(page.consent_history.map((record) => record.id), decisions.map((event) => event.id));
  }
});

test("the leaf hash of every event in the export is recomputed from the published table", async () => {
  await grant(site, "large", { notice: { version: 3, language: "de", hash: "0f".repeat(32) }, legal_basis: "contract" });
  await grant(site, "large", { decided_at: "2026-01-02T03:04:05.678Z" });
  await site.call("GET", "/consent/large/analytics");
  await site.call("GET", "/audit/large");
  await site.call("POST", "/data/delete/large");
  let checked = 0;
  for (const page of await pages("large", 1000)) {
    for (const event of page.audit_trail) {
      assert.equal(leafHash(page, event), event.leaf_hash, JSON.stringify(event));
      checked += 1;
    }
  }
  assert.ok(checked > LARGE + 8, `${checked} leaves`);
});

test("the leaf hash of an answer is the one of the export", async () => {
  const { leaf_hash, log_index } = await grant(site, "same leaf");
  const [record] = (await exportOf(site, "same leaf")).consent_history;
  assert.deepEqual([record.leaf_hash, record.log_index], [leaf_hash, log_index]);
});

test("details with every kind of character are in the leaf as the export shows them", async () => {
  const shown = { surface: "banner", version: `"\\\u2028\u007f\u0001ä🦀/<` };
  const decisions = [{ purpose: "analytics", status: "granted" }];
  accepted(await site.call("POST", "/consent", { body: { user_id: "odd details", shown, decisions } }));
  const page = await exportOf(site, "odd details");
  assert.deepEqual(page.audit_trail[0].details, { shown });
  assert.equal(leafHash(page, page.audit_trail[0]), page.audit_trail[0].leaf_hash);
});

test("the commitment in a leaf is that of the evidence in the database", async () => {
  await grant(site, "committed", { context: { ip_address: "203.0.113.9", user_agent: "Ünicode/1 🦀", country: "AT", gpc: true } });
  await grant(site, "committed", { context: {} });
  const { audit_trail, subject } = await exportOf(site, "committed");
  const rows = await world.edge.sql("SELECT evidence FROM events WHERE subject = unhex(?) AND evidence IS NOT NULL ORDER BY log_index", subject);
  const computed = rows.map(({ evidence }) => commitment(JSON.parse(evidence)));
  assert.deepEqual(audit_trail.slice(0, 2).map((event) => event.evidence_commitment), computed);
});

test("a leaf hash changes with every field of the event", async () => {
  await grant(site, "fields", { decided_at: "2026-01-02T03:04:05.678Z", notice: { version: 1, language: "en", hash: "00".repeat(32) } });
  const page = await exportOf(site, "fields");
  const [event] = page.audit_trail;
  const changes = {
    id: "00000000-0000-7000-8000-000000000000", action: "consent_revoked", purpose: "inference", status: "revoked",
    legal_basis: "contract", notice_hash: "01".repeat(32), timestamp: "2026-01-02T03:04:05.679Z",
    decided_at: "2026-01-02T03:04:05.677Z", performed_by: "user", details: {}, evidence_commitment: "01".repeat(32),
  };
  for (const [name, value] of Object.entries(changes)) {
    assert.notEqual(leafHash(page, { ...event, [name]: value }), event.leaf_hash, name);
  }
});

test("the published vectors give the same leaves by this recomputation", () => {
  const cases = JSON.parse(readFileSync(new URL("../vectors/leaf.json", import.meta.url)));
  for (const { origin, event, leaf_hash } of cases) {
    const page = { log: origin, site: event.site, subject: event.subject?.hash, subject_key_id: event.subject?.key_id };
    const entry = { ...event, subject: undefined, action: event.kind, timestamp: event.created_at, performed_by: event.actor, details: JSON.parse(event.details) };
    // Details of the vectors need not be in canonical form; of those that are not, this way of reading can't say anything.
    if (canonical(entry.details) === event.details) assert.equal(leafHash(page, entry), leaf_hash);
  }
});

test("an export of nobody is empty but for itself", async () => {
  const { consent_history, audit_trail } = await exportOf(site, "never seen");
  assert.deepEqual([consent_history, audit_trail.map((event) => event.action)], [[], ["data_exported"]]);
});
