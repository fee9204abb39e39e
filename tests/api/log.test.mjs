// The log as anyone sees it, on a real Worker with a real bucket: checkpoints, tiles and proofs, held together by an implementation
// of RFC 6962 of its own.

import assert from "node:assert/strict";
import { createHash, createPublicKey, verify } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { call, makeSite } from "../support/client.mjs";
import { startEdge } from "../support/edge.mjs";
import { accepted, grant, startWorld } from "./world.mjs";

const world = await startWorld();
const site = await world.site();

const sha = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest();
const parent = (left, right) => sha(Buffer.of(1), left, right);

/** MTH of RFC 6962 § 2.1. */
function root(leaves) {
  if (leaves.length === 1) return leaves[0];
  const left = 2 ** Math.ceil(Math.log2(leaves.length) - 1);
  return parent(root(leaves.slice(0, left)), root(leaves.slice(left)));
}

async function text(path, url = world.url) {
  const answer = await fetch(url + path);
  assert.equal(answer.status, 200, `${path}: ${answer.status}`);
  return answer.text();
}

/** The checkpoint, once its signature is verified. */
async function checkpoint(url = world.url) {
  const note = await text("/log/checkpoint", url);
  const [name, id, key] = (await text("/log/key", url)).trim().split("+");
  const end = note.lastIndexOf("\n\n");
  const [, signer, data] = note.slice(end + 2).trim().split(" ");
  const [, ...publicKey] = Buffer.from(key, "base64");
  const signature = Buffer.from(data, "base64");
  assert.equal(signature.toString("hex", 0, 4), id);
  assert.equal(sha(`${name}\n`, Buffer.from(key, "base64")).toString("hex", 0, 4), id);
  const x = Buffer.from(publicKey).toString("base64url");
  const jwk = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  assert.ok(verify(null, Buffer.from(note.slice(0, end + 1)), jwk, signature.subarray(4)), "the signature is the key's");
  const [origin, size, hash] = note.split("\n");
  assert.deepEqual([origin, signer], [name, name]);
  return { origin, size: Number(size), root: Buffer.from(hash, "base64").toString("hex") };
}

const fold = (edge = world.edge) => edge.cron("* * * * *");
const leaves = async (size, edge = world.edge) =>
  (await edge.sql("SELECT hex(leaf_hash) AS leaf FROM events WHERE log_index < ? ORDER BY log_index", size)).map(({ leaf }) =>
    Buffer.from(leaf, "hex"),
  );

test("a checkpoint is signed over every event", async () => {
  await grant(site, "u1");
  await fold();
  const { size, root: signed } = await checkpoint();
  assert.equal(size, await world.events());
  assert.equal(signed, root(await leaves(size)).toString("hex"));
});

test("tiles hold the hashes of the log", async () => {
  await grant(site, "u2");
  await fold();
  const { size } = await checkpoint();
  const answer = await fetch(`${world.url}/log/tile/0/000.p/${size}`);
  assert.deepEqual([answer.status, answer.headers.get("Content-Type")], [200, "application/octet-stream"]);
  assert.match(answer.headers.get("Cache-Control"), /immutable/);
  assert.deepEqual(Buffer.from(await answer.arrayBuffer()), Buffer.concat(await leaves(size)));
  assert.equal((await fetch(`${world.url}/log/tile/0/000.p/${size + 1}`)).status, 404);
});

test("a partial tile is there in the widths that checkpoints had, and a width that none had is not found", async () => {
  await fold();
  await grant(site, "u2");
  await grant(site, "u2");
  await fold();
  const { size } = await checkpoint();
  const between = await fetch(`${world.url}/log/tile/0/000.p/${size - 1}`);
  assert.deepEqual([between.status, (await between.json()).code], [404, "not_found"]);
  assert.doesNotMatch(between.headers.get("Cache-Control") ?? "", /immutable/);
});

test("an event is proved to be in the log, and the log to have only grown", async () => {
  await fold();
  const early = await checkpoint();
  await grant(site, "u3");
  await fold();
  const late = await checkpoint();
  const last = late.size - 1;
  const { leaf_hash, hashes, tree_size } = JSON.parse(await text(`/log/proof/inclusion/${last}`));
  assert.deepEqual([leaf_hash, tree_size], [(await leaves(late.size)).at(-1).toString("hex"), late.size]);
  // The last leaf has every neighbour on its left.
  const climbed = hashes.reduce((hash, left) => parent(Buffer.from(left, "hex"), hash), Buffer.from(leaf_hash, "hex"));
  assert.equal(climbed.toString("hex"), late.root);
  const proof = JSON.parse(await text(`/log/proof/consistency?from=${early.size}&to=${late.size}`));
  assert.deepEqual([proof.from, proof.to], [early.size, late.size]);
  assert.ok(proof.hashes.length > 0);
});

test("two runs at once make one log", async () => {
  await grant(site, "u4");
  await Promise.all([fold(), fold()]);
  const { size, root: signed } = await checkpoint();
  assert.equal(size, await world.events());
  assert.equal(signed, root(await leaves(size)).toString("hex"));
});

test("a log whose Worker is killed while it folds goes on", async () => {
  const directory = await mkdtemp(join(tmpdir(), "consentry-log-"));
  let place;
  let held = { size: 0 };
  for (let round = 0; round < 4; round++) {
    const edge = await startEdge({ directory });
    try {
      place = { ...(place ?? (await makeSite(edge.url, { site: "killed" }))), url: edge.url };
      const key = place.key;
      const body = { user_id: `u${round}`, purpose: "analytics" };
      accepted(await call(edge.url, "POST", "/consent/grant", { key, body }));
      await fold(edge);
      const now = await checkpoint(edge.url);
      assert.ok(now.size > held.size);
      assert.equal(now.root, root(await leaves(now.size, edge)).toString("hex"));
      if (held.size > 0) {
        const past = await leaves(held.size, edge);
        assert.equal(held.root, root(past).toString("hex"), "what was signed before still stands");
      }
      held = now;
      accepted(await call(edge.url, "POST", "/consent/grant", { key, body: { ...body, user_id: `v${round}` } }));
      const folding = fold(edge).catch(() => {});
      await setTimeout(round * 7);
      await edge.kill();
      await Promise.race([folding, setTimeout(1000)]);
    } finally {
      await edge.stop();
    }
  }
  await rm(directory, { recursive: true, force: true });
});

test("without a key the answer says which is missing", async () => {
  const edge = await startEdge({ vars: { CONSENTRY_LOG_KEY: "" } });
  try {
    await makeSite(edge.url, { site: "unsigned" });
    await fold(edge);
    const answer = await fetch(`${edge.url}/log/checkpoint`);
    const problem = await answer.json();
    assert.deepEqual([answer.status, problem.code], [500, "misconfigured"]);
    assert.match(problem.detail, /CONSENTRY_LOG_KEY/);
  } finally {
    await edge.stop();
  }
});
