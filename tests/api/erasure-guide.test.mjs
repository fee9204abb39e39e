// docs/erasure.md as somebody follows it: its commands and its receivers as they are written, against a real Worker.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ADMIN_SECRET } from "../support/edge.mjs";
import { block, type } from "../support/guide.mjs";
import { freePort } from "../training/beside.mjs";
import { accepted, startWorld } from "./world.mjs";

const PAGE = "erasure.md";
const PERSON = "u1";
const world = await startWorld({ vars: { ERASURE_RETRY_MS: "50", ERASURE_KV_DELAY_MS: "100" } });
const { edge } = world;

/** A site as the page declares it, with a receiver of the page, and what types the page's commands. */
async function follower(language, name) {
  const folder = await mkdtemp(join(tmpdir(), "consentry-guide-"));
  after(() => rm(folder, { recursive: true, force: true }));
  const port = await freePort();
  const site = await world.site();
  const places = {
    "https://crm.example.com": `http://127.0.0.1:${port}`,
    "https://consent.example.com": edge.url,
    "/admin/sites/demo": `/admin/sites/${site.site}`,
  };
  const env = { ADMIN: ADMIN_SECRET, KEY: site.key };
  const follow = async (text) => type(await block(PAGE, "sh", text), { cwd: folder, places, env });
  const { webhook_secrets } = (await follow("/admin/sites/demo")).json();

  await writeFile(join(folder, name), await block(PAGE, language, `${name}:`));
  await mkdir(join(folder, "people", PERSON), { recursive: true });
  await mkdir(join(folder, "people", "u10"));
  for (const file of ["u1/a", "u1/b", "u10/a"]) await writeFile(join(folder, "people", file), file);
  const told = { WEBHOOK_SECRET: webhook_secrets.crm, PORT: String(port), DATA: "people", API: edge.url };
  const program = language === "js" ? process.execPath : "python3";
  const receiver = spawn(program, [name], { cwd: folder, env: { ...process.env, ...told }, stdio: ["ignore", "inherit", "inherit"] });
  after(() => receiver.kill());
  await listening(port);
  const secret = Buffer.from(webhook_secrets.crm.slice("whsec_".length), "base64");
  return { folder, site, port, follow, env, secret };
}

async function listening(port) {
  for (let n = 0; n < 200; n += 1) {
    const open = await new Promise((resolve) => {
      const socket = connect(port, "127.0.0.1", () => resolve(true)).on("error", () => resolve(false));
      socket.on("connect", () => socket.end());
    });
    if (open) return;
    await sleep(50);
  }
  assert.fail("the receiver does not start");
}

const is = (wanted) => ({ state }) => state === wanted;

/** Follows the erasure as the page says until it is as it should be, sweeping meanwhile as the cron does. */
async function until({ follow }, holds) {
  let erasure;
  for (let n = 0; n < 60; n += 1) {
    erasure = (await follow("/erasures/$ERASURE -H")).json();
    if (holds(erasure)) return erasure;
    await edge.cron("* * * * *");
    await sleep(50);
  }
  assert.fail(JSON.stringify(erasure, null, 1));
}

test("whoever follows the guide declares stores, decides about an erasure, and ends with a receipt that verifies", async () => {
  const here = await follower("js", "receiver.mjs");
  const { follow, folder, env } = here;
  await edge.bucket("DATA", (bucket) => bucket.put("training/a.jsonl", `{"user_id":"${PERSON}"}\n{"user_id":"u10"}\n`));
  await edge.namespace("CACHE", async (kv) => { for (const key of ["emb/u1/0", "emb/u10/0"]) await kv.put(key, "v"); });

  const asked = (await follow("/data/delete/u1")).json();
  assert.equal(asked.state, "verifying");
  assert.deepEqual(asked.stores.map(({ store }) => store), ["d1_evidence", "rows", "embeddings", "crm"]);
  env.ERASURE = asked.id;
  assert.equal((await follow("/data/delete/u1")).json().id, asked.id);
  const listed = (await follow("/erasures -H")).json();
  assert.deepEqual([listed.erasures.map(({ id }) => id), listed.next], [[asked.id], null]);
  assert.deepEqual((await follow("/erasures?overdue=1")).json().erasures, []);
  assert.equal((await follow("/extend")).json().extension, "complexity");
  assert.equal((await follow("/hold")).json().state, "on_hold");
  assert.notEqual((await follow("/release")).json().state, "on_hold");
  const done = await until(here, is("done"));
  assert.deepEqual(done.stores.map(({ removed }) => removed), [0, 1, 1, 2]);
  assert.deepEqual(await readdir(join(folder, "people")), ["u10"]);

  await follow("/receipt");
  await writeFile(join(folder, "verify.mjs"), await block(PAGE, "js", "// verify.mjs"));
  const { stdout } = await type("node verify.mjs", { cwd: folder });
  assert.match(stdout, /restore_horizon/);
  const { receipt } = JSON.parse(await readFile(join(folder, "deletion.json"), "utf8"));
  const [header, payload, signature] = receipt.split(".");
  const other = Buffer.from(String(Buffer.from(payload, "base64url")).replace('"removed":2', '"removed":3')).toString("base64url");
  assert.notEqual(other, payload);
  await writeFile(join(folder, "deletion.json"), JSON.stringify({ receipt: [header, other, signature].join(".") }));
  await assert.rejects(type("node verify.mjs", { cwd: folder }), /not genuine/);
});

