// The words of notices: whoever decided by one can be shown again exactly what it said.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { SCOPES, admin, call } from "../support/client.mjs";
import { makeVisitor } from "./people.mjs";
import { accepted, exportOf, grant, refused, startWorld } from "./world.mjs";

const world = await startWorld();
const ORIGIN = "https://shop.example";
const site = await world.site({ origins: [ORIGIN] });

const NOTICE = {
  version: 3,
  language: "de-AT",
  texts: ["Darf's ein bisschen Analyse sein? 🍪", "Alle annehmen", "Alle ablehnen"],
  purposes: [{ purpose: "analytics", title: "Messen", description: "Wie oft eine Seite gelesen wird.", legal_basis: "consent" }],
};

/** The hash of a notice, from the form that src/notice.rs publishes. */
function hashOf(notice) {
  const u32 = (number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(number);
    return bytes;
  };
  const text = (value) => Buffer.concat([u32(Buffer.byteLength(value)), Buffer.from(value)]);
  const explained = (e) => [text(e.purpose), text(e.title), text(e.description), text(e.legal_basis)];
  const bytes = Buffer.concat([
    Buffer.from("consentry-notice-v1"),
    u32(notice.version),
    text(notice.language),
    u32(notice.texts.length),
    ...notice.texts.map(text),
    u32(notice.purposes.length),
    ...notice.purposes.flatMap(explained),
  ]);
  return createHash("sha256").update(bytes).digest("hex");
}

const put = (notice, hash = hashOf(notice), by = site) => by.call("PUT", `/notices/${hash}`, { body: notice });
const variant = (more) => ({ ...NOTICE, ...more });

test("a notice that was registered is read back word for word", async () => {
  accepted(await put(NOTICE));
  assert.deepEqual(accepted(await site.call("GET", `/notices/${hashOf(NOTICE)}`)), NOTICE);
});

test("a decision by a registered notice says that its words are known", async () => {
  const notice = variant({ version: 4 });
  const hash = hashOf(notice);
  const body = { user_id: "u", notice: { version: 4, language: "de-AT", hash }, decisions: [{ purpose: "analytics", status: "granted" }] };
  assert.equal(accepted(await site.call("POST", "/consent", { body })).notice_registered, false);
  accepted(await put(notice));
  assert.equal(accepted(await site.call("POST", "/consent", { body })).notice_registered, true);
});

test("from a record's notice hash the words are found", async () => {
  accepted(await put(NOTICE));
  await grant(site, "auditor", { notice: { version: 3, language: "de-AT", hash: hashOf(NOTICE) } });
  const [{ notice_hash }] = (await exportOf(site, "auditor")).consent_history;
  assert.deepEqual(accepted(await site.call("GET", `/notices/${notice_hash}`)).texts, NOTICE.texts);
});

test("registering leaves one event, registering again none", async () => {
  const notice = variant({ version: 5 });
  const before = await world.events();
  accepted(await put(notice));
  assert.equal(await world.events(), before + 1);
  accepted(await put(notice));
  assert.equal(await world.events(), before + 1);
});

const CHANGES = {
  "another version": { version: 99 },
  "another language": { language: "de" },
  "another word": { texts: ["Alle annehmen!"] },
  "texts in another order": { texts: NOTICE.texts.toReversed() },
  "another purpose": { purposes: [{ ...NOTICE.purposes[0], purpose: "inference" }] },
  "another legal basis": { purposes: [{ ...NOTICE.purposes[0], legal_basis: "contract" }] },
};
for (const [what, change] of Object.entries(CHANGES)) {
  test(`${what} can't be registered under the hash`, async () => {
    await denied(() => put(variant(change), hashOf(NOTICE)), 422, "invalid_field");
  });
}

test("what is no hash is refused", async () => {
  for (const hash of ["x", "AB".repeat(32), "ab".repeat(31)]) {
    await denied(() => put(NOTICE, hash), 422, "invalid_field");
  }
});

test("a notice of version 0 is refused", async () => {
  await denied(() => put(variant({ version: 0 })), 422, "invalid_field");
});

test("another site does not see the notice", async () => {
  accepted(await put(NOTICE));
  const other = await world.site();
  await denied(() => other.call("GET", `/notices/${hashOf(NOTICE)}`), 404, "not_found");
});

test("registering and reading need credentials", async () => {
  await denied(() => call(world.url, "PUT", `/notices/${hashOf(NOTICE)}`, { body: NOTICE }), 401, "unauthenticated");
  await denied(() => call(world.url, "GET", `/notices/${hashOf(NOTICE)}`), 401, "unauthenticated");
});

test("registering needs consent:write, reading audit:read", async () => {
  const keyWithout = async (scope) => {
    const scopes = SCOPES.filter((other) => other !== scope);
    return accepted(await admin(world.url, "POST", `/admin/sites/${site.site}/keys`, { name: "some", scopes })).key;
  };
  const [writer, reader] = [await keyWithout("consent:write"), await keyWithout("audit:read")];
  await denied(() => call(world.url, "PUT", `/notices/${hashOf(NOTICE)}`, { key: writer, body: NOTICE }), 403, "forbidden");
  await denied(() => call(world.url, "GET", `/notices/${hashOf(NOTICE)}`, { key: reader }), 403, "forbidden");
});

test("a visitor's browser registers the notice that it showed", async () => {
  const notice = variant({ version: 6 });
  const { headers } = makeVisitor(site.site, ORIGIN);
  accepted(await call(world.url, "PUT", `/notices/${hashOf(notice)}`, { headers, body: notice }));
  assert.equal(accepted(await site.call("GET", `/notices/${hashOf(notice)}`)).version, 6);
});

test("strangers who invent notices don't keep the site's backend from registering real ones", async () => {
  const shop = await world.site({ origins: [ORIGIN] });
  await world.edge.sql(
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) INSERT INTO notices SELECT ?, randomblob(32), '{}', 1 FROM n",
    shop.site,
  );
  // Whatever changes a site has the Worker look at everything anew.
  await world.site();
  const { headers } = makeVisitor(shop.site, ORIGIN);
  await denied(() => call(world.url, "PUT", `/notices/${hashOf(NOTICE)}`, { headers, body: NOTICE }), 403, "forbidden");
  accepted(await put(NOTICE, hashOf(NOTICE), shop));
});

async function denied(ask, status, code) {
  const before = await world.events();
  refused(await ask(), status, code);
  assert.equal(await world.events(), before, "a refused call stored an event");
}
