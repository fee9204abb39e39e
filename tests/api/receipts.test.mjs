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
import jsonld from "jsonld";
import { accepted, grant, revoke, startWorld } from "./world.mjs";

const world = await startWorld();
const site = await world.site({
  controller: { name: "Shop", address: "1 Quay Street, Dublin", contact: "privacy@shop.example", recipients: ["A host", "A carrier"] },
});

const keys = async () => (await fetch(`${world.url}/.well-known/jwks.json`)).json();
const again = async (index, headers = {}) => accepted(await site.call("GET", `/receipts/${index}`, { headers }));

/**
 * The terms that are used here, of DPV 2 (https://w3id.org/dpv). About two thirds were looked up one by one in the files of version
 * 2.0; the base concepts (DataSubject, Purpose, Recipient and their like) were not.
 */
const DPV = `Consent ConsentGiven ConsentNotice ConsentReceipt ConsentRecord ConsentRefused ConsentRequested ConsentWithdrawn
ConsentStatusInvalidForProcessing Contract DataController DataSubject DataSubjectRight Duration LegitimateInterest PersonalData Process
Purpose Recipient StorageCondition WithdrawConsent hasAddress hasConsentControl hasConsentStatus hasContact hasDataController
hasDataSubject hasDuration hasIdentifier hasJurisdiction hasLegalBasis hasName hasNotice hasPersonalData hasProcess hasPurpose
hasRecipient hasRecordOfActivity hasRight hasStorageCondition isExercisedAt isIndicatedAtTime isIndicatedBy`.split(/\s+/);

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

/** Every property and type, as full names. */
function terms(node, found = new Set()) {
  if (Array.isArray(node)) node.forEach((one) => terms(one, found));
  else if (node !== null && typeof node === "object") {
    for (const [key, value] of Object.entries(node)) {
      if (!key.startsWith("@")) found.add(key);
      if (key === "@type") [value].flat().forEach((type) => found.add(type));
      if (key === "@id") found.add(value);
      terms(value, found);
    }
  }
  return found;
}

test("as linked data every field is a term that exists", async () => {
  await grant(site, "u4", { notice: { version: 2, language: "de" } });
  const given = await revoke(site, "u4");
  const document = await again(given.log_index, { Accept: "application/ld+json" });
  const documentLoader = () => assert.fail("a context had to be fetched");
  const [receipt] = await jsonld.expand(document, { documentLoader, safe: true });
  const dpv = "https://w3id.org/dpv#";
  const used = [...terms(receipt)].filter((term) => term.startsWith(dpv)).map((term) => term.slice(dpv.length));
  assert.deepEqual(used.filter((term) => !DPV.includes(term)), []);
  // ISO/IEC TS 27560: each of these must be there, whatever the site has said.
  for (const term of ["hasDataSubject", "hasNotice", "hasProcess", "hasPurpose", "hasPersonalData", "hasStorageCondition", "hasDataController",
    "hasRecipient", "hasConsentControl", "hasJurisdiction", "hasRight", "hasConsentStatus", "isIndicatedAtTime", "hasDuration", "isIndicatedBy",
    "hasName", "hasIdentifier", "hasContact", "hasAddress", "hasLegalBasis", "hasRecordOfActivity", "ConsentWithdrawn"]) {
    assert.ok(used.includes(term), term);
  }
  const triples = await jsonld.toRDF(document, { documentLoader, format: "application/n-quads" });
  assert.match(triples, /"Shop"/);
  assert.match(triples, /"not stated by the site"/);
  assert.equal(document["dct:source"], given.receipt);
});
