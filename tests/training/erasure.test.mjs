// Whole erasures, through every kind of store at once: rows in R2, values in KV, a service that fails twice, and an agent with files, a
// bucket that it reaches as S3, and a real Chroma, over HTTP and in its directory. Edge, agent, service and Chroma are killed at random instants, and each erasure ends
// done: nothing of the person is in the bytes of any store, and all others have what they had.
//
// CONSENTRY_KILLS says in how many rounds to kill, `cargo xtask soak erasure` does so in 50.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { cp, mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { gunzipSync, gzipSync } from "node:zlib";
import { admin, makeSite } from "../support/client.mjs";
import { startEdge } from "../support/edge.mjs";
import { about, accepted, exportOf, grant, statusOf } from "../api/world.mjs";
import { chromaScript, ended, freePort, run, soaked, start, startBuckets, startChroma, startFront, startService } from "./beside.mjs";

/** Within how many runs of the scheduled handler, and of the agent, an erasure ends once nobody kills any more. */
const SWEEPS = 15;
const ROUNDS = Number(process.env.CONSENTRY_KILLS ?? 5);
const ADA = "ada@example.com";
/** Begins as hers, and is another person's. */
const NEIGHBOUR = `${ADA}0`;
const BOB = "bob@example.com";
const OTHERS = [NEIGHBOUR, ...Array.from({ length: 8 }, (_, n) => `user${n}@example.com`)];
const vars = { ERASURE_RETRY_MS: "50", ERASURE_KV_DELAY_MS: "100" };

const home = await mkdtemp(join(tmpdir(), "consentry-erasure-edge-"));
let edge = await startEdge({ directory: home, vars });
after(async () => {
  await edge.stop();
  await rm(home, { recursive: true, force: true });
});
const front = await startFront(() => edge.url);
const template = await mkdtemp(join(tmpdir(), "consentry-erasure-chroma-"));
after(() => rm(template, { recursive: true, force: true }));
await chromaScript("fill", template);

const service = await startService();

const sha = (data) => createHash("sha256").update(data).digest("hex");
/** A text that is nobody else's, and doesn't name whose it is. */
const words = (user) => `words ${sha(user).slice(0, 20)}`;
const row = (user, n) => `${JSON.stringify({ user_id: user, n, text: `${words(user)} ${"and many more ".repeat(n % 5)}` })}\n`;
const rows = (from, users) => Array.from({ length: 300 }, (_, n) => row(users[n % users.length], from + n)).join("");
const without = (text, gone) => text.split(/(?<=\n)/).filter((line) => !gone.includes(JSON.parse(line).user_id)).join("");

let sites = 0;

/** A site with a store of each kind, and a folder with what its agent needs. */
async function place(people) {
  const name = `whole${++sites}`;
  const stores = [
    { name: "rows", kind: "r2_jsonl", prefix: `${name}/` },
    { name: "cache", kind: "kv", prefix: `${name}/{user_id}/` },
    { name: "crm", kind: "webhook", url: service.url },
    { name: "files", kind: "agent" },
    { name: "vectors", kind: "agent" },
    { name: "disk", kind: "agent", after: ["vectors"] },
  ];
  const site = await makeSite(front.url, { site: name, stores });
  const folder = await mkdtemp(join(tmpdir(), "consentry-erasure-"));
  after(() => rm(folder, { recursive: true, force: true }));
  const made = await run(folder, ["agent", "keygen", "-o", "signing-key"]);
  assert.equal(made.code, 0, made.said);
  const named = stores.filter(({ kind }) => kind === "agent").map(({ name }) => name);
  const input = { name: "agent", scopes: ["erasure:work"], stores: named, public_key: JSON.parse(made.out) };
  const { key } = accepted(await admin(front.url, "POST", `/admin/sites/${name}/keys`, input));
  await writeFile(join(folder, "api-key"), `${key}\n`, { mode: 0o600 });
  const port = await freePort();
  const told = await startFront(() => `http://127.0.0.1:${port}`);
  const collections = ["queued", "indexed", "both"].map((collection) => ({ kind: "chroma", url: told.url, collection }));
  await mkdir(join(folder, "buckets/objects"), { recursive: true });
  const buckets = await startBuckets(join(folder, "buckets"));
  await writeFile(join(folder, "bucket-keys"), "[default]\naws_access_key_id = key\naws_secret_access_key = secret\n", { mode: 0o600 });
  const s3 = { endpoint: buckets.url, credentials_file: "bucket-keys" };
  const files = [{ kind: "jsonl", path: "data/*" }, { kind: "jsonl", path: "s3://objects/data/*", s3 }];
  const beside = { files, vectors: collections, disk: [{ kind: "chroma_files", path: "chroma" }] };
  const config = { api: front.url, api_key_file: "api-key", signing_key_file: "signing-key", state: "state", poll_seconds: 1, stores: beside };
  await writeFile(join(folder, "agent.json"), JSON.stringify(config));
  return { name, site, folder, port, told, people, all: [...people, ...OTHERS], held: { ...EVERYTHING } };
}

