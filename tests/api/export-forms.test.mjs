// The export in its forms: each whole, pinned, audited, ending in a digest that the service signed.

import assert from "node:assert/strict";
import { createHash, createPublicKey, verify } from "node:crypto";
import { test } from "node:test";
import { EVIL, NOTICE, everything } from "./everything.mjs";
import { MANDATORY, compact, dpvTerms, expand, quads } from "./linked.mjs";
import { about, accepted, grant, refused, revoke, startWorld } from "./world.mjs";

const world = await startWorld();
const site = await world.site({ origins: ["https://shop.example"] });

/** What ends a file in each form: before the signature, and behind it. */
const ENDS = {
  json: [',"digest":"', '"}'],
  csv: [`digest${",".repeat(20)}`, "\r\n"],
  html: ['<code id="digest">', "</code></section></main></body></html>\n"],
  jsonld: [',"digest":"', '"}'],
};

const whole = (user, format, query = "") =>
  site.call("GET", `${about("/data/export", user)}?format=${format}${format === "json" ? "&limit=all" : ""}${query}`);

/** The payload of the digest of a file whose signature and bytes are right. */
async function verified(text, format) {
  const [before, after] = ENDS[format];
  assert.ok(text.endsWith(after), text.slice(-100));
  const at = text.lastIndexOf(before);
  const [header, payload, signature] = text.slice(at + before.length, -after.length).split(".");
  const { kid, typ } = JSON.parse(Buffer.from(header, "base64url"));
  assert.equal(typ, "export-digest+jws");
  const { keys } = await (await fetch(`${world.url}/.well-known/jwks.json`)).json();
  const key = createPublicKey({ key: keys.find((key) => key.kid === kid), format: "jwk" });
  assert.ok(verify(null, Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, "base64url")));
  const digest = JSON.parse(Buffer.from(payload, "base64url"));
  const covered = Buffer.from(text.slice(0, at));
  assert.equal(digest.bytes, covered.length);
  assert.equal(digest.sha256, createHash("sha256").update(covered).digest("hex"));
  assert.equal(digest.format, format);
  return digest;
}

/** The records of a table (RFC 4180) by the names of its columns. */
function records(table) {
  const rows = [[""]];
  let quoted = false;
  for (let at = 0; at < table.length; at += 1) {
    const row = rows.at(-1);
    if (quoted && table[at] === '"' && table[at + 1] === '"') row[row.length - 1] += table[(at += 1)];
    else if (table[at] === '"') quoted = !quoted;
    else if (!quoted && table[at] === ",") row.push("");
    else if (!quoted && table.startsWith("\r\n", at)) rows.push([""]) && (at += 1);
    else row[row.length - 1] += table[at];
  }
  rows.pop();
  const [names, ...others] = rows;
  return others.map((row) => {
    assert.equal(row.length, names.length);
    return Object.fromEntries(row.map((cell, place) => [names[place], cell]));
  });
}

test("a whole export as JSON is what the pages are together", async () => {
  await everything(world.url, site, "whole");
  const page = accepted(await site.call("GET", about("/data/export", "whole")));
  const { body, text } = await whole("whole", "json");
  assert.deepEqual(body.consent_history, page.consent_history);
  assert.deepEqual(body.audit_trail.slice(0, -1), page.audit_trail);
  for (const name of ["linked_visitors", "notices", "erasures", "subject", "log"]) assert.deepEqual(body[name], page[name], name);
  assert.equal(body.linked_visitors.length, 1);
  assert.deepEqual(body.notices.map(({ notice }) => notice), [NOTICE]);
  assert.equal(body.next, undefined);
  assert.equal((await verified(text, "json")).until, body.until);
});

test("a page of an export ends in a digest too", async () => {
  await grant(site, "page");
  const { text, body } = await site.call("GET", about("/data/export", "page"));
  assert.equal((await verified(text, "json")).subject, body.subject);
});

