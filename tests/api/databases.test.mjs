// A deployment with two databases, bound as DB and DB1: people are spread over both, each has a log of its own, and what is about a person
// and a visitor goes across.

import assert from "node:assert/strict";
import { test } from "node:test";
import { call } from "../support/client.mjs";
import { makeVisitor } from "./people.mjs";
import { about, accepted, exportOf, grant, refused, startWorld, statusOf } from "./world.mjs";

const ORIGIN = "https://shop.example";
const world = await startWorld({ databases: 2 });
const { edge, url } = world;
const site = await world.site({ origins: [ORIGIN] });

/** In which database somebody is, by the hash that an export names. */
async function databaseOf(user) {
  const { subject } = await exportOf(site, user);
  return Number.parseInt(subject.slice(0, 2), 16) % 2;
}

/** Somebody of a database whom nobody knows yet. */
async function somebodyOf(database, name) {
  for (let n = 0; ; n += 1) if ((await databaseOf(`${name}${n}`)) === database) return `${name}${n}`;
}

test("people are in both, and each database has a log of its own", async () => {
  for (const database of [0, 1]) {
    const user = await somebodyOf(database, "spread");
    const { log_index: place, leaf_hash: leaf } = await grant(site, user);
    const [event] = await edge.sqlOn(database, "SELECT lower(hex(leaf_hash)) AS leaf FROM events WHERE log_index = ?", place);
    assert.equal(event.leaf, leaf);
    assert.equal((await statusOf(site, user)).status, "granted");
  }
  await edge.cron("* * * * *");
  const logs = [];
  for (const log of [0, 1]) {
    const checkpoint = await (await fetch(`${url}/log/checkpoint?log=${log}`)).text();
    const [name, size] = checkpoint.split("\n");
    assert.ok((await (await fetch(`${url}/log/key?log=${log}`)).text()).startsWith(`${name}+`));
    const tile = await fetch(`${url}/log/tile/0/000.p/${size}?log=${log}`);
    const hashes = await edge.sqlOn(log, "SELECT lower(hex(leaf_hash)) AS leaf FROM events WHERE log_index < ? ORDER BY log_index", Number(size));
    assert.equal(Buffer.from(await tile.arrayBuffer()).toString("hex"), hashes.map(({ leaf }) => leaf).join(""));
    const rows = await site.call("GET", `/log/rows?log=${log}`);
    assert.equal(rows.text.trim().split("\n").length, Number(size));
    logs.push(name);
  }
  assert.notEqual(logs[0], logs[1]);
  refused(await call(url, "GET", "/log?log=2"), 404, "not_found");
});

for (const [person, visitor] of [[0, 0], [0, 1], [1, 0], [1, 1]]) {
  test(`what a visitor of database ${visitor} granted ends with a link to a person of database ${person} who was erased before`, async () => {
    const user = await somebodyOf(person, `erased${visitor}`);
    const browser = await browserOf(visitor);
    await grant(site, user);
    await decide(browser);
    accepted(await site.call("POST", about("/data/delete", user)));
    assert.equal((await statusOf(site, browser.user)).status, "granted");
    const linked = accepted(await site.call("POST", "/identity/link", { body: { user_id: user, anonymous: browser.proof } }));
    assert.deepEqual(linked.records, []);
    for (const who of [user, browser.user]) assert.equal((await statusOf(site, who)).reason, "erased", who);
    await decide(browser);
    assert.equal((await statusOf(site, browser.user)).status, "granted");
  });
}

/** A browser whose visitor is in a database. */
async function browserOf(database) {
  for (;;) {
    const browser = makeVisitor(site.site, ORIGIN);
    if ((await databaseOf(browser.user)) === database) return browser;
  }
}

/** Its visitor says yes. */
async function decide({ proof }) {
  const body = { anonymous: proof, decisions: [{ purpose: "analytics", status: "granted" }] };
  accepted(await call(url, "POST", "/consent", { headers: { Origin: ORIGIN }, body }));
}
