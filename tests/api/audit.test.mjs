// The audit trail: every authorised call about a person leaves its event, and no other call does.

import assert from "node:assert/strict";
import { test } from "node:test";
import { call } from "../support/client.mjs";
import { about, accepted, exportOf, grant, refused, revoke, startWorld } from "./world.mjs";

const world = await startWorld();
const site = await world.site();
const keyId = `key:${site.key.split("_")[1]}`;

/** The events that a call appended, as the view for auditors shows them. */
async function leaves(run) {
  const [{ last }] = await world.edge.sql("SELECT max(log_index) AS last FROM events");
  accepted(await run());
  return world.edge.sql("SELECT * FROM audit_log WHERE log_index > ? ORDER BY log_index", last);
}

const decision = { body: { user_id: "ann", purpose: "inference" } };
const CALLS = {
  "a grant": ["consent_granted", "POST", "/consent/grant", decision],
  "a revocation": ["consent_revoked", "POST", "/consent/revoke", decision],
  "a pending decision": ["consent_pending", "POST", "/consent", { body: { user_id: "ann", decisions: [{ purpose: "inference", status: "pending" }] } }],
  "a reading of the status": ["consent_read", "GET", "/consent/ann"],
  "a reading of a decision": ["consent_read", "GET", "/consent/ann/inference"],
  "a reading about an unknown user": ["consent_read", "GET", "/consent/never-seen"],
  "an export": ["data_exported", "GET", "/data/export/ann"],
  "a reading of the audit trail": ["audit_read", "GET", "/audit/ann"],
};
for (const [what, [action, method, path, options]] of Object.entries(CALLS)) {
  test(`${what} leaves exactly one event that says what, who and when`, async () => {
    const before = Date.now();
    const events = await leaves(() => site.call(method, path, options));
    assert.deepEqual(events.map((event) => [event.action, event.performed_by]), [[action, keyId]]);
    assert.ok(events[0].timestamp >= before - 1 && events[0].timestamp <= Date.now() + 1);
    assert.equal(typeof JSON.parse(events[0].details), "object");
  });
}

test("the reading of a decision says about which purpose", async () => {
  const [{ details }] = await leaves(() => site.call("GET", "/consent/ann/inference"));
  assert.deepEqual(JSON.parse(details), { purpose: "inference" });
});

test("a batch leaves one event for each decision", async () => {
  const decisions = ["analytics", "inference", "personalization"].map((purpose) => ({ purpose, status: "granted" }));
  const events = await leaves(() => site.call("POST", "/consent", { body: { user_id: "ann", decisions } }));
  assert.deepEqual(events.map((event) => event.action), Array(3).fill("consent_granted"));
});

test("an erasure leaves the request, the redaction and the end", async () => {
  const events = await leaves(() => site.call("POST", "/data/delete/erased"));
  assert.deepEqual(events.map((event) => [event.action, event.performed_by]), [
    ["erasure_requested", keyId],
    ["evidence_redacted", "system"],
    ["data_deleted", "system"],
  ]);
});

test("the events of an erasure carry its id", async () => {
  const { id } = accepted(await site.call("POST", "/data/delete/carries"));
  const rows = await world.edge.sql("SELECT details FROM audit_log ORDER BY log_index DESC LIMIT 3");
  assert.deepEqual(rows.map(({ details }) => JSON.parse(details).erasure), [id, id, id]);
});

test("a reading of an erasure leaves one event", async () => {
  const { id } = accepted(await site.call("POST", "/data/delete/followed"));
  const events = await leaves(() => site.call("GET", `/erasures/${id}`));
  assert.deepEqual(events.map((event) => event.action), ["erasure_read"]);
});

test("a repeated call with one Idempotency-Key leaves no second event", async () => {
  const options = { ...decision, headers: { "Idempotency-Key": "once" } };
  await site.call("POST", "/consent/grant", options);
  assert.deepEqual(await leaves(() => site.call("POST", "/consent/grant", options)), []);
});

test("calls that are about nobody leave nothing", async () => {
  for (const path of ["/healthz", "/.well-known/gpc.json", "/openapi.json"]) {
    assert.deepEqual(await leaves(() => call(world.url, "GET", path)), [], path);
  }
});

test("refused calls leave nothing", async () => {
  const before = await world.events();
  refused(await call(world.url, "GET", "/data/export/ann"), 401, "unauthenticated");
  refused(await site.call("GET", "/erasures/none"), 404, "not_found");
  refused(await site.call("POST", "/consent/grant", { body: { user_id: "ann", purpose: "x" } }), 422, "invalid_field");
  assert.equal(await world.events(), before);
});