test("a table has a record for every event, every notice, every erasure and the digest", async () => {
  await everything(world.url, site, "table");
  accepted(await site.call("POST", about("/data/delete", "table")));
  const answer = await whole("table", "csv");
  assert.match(answer.headers.get("Content-Type"), /^text\/csv; charset=utf-8/);
  assert.match(answer.headers.get("Content-Disposition"), /^attachment; filename="site1-\d+\.csv"$/);
  const { body } = await whole("table", "json");
  const rows = records(answer.text);
  const of = (kind) => rows.filter(({ record }) => record === kind);
  // The export as JSON came later and has itself.
  const events = body.audit_trail.slice(0, -1);
  assert.deepEqual(of("event").map((row) => [Number(row.log_index), row.leaf_hash, row.action]), events.map((event) => [event.log_index, event.leaf_hash, event.action]));
  assert.deepEqual(of("event").map((row) => JSON.parse(row.details)), events.map((event) => event.details));
  assert.deepEqual(of("notice").map((row) => JSON.parse(row.details)), [NOTICE]);
  assert.deepEqual(of("erasure").map((row) => row.id), body.erasures.map(({ id }) => id));
  assert.equal(rows.at(-1).record, "digest");
  await verified(answer.text, "csv");
});

test("no cell of a table is taken for a formula, and none loses a character by that", async () => {
  await grant(site, "formula", { context: { user_agent: EVIL } });
  const rows = records((await whole("formula", "csv")).text);
  assert.equal(rows.find(({ record }) => record === "event").user_agent, `'${EVIL}`);
});

test("a page to read speaks the reader's language and holds no markup that came from outside", async () => {
  const { hash } = await everything(world.url, site, "reader");
  const answer = await site.call("GET", about("/data/export", "reader"), { headers: { Accept: "text/html", "Accept-Language": "ar, en" } });
  assert.match(answer.headers.get("Content-Type"), /^text\/html; charset=utf-8$/);
  assert.match(answer.headers.get("Content-Security-Policy"), /^default-src 'none'/);
  assert.match(answer.text, /^<!doctype html>\n<html lang="ar" dir="rtl">/);
  assert.ok(!/<img|<b>Wahl|<script/.test(answer.text));
  assert.ok(answer.text.includes("=cmd|&#39;/C calc&#39;!A0 &quot;quoted&quot;, &lt;img src=x onerror=alert(1)&gt;"));
  assert.ok(answer.text.includes(`<li id="n${hash}"><div lang="de" dir="auto"><p>Ihre &lt;b&gt;Wahl&lt;/b&gt;</p>`));
  await verified(answer.text, "html");
  assert.match((await whole("reader", "html", "&lang=de")).text, /<html lang="de" dir="ltr">/);
});

