// The command against a real Worker: fetching snapshots, and a run in the middle of which somebody withdraws.
//
// CONSENTRY names the command; `cargo xtask test training` builds it.

import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { makeSite } from "../support/client.mjs";
import { about, accepted, grant, revoke, startWorld } from "../api/world.mjs";
import { calls, ended, place, run, start, startFront, until } from "./beside.mjs";

const training = { purpose: "model_training" };
const world = await startWorld();
const row = (user, n = 0) => `{"user_id":"${user}","n":${n}}\n`;

const from = (site, url = world.url) => ["--api", url, "--api-key-file", "api-key", "--site", site.site, "--purpose", "model_training", "--key-file", "key"];
const pull = ({ site, folder }, url) => run(folder, ["snapshot", "pull", ...from(site, url), "-o", "s", "--wait", "1s"]);
const filter = async ({ folder }, users) => {
  const rows = users.map((user) => row(user)).join("");
  const done = await run(folder, ["filter", "--purpose", "model_training", "--snapshot", "s", "--key-file", "key"], rows);
  return done.out.split("\n").filter(Boolean).map((line) => JSON.parse(line).user_id);
};

test("a key file is for its owner only, and an existing one stays", async () => {
  const { site, folder } = await place(world);
  assert.equal((await stat(join(folder, "key"))).mode & 0o777, 0o600);
  const again = await run(folder, ["key", "derive", "--site", site.site, "--secret-file", "secret", "-o", "key"]);
  assert.equal(again.code, 2);
});

