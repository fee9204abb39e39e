// Erasing from the stores that a site declares: rows in R2, values in KV, a service, an agent that speaks HTTP. Real workerd with
// its D1, R2, KV and queue.

import assert from "node:assert/strict";
import { createHash, createHmac, generateKeyPairSync, sign } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { gunzipSync, gzipSync } from "node:zlib";
import { admin } from "../support/client.mjs";
import { about, accepted, grant, refused, startWorld } from "./world.mjs";

const world = await startWorld({ vars: { ERASURE_RETRY_MS: "50", ERASURE_KV_DELAY_MS: "100" } });
const { edge, until } = world;

const erase = (site, user, body) => site.call("POST", about("/data/delete", user), { body });
const follow = async (site, id) => accepted(await site.call("GET", `/erasures/${id}`));

const done = ({ state }) => state === "done";
const rows = (...users) => users.map((user, i) => `${JSON.stringify({ i, user_id: user, text: "…" })}\n`).join("");
const put = (name, body) => edge.bucket("DATA", (bucket) => bucket.put(name, typeof body === "string" ? body : new Uint8Array(body)));
const read = (name) => edge.bucket("DATA", async (bucket) => Buffer.from(await (await bucket.get(name)).arrayBuffer()));

// A service that answers what the test says, in turn.
const service = { answers: [], calls: [], url: "" };
const server = createServer(async (request, response) => {
  let body = "";
  for await (const chunk of request) body += chunk;
  service.calls.push({ path: request.url, headers: request.headers, body });
  const [status, answer] = service.answers.shift() ?? [200, '{"done":true}'];
  const elsewhere = status >= 300 && status < 400 && { Location: "/elsewhere" };
  response.writeHead(status, { "Content-Type": "application/json", ...elsewhere }).end(answer);
});
before(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  service.url = `http://127.0.0.1:${server.address().port}/hook`;
});
after(() => server.close());

/** An agent: a key of its own, and the results that it signs. */
async function makeAgent(site, stores) {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const { kty, crv, x } = publicKey.export({ format: "jwk" });
  const input = { name: "agent", scopes: ["erasure:work"], stores, public_key: { kty, crv, x } };
  const { key, id } = accepted(await admin(edge.url, "POST", `/admin/sites/${site.site}/keys`, input));
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const jws = (payload) => {
    const signed = `${encode({ alg: "EdDSA", kid: id })}.${encode(payload)}`;
    return `${signed}.${sign(null, Buffer.from(signed), privateKey).toString("base64url")}`;
  };
  const call = (path, body) => site.call("POST", path, { key, body });
  return {
    id,
    call,
    jws,
    take: async (limit = 10) => accepted(await call("/agent/tasks", { limit })).tasks,
    result: ({ id: task, erasure, store, attempt }, more = {}) => ({
      task, erasure, store, attempt, outcome: "done", found: 2, removed: 2, verified: true, erasure_kind: "physical",
      started_at: "2026-11-28T10:00:00.000Z", ended_at: "2026-11-28T10:00:01.000Z", version: "0.1.0", report_sha256: "ab".repeat(32), ...more,
    }),
    report: (task, payload) => call(`/agent/tasks/${task.id}/result`, { result: jws(payload) }),
  };
}

test("the person's rows go from every object, and all other bytes stay", async () => {
  const site = await world.site({ stores: [{ name: "rows", kind: "r2_jsonl", prefix: "one/" }] });
  await put("one/a.jsonl", rows("u1", "u2", "u1"));
  await put("one/b.jsonl.gz", gzipSync(rows("u10", "u1", "u3")));
  await put("one/c.jsonl", rows("u10", "u2"));
  await put("other/a.jsonl", rows("u1"));
  const { id } = accepted(await erase(site, "u1"));
  const { stores } = await until(site, id, done);
  assert.equal(stores.find(({ store }) => store === "rows").removed, 3);
  assert.equal(String(await read("one/a.jsonl")), rows("u1", "u2", "u1").split("\n").slice(1, 2).join("") + "\n");
  assert.equal(String(gunzipSync(await read("one/b.jsonl.gz"))), [0, 2].map((i) => rows("u10", "u1", "u3").split("\n")[i] + "\n").join(""));
  assert.equal(String(await read("one/c.jsonl")), rows("u10", "u2"));
  assert.equal(String(await read("other/a.jsonl")), rows("u1"));
});