/** Where an agent has rows: a folder of its own, and one that the server of buckets keeps objects in. */
const DATA = ["data", "buckets/objects/data"];

/** How much a place holds of one of ten people, by store. */
const EVERYTHING = { d1_evidence: 1, rows: 90, cache: 2, crm: 4, files: 180 };

/** What the objects and files of a place hold when it is full. */
const full = ({ all }) => [0, 1, 2].map((n) => rows(n * 1000, all));
const keysOf = ({ name }, user) => [0, 1].map((n) => `${name}/${encodeURIComponent(user)}/${n}`);

/** Puts something of everybody into every store, and says what all others are answered. */
async function fill(here) {
  const { name, folder, all } = here;
  const [a, b, c] = full(here);
  for (const data of DATA) {
    await mkdir(join(folder, data), { recursive: true });
    const contents = [["0.jsonl", a], ["1.jsonl", b], ["2.jsonl.gz", gzipSync(c)]];
    await Promise.all(contents.map(([name, bytes]) => writeFile(join(folder, data, name), bytes)));
  }
  await edge.bucket("DATA", async (bucket) => {
    for (const [key, body] of [["0.jsonl", a], ["1.jsonl", b], ["2.jsonl.gz", gzipSync(c)]]) await bucket.put(`${name}/${key}`, new Uint8Array(Buffer.from(body)));
  });
  await edge.namespace("CACHE", async (kv) => {
    for (const user of all) for (const key of keysOf(here, user)) await kv.put(key, words(user));
  });
  for (const user of all) await service.set(user, 4);
  for (const user of all) await grant(here.site, user, { context: { user_agent: `Browser of ${words(user)}` } });
  await rm(join(folder, "chroma"), { recursive: true, force: true });
  await cp(template, join(folder, "chroma"), { recursive: true });
  here.chroma = await startChroma(join(folder, "chroma"), ADA, here.port);
  here.held.vectors = (await here.chroma.hers()).length;
  assert.ok(here.held.vectors > 0);
  // Whoever looks for what is left must find what is there.
  for (const user of here.people) {
    for (const place of [join(home, "r2"), join(home, "kv"), ...DATA.map((data) => join(folder, data))]) assert.ok((await traces(place, user)).length > 0, place);
    assert.ok((await tablesWith(words(user))).length > 0);
  }
  here.before = await answers(here);
}

/** What others are answered about themselves, and what Chroma answers about all but her. */
async function answers(here) {
  const told = { chroma: sha(JSON.stringify(await here.chroma.theirs())) };
  for (const user of OTHERS.slice(0, 3)) {
    const { consent_history } = await exportOf(here.site, user);
    told[user] = sha(JSON.stringify([consent_history, await statusOf(here.site, user)]));
  }
  return told;
}

/**
 * The names of files in a folder that hold an id or a text of somebody, also packed. The local runtime keeps the names of keys in SQLite,
 * whose freed space stays as it was, as in D1; what a listing shows of them is asked elsewhere, and values are files.
 */
