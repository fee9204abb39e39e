// Signing in: what a visitor decided is joined to the person they turn out to be.

import assert from "node:assert/strict";
import { test } from "node:test";
import { call } from "../support/client.mjs";
import { leafHash } from "./leaf.mjs";
import { claims, makeKey, makeVisitor, token } from "./people.mjs";
import { about, accepted, exportOf, grant, refused, revoke, startWorld, statusOf } from "./world.mjs";

const world = await startWorld();
const { url } = world;
const ORIGIN = "https://shop.example";
const key = makeKey();
const site = await world.site({ origins: [ORIGIN], jwks: { keys: [key.jwk] } });

/** A visitor who has decided about some purposes. */
async function visitorWho(decisions) {
  const visitor = makeVisitor(site.site, ORIGIN);
  const list = Object.entries(decisions).map(([purpose, status]) => ({ purpose, status }));
  const body = { anonymous: visitor.proof, decisions: list };
  return { ...visitor, records: accepted(await call(url, "POST", "/consent", { headers: { Origin: ORIGIN }, body })).records };
}

const link = (user, visitor, options) =>
  site.call("POST", "/identity/link", { body: { user_id: user, anonymous: visitor.proof }, ...options });

test("the visitor's decision becomes the person's", async () => {
  const visitor = await visitorWho({ analytics: "granted", inference: "revoked" });
  const answer = await link("joined", visitor);
  assert.equal(answer.status, 201);
  assert.deepEqual([answer.body.user_id, answer.body.visitor_id], ["joined", visitor.user]);
  assert.deepEqual(answer.body.records.map(({ purpose, status }) => [purpose, status]).toSorted(), [
    ["analytics", "granted"],
    ["inference", "revoked"],
  ]);
  assert.equal((await statusOf(site, "joined")).status, "granted");
});

test("it counts from when the visitor decided", async () => {
  const visitor = await visitorWho({ analytics: "granted" });
  await link("since", visitor);
  assert.equal((await statusOf(site, "since")).updated_at, visitor.records[0].timestamp);
});

test("what an erasure of the visitor ended is not taken over", async () => {
  const visitor = await visitorWho({ analytics: "granted", inference: "revoked" });
  accepted(await site.call("POST", about("/data/delete", visitor.user)));
  const { records } = accepted(await link("after erasure", visitor));
  assert.deepEqual(records.map(({ purpose }) => purpose), ["inference"]);
});

test("an erasure of the person ends what was granted as the visitor", async () => {
  const visitor = await visitorWho({ analytics: "granted" });
  await link("both erased", visitor);
  accepted(await site.call("POST", about("/data/delete", "both erased")));
  assert.equal((await statusOf(site, "both erased")).reason, "erased");
  assert.equal((await statusOf(site, visitor.user)).reason, "erased");
});

test("what a visitor granted before the erasure of the person they turn out to be stands no longer, and what they grant after it does", async () => {
  const visitor = await visitorWho({ analytics: "granted", inference: "revoked" });
  accepted(await site.call("POST", about("/data/delete", "erased before")));
  assert.equal((await statusOf(site, visitor.user)).status, "granted", "nobody knows who they are");
  const { records } = accepted(await link("erased before", visitor));
  assert.deepEqual(records.map(({ purpose }) => purpose), ["inference"]);
  const own = await call(url, "GET", about("/consent", visitor.user), { headers: { Origin: ORIGIN, ...visitor.headers } });
  assert.deepEqual([accepted(own).consent.analytics.status, own.body.consent.analytics.reason], ["pending", "erased"]);
  assert.equal((await exportOf(site, visitor.user)).erased_at, (await exportOf(site, "erased before")).erased_at);
  accepted(await link("erased before", visitor));
  const { audit_trail: trail } = await exportOf(site, visitor.user);
  assert.equal(trail.filter(({ action }) => action === "erasure_requested").length, 1, "said once");
  const body = { anonymous: visitor.proof, decisions: [{ purpose: "analytics", status: "granted" }] };
  accepted(await call(url, "POST", "/consent", { headers: { Origin: ORIGIN }, body }));
  accepted(await link("erased before", visitor));
  for (const user of [visitor.user, "erased before"]) assert.equal((await statusOf(site, user)).status, "granted", user);
});

test("a decision that the person made signed in wins", async () => {
  const visitor = await visitorWho({ analytics: "granted" });
  await revoke(site, "signed in");
  assert.deepEqual(accepted(await link("signed in", visitor)).records, []);
  assert.equal((await statusOf(site, "signed in")).status, "revoked");
});

test("joining twice records the decisions once", async () => {
  const visitor = await visitorWho({ analytics: "granted" });
  await link("again", visitor);
  await link("again", visitor);
  const own = (await exportOf(site, "again")).consent_history.filter((record) => record.subject === undefined);
  assert.equal(own.length, 1);
});

test("both trails tell of it, and neither holds the other's user id", async () => {
  const visitor = await visitorWho({ analytics: "granted" });
  await link("both trails", visitor);
  for (const [user, other] of [["both trails", visitor.user], [visitor.user, "both trails"]]) {
    const { audit_trail } = accepted(await site.call("GET", about("/audit", user)));
    const own = audit_trail.filter((event) => event.action === "identity_linked" && event.subject === undefined);
    assert.equal(own.length, 1, user);
    assert.equal(JSON.stringify(audit_trail).includes(other), false);
  }
});