test("a row of which it can't be said whose it is keeps the store from being done", async () => {
  const site = await world.site({ stores: [{ name: "rows", kind: "r2_jsonl", prefix: "odd/" }] });
  await put("odd/a.jsonl", rows("u1", "u2") + '{"user_id":7}\n');
  const { id } = accepted(await erase(site, "u1"));
  const { state, stores } = await until(site, id, ({ stores: [, rows] }) => rows.attempts > 0 && rows.last_error);
  assert.equal(state, "partly_done");
  assert.match(stores[1].last_error, /^object 1 in the order of names: of 1 rows, the first in line 2, it can't be said whose they are/);
  assert.ok((await read("odd/a.jsonl")).includes('{"user_id":7}'));
  assert.ok(!(await read("odd/a.jsonl")).includes("u1"));
});

/** What is told of a store with these objects once an erasure failed in it. */
async function tooMuch(prefix, objects) {
  const site = await world.site({ stores: [{ name: "rows", kind: "r2_jsonl", prefix: `${prefix}/` }] });
  for (const [name, body] of objects) await put(`${prefix}/${name}`, body);
  const { id } = accepted(await erase(site, "u1"));
  const { state, stores: [, store] } = await until(site, id, ({ stores: [, rows] }) => rows.last_error);
  assert.deepEqual([state, store.state], ["partly_done", "failed"]);
  return store;
}

test("large objects go through in pieces, and an object of nobody else ends empty", async () => {
  const site = await world.site({ stores: [{ name: "rows", kind: "r2_jsonl", prefix: "large/" }] });
  const others = Buffer.from(rows(...Array.from({ length: 1000 }, (_, n) => `user${n}`)).repeat(100));
  const mine = Buffer.from(rows("u1"));
  const body = Buffer.concat([mine, others, mine, others, mine]);
  const kept = createHash("sha256").update(Buffer.concat([others, others])).digest("hex");
  await put("large/a.jsonl", body);
  await put("large/b.jsonl.gz", gzipSync(body, { level: 1 }));
  await put("large/c.jsonl", Buffer.concat([mine, mine]));
  await put("large/d.jsonl.gz", gzipSync(mine));
  const { id } = accepted(await erase(site, "u1"));
  const { stores } = await until(site, id, done);
  assert.equal(stores[1].removed, 9);
  const hash = (bytes) => createHash("sha256").update(bytes).digest("hex");
  assert.deepEqual([hash(await read("large/a.jsonl")), hash(gunzipSync(await read("large/b.jsonl.gz")))], [kept, kept]);
  assert.deepEqual([(await read("large/c.jsonl")).length, gunzipSync(await read("large/d.jsonl.gz")).length], [0, 0]);
});

test("an object that is too large for the edge stays as it is, all others are written anew, and who follows is told to take an agent", async () => {
  const wide = Buffer.alloc((2 << 20) + 1000, " ");
  wide.write(rows("u1"));
  const packed = gzipSync(Buffer.concat([Buffer.from(rows("u1")), Buffer.alloc((24 << 20) + 1, "\n")]));
  const cut = gzipSync(rows("u1", "u2")).subarray(0, -9);
  const two = Buffer.concat([gzipSync(rows("u1", "u2")), gzipSync(rows("u1", "u2"))]);
  const { removed, last_error } = await tooMuch("wide", [
    ["a.jsonl", rows("u1", "u2")], ["b.jsonl", wide], ["c.jsonl.gz", packed], ["d.jsonl.gz", cut], ["e.jsonl.gz", two], ["f.jsonl", rows("u2", "u1")],
  ]);
  assert.match(last_error, /^object 2 in the order of names: it is too large .*give the store to an agent; 3 more objects failed$/);
  assert.equal(removed, 2);
  assert.equal(String(await read("wide/a.jsonl")), rows("u1", "u2").split(/(?<=\n)/)[1]);
  assert.equal(String(await read("wide/f.jsonl")), rows("u2", "u1").split(/(?<=\n)/)[0]);
  for (const [name, body] of [["b.jsonl", wide], ["c.jsonl.gz", packed], ["d.jsonl.gz", cut], ["e.jsonl.gz", two]]) assert.ok((await read(`wide/${name}`)).equals(body), name);
});

test("what is too large for the edge is an agent's once the site says so, in the erasure that is open", async () => {
  const settings = (store) => ({ name: "Given", origins: [], stores: [{ name: "rows", ...store }] });
  const site = await world.site(settings({ kind: "r2_jsonl", prefix: "given/" }));
  await put("given/a.jsonl", rows("u1", "u2"));
  await put("given/b.jsonl", Buffer.concat([Buffer.from(rows("u1")), Buffer.alloc((2 << 20) + 1000, " ")]));
  const { id } = accepted(await erase(site, "u1"));
  const failed = await until(site, id, ({ stores: [, store] }) => store.last_error);
  assert.deepEqual([failed.stores[1].kind, failed.stores[1].state, failed.stores[1].removed], ["r2_jsonl", "failed", 1]);
  accepted(await admin(edge.url, "PUT", `/admin/sites/${site.site}`, settings({ kind: "agent" })));
  // The edge may be at work on it once more, and has it for a while then.
  await edge.sql("UPDATE erasure_tasks SET leased_until = 0 WHERE erasure = ?", id);
  const agent = await makeAgent(site, ["rows"]);
  const [task] = await agent.take();
  assert.deepEqual([task.erasure, task.store, task.users], [id, "rows", ["u1"]]);
  assert.equal((await agent.report(task, agent.result(task, { found: 1, removed: 1 }))).status, 200);
  const { state, stores: [, store] } = await follow(site, id);
  assert.deepEqual([state, store.kind, store.state, store.removed], ["done", "agent", "done", 2]);
  accepted(await site.call("GET", `/erasures/${id}/receipt`));
});

test("of more objects than an attempt reads none is lost, and who follows is told to take an agent", async () => {
  const hers = (n) => n % 60 === 0;
  const objects = Array.from({ length: 181 }, (_, n) => [`${String(n).padStart(3, "0")}.jsonl`, hers(n) ? rows("u1", "u2") : rows("u2")]);
  const { removed, last_error } = await tooMuch("many", objects);
  assert.match(last_error, /^there are more objects than one attempt reads \(180\); give the store to an agent$/);
  assert.equal(removed, 3);
  assert.equal(String(await read("many/180.jsonl")), rows("u1", "u2"));
});

test("the person's values go from the cache, and those of nobody else", async () => {
  const site = await world.site({ stores: [{ name: "cache", kind: "kv", prefix: "emb/{user_id}/" }] });
  const keys = ["emb/u1/0", "emb/u1/1", "emb/u10/0", "emb/u1", "emb/u1%2F/0"];
  await edge.namespace("CACHE", async (kv) => { for (const key of keys) await kv.put(key, "v"); });
  const { id } = accepted(await erase(site, "u1"));
  const { stores } = await until(site, id, done);
  assert.equal(stores[1].removed, 2);
  const left = await edge.namespace("CACHE", async (kv) => (await kv.list()).keys.map(({ name }) => name));
  assert.deepEqual(left, keys.slice(2).sort());
});

test("a service that fails twice is told again, and each message is signed", async () => {
  service.calls.length = 0;
  service.answers = [[500, ""], [302, ""], [200, '{"done":true,"found":4,"removed":4}']];
  const settings = { name: "Told", origins: [], stores: [{ name: "crm", kind: "webhook", url: service.url }] };
  const site = await world.site(settings);
  const { webhook_secrets } = accepted(await admin(edge.url, "PUT", `/admin/sites/${site.site}`, settings));
  const { id } = accepted(await erase(site, "told@example.com"));
  const { stores } = await until(site, id, done);
  assert.deepEqual([stores[1].attempts, stores[1].removed], [3, 4]);
  assert.deepEqual(service.calls.map(({ path }) => path), ["/hook", "/hook", "/hook"], "a redirect was followed");
  assert.equal(new Set(service.calls.map(({ headers }) => headers["webhook-id"])).size, 1);
  for (const { headers, body } of service.calls) {
    const secret = Buffer.from(webhook_secrets.crm.slice("whsec_".length), "base64");
    const signed = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
    assert.equal(headers["webhook-signature"], `v1,${createHmac("sha256", secret).update(signed).digest("base64")}`);
    assert.deepEqual(JSON.parse(body).data.users, ["told@example.com"]);
  }
  const { webhook_secrets: again } = accepted(await admin(edge.url, "GET", `/admin/sites/${site.site}`));
  assert.equal(again, undefined);
});

test("a service that accepted calls back with the token of its task", async () => {
  service.calls.length = 0;
  service.answers = [[202, ""]];
  const site = await world.site({ stores: [{ name: "crm", kind: "webhook", url: service.url }] });
  const { id } = accepted(await erase(site, "later"));
  await until(site, id, ({ stores }) => stores[1].state === "verifying");
  const { path, token } = JSON.parse(service.calls[0].body).data.callback;
  const back = (key, body) => site.call("POST", path, { key, body });
  refused(await back("wrong", { done: true }), 401, "unauthenticated");
  assert.equal(accepted(await back(token, { done: true, found: 1, removed: 1 })).state, "done");
  assert.equal(accepted(await back(token, { done: false })).state, "done");
  assert.equal((await follow(site, id)).state, "done");
});

test("an agent takes its tasks, and its signed result ends them", async () => {
  const site = await world.site({ stores: [{ name: "files", kind: "agent" }, { name: "theirs", kind: "agent" }] });
  const agent = await makeAgent(site, ["files"]);
  assert.deepEqual(await agent.take(), []);
  const { id, state } = accepted(await erase(site, "u1"));
  assert.equal(state, "partly_done");
  const [task, ...more] = await agent.take();
  assert.deepEqual(more, []);
  assert.deepEqual([task.erasure, task.store, task.attempt, task.users], [id, "files", 1, ["u1"]]);
  assert.deepEqual(await agent.take(), [], "a task that somebody has is handed out twice");
  const kept = accepted(await agent.call(`/agent/tasks/${task.id}/lease`, {}));
  assert.ok(kept.leased_until >= task.leased_until);

  const payload = agent.result(task);
  const first = await agent.report(task, payload);
  assert.deepEqual([first.status, first.body.state, first.body.removed], [200, "done", 2]);
  assert.deepEqual((await agent.report(task, payload)).body, first.body);
  refused(await agent.report(task, { ...payload, found: 3, removed: 3 }), 409, "conflict");
  refused(await agent.call(`/agent/tasks/${task.id}/lease`, {}), 409, "conflict");
  const other = await makeAgent(site, ["theirs"]);
  refused(await other.call(`/agent/tasks/${task.id}/lease`, {}), 404, "not_found");
  const [last] = await other.take();
  await other.report(last, other.result(last, { found: 0, removed: 0 }));
  assert.equal((await follow(site, id)).state, "done");
});

test("a result that isn't what the key signed is refused", async () => {
  const site = await world.site({ stores: [{ name: "files", kind: "agent" }] });
  const [agent, thief] = [await makeAgent(site, ["files"]), await makeAgent(site, ["files"])];
  accepted(await erase(site, "forged"));
  const [task] = await agent.take();
  const path = `/agent/tasks/${task.id}/result`;
  const good = agent.result(task);
  for (const result of ["", "a.b.c", thief.jws(good), agent.jws({ ...good, task: "other" }), agent.jws({ ...good, verified: false }),
    agent.jws({ ...good, outcome: "partial", error: "forged is still there" }), agent.jws({ ...good, found: 3 })]) {
    assert.equal((await agent.call(path, { result })).status, 422, result);
  }
  refused(await thief.call(path, { result: thief.jws(good) }), 409, "conflict");
  refused(await site.call("POST", path, { body: { result: agent.jws(good) } }), 403, "forbidden");
  assert.equal((await agent.report(task, good)).status, 200);
});

test("a partial result is tried again, and so is a task whose lease is over", async () => {
  const site = await world.site({ stores: [{ name: "files", kind: "agent" }] });
  const agent = await makeAgent(site, ["files"]);
  const { id } = accepted(await erase(site, "again"));
  const [first] = await agent.take();
  accepted(await agent.report(first, agent.result(first, { outcome: "partial", removed: 1, error: "a file is locked" })));
  const { stores } = await follow(site, id);
  assert.deepEqual([stores[1].state, stores[1].last_error], ["failed", "a file is locked"]);
  await sleep(60);
  const [second] = await agent.take();
  assert.equal(second.attempt, 2);
  await edge.sql("UPDATE erasure_tasks SET leased_until = 1 WHERE id = ?", second.id);
  refused(await agent.call(`/agent/tasks/${second.id}/lease`, {}), 409, "conflict");
  const [third] = await agent.take();
  assert.deepEqual([third.id, third.attempt], [second.id, 3]);
  refused(await agent.report(second, agent.result(second)), 409, "conflict");
  assert.equal((await agent.report(third, agent.result(third))).status, 200);
});

test("a store waits for those that come first", async () => {
  const site = await world.site({ stores: [{ name: "late", kind: "agent", after: ["early"] }, { name: "early", kind: "agent", after: ["d1_evidence"] }] });
  const agent = await makeAgent(site, ["early", "late"]);
  accepted(await erase(site, "ordered"));
  const [early, ...none] = await agent.take();
  assert.deepEqual([early.store, none], ["early", []]);
  await agent.report(early, agent.result(early));
  assert.deepEqual((await agent.take()).map(({ store }) => store), ["late"]);
});

test("asking while an erasure is open gives the open one, also twice at once", async () => {
  const site = await world.site({ stores: [{ name: "files", kind: "agent" }] });
  const answers = await Promise.all([erase(site, "both"), erase(site, "both"), erase(site, "both")]);
  assert.equal(new Set(answers.map(({ body }) => body.id)).size, 1);
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 200, 202]);
  assert.equal((await edge.sql("SELECT count(*) AS n FROM erasures WHERE id = ?", answers[0].body.id))[0].n, 1);
});

