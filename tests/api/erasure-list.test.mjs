// What whoever runs a site's erasures sees of all of them, and has tried before its time.

import assert from "node:assert/strict";
import { test } from "node:test";
import { SCOPES, call } from "../support/client.mjs";
import { claims, makeKey, makeVisitor, token } from "./people.mjs";
import { about, accepted, exportOf, refused, startWorld } from "./world.mjs";

const DAY_MS = 86_400_000;
const world = await startWorld();
const { edge, url } = world;

const erase = async (site, user, body) => accepted(await site.call("POST", about("/data/delete", user), { body }));
const list = async (site, query = "") => accepted(await site.call("GET", `/erasures${query}`));
const ids = ({ erasures }) => erasures.map(({ id }) => id);
const due = (id, at) => edge.sql("UPDATE erasures SET due_at = ? WHERE id = ?", at, id);

/** A site with a service that nobody reaches, and an erasure that failed there. */
async function failing(user) {
  const site = await world.site({ stores: [{ name: "crm", kind: "webhook", url: "http://127.0.0.1:9/" }, { name: "files", kind: "agent" }] });
  const { id } = await erase(site, user);
  await edge.cron("* * * * *");
  return { site, id };
}

test("the list has what is still to be done, the next due first, page by page", async () => {
  const site = await world.site();
  const opened = [];
  for (const user of ["a", "b", "c", "d"]) opened.push((await erase(site, user, { verify: true })).id);
  const [a, b, c, d] = opened;
  const now = Date.now();
  for (const [id, days] of [[a, 9], [b, -1], [c, 30], [d, 3]]) await due(id, now + days * DAY_MS);
  const done = (await erase(site, "e")).id;
  assert.deepEqual(ids(await list(site)), [b, d, a, c]);
  assert.deepEqual((await list(site)).erasures.map(({ deadline_warning: warning }) => warning), ["overdue", "soon", "none", "none"]);
  assert.deepEqual(ids(await list(site, "?overdue=1")), [b]);
  assert.deepEqual(ids(await list(site, "?state=done,refused")), [done]);
  const first = await list(site, "?limit=3&order=desc");
  assert.deepEqual(ids(first), [c, a, d]);
  const last = await list(site, `?limit=3&order=desc&after=${first.next}`);
  assert.deepEqual([ids(last), last.next], [[b], null]);
});

test("an item says what the erasure says, and which of its stores failed, and names nobody", async () => {
  const user = "needle-in-the-list@example.com";
  const { site, id } = await failing(user);
  const { stores, note, ...whole } = accepted(await site.call("GET", `/erasures/${id}`));
  assert.equal(stores[1].last_error, "the service can't be reached");
  assert.ok(note);
  const { subject } = await exportOf(site, user);
  const answer = await site.call("GET", "/erasures?state=partly_done");
  assert.deepEqual(accepted(answer), { erasures: [{ ...whole, failed: ["crm"], dead: [] }], next: null });
  assert.ok(![user, subject].some((name) => answer.text.includes(name)));
});

test("only keys of the site with the scope read the list, and each page leaves an event that is nobody's", async () => {
  const key = makeKey();
  const origin = "https://shop.example";
  const site = await world.site({ origins: [origin], jwks: { keys: [key.jwk] } });
  await erase(site, "ann", { verify: true });
  const person = { key: token(key, claims(site.site, "ann")) };
  await world.denied(() => call(url, "GET", "/erasures", person), [403]);
  await world.denied(() => call(url, "GET", "/erasures", { headers: makeVisitor(site.site, origin).headers }), [403]);
  await world.denied(() => call(url, "GET", "/erasures"), [401]);
  const other = await world.site({ scopes: SCOPES.filter((scope) => scope !== "subject:erase") });
  await world.denied(() => other.call("GET", "/erasures"), [403]);
  assert.deepEqual(ids(await list(await world.site())), []);
  const before = await world.events();
  await list(site, "?state=verifying");
  assert.equal(await world.events(), before + 1);
  const [event] = await edge.sql("SELECT kind, subject, details FROM events ORDER BY log_index DESC LIMIT 1");
  assert.deepEqual(event, { kind: "erasure_read", subject: null, details: '{"states":["verifying"]}' });
});

test("a page reads no erasures but those that it shows, however many ended", async () => {
  const billed = await startWorld({ vars: { BENCH: "on" } });
  const site = await billed.site();
  for (const user of ["a", "b", "c"]) await erase(site, user, { verify: true });
  const read = async (query) => {
    const answer = await site.call("GET", `/erasures${query}`);
    accepted(answer);
    return Number(/read=(\d+)/.exec(answer.headers.get("Consentry-D1"))[1]);
  };
  const pages = ["", "?limit=1", "?overdue=1", "?order=desc", "?state=refused"];
  const before = await Promise.all(pages.map(read));
  await billed.edge.sql(
    `WITH RECURSIVE ended (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM ended WHERE n < 2000)
     INSERT INTO erasures (id, site, subject, key_id, state, requested_at, due_at, completed_at, regime)
     SELECT printf('00000000-0000-7000-8000-%012d', n), ?, randomblob(32), 1, 'done', n, n, n, 'gdpr' FROM ended`, site.site);
  // At the end of each of the five states a walk may see the row behind it.
  for (const [place, rows] of (await Promise.all(pages.map(read))).entries()) assert.ok(rows <= before[place] + 5, pages[place]);
  assert.ok((await read("?state=done&limit=5")) < 60);
});

test("a store that failed is tried as soon as somebody asks for it, and who did is in the log", async () => {
  const { site, id } = await failing("retried");
  const retry = (target = site) => target.call("POST", `/erasures/${id}/retry`);
  const { state, stores: [, crm] } = accepted(await retry());
  assert.deepEqual([state, crm.state, crm.attempts], ["partly_done", "failed", 2]);
  await edge.sql("UPDATE erasure_tasks SET state = 'dead', attempts = 12 WHERE erasure = ? AND store = 'crm'", id);
  const { stores: [, dead] } = accepted(await retry());
  assert.deepEqual([dead.state, dead.attempts], ["dead", 13]);
  assert.deepEqual((await list(site)).erasures[0].dead, ["crm"]);
  const { audit_trail: trail } = await exportOf(site, "retried");
  const asked = trail.filter(({ action }) => action === "erasure_changed");
  assert.deepEqual(asked.map(({ details }) => details), [1, 2].map(() => ({ change: "retry", erasure: id, stores: ["crm"] })));
  assert.ok(asked.every(({ performed_by: by }) => by.startsWith("key:")));
  refused(await retry(await world.site()), 404, "not_found");
  accepted(await site.call("POST", `/erasures/${id}/hold`, { body: { ground: "authority" } }));
  assert.match(refused(await retry(), 409, "conflict").detail, /on_hold.*release/);
  accepted(await site.call("POST", `/erasures/${id}/refuse`, { body: { ground: "legal_claims" } }));
  refused(await retry(), 409, "conflict");
});

test("where nothing failed there is nothing to try, and a person decides about none of it", async () => {
  const key = makeKey();
  const site = await world.site({ jwks: { keys: [key.jwk] }, stores: [{ name: "files", kind: "agent" }] });
  const { id } = await erase(site, "patient");
  const before = await world.events();
  refused(await site.call("POST", `/erasures/${id}/retry`), 409, "conflict");
  refused(await site.call("POST", `/erasures/${id}/retry`, { key: token(key, claims(site.site, "patient")) }), 403, "forbidden");
  assert.equal(await world.events(), before);
});
