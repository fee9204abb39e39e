// The log as an auditor follows and verifies it, against a real Worker: what the command says of an honest edge, and of one whose
// database was changed past its triggers.
//
// CONSENTRY names the command; `cargo xtask test training` builds it.

import assert from "node:assert/strict";
import { once } from "node:events";
import { cp, writeFile } from "node:fs/promises";
import { createHmac } from "node:crypto";
import { createServer } from "node:http";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { admin, makeSite } from "../support/client.mjs";
import { startEdge } from "../support/edge.mjs";
import { accepted, grant } from "../api/world.mjs";
import { auditor, past, rollBack, says } from "./auditor.mjs";
import { ended, until } from "./beside.mjs";

const fold = (edge) => edge.cron("* * * * *");

/** An edge with a signed log, its site, and an auditor who has seen it. */
async function watched() {
  const edge = await startEdge();
  after(() => edge.stop());
  const site = await makeSite(edge.url, { site: "shop" });
  const given = [];
  for (const user of ["u1", "u2", "u3", "u4"]) given.push(await grant(site, user));
  await fold(edge);
  const who = await auditor(edge.url, site.key);
  says(await who.monitor(), 0, /all is well/);
  return { edge, site, who, given };
}

/** What a person finds who was given this answer once, and holds it against the log as it is shown now. */
async function held(edge, who, answer) {
  await writeFile(join(who.folder, "answer"), JSON.stringify(answer));
  for (const [file, path] of [["proof", `/log/proof/inclusion/${answer.log_index}`], ["shown", "/log/checkpoint"]]) {
    await writeFile(join(who.folder, file), await (await fetch(edge.url + path)).text());
  }
  return who.run("verify", "inclusion", "--key-file", "keys", "--checkpoint", "shown", "--proof", "proof", "answer");
}

/** What a forger does who holds the edge's key: the log is signed anew from the changed database, objects and all. */
async function signedAnew(edge) {
  await edge.sql("DELETE FROM log_head");
  await edge.bucket("SNAPSHOTS", async (bucket) => {
    for (let rest = await bucket.list(); rest.objects.length > 0; rest = await bucket.list()) {
      await bucket.delete(rest.objects.map(({ key }) => key));
    }
  });
  await fold(edge);
}

test("an honest log verifies as a whole, in part, and against an earlier checkpoint", async () => {
  const { edge, site, who, given } = await watched();
  await cp(join(who.folder, "held"), join(who.folder, "early"));
  await makeSite(edge.url, { site: "other" });
  await grant(site, "u5");
  await fold(edge);
  says(await who.monitor(), 0, /all is well/);
  says(await who.verify(), 0, /verified: all \d+ rows; 2 of them by their hash alone/);
  says(await who.verify("--since", "early", "--checkpoint", "held"), 0, /verified: all/);
  says(await who.verify("--from", "2", "--to", "5"), 0, /verified: rows 2 to 4 of/);
  says(await who.verify("--from", "5", "--to", "900"), 2, /rows are from 0 on and before/);
  for (const answer of given) says(await held(edge, who, answer), 0, new RegExp(`verified: row ${answer.log_index} is in the log`));
});

const CHANGES = {
  "a changed field": ["UPDATE events SET status = 'revoked' WHERE log_index = 4"],
  "a deleted row": [
    "DELETE FROM events WHERE log_index = 4",
    "UPDATE events SET log_index = -log_index WHERE log_index > 4",
    "UPDATE events SET log_index = -log_index - 1 WHERE log_index < 0",
  ],
  "reordered rows": [
    "UPDATE events SET log_index = -1 WHERE log_index = 3",
    "UPDATE events SET log_index = 3 WHERE log_index = 4",
    "UPDATE events SET log_index = 4 WHERE log_index = -1",
  ],
};

for (const [what, statements] of Object.entries(CHANGES)) {
  test(`${what} is told by its row to who verifies, and by the monitor once it is signed`, async () => {
    const { edge, who, given } = await watched();
    await past(edge, ...statements);
    // Where only the database was changed, the signed tree in the bucket is still the old one.
    const verified = await who.verify("--from", "0", "--to", "5");
    says(verified, 1, /row [34] (does not have the leaf hash|is not the one that the log has there)/);
    await edge.sql("UPDATE events SET leaf_hash = zeroblob(32) WHERE log_index = 4");
    await signedAnew(edge);
    says(await who.monitor(), 1, /HISTORY CHANGED: the log/);
    assert.match(await who.read("held.found"), /^consentry/);
    says(await who.monitor(), 1, /HISTORY CHANGED/);
    says(await held(edge, who, given.find(({ log_index: place }) => place === 4)), 1, /row 4 has another leaf hash than in the log/);
  });
}

