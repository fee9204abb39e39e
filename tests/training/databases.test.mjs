// A deployment with two databases has two logs: who verifies and follows the second one's, and what they are told when it, or the other, is
// changed.
//
// CONSENTRY names the command; `cargo xtask test training` builds it.

import assert from "node:assert/strict";
import { cp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { admin, makeSite } from "../support/client.mjs";
import { startEdge } from "../support/edge.mjs";
import { accepted, grant } from "../api/world.mjs";
import { auditor, pastOn, rollBack, says } from "./auditor.mjs";

const fold = (edge) => edge.cron("* * * * *");
const people = (from, to) => Array.from({ length: to - from }, (_, n) => `u${from + n}`);

/** An edge with two signed logs, its site, and an auditor of each who has seen it. */
async function watched() {
  const edge = await startEdge({ databases: 2 });
  after(() => edge.stop());
  const site = await makeSite(edge.url, { site: "shop" });
  const given = [];
  for (const user of people(0, 12)) given.push(await grant(site, user));
  await fold(edge);
  const auditors = [await auditor(edge.url, site.key), await auditor(edge.url, site.key, 1)];
  for (const who of auditors) says(await who.monitor(), 0, /all is well/);
  return { edge, site, given, auditors };
}

/** What the payload of a JWS says. */
const payload = (jws) => JSON.parse(Buffer.from(jws.split(".")[1], "base64url"));

test("each log verifies as a whole, in part and against an earlier checkpoint, by its own keys only", async () => {
  const { edge, site, auditors } = await watched();
  for (const { folder } of auditors) await cp(join(folder, "held"), join(folder, "early"));
  for (const user of people(12, 24)) await grant(site, user);
  await fold(edge);
  for (const [number, who] of auditors.entries()) {
    says(await who.monitor(), 0, /all is well/);
    says(await who.verify("--since", "early", "--checkpoint", "held"), 0, /verified: all \d+ rows/);
    says(await who.verify("--from", "1", "--to", "3"), 0, /verified: rows 1 to 2 of/);
    const [{ origin }] = await edge.sqlOn(number, "SELECT origin FROM log_origins");
    assert.equal((await who.read("held")).split("\n")[0], origin);
  }
  const [first, second] = auditors;
  await cp(join(first.folder, "keys"), join(second.folder, "keys"));
  says(await second.verify(), 1, /./);
  says(await second.run("monitor", "--url", edge.url, "--key-file", "keys", "--log", "2", "--state", "none", "--once"), 4, /404|no such log/);
});

test("receipts of people of either database verify", async () => {
  const { edge, site, given, auditors } = await watched();
  const names = await Promise.all([0, 1].map(async (log) => (await (await fetch(`${edge.url}/log?log=${log}`)).json()).log));
  assert.notEqual(names[0], names[1]);
  const { folder, run } = auditors[0];
  await writeFile(join(folder, "keys.json"), await (await fetch(`${edge.url}/.well-known/jwks.json`)).text());
  const seen = new Set();
  for (const { receipt, log_index: place } of given) {
    const log = names.indexOf(payload(receipt).log);
    seen.add(log);
    const again = accepted(await site.call("GET", `/receipts/${place}?log=${log}`));
    assert.equal(again.receipt, receipt);
    await writeFile(join(folder, "receipt.json"), JSON.stringify(again));
    says(await run("verify", "receipt", "--jwks", "keys.json", "receipt.json"), 0, /verified/);
  }
  assert.deepEqual([...seen].sort(), [0, 1], "people of both databases");
});

test("a row of the second database that was changed is told by who verifies the second log, and by nobody else", async () => {
  const { edge, auditors } = await watched();
  const [first, second] = auditors;
  await pastOn(edge, 1, "UPDATE events SET status = 'revoked' WHERE log_index = 2");
  says(await second.verify(), 1, /row 2 does not have the leaf hash/);
  says(await first.verify(), 0, /verified: all/);
});

test("a second database that was rolled back is told, goes on under another name, and who followed it follows on", async () => {
  const { edge, site, auditors } = await watched();
  const [first, second] = auditors;
  const [before] = await edge.sqlOn(1, "SELECT * FROM log_head");
  const [{ kept }] = await edge.sqlOn(1, "SELECT count(*) AS kept FROM events");
  await cp(join(second.folder, "held"), join(second.folder, "early"));
  for (const user of people(12, 24)) await grant(site, user);
  await fold(edge);
  for (const who of auditors) says(await who.monitor(), 0, /all is well/);
  await rollBack(edge, kept, before, 1);
  for (const user of people(24, 36)) await grant(site, user);
  await fold(edge);
  says(await second.monitor(), 1, /HISTORY CHANGED: the log had/);
  says(await first.monitor(), 0, /all is well/);
  assert.equal((await admin(edge.url, "POST", "/admin/log/restart")).status, 409, "the first log was not rolled back");
  assert.equal(accepted(await admin(edge.url, "POST", "/admin/log/restart?log=1")).kept, kept);
  await fold(edge);
  says(await second.monitor(), 0, /RESTORED: .* goes on as .*; these are gone: rows \d+ to \d+ of/);
  says(await second.verify("--since", "early"), 0, /verified: all/);
  for (const who of auditors) says(await who.monitor(), 0, /all is well/);
});
