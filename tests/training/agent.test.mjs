// The agent against a real Worker, beside files and a real Chroma: killed at random instants like the edge and Chroma, and it ends done.
//
// CONSENTRY_KILLS says how often to kill, `cargo xtask soak agent` does so 50 times.

import assert from "node:assert/strict";
import { createHash, createPublicKey, verify } from "node:crypto";
import { chmod, cp, mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { gunzipSync, gzipSync } from "node:zlib";
import { admin, makeSite } from "../support/client.mjs";
import { startEdge } from "../support/edge.mjs";
import { about, accepted } from "../api/world.mjs";
import { calls, chromaScript, ended, freePort, run, soaked, start, startChroma, startFront, until } from "./beside.mjs";

const ROUNDS = Number(process.env.CONSENTRY_KILLS ?? 5);
const ADA = "ada@example.com";
const vars = { ERASURE_RETRY_MS: "50" };

const home = await mkdtemp(join(tmpdir(), "consentry-agent-edge-"));
let edge = await startEdge({ directory: home, vars });
after(async () => {
  await edge.stop();
  await rm(home, { recursive: true, force: true });
});

const front = await startFront(() => edge.url);

let sites = 0;

/** A site with stores of the kind `agent`, and a folder with what an agent for them needs. */
async function place(stores, { named = Object.keys(stores), declared = Object.keys(stores) } = {}) {
  const site = await makeSite(edge.url, { site: `agent${++sites}`, stores: declared.map((name) => ({ name, kind: "agent" })) });
  const folder = await mkdtemp(join(tmpdir(), "consentry-agent-"));
  after(() => rm(folder, { recursive: true, force: true }));
  const made = await run(folder, ["agent", "keygen", "-o", "signing-key"]);
  assert.equal(made.code, 0, made.said);
  const input = { name: "agent", scopes: ["erasure:work"], stores: named, public_key: JSON.parse(made.out) };
  const { key, id } = accepted(await admin(edge.url, "POST", `/admin/sites/${site.site}/keys`, input));
  await writeFile(join(folder, "api-key"), `${key}\n`, { mode: 0o600 });
  const config = { api: front.url, api_key_file: "api-key", signing_key_file: "signing-key", state: "state", poll_seconds: 1, stores };
  await writeFile(join(folder, "agent.json"), JSON.stringify(config));
  return { site: { ...site, call: (method, path, options) => call(site, method, path, options) }, folder, key, id, jwk: JSON.parse(made.out), config };
}

// As `makeSite` calls, but wherever the edge is now.
const call = async (site, method, path, { body } = {}) => {
  const headers = { Authorization: `Bearer ${site.key}`, "Content-Type": "application/json" };
  const answer = await fetch(edge.url + path, { method, headers, body: body && JSON.stringify(body) });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, text, body: JSON.parse(text) };
};

const agent = ({ folder }, more = ["--once"]) => run(folder, ["agent", "--config", "agent.json", ...more]);
const erase = async ({ site }, user) => accepted(await site.call("POST", about("/data/delete", user)));
const follow = async ({ site }, id) => accepted(await site.call("GET", `/erasures/${id}`));
const storeOf = (erasure, name) => erasure.stores.find(({ store }) => store === name);
/** Whoever was killed has no task any more, and nobody waits before the next attempt. */
const expire = () => edge.sql("UPDATE erasure_tasks SET leased_until = 0, next_at = 0 WHERE state <> 'done' AND kind = 'agent'");

const row = (user, n) => `{"user_id":"${user}","n":${n},"text":"${user} wrote ${"many words ".repeat(n % 7)}"}\n`;
const others = (from) => Array.from({ length: 400 }, (_, n) => row(`user${n % 9}@example.com`, from + n));
const with_ada = (rows) => rows.flatMap((line, n) => (n % 10 === 3 ? [line, row(ADA, n)] : [line])).join("");
const sha = (bytes) => createHash("sha256").update(bytes).digest("hex");

/** Three files with rows of hers among those of others, one of them gzip. */
async function fill(folder) {
  await mkdir(join(folder, "data"), { recursive: true });
  for (const n of [0, 1]) await writeFile(join(folder, `data/${n}.jsonl`), with_ada(others(n * 1000)));
  await writeFile(join(folder, "data/2.jsonl.gz"), gzipSync(with_ada(others(2000))));
}

