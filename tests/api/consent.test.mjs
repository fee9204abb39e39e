// Recording decisions and what holds then.

import assert from "node:assert/strict";
import { test } from "node:test";
import { PURPOSES, about, accepted, exportOf, grant, refused, revoke, startWorld, statusOf } from "./world.mjs";

const world = await startWorld();
const site = await world.site();

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const HASH = /^[0-9a-f]{64}$/;
const MINUTE = 60_000;

const ago = (ms) => new Date(Date.now() - ms).toISOString();

function assertRecorded(record, status, purpose) {
  assert.equal(record.status, status);
  assert.equal(record.purpose, purpose);
  assert.match(record.id, UUID_V7);
  assert.match(record.timestamp, TIME);
  assert.ok(Number.isInteger(record.log_index) && record.log_index > 0);
  assert.match(record.leaf_hash, HASH);
}

test("a grant is answered with the record's id, time, place and leaf", async () => {
  const answer = await site.call("POST", "/consent/grant", { body: { user_id: "grants", purpose: "analytics" } });
  assert.equal(answer.status, 201);
  assertRecorded(answer.body, "granted", "analytics");
});

test("a revocation is answered in the same shape", async () => {
  const answer = await site.call("POST", "/consent/revoke", { body: { user_id: "revokes", purpose: "inference" } });
  assert.equal(answer.status, 201);
  assertRecorded(answer.body, "revoked", "inference");
});

test("the record's time is the server's", async () => {
  const before = Date.now();
  const record = await grant(site, "server time");
  const recorded = Date.parse(record.timestamp);
  assert.ok(recorded >= before - 1 && recorded <= Date.now() + 1, record.timestamp);
});

test("the status of an unknown user is pending for every purpose", async () => {
  const answer = await site.call("GET", "/consent/nobody-ever");
  assert.equal(answer.status, 200);
  assert.equal(answer.body.user_id, "nobody-ever");
  const pending = { status: "pending", reason: "not_recorded" };
  assert.deepEqual(answer.body.consent, Object.fromEntries(PURPOSES.map((purpose) => [purpose, pending])));
});

test("the status names every purpose, also those that were never decided", async () => {
  const record = await grant(site, "one of four");
  const { consent } = accepted(await site.call("GET", about("/consent", "one of four")));
  assert.deepEqual(Object.keys(consent), PURPOSES);
  assert.deepEqual(consent.analytics, { status: "granted", reason: "granted", updated_at: record.timestamp });
  assert.equal(consent.model_training.status, "pending");
});

test("the decision for a granted purpose allows it until it expires", async () => {
  await grant(site, "decision");
  const answer = await site.call("GET", "/consent/decision/analytics");
  assert.equal(answer.status, 200);
  const { allowed, status, reason, expires_at, purpose } = answer.body;
  assert.deepEqual({ allowed, status, reason, purpose }, { allowed: true, status: "granted", reason: "granted", purpose: "analytics" });
  assert.match(expires_at, TIME);
  assert.ok(Date.parse(expires_at) > Date.now());
});

test("the decision for a revoked purpose refuses it and has no expiry", async () => {
  await revoke(site, "decided no");
  const { allowed, status, reason, expires_at } = accepted(await site.call("GET", about("/consent", "decided no") + "/analytics"));
  assert.deepEqual({ allowed, status, reason, expires_at }, { allowed: false, status: "revoked", reason: "revoked", expires_at: undefined });
});

test("the decision for an unknown user refuses it because nothing is recorded", async () => {
  const { allowed, status, reason } = accepted(await site.call("GET", "/consent/nobody-else/model_training"));
  assert.deepEqual({ allowed, status, reason }, { allowed: false, status: "pending", reason: "not_recorded" });
});

test("an expired grant is pending with its reason", async () => {
  await grant(site, "long ago", { decided_at: "2020-02-02T02:02:02.000Z" });
  const { allowed, status, reason } = accepted(await site.call("GET", about("/consent", "long ago") + "/analytics"));
  assert.deepEqual({ allowed, status, reason }, { allowed: false, status: "pending", reason: "expired" });
});

test("the decision for a purpose that the site has not is refused with those it has", async () => {
  const problem = refused(await site.call("GET", "/consent/anybody/training"), 422, "invalid_field");
  assert.equal(problem.field, "purpose");
  assert.deepEqual(problem.allowed.toSorted(), PURPOSES);
});

test("a revocation after a grant holds", async () => {
  await grant(site, "changed mind");
  await revoke(site, "changed mind");
  assert.equal((await statusOf(site, "changed mind")).status, "revoked");
});

test("a grant after a revocation holds", async () => {
  await revoke(site, "came round");
  await grant(site, "came round");
  assert.equal((await statusOf(site, "came round")).status, "granted");
});

test("revoking twice keeps both records", async () => {
  await revoke(site, "no and no");
  await revoke(site, "no and no");
  assert.equal((await exportOf(site, "no and no")).consent_history.length, 2);
});

test("a batch is answered with one record for each decision, in their order", async () => {
  const decisions = [
    { purpose: "personalization", status: "granted" },
    { purpose: "analytics", status: "revoked" },
    { purpose: "model_training", status: "pending" },
  ];
  const answer = await site.call("POST", "/consent", { body: { user_id: "batch", decisions } });
  assert.equal(answer.status, 201);
  assert.equal(answer.body.user_id, "batch");
  assert.equal(answer.body.records.length, 3);
  for (const [i, record] of answer.body.records.entries()) {
    assertRecorded(record, decisions[i].status, decisions[i].purpose);
    assert.equal(record.log_index, answer.body.records[0].log_index + i);
  }
});

