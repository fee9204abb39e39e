// docs/log.md, docs/receipts.md, docs/agent.md and, of docs/training.md, buckets as somebody follows them: their commands as they are written, against a real Worker.
//
// CONSENTRY names the command; `cargo xtask test training` builds it.

import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { after, test } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";
import { ADMIN_SECRET, MASTER_SECRET } from "../support/edge.mjs";
import { makeSite } from "../support/client.mjs";
import { begin, block, type } from "../support/guide.mjs";
import { accepted, grant, startWorld } from "../api/world.mjs";
import { ended, startBuckets, until } from "./beside.mjs";

const { edge } = await startWorld();
const site = await makeSite(edge.url, { site: "demo", regime: "gdpr" });
const fold = () => edge.cron("* * * * *");

/** A folder of somebody who types, with the command on their path. `more` gives what else of the page stands for something. */
async function typist(more = () => ({})) {
  const folder = await mkdtemp(join(tmpdir(), "consentry-guides-"));
  after(() => rm(folder, { recursive: true, force: true }));
  await mkdir(join(folder, "bin"));
  await symlink(process.env.CONSENTRY, join(folder, "bin", "consentry"));
  await writeFile(join(folder, "api-key"), `${site.key}\n`, { mode: 0o600 });
  await writeFile(join(folder, "api.key"), `${site.key}\n`, { mode: 0o600 });
  const env = { ADMIN: ADMIN_SECRET, KEY: site.key, PATH: [join(folder, "bin"), process.env.PATH].join(delimiter) };
  const places = { "https://consent.example.com": edge.url, ...more(folder) };
  const options = { cwd: folder, env, places };
  const run = (commands) => type(commands, options);
  return { folder, run, begin: (command) => begin(command, options), follow: async (page, text) => run(await block(page, "sh", text)) };
}

/** The log's folder of the bucket, as somebody copies it. */
async function copyTiles(to) {
  const prefix = `log/${accepted(await site.call("GET", "/log")).log}/`;
  await edge.bucket("SNAPSHOTS", async (bucket) => {
    const { objects } = await bucket.list({ prefix: `${prefix}tile/` });
    assert.ok(objects.length > 0, prefix);
    for (const { key } of objects) {
      const file = join(to, key.slice(prefix.length));
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, Buffer.from(await (await bucket.get(key)).arrayBuffer()));
    }
  });
}

test("whoever follows the guide to the log keeps a key and a checkpoint, verifies, and monitors", async () => {
  const here = await typist(() => ({ "https://ops.example.com": "http://127.0.0.1:9" }));
  for (let n = 0; n < 220; n += 1) await grant(site, `u${n}`);
  await fold();
  await here.follow("log.md", "> log.keys");
  await copyTiles(join(here.folder, "then"));
  await grant(site, "later");
  await fold();
  const verified = await here.follow("log.md", "--from 100 --to 200");
  assert.equal(verified.stderr.match(/verified: all/g).length, 2);
  assert.match(verified.stderr, /verified: rows 100 to 199 of/);
  const answer = await grant(site, "answered");
  await fold();
  await writeFile(join(here.folder, "answer.json"), JSON.stringify(answer));
  const holds = (await block("log.md", "sh", "verify inclusion")).replace("inclusion/17", `inclusion/${answer.log_index}`);
  assert.match((await here.run(holds)).stderr, new RegExp(`verified: row ${answer.log_index} is in the log`));
  await copyTiles(join(here.folder, "now"));
  const proved = await here.follow("log.md", "/log/proof/consistency");
  assert.equal(proved.stderr.match(/verified: the log of \d+ rows continues the one of \d+/g).length, 2);
  // A monitor goes on until somebody ends it; the next goes on from what it kept.
  const [known, monitor] = [join(here.folder, "held.checkpoint"), await block("log.md", "sh", "consentry monitor --url")];
  const kept = () => readFile(known, "utf8").catch(() => undefined);
  assert.equal(await kept(), undefined);
  for (const user of ["before", "meanwhile"]) {
    await grant(site, user);
    await fold();
    const child = here.begin(monitor);
    const end = ended(child);
    await until(child, /all is well/);
    assert.equal(await kept(), await (await fetch(`${edge.url}/log/checkpoint`)).text());
    assert.equal(child.exitCode, null);
    child.kill("SIGTERM");
    assert.equal((await end).signal, "SIGTERM");
  }
  assert.match((await here.run(`${monitor.trim()} --once`)).stderr, /all is well/);
  assert.equal((await here.follow("log.md", "/admin/log/restart")).json().code, "log_not_rolled_back");
});

test("whoever follows the guide to receipts fetches one and verifies it", async () => {
  const { log_index: place } = await grant(site, "receipted");
  const here = await typist(() => ({ "/receipts/17": `/receipts/${place}` }));
  await fold();
  await here.follow("receipts.md", "> receipt.json");
  assert.match((await here.follow("receipts.md", "verify receipt --jwks")).stderr, /verified/);
});