test("an erasure reaches the visitors whom the person turned out to be, by their ids", async () => {
  const { makeVisitor } = await import("./people.mjs");
  const site = await world.site({ origins: ["https://a.example"], stores: [{ name: "files", kind: "agent" }] });
  const visitor = makeVisitor(site.site, "https://a.example");
  accepted(await site.call("POST", "/identity/link", { body: { user_id: "ada", anonymous: visitor.proof } }));
  accepted(await erase(site, "ada"));
  const [task] = await (await makeAgent(site, ["files"])).take();
  assert.deepEqual(task.users, ["ada", visitor.user]);
});

test("whatever a restore of the database took away is opened again from the ledger", async () => {
  const site = await world.site({ stores: [{ name: "files", kind: "agent" }] });
  const { id } = accepted(await erase(site, "restored"));
  await edge.sql("DELETE FROM erasure_tasks WHERE erasure = ?", id);
  await edge.sql("DELETE FROM erasures WHERE id = ?", id);
  refused(await site.call("GET", `/erasures/${id}`), 404, "not_found");
  await edge.cron("17 * * * *");
  const [task] = await (await makeAgent(site, ["files"])).take();
  assert.deepEqual([task.erasure, task.users], [id, ["restored"]]);
  assert.equal((await follow(site, id)).state, "partly_done");
});