/** Nothing of hers is in any file, and what is there of others is what was. */
async function assert_only_hers_are_gone(folder) {
  for (const n of [0, 1]) {
    assert.equal(sha(await readFile(join(folder, `data/${n}.jsonl`))), sha(others(n * 1000).join("")));
  }
  assert.equal(sha(gunzipSync(await readFile(join(folder, "data/2.jsonl.gz")))), sha(others(2000).join("")));
  for (const name of await readdir(join(folder, "data"))) assert.match(name, /^[012]\.jsonl(\.gz)?$/);
}

/** Her id is in no file that the agent wrote and in no line that it said. */
async function assert_silent(folder, said) {
  assert.doesNotMatch(said, /ada@example/);
  for (const name of await readdir(join(folder, "state"), { recursive: true })) {
    const path = join(folder, "state", name);
    if ((await stat(path)).isFile()) assert.ok(!(await readFile(path)).includes(ADA), name);
  }
}

const FILES = { files: [{ kind: "jsonl", path: "data/*" }] };

test("an agent does what there is to do, and what it signed verifies and names its report", async () => {
  const here = await place(FILES);
  await fill(here.folder);
  const { id } = await erase(here, ADA);
  const { code, said } = await agent(here);
  assert.equal(code, 0, said);
  await assert_only_hers_are_gone(here.folder);
  await assert_silent(here.folder, said);
  const erasure = await follow(here, id);
  assert.equal(erasure.state, "done");
  assert.deepEqual([storeOf(erasure, "files").found, storeOf(erasure, "files").removed], [120, 120]);
  const [{ result }] = await edge.sql("SELECT result FROM erasure_tasks WHERE erasure = ? AND store = 'files'", id);
  const [header, payload, signature] = result.split(".");
  const key = createPublicKey({ key: here.jwk, format: "jwk" });
  assert.ok(verify(null, Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, "base64url")));
  assert.equal(JSON.parse(Buffer.from(header, "base64url")).kid, here.id);
  const told = JSON.parse(Buffer.from(payload, "base64url"));
  assert.deepEqual([told.outcome, told.verified, told.erasure_kind], ["done", true, "physical"]);
  const report = await readFile(join(here.folder, `state/reports/${told.task}-1.json`));
  assert.equal(told.report_sha256, sha(report));
  assert.deepEqual(await readdir(join(here.folder, "state/results")), []);
  assert.equal((await agent(here)).code, 0, "nothing to do is done");
});

test("a result whose answer is lost is told again, and the purge is not repeated", async () => {
  const here = await place(FILES);
  await fill(here.folder);
  const { id } = await erase(here, ADA);
  front.drop = (path) => path.endsWith("/result");
  const lost = await agent(here);
  assert.equal(lost.code, 5, lost.said);
  assert.equal((await readdir(join(here.folder, "state/results"))).length, 1);
  front.drop = () => false;
  const again = await agent(here);
  assert.deepEqual([again.code, /taken/.test(again.said)], [0, false], again.said);
  const erasure = await follow(here, id);
  assert.deepEqual([erasure.state, storeOf(erasure, "files").attempts, storeOf(erasure, "files").removed], ["done", 1, 120]);
});