test("a joined person's export holds the visitor's records too, with what their requests showed", async () => {
  const visitor = await visitorWho({ analytics: "granted" });
  await link("with evidence", visitor);
  const { consent_history } = await exportOf(site, "with evidence");
  assert.deepEqual(consent_history.map(({ evidence }) => evidence), ["kept", "none"]);
  assert.deepEqual(consent_history.map(({ subject }) => typeof subject), ["string", "undefined"]);
});

test("a visitor's export holds nothing of the person they turned out to be", async () => {
  const visitor = await visitorWho({ analytics: "granted" });
  await grant(site, "not the visitor's", { purpose: "inference" });
  await link("not the visitor's", visitor);
  const { consent_history } = await exportOf(site, visitor.user);
  assert.deepEqual(consent_history.map(({ purpose }) => purpose), ["analytics"]);
});

test("the leaves of a joined person are recomputed from the published table", async () => {
  const visitor = await visitorWho({ analytics: "granted" });
  await link("joined leaves", visitor);
  const page = await exportOf(site, "joined leaves");
  for (const event of page.audit_trail) assert.equal(leafHash(page, event), event.leaf_hash, JSON.stringify(event));
});

test("a person joins a visitor by their own token", async () => {
  const visitor = await visitorWho({ analytics: "granted" });
  const body = { anonymous: visitor.proof };
  const bearer = token(key, claims(site.site, "by token"));
  accepted(await call(url, "POST", "/identity/link", { key: bearer, body }));
  assert.equal((await statusOf(site, "by token")).status, "granted");
});

test("a page of the site joins its visitor by the person's token", async () => {
  const visitor = await visitorWho({ analytics: "granted" });
  const asks = { "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type,idempotency-key" };
  const preflight = await call(url, "OPTIONS", "/identity/link", { headers: { Origin: ORIGIN, ...asks } });
  assert.deepEqual([preflight.status, preflight.headers.get("Access-Control-Allow-Origin")], [204, ORIGIN]);
  for (const name of ["Authorization", "Content-Type", "Idempotency-Key"]) {
    assert.ok(preflight.headers.get("Access-Control-Allow-Headers").includes(name), name);
  }
  const options = { key: token(key, claims(site.site, "on a page")), headers: { Origin: ORIGIN }, body: { anonymous: visitor.proof } };
  const answer = await call(url, "POST", "/identity/link", options);
  assert.deepEqual([answer.status, answer.headers.get("Access-Control-Allow-Origin")], [201, ORIGIN]);
});

test("a person's token joins nobody to another person", async () => {
  const visitor = await visitorWho({ analytics: "granted" });
  const body = { user_id: "victim", anonymous: visitor.proof };
  await denied(() => call(url, "POST", "/identity/link", { key: token(key, claims(site.site, "attacker")), body }), 403, "forbidden");
});

test("the visitor's secret alone joins nobody", async () => {
  const visitor = await visitorWho({ analytics: "granted" });
  const body = { user_id: "somebody", anonymous: visitor.proof };
  await denied(() => call(url, "POST", "/identity/link", { headers: { Origin: ORIGIN }, body }), 401, "unauthenticated");
});

test("a visitor can't be joined to a visitor", async () => {
  const [one, two] = [await visitorWho({ analytics: "granted" }), await visitorWho({ analytics: "granted" })];
  await denied(() => link(one.user, two), 422, "invalid_field");
});

test("a visitor of another site can't be joined", async () => {
  const other = await world.site();
  const visitor = makeVisitor(other.site, ORIGIN);
  await denied(() => link("somebody", visitor), 422, "invalid_field");
});

test("without the visitor's proof nobody is joined", async () => {
  await denied(() => site.call("POST", "/identity/link", { body: { user_id: "somebody" } }), 422, "invalid_field");
});

test("the person's erasure reaches what the visitor's requests showed", async () => {
  const visitor = await visitorWho({ analytics: "granted" });
  await link("erased", visitor);
  accepted(await site.call("POST", "/data/delete/erased"));
  const { consent_history } = await exportOf(site, visitor.user);
  assert.deepEqual(consent_history.map((record) => record.evidence), ["redacted"]);
});

test("an erasure of somebody else leaves the visitor's evidence", async () => {
  const visitor = await visitorWho({ analytics: "granted" });
  await link("keeps", visitor);
  accepted(await site.call("POST", "/data/delete/another"));
  assert.equal((await exportOf(site, visitor.user)).consent_history[0].evidence, "kept");
});

test("a repeated call with one Idempotency-Key leaves no second event and gets the first answer", async () => {
  const visitor = await visitorWho({ analytics: "granted" });
  const options = { headers: { "Idempotency-Key": "link-once" } };
  const first = await link("once", visitor, options);
  const before = await world.events();
  const second = await link("once", visitor, options);
  assert.deepEqual([second.status, second.text], [201, first.text]);
  assert.equal(await world.events(), before);
});

test("an Idempotency-Key with another body is refused", async () => {
  const options = { headers: { "Idempotency-Key": "link-other" } };
  accepted(await link("first body", await visitorWho({ analytics: "granted" }), options));
  const visitor = await visitorWho({ analytics: "granted" });
  await denied(() => link("second body", visitor, options), 422, "idempotency_key_reused");
});

test("what the visitor decides after joining stays the visitor's", async () => {
  const visitor = await visitorWho({ analytics: "granted" });
  await link("apart", visitor);
  await grant(site, "apart", { purpose: "inference" });
  assert.equal((await statusOf(site, visitor.user, "inference")).status, "pending");
});

async function denied(ask, status, code) {
  const before = await world.events();
  refused(await ask(), status, code);
  assert.equal(await world.events(), before, "a refused call stored an event");
}
