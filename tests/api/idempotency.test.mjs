// Calls that are sent more than once happen once.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { SCOPES, admin, call } from "../support/client.mjs";
import { ADMIN_SECRET } from "../support/edge.mjs";
import { makeVisitor } from "./people.mjs";
import { about, accepted, exportOf, refused, startWorld } from "./world.mjs";

const world = await startWorld();
const { edge } = world;

const send = (site, key, body, path = "/consent/grant") =>
  site.call("POST", path, { headers: { "Idempotency-Key": key }, body });

const yes = (user, purpose = "analytics") => ({ user_id: user, purpose });

describe("the same key", () => {
  test("with the same body gives the first answer and says so", async () => {
    const site = await world.site();
    const first = await send(site, "k1", yes("u1"));
    const second = await send(site, "k1", yes("u1"));
    assert.equal(first.headers.get("Idempotent-Replayed"), null);
    assert.equal(second.headers.get("Idempotent-Replayed"), "true");
    assert.deepEqual([second.status, second.text], [201, first.text]);
    assert.equal((await exportOf(site, "u1")).consent_history.length, 1);
  });

  test("gives a batch back in its order", async () => {
    const site = await world.site();
    const decisions = [
      { purpose: "personalization", status: "granted" },
      { purpose: "analytics", status: "revoked" },
      { purpose: "inference", status: "pending" },
    ];
    const first = await send(site, "k1", { user_id: "u1", decisions }, "/consent");
    const second = await send(site, "k1", { user_id: "u1", decisions }, "/consent");
    assert.equal(second.text, first.text);
    assert.deepEqual(first.body.records.map(({ purpose }) => purpose), decisions.map(({ purpose }) => purpose));
  });

  test("with another body is refused and stores nothing", async () => {
    const site = await world.site();
    accepted(await send(site, "k1", yes("u1")));
    const before = await world.events();
    refused(await send(site, "k1", yes("u1", "inference")), 422, "idempotency_key_reused");
    assert.equal(await world.events(), before);
  });

  test("after a refusal is free, because nothing happened", async () => {
    const site = await world.site();
    refused(await send(site, "k1", yes("u1", "training")), 422, "invalid_field");
    accepted(await send(site, "k1", yes("u1")));
  });

  test("on another route is another call", async () => {
    const site = await world.site();
    accepted(await send(site, "k1", yes("u1")));
    const revoked = accepted(await send(site, "k1", yes("u1"), "/consent/revoke"));
    assert.equal(revoked.status, "revoked");
  });

  test("of another site's backend is another call", async () => {
    const [one, other] = [await world.site(), await world.site()];
    const first = accepted(await send(one, "k1", yes("u1")));
    const second = accepted(await send(other, "k1", yes("u1")));
    assert.notEqual(first.id, second.id);
  });

  test("of another key of the same site is another call", async () => {
    const site = await world.site();
    const made = await admin(edge.url, "POST", `/admin/sites/${site.site}/keys`, { name: "second", scopes: SCOPES });
    const options = { key: accepted(made).key, headers: { "Idempotency-Key": "k1" }, body: yes("u1") };
    const first = accepted(await send(site, "k1", yes("u1")));
    const second = accepted(await call(edge.url, "POST", "/consent/grant", options));
    assert.notEqual(first.id, second.id);
  });

  test("of another visitor is another call", async () => {
    const site = await world.site();
    const decide = (visitor) =>
      call(edge.url, "POST", "/consent", {
        headers: { "Idempotency-Key": "k1", Origin: edge.url },
        body: { anonymous: visitor.proof, decisions: [{ purpose: "analytics", status: "granted" }] },
      });
    const visitors = [makeVisitor(site.site, edge.url), makeVisitor(site.site, edge.url)];
    const answers = [await decide(visitors[0]), await decide(visitors[1])];
    assert.deepEqual(answers.map((answer) => accepted(answer).user_id), visitors.map(({ user }) => user));
  });

  test("of issuing a key gives the same key", async () => {
    const site = await world.site();
    const issue = () =>
      call(edge.url, "POST", `/admin/sites/${site.site}/keys`, {
        key: ADMIN_SECRET,
        headers: { "Idempotency-Key": "k1" },
        body: { name: "once", scopes: SCOPES },
      });
    const [first, second] = [await issue(), await issue()];
    assert.deepEqual([second.status, second.text], [201, first.text]);
  });

  test("in other letters is another key", async () => {
    const site = await world.site();
    const [first, second] = [accepted(await send(site, "Key", yes("u1"))), accepted(await send(site, "KEY", yes("u1")))];
    assert.notEqual(first.id, second.id);
  });

  test("of an erasure gives the same erasure", async () => {
    const site = await world.site();
    accepted(await send(site, "k1", yes("u1")));
    const erase = () => site.call("POST", about("/data/delete", "u1"), { headers: { "Idempotency-Key": "e1" } });
    const [first, second] = [await erase(), await erase()];
    assert.deepEqual([second.status, second.text], [202, first.text]);
  });
});

test("20 concurrent calls with one key leave one record, and all get its answer", async () => {
  const site = await world.site();
  const before = await world.events();
  const answers = await Promise.all(Array.from({ length: 20 }, () => send(site, "k20", yes("u20"))));
  assert.deepEqual(answers.map(({ status }) => status), Array(20).fill(201));
  assert.equal(new Set(answers.map(({ text }) => text)).size, 1);
  assert.equal(await world.events(), before + 1);
});

test("200 concurrent grants are 200 events without a gap", async () => {
  const site = await world.site();
  const before = await world.events();
  const answers = await Promise.all(
    Array.from({ length: 200 }, (_, n) => site.call("POST", "/consent/grant", { body: yes(`user ${n}`) })),
  );
  const indexes = answers.map((answer) => accepted(answer).log_index).sort((a, b) => a - b);
  assert.deepEqual(indexes, Array.from({ length: 200 }, (_, n) => before + n));
  const [{ first, last, count }] = await edge.sql(
    "SELECT min(log_index) AS first, max(log_index) AS last, count(*) AS count FROM events",
  );
  assert.deepEqual([first, last], [0, count - 1]);
});

test("a key that is none is refused", async () => {
  const site = await world.site();
  for (const key of ["two words", "x".repeat(256)]) {
    refused(await send(site, key, yes("u1")), 400, "malformed_request");
  }
});

test("20 concurrent calls with one key and different bodies leave one record, the others are refused", async () => {
  const site = await world.site();
  const before = await world.events();
  const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => send(site, "race", yes(`racer ${n}`))));
  const statuses = answers.map(({ status }) => status).sort();
  assert.deepEqual(statuses, [201, ...Array(19).fill(422)]);
  assert.equal(await world.events(), before + 1);
});

test("a key whose day is over may be used again without waiting for the cron handler", async () => {
  const site = await world.site();
  const first = accepted(await send(site, "stale", yes("u1")));
  await edge.sql("UPDATE idempotency SET expires_at = 1 WHERE first_index = ?", first.log_index);
  assert.notEqual(accepted(await send(site, "stale", yes("u1", "inference"))).id, first.id);
});

test("the cron handler forgets keys whose day is over, and only those", async () => {
  const site = await world.site();
  accepted(await send(site, "old", yes("u1")));
  accepted(await send(site, "new", yes("u2")));
  const count = async () => (await edge.sql("SELECT count(*) AS count FROM idempotency"))[0].count;
  const before = await count();
  await edge.sql("UPDATE idempotency SET expires_at = 1 WHERE first_index = (SELECT max(log_index) - 1 FROM events)");
  await edge.cron("17 * * * *");
  assert.equal(await count(), before - 1);
});