async function traces(folder, user) {
  const id = user.replaceAll(".", "\\.");
  const theirs = new RegExp(`(?:${id}|${id.replace("@", "%40")})(?!0)|${words(user)}`);
  const found = [];
  for (const name of await readdir(folder, { recursive: true })) {
    const path = join(folder, name);
    if (/namespaceobject.*\.sqlite(-wal|-shm)?$/i.test(name) || !(await stat(path)).isFile()) continue;
    let bytes = await readFile(path);
    if (bytes.length > 2 && bytes.readUInt16BE(0) === 0x1f8b) bytes = gunzipSync(bytes);
    if (theirs.test(bytes.toString("latin1"))) found.push(name);
  }
  return found;
}

/** The tables that hold a text. SQLite keeps freed space as it was, so of D1 it is asked what a query can show. */
async function tablesWith(text) {
  const names = await edge.sql("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'");
  const found = [];
  for (const { name } of names) if (JSON.stringify(await edge.sql(`SELECT * FROM "${name}"`)).includes(text)) found.push(name);
  return found;
}

/** Nothing of theirs is anywhere, and what is there of others is what was. */
async function assert_only_theirs_are_gone(here, said) {
  const { name, folder, people, all } = here;
  const wanted = full(here).map((text) => sha(without(text, people)));
  for (const data of DATA) {
    const kept = await Promise.all(["0.jsonl", "1.jsonl", "2.jsonl.gz"].map((file) => readFile(join(folder, data, file))));
    assert.deepEqual(kept.map((bytes, n) => sha(n === 2 ? gunzipSync(bytes) : bytes)), wanted, data);
  }
  await edge.bucket("DATA", async (bucket) => {
    const { objects } = await bucket.list({ prefix: `${name}/` });
    const bodies = await Promise.all(objects.map(async ({ key }) => Buffer.from(await (await bucket.get(key)).arrayBuffer())));
    assert.deepEqual(bodies.map((bytes, n) => sha(n === 2 ? gunzipSync(bytes) : bytes)), wanted);
  });
  await edge.namespace("CACHE", async (kv) => {
    const others = all.filter((user) => !people.includes(user));
    const keys = (await kv.list({ prefix: `${name}/` })).keys.map(({ name }) => name);
    assert.deepEqual(keys, others.flatMap((user) => keysOf(here, user)).sort());
    for (const user of others) assert.equal(await kv.get(keysOf(here, user)[0]), words(user));
  });
  for (const user of all) assert.equal(await service.get(user), people.includes(user) ? undefined : 4);
  for (const user of people) {
    for (const store of ["r2", "kv"]) assert.deepEqual(await traces(join(home, store), user), [], `${store} holds something of ${user}`);
    assert.deepEqual(await traces(folder, user), [], `the agent holds something of ${user}`);
    for (const text of [user.concat('"'), words(user)]) assert.deepEqual(await tablesWith(text), []);
    assert.ok(!`${said}${edge.output.join("\n")}`.includes(user), "somebody is named in a line");
  }
  if (people.includes(ADA)) assert.equal((await chromaScript("raw", join(folder, "chroma"))).trim(), "0");
  here.chroma = await startChroma(join(folder, "chroma"), ADA, here.port);
  if (people.includes(ADA)) assert.deepEqual(await here.chroma.hers(), []);
  assert.deepEqual(await answers(here), here.before);
  await here.chroma.stop();
}