test("a pulled snapshot keeps the rows of those who granted, and the next pull takes in what changed", async () => {
  const here = await place(world);
  const users = ["ada", "bob", "cyd", "dan"];
  for (const user of ["ada", "bob", "cyd"]) await grant(here.site, user, training);
  await revoke(here.site, "cyd", training);
  const first = await pull(here);
  assert.equal(first.code, 0, first.said);
  assert.match(first.said, /: 2 \(fetched whole;/);
  assert.deepEqual(await filter(here, users), ["ada", "bob"]);
  await revoke(here.site, "ada", training);
  await grant(here.site, "dan", training);
  const second = await pull(here);
  assert.match(second.said, /: 2 \(brought up to date; 2 changes/);
  assert.deepEqual(await filter(here, users), ["bob", "dan"]);
  assert.deepEqual((await readdir(here.folder)).sort(), ["api-key", "key", "s", "s.edge", "secret"]);
});

test("a pull of what the edge built anew is whole again", async () => {
  const here = await place(world);
  await grant(here.site, "ada", training);
  await pull(here);
  await grant(here.site, "bob", training);
  await world.edge.sql("UPDATE snapshots SET built_at = 1 WHERE site = ?", here.site.site);
  await world.edge.cron("* * * * *");
  assert.match((await pull(here)).said, /: 2 \(fetched whole; 0 changes/);
  assert.deepEqual(await filter(here, ["ada", "bob"]), ["ada", "bob"]);
});

test("a snapshot from the database itself has the same people as a pulled one, and takes the site's key", async () => {
  const here = await place(world);
  const users = Array.from({ length: 30 }, (_, n) => `u${n}`);
  for (const user of users) await grant(here.site, user, training);
  for (const user of users.slice(0, 5)) await revoke(here.site, user, training);
  await grant(here.site, "u0", { ...training, decided_at: new Date(Date.now() - 3_600_000).toISOString() });
  accepted(await here.site.call("POST", about("/data/delete", "u29")));
  await pull(here);
  const pulled = await filter(here, users);
  assert.deepEqual(pulled, users.slice(5, 29));
  const build = ["snapshot", "build", "--purpose", "model_training", "--site", here.site.site, "-o", "s", world.edge.databaseFile];
  assert.match((await run(here.folder, build)).said, /give the site's key with --key-file/);
  const built = await run(here.folder, [...build, "--key-file", "key"]);
  assert.match(built.said, /: 24$/m);
  assert.deepEqual(await filter(here, users), pulled);
  const exported = await run(here.folder, ["snapshot", "export", "--purpose", "model_training", "--key-file", "key", "--parquet", "s.parquet", "s"]);
  assert.match(exported.said, /subjects in s.parquet: 24/);
});

test("whose erasure was asked for is out with the next pull", async () => {
  const here = await place(world);
  await grant(here.site, "ada", training);
  await pull(here);
  accepted(await here.site.call("POST", about("/data/delete", "ada")));
  await pull(here);
  assert.deepEqual(await filter(here, ["ada"]), []);
});

test("a lost note beside the snapshot costs a whole pull and nothing else", async () => {
  const here = await place(world);
  await grant(here.site, "ada", training);
  await pull(here);
  await rm(join(here.folder, "s.edge"));
  assert.match((await pull(here)).said, /: 1 \(fetched whole/);
});

test("the key of another site, an unknown API key and a scopeless one are told apart, with exit 4 and the old file left", async () => {
  const here = await place(world);
  await grant(here.site, "ada", training);
  await pull(here);
  const before = await readFile(join(here.folder, "s"));
  const scopeless = await makeSite(world.url, { site: here.site.site, scopes: ["consent:read"] });
  const other = await world.site();
  for (const [name, text, reason] of [
    ["key", `1:${"ab".repeat(32)}\n`, /another key than the one in the key file; derive key 1/],
    ["api-key", "ck_unknown_key\n", /doesn't know this API key \(401\)/],
    ["api-key", `${scopeless.key}\n`, /lacks the scope snapshot:read/],
    ["api-key", `${other.key}\n`, /the API key is that site's/],
  ]) {
    const kept = await readFile(join(here.folder, name));
    await writeFile(join(here.folder, name), text);
    const { code, said } = await pull(here);
    assert.equal(code, 4, said);
    assert.match(said, reason);
    assert.doesNotMatch(said, /ck_|abab/);
    await writeFile(join(here.folder, name), kept);
  }
  assert.deepEqual(await readFile(join(here.folder, "s")), before);
});

/** Something in front of the Worker that changes its answers. */
async function between(change) {
  const server = createServer(async (request, response) => {
    const { host, ...headers } = request.headers;
    const answer = await fetch(world.url + request.url, { headers });
    const type = Object.fromEntries([...answer.headers].filter(([name]) => ["content-type", "etag"].includes(name)));
    change(response, { status: answer.status, headers: type, body: Buffer.from(await answer.arrayBuffer()), url: request.url });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  after(() => server.close());
  return `http://127.0.0.1:${server.address().port}`;
}

for (const [what, change, reason] of [
  ["cut short", ({ body }) => body.subarray(0, body.length - 20), /cut short or damaged/],
  ["with a flipped bit", ({ body }) => body.with(body.length - 40, body.at(-40) ^ 1), /cut short or damaged/],
  ["that is a web page", () => Buffer.from("<html>hello</html>"), /cut short or damaged/],
]) {
  test(`a snapshot ${what} is refused, and no file is made`, async () => {
    const here = await place(world);
    await grant(here.site, "ada", training);
    const url = await between((response, answer) => {
      response.writeHead(answer.status, answer.headers).end(answer.url.includes("changes") ? answer.body : Buffer.from(change(answer)));
    });
    const { code, said } = await pull(here, url);
    assert.equal(code, 4, said);
    assert.match(said, reason);
    assert.ok(!(await readdir(here.folder)).includes("s"));
  });
}

for (const [what, status, headers, reason] of [
  ["is busy", 429, { "Retry-After": "7" }, /\(429\); ask again in 7 seconds/],
  ["leads elsewhere", 302, { Location: "http://127.0.0.1:1/" }, /leads to another address/],
  ["is something else", 404, {}, /is this an edge\?/],
]) {
  test(`an address that ${what} is told so`, async () => {
    const here = await place(world);
    const url = await between((response) => response.writeHead(status, headers).end());
    const { code, said } = await pull(here, url);
    assert.equal(code, 4, said);
    assert.match(said, reason);
  });
}

test("no key is sent over an open line, and nobody at an address is told", async () => {
  const here = await place(world);
  const open = await pull(here, "http://consent.example");
  assert.equal(open.code, 2);
  assert.match(open.said, /write https:\/\//);
  const nobody = await pull(here, "http://127.0.0.1:1");
  assert.equal(nobody.code, 4);
  assert.match(nobody.said, /can't be reached/);
});

test("a revocation in the middle of a run takes effect in it, and the manifest says up to where", async () => {
  const { site, folder } = await place(world);
  for (const user of ["ada", "bob"]) await grant(site, user, training);
  const front = await startFront(() => world.url);
  const args = ["filter", ...from(site, front.url), "--refresh", "1s", "--manifest", "m.json", "-o", "out.jsonl"];
  const child = start(folder, args);
  const done = ended(child);
  // Enough rows that the first blocks are judged before the rest comes.
  const many = Array.from({ length: 40_000 }, (_, n) => row("ada", n) + row("bob", n)).join("");
  await new Promise((read) => child.stdin.write(many, read));
  const { log_index } = await revoke(site, "bob", training);
  await grant(site, "cyd", training);
  // Whoever asks a second time has taken in what the first answer said.
  for (let n = 0; n < 2; n += 1) await calls(child, front, /changes/);
  child.stdin.end(many + row("cyd"));
  const { code, said } = await done;
  assert.equal(code, 0, said);
  const kept = (await readFile(join(folder, "out.jsonl"), "utf8")).split("\n").filter(Boolean).map((line) => JSON.parse(line));
  const count = (user) => kept.filter(({ user_id }) => user_id === user).length;
  assert.equal(count("ada"), 80_000);
  assert.equal(count("cyd"), 1, "who granted in the middle is kept from then on");
  assert.ok(count("bob") >= 1 && count("bob") <= 40_000, `rows before stay, rows after are dropped: ${count("bob")}`);
  const manifest = JSON.parse(await readFile(join(folder, "m.json"), "utf8"));
  assert.ok(manifest.snapshot.log_position >= log_index);
  assert.ok(Date.parse(manifest.snapshot.refreshed_at) > Date.parse(manifest.started_at));
});

test("a run whose edge is gone goes on until what it knows is too old, then writes nothing", async () => {
  const here = await place(world);
  await grant(here.site, "ada", training);
  await writeFile(join(here.folder, "in.jsonl"), row("ada"));
  const gone = ["filter", "--snapshot", "s", ...from(here.site, "http://127.0.0.1:1"), "--refresh", "1s"];
  await pull(here);
  const still = await run(here.folder, [...gone, "--max-age", "1h", "in.jsonl"]);
  assert.deepEqual([still.code, still.out], [0, row("ada")], still.said);
  await pull(here);
  const child = start(here.folder, [...gone, "--max-age", "10s", "-o", "out.jsonl"]);
  const [done, old] = [ended(child), sleep(11_000)];
  child.stdin.on("error", () => {}).write(row("ada"));
  await until(child, /go on with what is known/);
  await old;
  child.stdin.end(row("ada"));
  const { code, said } = await done;
  assert.equal(code, 4, said);
  assert.ok(!(await readdir(here.folder)).includes("out.jsonl"));
});