for (const [change, state, ground] of [["refuse", "refused", "legal_claims"], ["hold", "on_hold", "authority"]]) {
  test(`a restore to before it was decided to ${change} an erasure doesn't let it go on`, async () => {
    const site = await world.site({ stores: [{ name: "files", kind: "agent" }] });
    const agent = await makeAgent(site, ["files"]);
    const { id } = accepted(await erase(site, `kept by ${change}`));
    accepted(await site.call("POST", `/erasures/${id}/${change}`, { body: { ground } }));
    const forgotten = "state = 'partly_done', ground = NULL, completed_at = NULL, open_for = subject, revision = 0";
    const restore = (ledgered) => edge.sql(`UPDATE erasures SET ${forgotten}, ledgered = ? WHERE id = ?`, ledgered, id);
    const remembered = async () => {
      const { state, ground } = await follow(site, id);
      return [state, ground];
    };
    await restore(1);
    assert.deepEqual(await agent.take(), []);
    assert.deepEqual(await remembered(), [state, ground]);
    await restore(0);
    await edge.cron("* * * * *");
    assert.deepEqual(await remembered(), [state, ground]);
    if (change !== "hold") return;
    accepted(await site.call("POST", `/erasures/${id}/release`));
    assert.deepEqual((await agent.take()).map(({ erasure }) => erasure), [id]);
  });
}

