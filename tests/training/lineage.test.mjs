// From a filter's manifest to the models that must be trained anew, against a real Worker with its D1 and R2.
//
// CONSENTRY names the command; `cargo xtask test training` builds it.

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { makeSite } from "../support/client.mjs";
import { about, accepted, startWorld } from "../api/world.mjs";
import { place, run } from "./beside.mjs";

const world = await startWorld();

/** A run of the filter over rows of these users, all of whom granted. */
async function filter({ site, folder }, users, name, key = ["--key-file", "key"]) {
  await writeFile(join(folder, "t.jsonl"), users.map((user) => `{"user_id":"${user}","status":"granted"}\n`).join(""));
  await writeFile(join(folder, "in.jsonl"), users.map((user) => `{"user_id":"${user}"}\n`).join(""));
  const build = ["snapshot", "build", "--purpose", "model_training", "--site", site.site, ...key, "-o", "s", "t.jsonl"];
  const made = await run(folder, build);
  assert.equal(made.code, 0, made.said);
  const args = ["filter", "--purpose", "model_training", "--snapshot", "s", ...key, "--manifest", name, "-o", "out.jsonl", "in.jsonl"];
  const kept = await run(folder, args);
  assert.equal(kept.code, 0, kept.said);
}

const register = ({ folder }, name, dataset, ...more) =>
  run(folder, ["manifest", "register", "--api", world.url, "--api-key-file", "api-key", "--dataset", dataset, ...more, name]);
const holding = async ({ site }, user) => accepted(await site.call("GET", about("/lineage/holding", user)));

test("a registered data set names its models for whose rows it holds, and for nobody else", async () => {
  const here = await place(world);
  await filter(here, ["ada", "bob"], "m.json");
  const { code, said } = await register(here, "m.json", "corpus", "--model", "ranker", "--model", "tagger");
  assert.equal(code, 0, said);
  assert.match(said, /corpus is registered: rows of 2 users; models: ranker, tagger/);
  assert.deepEqual((await holding(here, "ada")).datasets, [{ dataset: "corpus", models: ["ranker", "tagger"] }]);
  assert.deepEqual((await holding(here, "cyd")).datasets, []);
  const again = await register(here, "m.json", "corpus", "--model", "late");
  assert.match(again.said, /models: late, ranker, tagger/);
  const { manifest, kept_at } = accepted(await here.site.call("GET", "/lineage/corpus"));
  assert.ok(kept_at);
  assert.doesNotMatch(JSON.stringify(manifest), /jsonl/, "no name of a file leaves the machine");
});

test("an index of 100,000 users comes in pieces, and each of them is found", async () => {
  const here = await place(world);
  const users = Array.from({ length: 100_000 }, (_, n) => `user-${n}`);
  await filter(here, users, "m.json");
  assert.equal((await register(here, "m.json", "large")).code, 0);
  assert.equal(accepted(await here.site.call("GET", "/lineage/large")).chunks, 2);
  for (const n of [0, 1, 31_415, 65_535, 65_536, 99_999]) {
    assert.equal((await holding(here, `user-${n}`)).datasets.length, 1, n);
    assert.equal((await holding(here, `nobody-${n}`)).datasets.length, 0, n);
  }
});

test("what isn't this site's, isn't whole or has another's name is refused with a sentence", async () => {
  const here = await place(world);
  await filter(here, ["ada"], "m.json");
  const other = await place(world);
  await writeFile(join(here.folder, "api-key"), `${other.site.key}\n`);
  assert.match((await register(here, "m.json", "corpus")).said, /another site's/);
  const scopeless = await makeSite(world.url, { site: here.site.site, scopes: ["consent:read"] });
  await writeFile(join(here.folder, "api-key"), `${scopeless.key}\n`);
  assert.match((await register(here, "m.json", "corpus")).said, /lacks the scope lineage:write/);
  await writeFile(join(here.folder, "api-key"), `${here.site.key}\n`);
  await filter(here, ["ada"], "random.json", []);
  assert.match((await register(here, "random.json", "corpus")).said, /--key-file/);
  assert.equal((await register(here, "m.json", "corpus")).code, 0);
  await filter(here, ["bob"], "other.json");
  assert.match((await register(here, "other.json", "corpus")).said, /another data set was registered under this name/);
  const index = await readFile(join(here.folder, "other.json.index"));
  await writeFile(join(here.folder, "other.json.index"), index.with(index.length - 40, index.at(-40) ^ 1));
  const damaged = await register(here, "other.json", "second");
  assert.equal(damaged.code, 2);
  assert.match(damaged.said, /was not written with the index/);
});

test("a model that was trained on an erased person's rows is to be retrained until somebody says otherwise", async () => {
  const here = await place(world);
  await filter(here, ["ada"], "m.json");
  await register(here, "m.json", "corpus", "--model", "ranker");
  const { id } = accepted(await here.site.call("POST", about("/data/delete", "ada")));
  let lineage;
  for (let n = 0; n < 50 && !lineage?.length; n += 1) {
    lineage = accepted(await here.site.call("GET", `/erasures/${id}`)).lineage;
    await world.edge.cron("* * * * *");
  }
  assert.deepEqual(lineage.map(({ dataset, model, state }) => [dataset, model, state]), [["corpus", "ranker", "to_retrain"]]);
  const said = { state: "justified", reason: "It is used for nothing but a benchmark." };
  assert.equal(accepted(await here.site.call("PUT", "/lineage/corpus/models/ranker", { body: said })).changed, 1);
  [lineage] = accepted(await here.site.call("GET", `/erasures/${id}`)).lineage;
  assert.deepEqual([lineage.state, lineage.reason], ["justified", said.reason]);
});