test("a purpose that was asked about and not decided is pending with that reason", async () => {
  await site.call("POST", "/consent", { body: { user_id: "signs up", decisions: [{ purpose: "analytics", status: "pending" }] } });
  const { status, reason } = await statusOf(site, "signs up");
  assert.deepEqual({ status, reason }, { status: "pending", reason: "not_decided" });
});

test("a batch with one wrong decision stores none of them", async () => {
  const before = await world.events();
  const decisions = [{ purpose: "analytics", status: "granted" }, { purpose: "training", status: "granted" }];
  refused(await site.call("POST", "/consent", { body: { user_id: "half", decisions } }), 422, "invalid_field");
  assert.equal(await world.events(), before);
});

test("the legal basis is consent unless the caller gives another", async () => {
  await grant(site, "basis");
  await grant(site, "basis", { legal_basis: "legitimate_interest" });
  await grant(site, "basis", { legal_basis: "contract" });
  const { consent_history } = await exportOf(site, "basis");
  assert.deepEqual(consent_history.map((record) => record.legal_basis), ["consent", "legitimate_interest", "contract"]);
});

test("the hash of the notice is kept with the record, its version and language with the event", async () => {
  const hash = "ab".repeat(32);
  await grant(site, "notice", { notice: { version: 7, language: "pt-BR", hash } });
  const { consent_history, audit_trail } = await exportOf(site, "notice");
  assert.equal(consent_history[0].notice_hash, hash);
  assert.deepEqual(audit_trail[0].details, { notice: { version: 7, language: "pt-BR" } });
});

test("the context that a backend gives for its visitor is kept, the address cut", async () => {
  const context = { ip_address: "203.0.113.77", user_agent: "Visitor/1.0", country: "FR", gpc: true };
  await grant(site, "context", { context });
  const [{ ip_address, user_agent, country, gpc, evidence }] = (await exportOf(site, "context")).consent_history;
  assert.deepEqual(
    { ip_address, user_agent, country, gpc, evidence },
    { ...context, ip_address: "203.0.113.0", evidence: "kept" },
  );
});

test("a long user agent is cut to 512 bytes, between characters", async () => {
  await grant(site, "long agent", { context: { user_agent: `x${"ä".repeat(20_000)}` } });
  const [{ user_agent }] = (await exportOf(site, "long agent")).consent_history;
  assert.equal(user_agent, `x${"ä".repeat(255)}`);
});

for (const [what, agent] of Object.entries({ "a zero character": "a\0b", "quotes and a backslash": `"\\'`, "an emoji": "🦀", "nothing": "" })) {
  test(`a user agent of ${what} is kept as it is`, async () => {
    await grant(site, `agent of ${what}`, { context: { user_agent: agent } });
    assert.equal((await exportOf(site, `agent of ${what}`)).consent_history[0].user_agent, agent);
  });
}

for (const [address, kept] of Object.entries({ "2001:db8:1234:5678::9": "2001:db8:1234::", "::ffff:192.0.2.77": "192.0.2.0" })) {
  test(`of the address ${address} only ${kept} is kept`, async () => {
    await grant(site, address, { context: { ip_address: address } });
    assert.equal((await exportOf(site, address)).consent_history[0].ip_address, kept);
  });
}

test("without a context the request's own agent, country and Global Privacy Control are kept", async () => {
  const headers = { "User-Agent": "Backend/2.0", "Sec-GPC": "1" };
  await site.call("POST", "/consent/grant", { headers, body: { user_id: "no context", purpose: "analytics" } });
  const [{ user_agent, country, gpc }] = (await exportOf(site, "no context")).consent_history;
  assert.deepEqual({ user_agent, country, gpc }, { user_agent: "Backend/2.0", country: "DE", gpc: true });
});

test("decided_at is kept beside the server's created_at", async () => {
  const decided_at = ago(10 * MINUTE);
  const { timestamp } = await grant(site, "decided before", { decided_at });
  const [record] = (await exportOf(site, "decided before")).consent_history;
  assert.deepEqual(
    { decided_at: record.decided_at, granted_at: record.granted_at, created_at: record.created_at },
    { decided_at, granted_at: decided_at, created_at: timestamp },
  );
});

test("a decided_at in the future is taken for now", async () => {
  const { timestamp } = await grant(site, "fast clock", { decided_at: ago(-60 * MINUTE) });
  const [{ decided_at, created_at }] = (await exportOf(site, "fast clock")).consent_history;
  assert.deepEqual({ decided_at, created_at }, { decided_at: timestamp, created_at: timestamp });
});

test("a late grant never overrides a recorded revocation", async () => {
  await revoke(site, "offline phone");
  await grant(site, "offline phone", { decided_at: ago(MINUTE) });
  assert.equal((await statusOf(site, "offline phone")).status, "revoked");
});

test("a late grant is recorded although it does not hold", async () => {
  await revoke(site, "offline record");
  await grant(site, "offline record", { decided_at: ago(MINUTE) });
  const { consent_history } = await exportOf(site, "offline record");
  assert.deepEqual(consent_history.map((record) => record.status), ["revoked", "granted"]);
});