test("a tail that was cut off is told by the first row that is gone", async () => {
  const { edge, who, given } = await watched();
  await past(edge, "DELETE FROM events WHERE log_index >= 5");
  await signedAnew(edge);
  says(await who.monitor(), 1, /HISTORY CHANGED: the log had \d+ rows and has 5: row 5 is the first that is gone/);
  says(await held(edge, who, given.at(-1)), 2, /proof: is no proof of inclusion/);
  assert.match(await who.read("proof"), /"status":404/);
});

test("a log that was replaced by another is told", async () => {
  const { edge, site, who, given } = await watched();
  await past(edge, "DELETE FROM events", "DELETE FROM log_origins", "DELETE FROM log_head");
  const before = await who.read("held");
  for (const user of ["u1", "u2", "u3", "u4", "u5"]) await grant(site, user);
  await fold(edge);
  says(await who.monitor(), 1, /HISTORY CHANGED: another log is in the place of .*, and nothing says why/);
  assert.equal(await who.read("held"), before, "what was seen before is kept");
  says(await held(edge, who, given.at(-2)), 1, /shown: /);
  await writeFile(join(who.folder, "keys"), await (await fetch(`${edge.url}/log/key`)).text());
  says(await held(edge, who, given.at(-2)), 1, /row \d has another leaf hash than in the log/);
});

test("evidence that was removed without an event that says so is told", async () => {
  const { edge, who } = await watched();
  await edge.sql("UPDATE events SET evidence = NULL WHERE log_index = 4");
  says(await who.verify(), 1, /row 4 has lost its evidence, and no later row says that it was removed/);
});

test("a database that was rolled back is signed no longer, goes on under another name, and who holds something from before follows, also twice", async () => {
  const { edge, site, who } = await watched();
  await cp(join(who.folder, "keys"), join(who.folder, "first-keys"));
  for (const time of ["first", "second"]) {
    await grant(site, "u5");
    await fold(edge);
    says(await who.monitor(), 0, /all is well/);
    const [before] = await edge.sql("SELECT * FROM log_head");
    const kept = (await edge.sql("SELECT count(*) AS n FROM events"))[0].n;
    await cp(join(who.folder, "held"), join(who.folder, `${time}-kept`));
    await grant(site, "u6");
    await fold(edge);
    says(await who.monitor(), 0, /all is well/);
    await cp(join(who.folder, "held"), join(who.folder, `${time}-lost`));
    await rollBack(edge, kept, before);
    await grant(site, "u7");
    await fold(edge);
    says(await who.monitor(), 1, /HISTORY CHANGED: the log had/);
    const restarted = accepted(await admin(edge.url, "POST", "/admin/log/restart"));
    assert.equal(restarted.kept, kept);
    says(await who.monitor(), 0, /RESTORED: .* goes on as .*; these are gone: rows \d+ to \d+ of/);
    says(await who.monitor(), 0, /all is well/);
    assert.equal((await admin(edge.url, "POST", "/admin/log/restart")).status, 409);
  }
  // With the key of the first name alone, and with those of the last.
  await writeFile(join(who.folder, "last-keys"), await (await fetch(`${edge.url}/log/key`)).text());
  assert.notEqual(await who.read("last-keys"), await who.read("first-keys"));
  for (const keys of ["first-keys", "last-keys"]) {
    await cp(join(who.folder, keys), join(who.folder, "keys"));
    says(await who.verify("--checkpoint", "held"), 0, /verified: all/);
    for (const time of ["first", "second"]) {
      says(await who.verify("--since", `${time}-kept`), 0, /verified: all/);
      says(await who.verify("--since", `${time}-lost`, "--from", "2", "--to", "5"), 0, /these are gone: rows \d+ to \d+ of [^]*verified: rows 2 to 4/);
    }
  }
  // What was kept is changed all the same: it is told, by whoever holds a checkpoint from before.
  await past(edge, "UPDATE events SET leaf_hash = zeroblob(32) WHERE log_index = 2");
  says(await who.verify("--since", "first-kept"), 1, /row 2/);
});