/** What a document says, whatever a processor of JSON-LD may write in two ways: without what is null, and one thing for a list of one. */
function said(value, name) {
  if (name === "details" || value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.length === 1 ? said(value[0]) : value.map((one) => said(one));
  const members = Object.entries(value).filter(([, member]) => member !== null);
  return Object.fromEntries(members.map(([name, member]) => [name, said(member, name)]));
}

test("as linked data an export holds all that it holds as JSON, and no processor drops any of it", async () => {
  const { visitor } = await everything(world.url, site, "linked");
  const id = accepted(await site.call("POST", about("/data/delete", "linked"))).id;
  const { text, headers } = await whole("linked", "jsonld");
  assert.equal(headers.get("Content-Type"), "application/ld+json");
  assert.match(headers.get("Content-Disposition"), /^attachment; filename="site1-\d+\.jsonld"$/);
  const document = JSON.parse(text);
  assert.equal((await verified(text, "jsonld")).until, document.until);

  const json = (await whole("linked", "json")).body;
  for (const name of ["user_id", "log", "site", "subject", "subject_key_id", "erased_at", "linked_visitors", "notices"]) {
    assert.deepEqual(document[name], json[name], name);
  }
  const plain = ({ "@id": _, "@type": __, ...members }) => members;
  // The export as JSON came later and has itself.
  assert.deepEqual(document.audit_trail.map(plain), json.audit_trail.slice(0, -1));
  assert.deepEqual(document.erasures.map(plain), json.erasures);
  assert.deepEqual(document.erasures.map((erasure) => erasure["@id"]), [`urn:uuid:${id}`]);
  const history = document.consent_history.map((record) =>
    Object.fromEntries(Object.entries(record).filter(([name]) => !/^(@|dct:|dpv:|receipt$)/.test(name))));
  assert.deepEqual(history, json.consent_history);
  assert.equal(visitor.proof.site, site.site);

  const expanded = await expand(document);
  const { "@context": context, ...members } = document;
  const { "@context": _, ...back } = await compact(expanded, context);
  assert.deepEqual(said(back), said(members));
  const used = dpvTerms(expanded);
  for (const term of [...MANDATORY, "ConsentGiven", "ConsentWithdrawn"]) assert.ok(used.includes(term), term);
  const statements = await quads(document);
  for (const { id, details } of json.audit_trail.slice(0, -1)) {
    assert.ok(statements.includes(`<urn:uuid:${id}> <urn:consentry:export:details> ${JSON.stringify(JSON.stringify(details))}^^`), id);
  }
});

test("a record in an export is the one in its receipt", async () => {
  await grant(site, "again", { notice: { version: 2, language: "de" } });
  await revoke(site, "again");
  const { consent_history: records } = JSON.parse((await whole("again", "jsonld")).text);
  for (const record of records) {
    const receipt = accepted(await site.call("GET", `/receipts/${record.log_index}`, { headers: { Accept: "application/ld+json" } }));
    assert.equal(record.receipt, receipt["@id"]);
    const told = Object.keys(receipt["dpv:hasRecordOfActivity"]).map((name) => [name, record[name]]);
    assert.deepEqual(Object.fromEntries(told), receipt["dpv:hasRecordOfActivity"]);
  }
});

test("an export is recorded before its first byte and shows itself", async () => {
  await grant(site, "recorded");
  for (const format of Object.keys(ENDS)) {
    const { text } = await whole("recorded", format);
    const { until, subject } = await verified(text, format);
    const [row] = await world.edge.sql("SELECT kind, details, lower(hex(subject)) AS subject FROM events WHERE log_index = ?", until);
    assert.deepEqual(row, { kind: "data_exported", details: JSON.stringify({ format }), subject });
    assert.ok(text.includes("data_exported") || text.includes("{&quot;format&quot;:&quot;html&quot;}"));
  }
});

test("what was erased is said in every form", async () => {
  await everything(world.url, site, "erased");
  accepted(await site.call("POST", about("/data/delete", "erased")));
  const { erased_at: erased } = (await whole("erased", "json")).body;
  for (const format of Object.keys(ENDS)) {
    const { text } = await whole("erased", format);
    assert.ok(!text.includes("cmd|"), format);
    assert.match(text, /redacted|Technical details were erased/, format);
    assert.ok(text.includes(erased), format);
  }
  const [head] = records((await whole("erased", "csv")).text);
  assert.equal(JSON.parse(head.details).erased_at, erased);
  const page = (await whole("erased", "html", "&lang=de")).text;
  assert.match(page, /Die Löschung Ihrer Daten wurde zuletzt am <time [^>]*>[^<]* UTC<\/time> beantragt/);
  // What is done is not "Zu beenden bis …" any more.
  assert.match(page, /<b>Erledigt<\/b>/);
  assert.doesNotMatch(page, /Zu beenden/);
  // A heading, not what the button says that asks for it.
  assert.match(page, /<h2>Löschung Ihrer Daten<\/h2>/);
  assert.doesNotMatch(page, /Meine Daten löschen/);
});

test("the form is the one that the caller likes best, and JSON where none is known", async () => {
  await grant(site, "likes");
  for (const [accept, type] of [
    ["text/csv", "text/csv"],
    ["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html"],
    ["text/html;q=0.5, text/csv", "text/csv"],
    ["application/ld+json", "application/ld+json"],
    ['application/ld+json;profile="http://www.w3.org/ns/json-ld#expanded", */*;q=0.1', "application/ld+json"],
    ["*/*", "application/json"],
    ["image/png", "application/json"],
    ["text/csv;q=0, application/json", "application/json"],
  ]) {
    const answer = await site.call("GET", about("/data/export", "likes"), { headers: { Accept: accept } });
    assert.equal(answer.headers.get("Content-Type").split(";")[0], type, accept);
  }
});

test("a form that there is not, and pages of a whole export, are refused and recorded nowhere", async () => {
  const before = await world.events();
  for (const query of ["format=xml", "format=csv&after=3", "format=html&limit=5", "limit=all&until=4"]) {
    refused(await site.call("GET", `${about("/data/export", "likes")}?${query}`), 422, "invalid_field");
  }
  assert.equal(await world.events(), before);
});

test("without a key to sign with an export is whole all the same, and says that it is not signed", async () => {
  const bare = await startWorld({ vars: { CONSENTRY_LOG_KEY: "none" } });
  const site = await bare.site();
  await grant(site, "bare");
  const { text } = await site.call("GET", `${about("/data/export", "bare")}?limit=all`);
  assert.ok(text.endsWith(',"digest":null}'));
  assert.equal(JSON.parse(text).consent_history.length, 1);
});