/** The receipt is signed by a published key and names every store; the log and what the person is told still verify. What it says. */
async function assert_proved({ site, folder }, user, id) {
  const { receipt } = accepted(await site.call("GET", `/erasures/${id}/receipt`));
  await writeFile(join(folder, "receipt"), receipt);
  await writeFile(join(folder, "keys"), await (await fetch(`${edge.url}/.well-known/jwks.json`)).text());
  const proved = await run(folder, ["verify", "receipt", "--jwks", "keys", "receipt"]);
  assert.ok(proved.code === 0 && proved.said.includes(`verified: erasure ${id} of subject`), proved.said);
  const said = JSON.parse(Buffer.from(receipt.split(".")[1], "base64url"));
  const names = ["d1_evidence", "rows", "cache", "crm", "files", "vectors", "disk"];
  assert.deepEqual([said.erasure, said.stores.map(({ store }) => store)], [id, names]);
  for (const { store, verified_at } of said.stores) assert.ok(Date.parse(verified_at) > 0, store);

  await writeFile(join(folder, "page.json"), (await site.call("GET", about("/data/export", user))).text);
  await edge.cron("* * * * *");
  await writeFile(join(folder, "checkpoint"), await (await fetch(`${edge.url}/log/checkpoint`)).text());
  const trusted = (await (await fetch(`${edge.url}/log/key`)).text()).trim();
  const bytes = ["subject", "leaf_hash", "notice_hash", "evidence_commitment"].map((name) => `lower(hex(nullif(${name}, x''))) AS ${name}`);
  const text = "log_index, id, site, kind, key_id, purpose, status, legal_basis, created_at, decided_at, actor, details, evidence";
  const events = await edge.sql(`SELECT ${text}, ${bytes.join(", ")} FROM events ORDER BY log_index`);
  const lines = events.map((event) => `${JSON.stringify(event, (_, value) => (value === "" ? null : value))}\n`);
  await writeFile(join(folder, "rows.jsonl"), lines.join(""));
  for (const args of [["log", "--key", trusted, "--checkpoint", "checkpoint", "rows.jsonl"], ["export", "page.json"]]) {
    const { code, said } = await run(folder, ["verify", ...args]);
    assert.equal(code, 0, said);
    assert.match(said, /verified/);
  }
  for (const file of ["page.json", "checkpoint", "rows.jsonl", "receipt", "keys"]) await rm(join(folder, file));
  return said;
}

/** Nobody waits before the next attempt. Whoever is at work on a task has it until the end, as its lease says. */
async function hurry({ name }) {
  const working = () => edge.sql("SELECT * FROM erasure_tasks WHERE site = ? AND leased_until > 0 AND state <> 'done'", name);
  for (let n = 0; (await working()).length > 0; n += 1) {
    if (n > 3000) assert.fail(`somebody took a task and never ended it: ${JSON.stringify(await working())}`);
    await sleep(20);
  }
  await edge.sql("UPDATE erasure_tasks SET next_at = 0 WHERE state <> 'done'");
}
/** Whoever was killed has no task any more, and nobody waits before the next attempt. What somebody who lives is at work on, nobody counts. */
const expire = () => edge.sql("UPDATE erasure_tasks SET leased_until = min(leased_until, 1), next_at = 0 WHERE state <> 'done'");
const follow = async ({ site }, id) => accepted(await site.call("GET", `/erasures/${id}`));
const ask = ({ site }, user) => site.call("POST", about("/data/delete", user));
const agent = (folder) => run(folder, ["agent", "--config", "agent.json", "--once"]);
const stateOf = (erasure, name) => erasure.stores.find(({ store }) => store === name)?.state;

/** Sweeps, and lets the agent work, until this holds for all; what the agent said. */
async function until(here, ids, holds, between = hurry) {
  let said = "";
  let erasures = [];
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    await edge.cron("* * * * *");
    said += (await agent(here.folder)).said;
    erasures = await Promise.all(ids.map((id) => follow(here, id)));
    if (erasures.every(holds)) return { erasures, said };
    // Whoever runs Chroma stops it, so that its files can be written.
    if (erasures.every((erasure) => stateOf(erasure, "vectors") === "done")) await here.chroma.stop();
    await between(here);
  }
  assert.fail(`${JSON.stringify(erasures, null, 1)}\n${said}`);
}

const done = ({ state }) => state === "done";