test("ids are forgotten when nothing can need them any more, and the ledger's entry goes with them", async () => {
  const site = await world.site();
  const { id } = accepted(await erase(site, "forgotten"));
  const kept = async () => (await edge.sql("SELECT users FROM erasures WHERE id = ?", id))[0].users;
  const entry = () => edge.bucket("LEDGER", (bucket) => bucket.head(`ledger/${site.site}/${id}.json`));
  const endedAgo = (days) => edge.sql("UPDATE erasures SET completed_at = ? WHERE id = ?", Date.now() - days * 86_400_000, id);
  await endedAgo(29);
  await edge.cron("17 * * * *");
  assert.ok((await kept()) !== null && (await entry()) !== null);
  await endedAgo(31);
  await edge.cron("17 * * * *");
  assert.deepEqual([await kept(), await entry()], [null, null]);
});

test("a store that stays down is shown with its error, and the deadline is warned of", async () => {
  const site = await world.site({ stores: [{ name: "crm", kind: "webhook", url: "http://127.0.0.1:9/" }] });
  const { id } = accepted(await erase(site, "down"));
  await until(site, id, ({ stores }) => stores[1].attempts > 1 && stores[1].last_error);
  await edge.sql("UPDATE erasures SET due_at = ? WHERE id = ?", Date.now() + 3 * 86_400_000, id);
  const { state, stores, deadline_warning } = await follow(site, id);
  assert.deepEqual([state, deadline_warning], ["partly_done", "soon"]);
  assert.equal(stores[1].last_error, "the service can't be reached");
  assert.ok(Date.parse(stores[1].next_at) > 0);
});

