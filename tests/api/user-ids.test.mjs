// Which texts are user ids, and that none of them is kept anywhere.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { about, accepted, exportOf, grant, refused, startWorld, statusOf } from "./world.mjs";

const world = await startWorld();
const site = await world.site();

const GOOD = {
  "an email address": "ann.lee+tag@example.com",
  "slashes": "tenant/7/user/9",
  "quotes": `O'Brien "Bob" \`x\``,
  "an emoji": "crab 🦀 👩‍👩‍👧",
  "256 bytes": "é".repeat(128),
  "grant": "grant",
  "a percent sign": "100%",
  "a literal %2F": "a%2Fb",
  "a question mark and a hash": "who?#me",
  "a semicolon and SQL": "x'; DROP TABLE events; --",
  "a space at either end": " padded ",
  "three dots": "...",
  "right-to-left letters": "שלום",
  "a backslash": "DOMAIN\\user",
  "a plus and an ampersand": "a+b&c=d",
};

for (const [what, user] of Object.entries(GOOD)) {
  test(`a user id may be or hold ${what}`, async () => {
    await grant(site, user);
    const answer = accepted(await site.call("GET", about("/consent", user)));
    assert.deepEqual([answer.user_id, answer.consent.analytics.status], [user, "granted"]);
  });
}

test("an id with an encoded slash is another person than the one with the slash", async () => {
  await grant(site, "twin/1");
  assert.equal((await statusOf(site, "twin%2F1")).status, "pending");
});

test("ids that differ only in case or normal form are different people", async () => {
  await grant(site, "caf\u00e9");
  assert.equal((await statusOf(site, "CAF\u00c9")).status, "pending");
  assert.equal((await statusOf(site, "cafe\u0301")).status, "pending");
});

const BAD = {
  "the empty text": "",
  "257 bytes": "x".repeat(257),
  "129 characters of two bytes": "é".repeat(129),
  "a line break": "a\nb",
  "a zero character": "a\0b",
  "a C1 control character": "a\u0085b",
  "a single dot": ".",
  "two dots": "..",
  "a visitor's prefix without a hash": "anonymous:me",
};

for (const [what, user] of Object.entries(BAD)) {
  test(`in a body ${what} is no user id`, async () => {
    const before = await world.events();
    const answer = await site.call("POST", "/consent/grant", { body: { user_id: user, purpose: "analytics" } });
    assert.equal(refused(answer, 422, "invalid_field").field, "user_id");
    assert.equal(await world.events(), before);
  });
}

// The empty text and the dots are no segments of a path, so they can't come this way.
for (const [what, user] of Object.entries(BAD).filter(([, user]) => !["", ".", ".."].includes(user))) {
  test(`in a path ${what} is no user id`, async () => {
    const before = await world.events();
    assert.equal(refused(await site.call("GET", about("/consent", user)), 422, "invalid_field").field, "user_id");
    assert.equal(await world.events(), before);
  });
}

test("a path that is not UTF-8 is malformed", async () => {
  refused(await site.call("GET", "/consent/%ff"), 400, "malformed_request");
});

test("half of a surrogate pair in a body is no text", async () => {
  const before = await world.events();
  const headers = { "Content-Type": "application/json" };
  const answer = await site.call("POST", "/consent/grant", { headers, body: '{"user_id":"\\ud800","purpose":"analytics"}' });
  assert.ok([400, 422].includes(answer.status), answer.text);
  assert.equal(await world.events(), before);
});

test("no user id stands in the database's files, in what the Worker prints or in an error", async () => {
  const marker = "needle-in-a-haystack@example.com";
  const errors = [];
  const keys = { headers: { "Idempotency-Key": "one-key" } };
  accepted(await site.call("POST", "/consent/grant", { ...keys, body: { user_id: marker, purpose: "analytics" } }));
  accepted(await site.call("GET", about("/consent", marker)));
  accepted(await site.call("GET", `${about("/consent", marker)}/analytics`));
  await exportOf(site, marker);
  accepted(await site.call("GET", about("/audit", marker)));
  accepted(await site.call("POST", about("/data/delete", marker), keys));
  errors.push(await site.call("POST", "/consent/grant", { body: { user_id: marker, purpose: "training" } }));
  errors.push(await site.call("POST", "/consent/grant", { body: { user_id: { is: marker }, purpose: "analytics" } }));
  errors.push(await site.call("POST", "/consent/grant", { ...keys, body: { user_id: marker, purpose: "inference" } }));
  errors.push(await site.call("GET", about("/consent", `${marker}\n`)));
  errors.push(await site.call("GET", `${about("/consent", marker)}/training`));
  errors.push(await site.call("GET", `${about("/consent", marker)}/analytics/more`));
  errors.push(await site.call("DELETE", about("/consent", marker)));
  errors.push(await site.call("GET", about("/erasures", marker)));
  errors.push(await site.call("GET", about("/data/export", marker) + "?limit=x"));
  for (const error of errors) {
    assert.ok(error.status >= 400 && error.status < 500, error.text);
    assert.ok(!error.text.includes("needle"), error.text);
  }
  for (const file of ["", "-wal"].map((end) => world.edge.databaseFile + end).filter(existsSync)) {
    assert.equal(readFileSync(file).includes("needle"), false, file);
  }
  assert.equal(world.edge.output.join("\n").includes("needle"), false);
});

test("what the search of the files would find is found", async () => {
  // Guards the test above: a text that is stored does show in these files.
  await grant(site, "agent", { context: { user_agent: "haystack-agent/1.0" } });
  const files = ["", "-wal"].map((end) => world.edge.databaseFile + end).filter(existsSync);
  assert.ok(files.some((file) => readFileSync(file).includes("haystack-agent/1.0")));
});