test("whoever follows the guide to the agent sets one up, erases with it, and follows the models", async () => {
  const here = await typist((folder) => ({ "/etc/consentry": folder }));
  const { folder } = here;
  await mkdir(join(folder, "buckets/training-data/clean/deep"), { recursive: true });
  const buckets = await startBuckets(join(folder, "buckets"));
  await writeFile(join(folder, "backend.key"), `${site.key}\n`, { mode: 0o600 });
  const page = "agent.md";
  await here.follow(page, "agent keygen");
  const said = (await here.follow(page, "/admin/sites/demo/keys")).stdout;
  const made = JSON.parse(said.slice(said.lastIndexOf('{"id"')));
  assert.match(made.key, /^ck_/);
  await writeFile(join(folder, "api.key"), `${made.key}\n`);
  await chmod(join(folder, "api.key"), 0o600);

  for (const place of ["clean", "embeddings"]) await mkdir(join(folder, "data", place), { recursive: true });
  await writeFile(join(folder, "data/clean/a.jsonl"), '{"user_id":"ada"}\n{"user_id":"bob"}\n');
  await here.run("gzip data/clean/a.jsonl");
  await writeFile(join(folder, "data/embeddings/ada.npy"), "x");
  await here.run("cp data/clean/a.jsonl.gz buckets/training-data/clean/deep/");
  await writeFile(join(folder, "r2.ini"), "[default]\naws_access_key_id = key\naws_secret_access_key = secret\n", { mode: 0o600 });
  await mkdir(join(folder, "state"));
  const config = JSON.parse((await block(page, "json", '"poll_seconds"')).replaceAll("https://consent.example.com", edge.url)
    .replaceAll("https://ACCOUNT.r2.cloudflarestorage.com", buckets.url).replaceAll("/etc/consentry", folder).replaceAll("/var/lib/consentry-agent", join(folder, "state")).replaceAll("/data", join(folder, "data")));
  // A real Chroma and files of Parquet are other tests' matter.
  config.stores.training_files = config.stores.training_files.filter(({ kind }) => ["jsonl", "folder"].includes(kind));
  await writeFile(join(folder, "agent.json"), JSON.stringify(config));

  // A data set that holds her rows, and a model.
  await writeFile(join(here.folder, "users.csv"), "user_id,status\nada,granted\n");
  await writeFile(join(here.folder, "rows.jsonl"), '{"user_id":"ada"}\n');
  await writeFile(join(folder, "secret"), MASTER_SECRET);
  await here.run(`consentry key derive --site demo --secret-file secret -o demo.key
    consentry snapshot build --purpose model_training --site demo --key-file demo.key users.csv -o s.snapshot
    consentry filter --purpose model_training --snapshot s.snapshot --key-file demo.key rows.jsonl -o clean.jsonl --manifest run.json`);
  const registers = (await block(page, "sh", "manifest register")).replace("api.key", "backend.key");
  assert.match((await here.run(registers)).stderr, /models: ranker_7/);

  const { id } = accepted(await site.call("POST", "/data/delete/ada"));
  await here.run("consentry agent --config agent.json --once");
  const done = accepted(await site.call("GET", `/erasures/${id}`));
  assert.deepEqual([done.state, done.stores[1].removed], ["done", 3]);
  for (const data of ["data/clean", "buckets/training-data/clean/deep"]) {
    assert.equal((await here.run(`zcat ${data}/a.jsonl.gz`)).stdout, '{"user_id":"bob"}\n');
  }
  assert.equal(done.lineage[0].state, "to_retrain");
  await here.follow(page, "/models/ranker_7");
  assert.equal(accepted(await site.call("GET", `/erasures/${id}`)).lineage[0].state, "retrained");
});

test("whoever follows the guide to training purges a bucket", async () => {
  const root = await mkdtemp(join(tmpdir(), "consentry-guides-"));
  after(() => rm(root, { recursive: true, force: true }));
  const clean = join(root, "training-data/clean");
  await mkdir(clean, { recursive: true });
  await mkdir(join(root, "training-data/tables"));
  await writeFile(join(root, "training-data/tables/README"), "none yet");
  const { url } = await startBuckets(root);
  const keys = { "AWS_ACCESS_KEY_ID=…": "AWS_ACCESS_KEY_ID=key", "AWS_SECRET_ACCESS_KEY=…": "AWS_SECRET_ACCESS_KEY=secret" };
  const here = await typist(() => ({ ...keys, "https://ACCOUNT.r2.cloudflarestorage.com": url }));
  await writeFile(join(clean, "a.jsonl.gz"), gzipSync('{"user_id":"ada"}\n{"user_id":"bob"}\n'));
  await writeFile(join(here.folder, "who.txt"), "ada\n");
  const { stderr } = await here.follow("training.md", "AWS_ENDPOINT_URL=");
  assert.match(stderr, /1 found, 1 removed[^]*matches no object[^]*1 user removed, and seen to be gone/);
  assert.equal(gunzipSync(await readFile(join(clean, "a.jsonl.gz"))).toString(), '{"user_id":"bob"}\n');
});