test("what can't be done is told as partial, and is done once it is mended", async () => {
  const here = await place({ files: [...FILES.files, { kind: "jsonl", path: "more/*.jsonl" }] });
  await fill(here.folder);
  const { id } = await erase(here, ADA);
  const { code, said } = await agent(here);
  assert.equal(code, 5, said);
  const half = await follow(here, id);
  assert.equal(half.state, "partly_done");
  assert.match(storeOf(half, "files").last_error, /1 places failed and 0 rows can't be judged/);
  await mkdir(join(here.folder, "more"));
  await writeFile(join(here.folder, "more/a.jsonl"), row(ADA, 1) + row("bob", 2));
  await expire();
  assert.equal((await agent(here)).code, 0);
  assert.equal(await readFile(join(here.folder, "more/a.jsonl"), "utf8"), row("bob", 2));
  assert.deepEqual([(await follow(here, id)).state], ["done"]);
  await assert_only_hers_are_gone(here.folder);
});

test("a store that the configuration doesn't have is told, and no other is touched", async () => {
  const here = await place(FILES, { named: ["files", "elsewhere"], declared: ["files", "elsewhere"] });
  await fill(here.folder);
  const { id } = await erase(here, ADA);
  const { code, said } = await agent(here);
  assert.equal(code, 5, said);
  const erasure = await follow(here, id);
  assert.deepEqual([storeOf(erasure, "files").state, erasure.state], ["done", "partly_done"]);
  assert.match(storeOf(erasure, "elsewhere").last_error, /configuration has no such store/);
});

test("an agent gets no task of stores that its key isn't for", async () => {
  const here = await place(FILES, { named: ["elsewhere"], declared: ["files", "elsewhere"] });
  await fill(here.folder);
  const { id } = await erase(here, ADA);
  await agent(here);
  assert.equal(storeOf(await follow(here, id), "files").attempts, 0);
  assert.match(await readFile(join(here.folder, "data/0.jsonl"), "utf8"), /ada@/);
});

test("results signed by another key, about another task or changed are refused, and a replayed one changes nothing", async () => {
  const [here, thief] = [await place(FILES), await place(FILES)];
  for (const { folder } of [here, thief]) await fill(folder);
  const { id } = await erase(here, ADA);
  await erase(thief, ADA);
  front.hold = (path) => path.endsWith("/result");
  await agent(here);
  await agent(thief);
  front.hold = () => false;
  const [{ task, result: good }, { result: foreign }] = await Promise.all(
    [here, thief].map(async ({ folder }) => {
      const [name] = await readdir(join(folder, "state/results"));
      return JSON.parse(await readFile(join(folder, "state/results", name)));
    }),
  );
  const [header, payload, signature] = good.split(".");
  const told = JSON.parse(Buffer.from(payload, "base64url"));
  const changed = Buffer.from(JSON.stringify({ ...told, found: 1, removed: 1 })).toString("base64url");
  const post = (key, result) => call({ key }, "POST", `/agent/tasks/${task}/result`, { body: { result } });
  const flipped = signature.replace(/^./, (first) => (first === "A" ? "B" : "A"));
  for (const bad of [`${header}.${changed}.${signature}`, `${header}.${payload}.${flipped}`, foreign, "a.b.c"]) {
    assert.equal((await post(here.key, bad)).status, 422, bad);
  }
  for (const result of [good, foreign]) assert.equal((await post(thief.key, result)).status, 404, "the task of another site");
  assert.equal((await follow(here, id)).state, "partly_done");
  const first = await post(here.key, good);
  assert.equal(first.body.state, "done", first.text);
  assert.deepEqual((await post(here.key, good)).body, first.body);
  assert.equal((await post(here.key, `${header}.${changed}.${signature}`)).status, 422);
  const [{ n }] = await edge.sql("SELECT count(*) AS n FROM events WHERE kind = 'data_deleted' AND details LIKE ?", `%${id}%`);
  assert.equal(n, 1);
});

test("an agent without its edge keeps what it did, goes on asking, and ends when it is told to", async () => {
  const here = await place(FILES);
  await writeFile(join(here.folder, "agent.json"), JSON.stringify({ ...here.config, api: "http://127.0.0.1:1" }));
  const child = start(here.folder, ["agent", "--config", "agent.json"]);
  const done = ended(child);
  await until(child, /can't ask for tasks[^]*can't ask for tasks/);
  child.kill("SIGTERM");
  const { code, said } = await done;
  assert.equal(code, 0, said);
  assert.equal((await agent(here)).code, 5);
});

test("a key that others can read, or a journal that another agent has, is refused before anything is done", async () => {
  const here = await place(FILES);
  await chmod(join(here.folder, "signing-key"), 0o640);
  const open = await agent(here);
  assert.equal(open.code, 2);
  assert.match(open.said, /chmod 600 signing-key/);
  await chmod(join(here.folder, "signing-key"), 0o600);
  const child = start(here.folder, ["agent", "--config", "agent.json"]);
  const done = ended(child);
  await calls(child, front, /tasks/);
  const second = await agent(here);
  child.kill("SIGTERM");
  await done;
  assert.match(second.said, /state is another agent's/);
  const again = await run(here.folder, ["agent", "keygen", "-o", "signing-key"]);
  assert.equal(again.code, 2, "a key that is there stays");
  assert.equal((await stat(join(here.folder, "signing-key"))).mode & 0o777, 0o600);
});

test("two agents with one key share the tasks", async () => {
  const here = await place(FILES);
  const users = Array.from({ length: 6 }, (_, n) => `user${n}@example.com`);
  await fill(here.folder);
  const ids = [];
  for (const user of users) ids.push((await erase(here, user)).id);
  await writeFile(join(here.folder, "other.json"), JSON.stringify({ ...here.config, state: "other" }));
  const both = [agent(here), run(here.folder, ["agent", "--config", "other.json", "--once"])];
  for (const { code, said } of await Promise.all(both)) assert.ok([0, 5].includes(code), said);
  // Both may write one file at a time; whoever found it taken says partial and comes again.
  for (let n = 0; n < 5; n += 1) {
    await expire();
    if ((await agent(here)).code === 0) break;
  }
  for (const id of ids) assert.equal((await follow(here, id)).state, "done");
  const text = (await readFile(join(here.folder, "data/0.jsonl"), "utf8")) + gunzipSync(await readFile(join(here.folder, "data/2.jsonl.gz")));
  for (const user of users) assert.ok(!text.includes(user), user);
  assert.match(text, /user8@example\.com/);
  assert.match(text, /ada@example\.com/);
});

test("killed at random instants like the edge and Chroma, an agent ends done, and nobody else's rows are touched", async () => {
  const [template, folder] = await Promise.all([0, 1].map(() => mkdtemp(join(tmpdir(), "consentry-agent-chroma-"))));
  after(() => Promise.all([template, folder].map((path) => rm(path, { recursive: true, force: true }))));
  await chromaScript("fill", template);
  const port = await freePort();
  const told = await startFront(() => `http://127.0.0.1:${port}`);
  const collection = (name) => ({ kind: "chroma", url: told.url, collection: name });
  const stores = { ...FILES, vectors: ["queued", "indexed", "both"].map(collection) };
  const here = await place(stores);
  for (let round = 0; round < ROUNDS; round += 1) {
    await fill(here.folder);
    await rm(folder, { recursive: true, force: true });
    await cp(template, folder, { recursive: true });
    let vectors = await startChroma(folder, ADA, port);
    const theirs = await vectors.theirs();
    assert.ok((await vectors.hers()).length > 0 && theirs.length > 0);
    const { id } = await erase(here, ADA);
    let [said, died] = ["", 0];
    // An agent takes some tenths of a second; each is killed somewhere in there, and now and then the edge under it, or Chroma.
    for (let n = 0; n < 3; n += 1) {
      const child = start(here.folder, ["agent", "--config", "agent.json"]);
      const done = ended(child);
      const chromaDies = n !== round % 3;
      // Chroma forgets nothing before it dies for the first time, and that is just as it is told what to delete.
      let deletes = 0;
      told.hold = (path) => died === 0 && path.endsWith("/delete") && (!chromaDies || (deletes += 1) > 1);
      await (chromaDies && died === 0 ? calls(child, told, /\/delete$/) : sleep(Math.random() * 250));
      if (chromaDies) {
        await sleep(Math.random() * 20);
        await vectors.stop();
        died += 1;
        if (died === 1) assert.notEqual(storeOf(await follow(here, id), "vectors").state, "done");
        // The agent finds it gone, or the next one does.
        await sleep(Math.random() * 300);
        vectors = await startChroma(folder, ADA, port);
      }
      if (n === round % 3) {
        await edge.kill();
        await sleep(Math.random() * 100);
        await edge.stop();
        edge = await startEdge({ directory: home, vars });
      }
      child.kill("SIGKILL");
      const { signal, said: lines } = await done;
      assert.equal(signal, "SIGKILL", lines);
      said += lines;
      await expire();
    }
    for (let n = 0; n < 20 && (await follow(here, id)).state !== "done"; n += 1) {
      said += (await agent(here)).said;
      await edge.cron("* * * * *");
      await expire();
    }
    const erasure = await follow(here, id);
    assert.equal(erasure.state, "done", `round ${round}: ${JSON.stringify(erasure)}\n${said}`);
    await assert_only_hers_are_gone(here.folder);
    await assert_silent(here.folder, said);
    assert.deepEqual(await vectors.hers(), [], `round ${round}`);
    assert.deepEqual(await vectors.theirs(), theirs, `round ${round}`);
    await vectors.stop();
    soaked(round, ROUNDS);
  }
});