test("an old checkpoint that no handover leads on from is told, and so are keys of another log", async () => {
  const { edge, site, who } = await watched();
  await cp(join(who.folder, "held"), join(who.folder, "early"));
  await past(edge, "DELETE FROM events", "DELETE FROM log_origins", "DELETE FROM log_head");
  await grant(site, "u1");
  await fold(edge);
  says(await who.verify(), 1, /another log is in the place of .*, and nothing says why/);
  await writeFile(join(who.folder, "keys"), await (await fetch(`${edge.url}/log/key`)).text());
  says(await who.verify(), 0, /verified: all/);
  says(await who.verify("--since", "early"), 1, /another log is in the place of .*, and nothing says why/);
});

test("events that wait too long are told, and so is an edge that can't be asked", async () => {
  const { edge, site, who } = await watched();
  await grant(site, "u8");

  await new Promise((resolve) => setTimeout(resolve, 1100));
  says(await who.monitor("--max-delay", "1s"), 3, /STALE: .* 1 events wait/);
  says(await who.monitor("--max-delay", "1h"), 0, /all is well/);
  says(await who.run("monitor", "--url", "http://127.0.0.1:9", "--key-file", "keys", "--once"), 4, /can't be reached/);
  await writeFile(join(who.folder, "other"), "log.example/x+00000000+AAAA\n");
  says(await who.run("monitor", "--url", edge.url, "--key-file", "other", "--once"), 2, /a key is NAME/);
});

test("who follows an honest log stays, and ends with the promised code as soon as history changes", async () => {
  const { edge, site, who } = await watched();
  const posts = [];
  const server = createServer(async (request, response) => {
    posts.push(JSON.parse(Buffer.concat(await request.toArray())));
    response.writeHead(204).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  after(() => server.close());
  const child = who.follow("--every", "1s", "--webhook", `http://127.0.0.1:${server.address().port}/hook`);
  after(() => child.kill("SIGKILL"));
  const end = ended(child);
  await until(child, /all is well/);
  for (const user of ["u5", "u6"]) {
    await grant(site, user);
    await fold(edge);
    const grown = await (await fetch(`${edge.url}/log/checkpoint`)).text();
    while ((await who.read("held")) !== grown) await sleep(100);
  }
  assert.deepEqual([child.exitCode, posts], [null, []]);
  const before = await who.read("held");
  await past(edge, "DELETE FROM events WHERE log_index >= 5");
  await signedAnew(edge);
  const { code, said } = await end;
  assert.deepEqual([code, said.match(/HISTORY CHANGED: the log had \d+ rows and has 5/g)?.length], [1, 1], said);
  assert.equal(await who.read("held"), before, "what was seen before is kept");
  assert.match(await who.read("held.found"), /^consentry.*\n5\n/);
  assert.deepEqual([posts.at(-1).type, posts.filter(({ type }) => type === "log.changed").length], ["log.changed", 1]);
});

test("the alarm is posted, signed, and again if nobody takes it", async () => {
  const { edge, who } = await watched();
  const secret = Buffer.alloc(32, 5);
  await writeFile(join(who.folder, "secret"), `whsec_${secret.toString("base64")}`);
  const posts = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    posts.push({ headers: request.headers, body });
    response.writeHead(posts.length < 2 ? 500 : 204).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  after(() => server.close());
  await past(edge, "DELETE FROM events WHERE log_index >= 5");
  await signedAnew(edge);
  const url = `http://127.0.0.1:${server.address().port}/hook`;
  says(await who.monitor("--webhook", url, "--webhook-secret-file", "secret"), 1, /HISTORY CHANGED/);
  assert.equal(posts.length, 2);
  const [{ headers, body }] = posts;
  assert.equal(posts[1].headers["webhook-id"], headers["webhook-id"]);
  const { type, data } = JSON.parse(body);
  assert.deepEqual([type, data.url, data.held], ["log.changed", edge.url, await who.read("held")]);
  const signed = createHmac("sha256", secret).update(`${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`).digest("base64");
  assert.equal(headers["webhook-signature"], `v1,${signed}`);
});
