// Backends and operators: what an API key reaches, what only the admin secret does, and that sites don't see each other.

import assert from "node:assert/strict";
import { test } from "node:test";
import { SCOPES, admin, call } from "../support/client.mjs";
import { makeVisitor } from "./people.mjs";
import { about, accepted, exportOf, grant, refused, startWorld, statusOf } from "./world.mjs";

const world = await startWorld();
const site = await world.site();
const { url } = world;
await grant(site, "somebody");
const erasure = accepted(await site.call("POST", "/data/delete/somebody"));

const decision = { body: { user_id: "somebody", purpose: "analytics" } };
const decisions = { body: { user_id: "somebody", decisions: [{ purpose: "analytics", status: "granted" }] } };
const choice = { body: { user_id: "somebody", choices: ["1 1 analytics=granted@1795000000000"] } };
/** Every route about a person, with the scope that it needs. */
const ROUTES = [
  ["POST", "/consent/grant", "consent:write", decision],
  ["POST", "/consent/revoke", "consent:write", decision],
  ["POST", "/consent", "consent:write", decisions],
  ["POST", "/identity/link", "consent:write", { body: { user_id: "somebody", anonymous: makeVisitor(site.site, url).proof } }],
  ["POST", "/consent/choice", "consent:read", choice],
  ["GET", "/consent/somebody", "consent:read"],
  ["GET", "/consent/somebody/analytics", "consent:read"],
  ["POST", "/data/delete/somebody", "subject:erase"],
  ["GET", "/erasures", "subject:erase"],
  ["GET", `/erasures/${erasure.id}`, "subject:erase"],
  ["GET", "/data/export/somebody", "subject:export"],
  ["GET", "/audit/somebody", "audit:read"],
];
const ADMIN_ROUTES = [
  ["GET", "/admin/sites"],
  ["GET", `/admin/sites/${site.site}`],
  ["PUT", "/admin/sites/taken_over", { body: { name: "x" } }],
  ["POST", `/admin/sites/${site.site}/keys`, { body: { name: "x", scopes: SCOPES } }],
  ["DELETE", `/admin/sites/${site.site}/keys/k0`],
];

/** A call that must be refused and leave nothing. */
async function refusedAndUnseen(answer, status, code) {
  const before = await world.events();
  refused(await answer(), status, code);
  assert.equal(await world.events(), before);
}

for (const [method, path, scope, options] of ROUTES) {
  const route = `${method} ${path.replace(erasure.id, "{id}")}`;

  test(`${route} needs credentials`, async () => {
    await refusedAndUnseen(() => call(url, method, path, options), 401, "unauthenticated");
  });

  test(`${route} is forbidden to a key with every scope but ${scope}`, async () => {
    const key = await keyWith(SCOPES.filter((other) => other !== scope));
    await refusedAndUnseen(() => call(url, method, path, { key, ...options }), 403, "forbidden");
  });

  test(`${route} is open to a key with ${scope} alone`, async () => {
    const answer = await call(url, method, path, { key: await keyWith([scope]), ...options });
    assert.ok(answer.status < 300, answer.text);
  });

  test(`${route} is not open to the admin secret`, async () => {
    await refusedAndUnseen(() => admin(url, method, path, options?.body), 401, "unauthenticated");
  });
}

for (const [method, path, options] of ADMIN_ROUTES) {
  test(`${method} ${path} needs credentials`, async () => {
    await refusedAndUnseen(() => call(url, method, path, options), 401, "unauthenticated");
  });

  test(`${method} ${path} is not open to an API key`, async () => {
    await refusedAndUnseen(() => site.call(method, path, options), 401, "unauthenticated");
  });
}

test("every 401 says how to authenticate", async () => {
  const answer = await call(url, "GET", "/consent/somebody");
  assert.match(answer.headers.get("WWW-Authenticate"), /^Bearer\b/);
});

