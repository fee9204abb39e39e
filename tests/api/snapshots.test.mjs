// Who granted a purpose, as a site's backend reads it from a real Worker with a real bucket.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { makeSite } from "../support/client.mjs";
import { about, accepted, grant, refused, revoke, startWorld } from "./world.mjs";

const PIECE = 5 << 20;
const PATH = "/snapshots/model_training";
const training = { purpose: "model_training" };
const world = await startWorld();
const bearer = (key) => ({ Authorization: `Bearer ${key}` });

/** The whole snapshot: headers, what it says of itself, the keys in it with the minute in which each ends. */
async function pull(site, headers = {}) {
  const answer = await fetch(world.url + PATH, { headers: { ...bearer(site.key), ...headers } });
  if (answer.status !== 200) return { status: answer.status, headers: answer.headers, text: await answer.text() };
  const bytes = Buffer.from(await answer.arrayBuffer());
  const content = bytes.subarray(0, -32);
  let chain = Buffer.alloc(32);
  for (let at = 0; at < content.length; at += PIECE) {
    chain = createHash("sha256").update(chain).update(content.subarray(at, at + PIECE)).digest();
  }
  assert.deepEqual(chain, bytes.subarray(-32), "the digest is that of the bytes");
  const end = content.indexOf("\n");
  const people = new Map();
  for (let at = end + 1; at < content.length; at += 20) {
    people.set(content.toString("hex", at, at + 16), content.readUInt32LE(at + 16));
  }
  return { status: 200, headers: answer.headers, head: JSON.parse(content.toString("utf8", 0, end)), people };
}

const changes = async (site, since) => accepted(await site.call("GET", `${PATH}/changes?since=${since}`));

/** The key by which a person stands in a snapshot, from the log. */
async function keyOf(site, user) {
  const { subject } = accepted(await site.call("GET", about("/data/export", user)));
  return subject.slice(0, 32);
}

test("a snapshot holds exactly those whose yes stands, with its end", async () => {
  const site = await world.site();
  await grant(site, "yes", training);
  await grant(site, "other purpose");
  await grant(site, "changed", training);
  await revoke(site, "changed", training);
  const { head, people, headers } = await pull(site);
  const minute = Math.floor(Date.parse((await statusEnd(site, "yes")).expires_at) / 60_000);
  assert.deepEqual([...people], [[await keyOf(site, "yes"), minute]]);
  assert.deepEqual([head.format, head.site, head.purpose, head.key_id], ["consentry-granted/1", site.site, "model_training", 1]);
  assert.match(headers.get("ETag"), /^"[\w-]+"$/);
  assert.equal(headers.get("Content-Type"), "application/octet-stream");
});

const statusEnd = async (site, user) => accepted(await site.call("GET", `${about("/consent", user)}/model_training`));

test("nothing newer is a 304 that leaves no event", async () => {
  const site = await world.site();
  await grant(site, "u1", training);
  const first = await pull(site);
  const before = await world.events();
  const again = await pull(site, { "If-None-Match": first.headers.get("ETag") });
  assert.deepEqual([again.status, again.text, await world.events()], [304, "", before]);
});

test("what was decided since is told with what holds now", async () => {
  const site = await world.site();
  await grant(site, "leaves", training);
  await grant(site, "stays", training);
  const { head } = await pull(site);
  await revoke(site, "leaves", training);
  await grant(site, "comes", training);
  await grant(site, "other purpose");
  const page = await changes(site, head.position);
  assert.deepEqual(
    new Map(page.changes.map(({ key, granted, expires_at }) => [key, [granted, expires_at]])),
    new Map([
      [await keyOf(site, "leaves"), [false, undefined]],
      [await keyOf(site, "comes"), [true, (await statusEnd(site, "comes")).expires_at]],
    ]),
  );
  assert.deepEqual([page.more, page.log], [false, head.log]);
  assert.deepEqual((await changes(site, page.position)).changes, []);
});

test("a late yes from an offline phone does not undo a no", async () => {
  const site = await world.site();
  const decided_at = new Date(Date.now() - 3_600_000).toISOString();
  const { head } = await pull(site);
  await revoke(site, "u1", training);
  await grant(site, "u1", { ...training, decided_at });
  const page = await changes(site, head.position);
  assert.deepEqual(page.changes.map(({ granted }) => granted), [false]);
});

test("whose erasure was asked for is out, at once among the changes and of the next snapshot", async () => {
  const site = await world.site();
  await grant(site, "gone", training);
  await grant(site, "stays", training);
  const { head } = await pull(site);
  accepted(await site.call("POST", about("/data/delete", "gone")));
  const page = await changes(site, head.position);
  assert.deepEqual(page.changes.map(({ key, granted }) => [key, granted]), [[await keyOf(site, "gone"), false]]);
  await age(site);
  await world.edge.cron("* * * * *");
  assert.deepEqual([...(await pull(site)).people.keys()], [await keyOf(site, "stays")]);
});

/** Lets a site's snapshot be so old that the next run of the cron handler builds it anew. */
const age = (site) => world.edge.sql("UPDATE snapshots SET built_at = 1 WHERE site = ?", site.site);

test("the cron handler replaces an old snapshot, and the bucket keeps no more than the one before", async () => {
  const site = await world.site();
  const tags = [];
  for (const user of ["u1", "u2", "u3", "u4"]) {
    await grant(site, user, training);
    await age(site);
    await world.edge.cron("* * * * *");
    const { headers, people } = await pull(site);
    tags.push(headers.get("ETag"));
    assert.ok(people.has(await keyOf(site, user)));
  }
  assert.equal(new Set(tags).size, 4);
});

test("it takes the scope, of a site's key and not of a person", async () => {
  const other = await makeSite(world.url, { site: "scopeless", scopes: ["consent:read", "consent:write", "subject:export"] });
  for (const path of [PATH, `${PATH}/changes?since=0`]) {
    await world.denied(() => other.call("GET", path), [403]);
    await world.denied(() => other.call("GET", path, { key: "ck_unknown_key" }), [401]);
    const visitor = { "Consentry-Site": "scopeless", "Consentry-Secret": "A".repeat(43) };
    await world.denied(() => other.call("GET", path, { key: undefined, headers: visitor }), [403]);
  }
});

test("a key reads its own site only", async () => {
  const [mine, theirs] = [await world.site(), await world.site()];
  await grant(theirs, "u1", training);
  const { people, head } = await pull(mine);
  assert.equal(people.size, 0);
  assert.deepEqual((await changes(mine, 0)).changes, []);
  assert.equal(head.site, mine.site);
});

test("a purpose that the site has not, and a position that is none, are told so", async () => {
  const site = await world.site();
  assert.equal(refused(await site.call("GET", "/snapshots/newsletter"), 422, "invalid_field").field, "purpose");
  for (const since of ["", "x", "1.2", "-1", "999999999"]) {
    const answer = await site.call("GET", `${PATH}/changes?since=${since}`);
    assert.equal(refused(answer, 422, "invalid_field").field, "since");
  }
});

test("each pull and each poll is an event that names no person", async () => {
  const site = await world.site();
  await grant(site, "u1", training);
  await pull(site);
  await changes(site, 0);
  const events = await world.edge.sql("SELECT subject, details FROM events WHERE site = ? AND kind = 'snapshot_read'", site.site);
  assert.deepEqual(events.map(({ subject }) => subject), [null, null]);
  assert.deepEqual(events.map(({ details }) => JSON.parse(details).purpose), ["model_training", "model_training"]);
});