test("the trail of a person shows all of it, oldest first, itself last", async () => {
  await grant(site, "trail");
  await site.call("GET", "/consent/trail");
  await revoke(site, "trail");
  const { audit_trail } = accepted(await site.call("GET", "/audit/trail"));
  assert.deepEqual(audit_trail.map((event) => event.action), ["consent_granted", "consent_read", "consent_revoked", "audit_read"]);
});

test("the trail is in pages that are pinned to the first", async () => {
  for (let i = 0; i < 7; i += 1) await grant(site, "paged");
  const actions = [];
  for (let next = "/audit/paged?limit=3"; next; ) {
    const page = accepted(await site.call("GET", next));
    actions.push(...page.audit_trail.map((event) => event.action));
    next = page.next;
  }
  assert.deepEqual(actions, [...Array(7).fill("consent_granted"), "audit_read"]);
});

test("the view audit_log agrees with the trail of the API", async () => {
  await grant(site, "agrees", { notice: { version: 1, language: "en" } });
  await site.call("GET", "/consent/agrees/analytics");
  const { subject, audit_trail } = accepted(await site.call("GET", "/audit/agrees"));
  const rows = await world.edge.sql("SELECT * FROM audit_log WHERE subject = ? ORDER BY log_index", subject);
  const seen = rows.map(({ log_index, id, timestamp, action, performed_by, details }) => ({
    log_index, id, timestamp: new Date(timestamp).toISOString(), action, performed_by, details: JSON.parse(details),
  }));
  const told = audit_trail.map(({ log_index, id, timestamp, action, performed_by, details }) => ({
    log_index, id, timestamp, action, performed_by, details,
  }));
  assert.deepEqual(seen, told);
});

test("the view consent_records agrees with the history of the API", async () => {
  const context = { ip_address: "198.51.100.9", user_agent: "Visitor/1" };
  await grant(site, "records", { context, decided_at: new Date(Date.now() - 5000).toISOString() });
  await revoke(site, "records", { legal_basis: "contract" });
  const { subject, consent_history } = await exportOf(site, "records");
  const rows = await world.edge.sql("SELECT * FROM consent_records WHERE subject = ? ORDER BY log_index", subject);
  const iso = (ms) => (ms === null ? null : new Date(ms).toISOString());
  const seen = rows.map((row) => [row.log_index, row.id, row.purpose, row.status, row.legal_basis, iso(row.granted_at), iso(row.revoked_at), iso(row.created_at), row.ip_address, row.user_agent]);
  const told = consent_history.map((r) => [r.log_index, r.id, r.purpose, r.status, r.legal_basis, r.granted_at ?? null, r.revoked_at ?? null, r.created_at, r.ip_address ?? null, r.user_agent ?? null]);
  assert.deepEqual(seen, told);
});

test("every row of the log is an event of the view", async () => {
  const [{ rows }] = await world.edge.sql("SELECT count(*) AS rows FROM audit_log");
  assert.equal(rows, await world.events());
});

test("a path about a person never holds the id in its event", async () => {
  await site.call("GET", about("/consent", "secret-name"));
  const rows = await world.edge.sql("SELECT * FROM events");
  assert.equal(JSON.stringify(rows).includes("secret-name"), false);
});

test("with order=desc the trail begins with the newest, and its pages fit together", async () => {
  for (let i = 0; i < 7; i += 1) await grant(site, "newest");
  const places = [];
  for (let next = "/audit/newest?order=desc&limit=3"; next; ) {
    const page = accepted(await site.call("GET", next));
    places.push(...page.audit_trail.map((event) => event.log_index));
    next = page.next;
  }
  // The first reading is the newest event of the first page; the others came after it and are on none.
  assert.equal(places.length, 8);
  assert.deepEqual(places, [...places].sort((a, b) => b - a));
  assert.equal(new Set(places).size, 8);
});

test("the trail can be asked for some kinds of events, in either order", async () => {
  await grant(site, "kinds");
  await site.call("GET", "/consent/kinds");
  await revoke(site, "kinds");
  for (const [order, expected] of [["asc", ["consent_granted", "consent_revoked"]], ["desc", ["consent_revoked", "consent_granted"]]]) {
    const actions = [];
    for (let next = `/audit/kinds?kind=consent_granted,consent_revoked&order=${order}&limit=1`; next; ) {
      const page = accepted(await site.call("GET", next));
      actions.push(...page.audit_trail.map((event) => event.action));
      next = page.next;
    }
    assert.deepEqual(actions, expected);
  }
});

test("an order or a kind that there is not is refused and says what there is", async () => {
  for (const [query, field] of [["order=up", "order"], ["kind=none", "kind"], ["kind=", "kind"], ["order=desc&before=x", "before"]]) {
    const problem = refused(await site.call("GET", `/audit/ann?${query}`), 422, "invalid_field");
    assert.equal(problem.field, field);
  }
});