test("a store that fails twelve times is dead until somebody looks, is tried again a day later, and ends once it is mended", async () => {
  service.calls.length = 0;
  service.answers = Array.from({ length: 12 }, () => [500, ""]);
  const site = await world.site({ stores: [{ name: "crm", kind: "webhook", url: service.url }] });
  const { id } = accepted(await erase(site, "often"));
  let dead;
  while ((dead = await follow(site, id)).stores[1].state !== "dead") {
    assert.ok(dead.stores[1].attempts < 12, JSON.stringify(dead));
    await site.call("POST", `/erasures/${id}/retry`);
  }
  const { attempts, last_error, next_at } = dead.stores[1];
  assert.deepEqual([dead.state, attempts, last_error, service.calls.length], ["partly_done", 12, "the service answered 500", 12]);
  const hours = (Date.parse(next_at) - Date.now()) / 3_600_000;
  assert.ok(hours > 11 && hours <= 24, next_at);
  await edge.cron("* * * * *");
  assert.equal(service.calls.length, 12, "nobody tries it before");
  await edge.sql("UPDATE erasure_tasks SET next_at = next_at - 86400000 WHERE erasure = ?", id);
  const { stores } = await until(site, id, done);
  assert.deepEqual([stores[1].attempts, service.calls.length], [13, 13]);
});

test("stores that can't work are refused when they are declared", async () => {
  const site = await world.site();
  const bad = async (stores, field) => {
    const answer = await admin(edge.url, "PUT", `/admin/sites/${site.site}`, { name: "Bad", stores });
    assert.equal(refused(answer, 422, "invalid_field").field, field);
  };
  await bad([{ name: "d1_evidence", kind: "agent" }], "stores[0].name");
  await bad([{ name: "a", kind: "agent" }, { name: "a", kind: "agent" }], "stores[1].name");
  await bad([{ name: "a", kind: "agent", after: ["b"] }, { name: "b", kind: "agent", after: ["a"] }], "stores");
  await bad([{ name: "a", kind: "kv", prefix: "emb/{user_id}" }], "stores[0].prefix");
  await bad([{ name: "a", kind: "webhook", url: "https://10.0.0.1/" }], "stores[0].url");
  await bad([{ name: "a", kind: "agent", url: "https://example.com/" }], "stores[0].url");
  const key = (input) => admin(edge.url, "POST", `/admin/sites/${site.site}/keys`, { name: "k", ...input });
  refused(await key({ scopes: ["erasure:work"] }), 422, "invalid_field");
  refused(await key({ scopes: ["consent:read"], stores: ["a"] }), 422, "invalid_field");
});

test("no table and no line of the Worker names whoever is being erased", async () => {
  const user = "needle-in-open-erasures";
  const site = await world.site({ stores: [{ name: "files", kind: "agent" }, { name: "crm", kind: "webhook", url: service.url }] });
  await grant(site, user);
  const { id } = accepted(await erase(site, user));
  await until(site, id, ({ stores }) => stores[2].state === "done");
  const names = await edge.sql("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'");
  for (const { name } of names) {
    assert.ok(!JSON.stringify(await edge.sql(`SELECT * FROM "${name}"`)).includes(user), name);
  }
  assert.ok(!edge.output.join("\n").includes(user));
});