const NO_KEYS = {
  "another scheme": { headers: { Authorization: "Basic Y2tfazE6" } },
  "no token": { headers: { Authorization: "Bearer" } },
  "an empty token": { headers: { Authorization: "Bearer " } },
  "the scheme missing": { headers: { Authorization: site.key } },
  "a key of nobody": { key: "ck_k0000000000000000_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" },
  "the id without the secret": { key: site.key.split("_").slice(0, 2).join("_") },
  "a secret that is one character off": { key: site.key.slice(0, -1) + (site.key.endsWith("A") ? "B" : "A") },
  "a secret that goes on": { key: `${site.key}A` },
};
for (const [what, options] of Object.entries(NO_KEYS)) {
  test(`${what} is no API key`, async () => {
    await refusedAndUnseen(() => call(url, "GET", "/consent/somebody", options), 401, "unauthenticated");
  });
}

test("the scheme of the header may be written in any case", async () => {
  accepted(await call(url, "GET", "/consent/somebody", { headers: { Authorization: `bearer ${site.key}` } }));
});

test("a key that was withdrawn stops working", async () => {
  const { id, key } = await makeKey(SCOPES);
  accepted(await call(url, "GET", "/consent/somebody", { key }));
  assert.equal((await admin(url, "DELETE", `/admin/sites/${site.site}/keys/${id}`)).status, 204);
  await refusedAndUnseen(() => call(url, "GET", "/consent/somebody", { key }), 401, "unauthenticated");
});

test("withdrawing one key leaves the others", async () => {
  const [first, second] = [await makeKey(SCOPES), await makeKey(SCOPES)];
  await admin(url, "DELETE", `/admin/sites/${site.site}/keys/${first.id}`);
  accepted(await call(url, "GET", "/consent/somebody", { key: second.key }));
});

test("a key is shown once and never kept in clear", async () => {
  const { key } = await makeKey(SCOPES);
  const secret = key.split("_").pop();
  const kept = JSON.stringify([await world.edge.sql("SELECT * FROM api_keys"), await world.edge.sql("SELECT * FROM events")]);
  assert.equal(kept.includes(secret), false);
  assert.equal((await admin(url, "GET", `/admin/sites/${site.site}`)).text.includes(secret), false);
});

test("creating and withdrawing keys and sites is in the log, by the admin", async () => {
  const shop = await world.site();
  const rows = await world.edge.sql("SELECT action, performed_by FROM audit_log WHERE site = ? ORDER BY log_index", shop.site);
  assert.deepEqual(rows, [
    { action: "site_configured", performed_by: "admin" },
    { action: "key_created", performed_by: "admin" },
  ]);
});

test("another site's status of the same user id stays pending", async () => {
  const other = await world.site();
  await grant(site, "shared");
  assert.equal((await statusOf(other, "shared")).status, "pending");
});

test("another site's export and audit trail of the same user id hold only its own", async () => {
  const other = await world.site();
  const first = await grant(site, "shared too");
  const { consent_history, audit_trail } = await exportOf(other, "shared too");
  const audit = accepted(await other.call("GET", "/audit/shared%20too"));
  assert.deepEqual(consent_history, []);
  assert.ok(![...audit_trail, ...audit.audit_trail].some((event) => event.id === first.id));
});

test("the same user id is another subject in another site", async () => {
  const other = await world.site();
  assert.notEqual((await exportOf(site, "alias")).subject, (await exportOf(other, "alias")).subject);
});

test("another site's erasure can't be found", async () => {
  const other = await world.site();
  await refusedAndUnseen(() => other.call("GET", `/erasures/${erasure.id}`), 404, "not_found");
});

test("an erasure leaves another site's evidence of the same user id", async () => {
  const other = await world.site();
  await grant(other, "erased elsewhere");
  accepted(await site.call("POST", "/data/delete/erased%20elsewhere"));
  assert.equal((await exportOf(other, "erased elsewhere")).consent_history[0].evidence, "kept");
});

test("a key can't be withdrawn through another site", async () => {
  const other = await world.site();
  const { id, key } = await makeKey(SCOPES);
  refused(await admin(url, "DELETE", `/admin/sites/${other.site}/keys/${id}`), 404, "not_found");
  accepted(await call(url, "GET", about("/consent", "somebody"), { key }));
});

async function makeKey(scopes) {
  return accepted(await admin(url, "POST", `/admin/sites/${site.site}/keys`, { name: "another", scopes }));
}

async function keyWith(scopes) {
  return (await makeKey(scopes)).key;
}