test("an erasure ends in every store, and what it leaves verifies", async () => {
  const here = await place([ADA]);
  await fill(here);
  const { id } = accepted(await ask(here, ADA));
  const { erasures, said } = await until(here, [id], done);
  const removed = Object.fromEntries(erasures[0].stores.map(({ store, removed }) => [store, removed]));
  const { disk, ...others } = removed;
  assert.deepEqual(others, here.held);
  await assert_only_theirs_are_gone(here, said);
  const { stores } = await assert_proved(here, ADA, id);
  assert.ok(stores.every(({ counts }) => counts === "exact"));
});

test("two people are erased at once, and neither erasure disturbs the other", async () => {
  const here = await place([ADA, BOB]);
  await fill(here);
  const asked = await Promise.all([ADA, BOB, ADA].map((user) => ask(here, user)));
  const [ada, bob, again] = asked.map((answer) => accepted(answer).id);
  assert.equal(ada, again, "she has one erasure that is open");
  const swept = Promise.all([edge.cron("* * * * *"), edge.cron("* * * * *")]);
  const { said } = await until(here, [ada, bob], done);
  await swept;
  await assert_only_theirs_are_gone(here, said);
  await assert_proved(here, ADA, ada);
  await assert_proved(here, BOB, bob);
});

test("while one store stays down all others are done, whoever follows sees which and is warned, and it ends once the store is back", async () => {
  const here = await place([ADA]);
  await fill(here);
  await service.down(true);
  const { id } = accepted(await ask(here, ADA));
  const rest = ({ stores }) => stores.every(({ store, state }) => (state === "done") !== (store === "crm"));
  const { erasures, said } = await until(here, [id], rest);
  await edge.sql("UPDATE erasures SET due_at = ? WHERE id = ?", Date.now() + 3 * 86_400_000, id);
  const half = await follow(here, id);
  const { state, attempts, last_error, next_at } = half.stores.find(({ store }) => store === "crm");
  assert.deepEqual([half.state, half.deadline_warning, state], ["partly_done", "soon", "failed"], JSON.stringify(erasures));
  assert.ok(attempts > 0 && Date.parse(next_at) > 0);
  assert.equal(last_error, "the service answered 503");
  assert.equal((await here.site.call("GET", `/erasures/${id}/receipt`)).status, 409, "what isn't done has no receipt");
  await edge.sql("UPDATE erasures SET due_at = ? WHERE id = ?", Date.now() - 1000, id);
  assert.equal((await follow(here, id)).deadline_warning, "overdue");
  await service.down(false);
  const { said: more } = await until(here, [id], done);
  await assert_only_theirs_are_gone(here, said + more);
  await assert_proved(here, ADA, id);
});

/** Ends the edge as a crash would, and starts it again on what that left. */
async function restart() {
  await edge.kill();
  await edge.stop();
  edge = await startEdge({ directory: home, vars });
}

/** Instants at which to kill: at any, as the service or Chroma is told, before or after an agent's result arrives. */
const moments = [
  () => sleep(Math.random() * 400),
  () => new Promise((now) => { service.heard = now; }),
  ({ told }) => new Promise((now) => { told.heard = (path) => path.endsWith("/delete") && now(); }),
  () => new Promise((now) => { front.hold = (path) => path.endsWith("/result") && (now(), true); }),
  () => new Promise((now) => { front.drop = (path) => path.endsWith("/result") && (now(), true); }),
];

/** Waits for one of them, but not for ever. */
async function moment(here, n) {
  await Promise.race([moments[n % moments.length](here), sleep(3000)]);
  [service.heard, here.told.heard, front.hold, front.drop] = [() => {}, () => {}, () => false, () => false];
}

/** Asks until there is an answer, as whoever asks an edge that dies would. */
async function askUntilAnswered(here, user) {
  for (;;) {
    const answer = await ask(here, user).catch(() => undefined);
    if (answer?.status < 300) return answer.body.id;
    await sleep(50);
  }
}

/** Who is killed, one time after the other: each alone beside somebody who lives on with it, and all at once in the end. */
const VICTIMS = [["agent", "service"], ["edge", "chroma"], ["agent", "chroma"], ["agent", "edge", "service", "chroma"]];

