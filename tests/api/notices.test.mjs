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

/** The canonical bytes of a notice, from the form that src/notice.rs publishes. */
function bytesOf(notice) {
  const u32 = (number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(number);
    return bytes;
  };
  const text = (value) => Buffer.concat([u32(Buffer.byteLength(value)), Buffer.from(value)]);
  const explained = (e) => [text(e.purpose), text(e.title), text(e.description), text(e.legal_basis)];
  return Buffer.concat([
    Buffer.from("consentry-notice-v1"),
    u32(notice.version),
    text(notice.language),
    u32(notice.texts.length),
    ...notice.texts.map(text),
    u32(notice.purposes.length),
    ...notice.purposes.flatMap(explained),
  ]);
}

const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
const hashOf = (notice) => sha256(bytesOf(notice));

const put = (notice, hash = hashOf(notice), by = site) => by.call("PUT", `/notices/${hash}`, { body: notice });
const putBytes = (bytes, hash = sha256(bytes)) =>
  site.call("PUT", `/notices/${hash}`, { headers: { "Content-Type": "application/octet-stream" }, body: bytes });
const variant = (more) => ({ ...NOTICE, ...more });

test("a notice that was registered is read back word for word", async () => {
  accepted(await put(NOTICE));
  assert.deepEqual(accepted(await site.call("GET", `/notices/${hashOf(NOTICE)}`)), NOTICE);
});

test("a notice that was sent as its canonical bytes is the same one", async () => {
  const notice = variant({ version: 7 });
  const before = await world.events();
  assert.deepEqual(accepted(await putBytes(bytesOf(notice))), notice);
  assert.deepEqual(accepted(await site.call("GET", `/notices/${hashOf(notice)}`)), notice);
  accepted(await put(notice));
  assert.equal(await world.events(), before + 1);
});

const bytes = bytesOf(variant({ version: 8 }));
const replaced = (from, to) => Buffer.from(bytes.toString("latin1").replace(from, to), "latin1");
const NO_NOTICES = {
  "nothing": Buffer.alloc(0),
  "a notice that is cut": bytes.subarray(0, -1),
  "a notice that goes on": Buffer.concat([bytes, Buffer.from([0])]),
  "a notice of another form": replaced("-v1", "-v2"),
  "a notice of version 0": replaced("\0\0\0\x08", "\0\0\0\0"),
  "a notice with a length beyond its end": replaced("\0\0\0\x09analytics", "\xff\xff\xff\xffanalytics"),
  "a notice that is not UTF-8": replaced("Messen", "Mess\xffn"),
  "a notice with a purpose that has no name": replaced("analytics", "ANALYTICS"),
  "a notice with an unknown legal basis": Buffer.concat([bytes.subarray(0, -7), Buffer.from("Consent")]),
  "a notice in no language": bytesOf(variant({ version: 8, language: "?" })),
  "JSON": Buffer.from(JSON.stringify(NOTICE)),
};
for (const [what, bad] of Object.entries(NO_NOTICES)) {
  test(`canonical bytes are not ${what}`, async () => {
    await denied(() => putBytes(bad), 422, "invalid_field");
  });
}

test("canonical bytes can't be registered under another hash", async () => {
  await denied(() => putBytes(bytes, hashOf(variant({ version: 9 }))), 422, "invalid_field");
});

test("canonical bytes have the limit of every body", async () => {
  await denied(() => putBytes(bytesOf(variant({ texts: ["x".repeat(64 * 1024)] }))), 413, "body_too_large");
});

test("a body of another type is refused", async () => {
  const options = { headers: { "Content-Type": "text/plain" }, body: JSON.stringify(NOTICE) };
  await denied(() => site.call("PUT", `/notices/${hashOf(NOTICE)}`, options), 415, "unsupported_media_type");
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

/** A visitor of a site who has decided by a notice. */
async function visitorBy(notice, of = site) {
  const visitor = makeVisitor(of.site, ORIGIN);
  const asked = { version: notice.version, language: notice.language, hash: hashOf(notice) };
  const body = { anonymous: visitor.proof, notice: asked, decisions: [{ purpose: "analytics", status: "revoked" }] };
  accepted(await call(world.url, "POST", "/consent", { headers: { Origin: ORIGIN }, body }));
  return visitor;
}
const putBy = (visitor, notice) => {
  const headers = { ...visitor.headers, "Content-Type": "application/octet-stream" };
  return call(world.url, "PUT", `/notices/${hashOf(notice)}`, { headers, body: bytesOf(notice) });
};

test("a visitor's browser registers the notice by which they decided", async () => {
  const notice = variant({ version: 6 });
  accepted(await putBy(await visitorBy(notice), notice));
  assert.equal(accepted(await site.call("GET", `/notices/${hashOf(notice)}`)).version, 6);
});

test("a visitor registers no notice by which only others decided", async () => {
  const notice = variant({ version: 11 });
  await visitorBy(notice);
  const other = await visitorBy(variant({ version: 12 }));
  await denied(() => putBy(other, notice), 403, "forbidden");
});

test("a page of a registered origin may send a notice with the visitor's secret", async () => {
  const { status, headers } = await call(world.url, "OPTIONS", `/notices/${hashOf(NOTICE)}`, {
    headers: {
      Origin: ORIGIN,
      "Access-Control-Request-Method": "PUT",
      "Access-Control-Request-Headers": "consentry-secret,consentry-site,content-type",
    },
  });
  assert.deepEqual([status, headers.get("Access-Control-Allow-Origin")], [204, ORIGIN]);
  assert.match(headers.get("Access-Control-Allow-Methods"), /\bPUT\b/);
  for (const name of ["Consentry-Secret", "Consentry-Site", "Content-Type"]) {
    assert.ok(headers.get("Access-Control-Allow-Headers").includes(name), name);
  }
});

test("strangers who invent notices don't keep the site's backend from registering real ones", async () => {
  const shop = await world.site({ origins: [ORIGIN] });
  await world.edge.sql(
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) INSERT INTO notices SELECT ?, randomblob(32), '{}', 1 FROM n",
    shop.site,
  );
  // Whatever changes a site has the Worker look at everything anew.
  await world.site();
  const visitor = await visitorBy(NOTICE, shop);
  await denied(() => putBy(visitor, NOTICE), 403, "forbidden");
  accepted(await put(NOTICE, hashOf(NOTICE), shop));
});

async function denied(ask, status, code) {
  const before = await world.events();
  refused(await ask(), status, code);
  assert.equal(await world.events(), before, "a refused call stored an event");
}
