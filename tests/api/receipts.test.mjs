// Receipts as others read them: any JOSE library verifies them against the published keys, any processor of JSON-LD expands them, and
// every term of the Data Privacy Vocabulary in them exists.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import * as jose from "jose";
import { MANDATORY, dpvTerms, expand, quads } from "./linked.mjs";
import { accepted, grant, revoke, startWorld } from "./world.mjs";

const world = await startWorld();
const site = await world.site({
  controller: { name: "Shop", address: "1 Quay Street, Dublin", contact: "privacy@shop.example", recipients: ["A host", "A carrier"] },
});

const keys = async () => (await fetch(`${world.url}/.well-known/jwks.json`)).json();
const again = async (index, headers = {}) => accepted(await site.call("GET", `/receipts/${index}`, { headers }));

test("jose verifies what a decision was answered with", async () => {
  const given = await grant(site, "u1");
  const { payload, protectedHeader } = await jose.compactVerify(given.receipt, jose.createLocalJWKSet(await keys()));
  assert.deepEqual([protectedHeader.alg, protectedHeader.typ], ["EdDSA", "consent-receipt+jws"]);
  const receipt = JSON.parse(new TextDecoder().decode(payload));
  assert.deepEqual(
    [receipt.log_index, receipt.leaf_hash, receipt.record.purpose, receipt.record.status],
    [given.log_index, given.leaf_hash, "analytics", "granted"],
  );
  const [jwk] = (await keys()).keys;
  assert.equal(protectedHeader.kid, await jose.calculateJwkThumbprint(jwk));
  const [head, , signature] = given.receipt.split(".");
  const forged = `${head}.${Buffer.from(JSON.stringify({ ...receipt, log_index: 0 })).toString("base64url")}.${signature}`;
  await assert.rejects(jose.compactVerify(forged, jose.createLocalJWKSet(await keys())), { code: "ERR_JWS_SIGNATURE_VERIFICATION_FAILED" });
});

test("PyJWT verifies it too", async (t) => {
  const { receipt } = await grant(site, "u1");
  const folder = await mkdtemp(join(tmpdir(), "receipt-"));
  t.after(() => rm(folder, { recursive: true }));
  const python = join(folder, "bin/python");
  const run = promisify(execFile);
  await run("python3", ["-m", "venv", folder]);
  await run(python, ["-m", "pip", "install", "-q", "PyJWT[crypto]==2.10.1"]);
  await writeFile(join(folder, "jwks"), JSON.stringify(await keys()));
  await writeFile(join(folder, "receipt"), receipt);
  const script = `
import json, jwt
keys = jwt.PyJWKSet.from_dict(json.load(open("jwks")))
text = open("receipt").read()
key = keys[jwt.get_unverified_header(text)["kid"]]
print(jwt.api_jws.PyJWS().decode(text, key.key, algorithms=["EdDSA"]).decode())`;
  const { stdout } = await run(python, ["-c", script], { cwd: folder });
  assert.equal(JSON.parse(stdout).record.status, "granted");
});

test("a receipt is given again in the same bytes, with a proof once the log has it", async () => {
  const given = await grant(site, "u2");
  const promised = await again(given.log_index);
  assert.deepEqual(promised, { receipt: given.receipt });
  await world.edge.cron("* * * * *");
  const proved = await again(given.log_index);
  assert.equal(proved.receipt, given.receipt);
  assert.equal(proved.inclusion.leaf_hash, given.leaf_hash);
  assert.equal(proved.checkpoint.split("\n")[1], String(proved.inclusion.tree_size));
});

test("what is sent twice with one Idempotency-Key has one receipt", async () => {
  const send = () =>
    site.call("POST", "/consent/grant", { headers: { "Idempotency-Key": "r1" }, body: { user_id: "u3", purpose: "analytics" } });
  assert.equal(accepted(await send()).receipt, accepted(await send()).receipt);
});

test("as linked data every field is a term that exists, and none that the standard asks for is missing", async () => {
  await grant(site, "u4", { notice: { version: 2, language: "de" } });
  const given = await revoke(site, "u4", { notice: { version: 2, language: "de" } });
  const document = await again(given.log_index, { Accept: "application/ld+json" });
  const used = dpvTerms(await expand(document));
  for (const term of [...MANDATORY, "ConsentReceipt", "hasRecordOfActivity", "ConsentWithdrawn"]) assert.ok(used.includes(term), term);
  const record = document["dpv:hasRecordOfActivity"];
  assert.equal(record["dct:language"], "de");
  assert.ok(record["dct:identifier"]);
  // The profile of DPV that says so: schema/dpv-27560.ttl.
  assert.equal(record["dct:conformsTo"]["@id"], "https://w3id.org/dpv/schema/dpv-27560#record");
  assert.equal(document["dct:conformsTo"]["@id"], "https://w3id.org/dpv/schema/dpv-27560#receipt");
  const triples = await quads(document);
  assert.match(triples, /"Shop"/);
  assert.match(triples, /"not stated by the site"/);
  assert.equal(document["dct:source"], given.receipt);
});