test("a store that failed is in the list, is tried when the guide's command says so, and says why it failed", async () => {
  const here = await follower("js", "receiver.mjs");
  const { follow, folder, env } = here;
  // A file where the person's folder should be.
  await rm(join(folder, "people", PERSON), { recursive: true });
  await writeFile(join(folder, "people", PERSON), "");
  env.ERASURE = accepted(await here.site.call("POST", `/data/delete/${PERSON}`)).id;
  const crm = ({ stores }) => stores.find(({ store }) => store === "crm");
  await until(here, (erasure) => crm(erasure).state === "failed");
  // No attempt but those that are asked for.
  await edge.sql("UPDATE erasure_tasks SET next_at = ? WHERE erasure = ? AND store = 'crm'", Date.now() + 60_000, env.ERASURE);
  const { erasures: [{ failed, dead }] } = (await follow("/erasures -H")).json();
  assert.deepEqual([failed, dead], [["crm"], []]);
  const before = crm((await follow("/erasures/$ERASURE -H")).json());
  assert.equal(before.last_error, "the service answered 500");
  await rm(join(folder, "people", PERSON));
  const after = crm((await follow("/retry")).json());
  assert.equal(after.state, "done");
  assert.ok(after.attempts > before.attempts);
  await until(here, is("done"));
  assert.equal((await follow("/retry")).json().code, "conflict");
});

test("the receiver that calls back ends the store when it has removed everything", async () => {
  const here = await follower("python", "receiver.py");
  const asked = accepted(await here.site.call("POST", `/data/delete/${PERSON}`));
  here.env.ERASURE = asked.id;
  const done = await until(here, is("done"));
  assert.equal(done.stores.find(({ store }) => store === "crm").removed, 2);
  assert.deepEqual(await readdir(join(here.folder, "people")), ["u10"]);
});

for (const [language, name] of [["js", "receiver.mjs"], ["python", "receiver.py"]]) {
  test(`${name} takes no message that isn't signed for it, or is old`, async () => {
    const { port, folder, secret } = await follower(language, name);
    const body = JSON.stringify({ data: { users: [PERSON], callback: { path: "/", token: "" } } });
    const send = async (key, time, more = {}) => {
      const signature = createHmac("sha256", key).update(`m.${time}.${body}`).digest("base64");
      const headers = { "webhook-id": "m", "webhook-timestamp": String(time), "webhook-signature": `v1,${signature}`, ...more };
      return (await fetch(`http://127.0.0.1:${port}/erasure`, { method: "POST", body, headers })).status;
    };
    const now = Math.floor(Date.now() / 1000);
    assert.equal(await send("another secret", now), 401);
    assert.equal(await send("another secret", now, { "webhook-signature": "v1," }), 401);
    assert.equal(await send("another secret", now, { "webhook-signature": "" }), 401);
    assert.equal(await send("another secret", "soon"), 401);
    for (const off of [-301, 301]) assert.equal(await send(secret, now + off), 401);
    assert.equal(await send(secret, now, { "webhook-id": "another" }), 401);
    assert.deepEqual((await readdir(join(folder, "people"))).sort(), ["u1", "u10"]);
    assert.ok([200, 202].includes(await send(secret, now - 200)));
  });
}

test("a refusal as the guide says it is final", async () => {
  const here = await follower("js", "receiver.mjs");
  here.env.ERASURE = (await here.follow("/data/delete/u1")).json().id;
  assert.deepEqual([(await here.follow("/refuse")).json().state], ["refused"]);
  assert.equal((await here.follow("/release")).json().code, "conflict");
});