test("killed at random instants, edge, agent, service and Chroma end every erasure, and nobody else's data is touched", async () => {
  const here = await place([ADA]);
  const kills = { agent: 0, edge: 0, service: 0, chroma: 0 };
  let inside = 0;
  const open = async () => (await edge.sql("SELECT store FROM erasure_tasks WHERE site = ? AND state <> 'done'", here.name)).map(({ store }) => store);
  for (let round = 0; round < ROUNDS; round += 1) {
    await fill(here);
    const begun = Date.now();
    const working = () => start(here.folder, ["agent", "--config", "agent.json"]);
    // Chroma is told to forget nothing before it has died in this round, so that it always dies inside.
    const before = kills.chroma;
    here.told.hold = (path) => kills.chroma === before && path.endsWith("/delete");
    let [child, said, over] = [working(), "", false];
    let ending = ended(child);
    const sweeping = (async () => {
      for (; !over; await sleep(20)) await Promise.race([edge.cron("* * * * *").catch(() => {}), sleep(1000)]);
    })();
    const asked = askUntilAnswered(here, ADA);
    for (const [n, victims] of VICTIMS.entries()) {
      await moment(here, round + n);
      await sleep(Math.random() * 30);
      // Once it has forgotten her, Chroma is stopped, so that its files can be purged; nobody starts it then.
      const chromaRuns = (await open()).includes("vectors");
      const dying = victims.filter((victim) => victim !== "chroma" || chromaRuns);
      for (const victim of dying) kills[victim] += 1;
      const dies = { agent: () => child.kill("SIGKILL"), edge: () => edge.kill(), service: () => service.kill(), chroma: () => here.chroma.stop() };
      await Promise.all(dying.map((victim) => dies[victim]()));
      if (dying.includes("agent")) {
        const { signal, said: lines } = await ending;
        assert.equal(signal, "SIGKILL", lines);
        said += lines;
      }
      // The others find it gone for a while.
      await sleep(Math.random() * 200);
      if (dying.includes("service")) await service.start();
      if (dying.includes("chroma")) here.chroma = await startChroma(join(here.folder, "chroma"), ADA, here.port);
      if (dying.includes("edge")) await restart();
      await expire();
      const left = await open();
      inside += left.length > 0 ? 1 : 0;
      // Its files are purged while others are killed, too.
      if (left.length > 0 && !left.includes("vectors")) await here.chroma.stop();
      if (child.signalCode !== null || child.exitCode !== null) ending = ended((child = working()));
    }
    await asked;
    over = true;
    await sweeping;
    child.kill("SIGKILL");
    said += (await ending).said;
    await expire();
    // An answer that was lost may have led to one more.
    const opened = await edge.sql("SELECT id FROM erasures WHERE site = ? AND requested_at >= ?", here.name, begun);
    const ids = opened.map(({ id }) => id);
    said += (await until(here, ids, done, expire)).said;
    await here.chroma.stop();
    await assert_only_theirs_are_gone(here, said);
    const told = [];
    for (const id of ids) told.push(...(await assert_proved(here, ADA, id)).stores);
    // What was removed by somebody who was killed nobody counted, and the receipt doesn't say that it did.
    for (const [name, all] of Object.entries(here.held)) {
      const mine = told.filter(({ store }) => store === name);
      const removed = mine.reduce((sum, { removed }) => sum + removed, 0);
      const exact = mine.every(({ counts }) => counts === "exact");
      assert.ok(exact ? removed === all : removed <= all, `${name}: ${JSON.stringify(mine)}`);
    }
    soaked(round, ROUNDS);
  }
  const { agent, edge: edges, service: services, chroma: chromas } = kills;
  assert.deepEqual([agent, edges, services], [3 * ROUNDS, 2 * ROUNDS, 2 * ROUNDS]);
  assert.ok(chromas >= ROUNDS, `Chroma was killed only ${chromas} times before it had forgotten her`);
  assert.ok(inside > ROUNDS, `only ${inside} kills came before the end`);
});
