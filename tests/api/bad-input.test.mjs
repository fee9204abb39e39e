// What is malformed is refused with its status, told what is wrong with it, and leaves nothing.

import assert from "node:assert/strict";
import { test } from "node:test";
import { call } from "../support/client.mjs";
import { PURPOSES, grant, refused, startWorld } from "./world.mjs";

const world = await startWorld();
const site = await world.site();
await grant(site, "somebody");

const JSON_TYPE = { "Content-Type": "application/json" };
const body = (more) => ({ body: { user_id: "u", purpose: "analytics", ...more } });
const batch = (decisions, more) => ({ body: { user_id: "u", decisions, ...more } });
const yes = (purpose) => ({ purpose, status: "granted" });
const raw = (text, headers = JSON_TYPE) => ({ body: text, headers });
const sized = (bytes) => {
  const frame = JSON.stringify(body().body).length + ',"padding":""'.length;
  return raw(JSON.stringify({ ...body().body, padding: "x".repeat(bytes - frame) }));
};

/** Checks that a call is refused and stores nothing; gives the problem. */
async function refusal(method, path, options, status, code) {
  const before = await world.events();
  const problem = refused(await site.call(method, path, options), status, code);
  assert.equal(await world.events(), before, "a refused call stored an event");
  return problem;
}

function field(name, path, options, wanted, allowed) {
  test(name, async () => {
    const problem = await refusal("POST", path, options, 422, "invalid_field");
    assert.equal(problem.field, wanted, problem.detail);
    if (allowed) assert.deepEqual(problem.allowed?.toSorted(), allowed.toSorted());
  });
}

test("`training` is told the four purposes", async () => {
  const problem = await refusal("POST", "/consent/grant", body({ purpose: "training" }), 422, "invalid_field");
  assert.equal(problem.field, "purpose");
  assert.deepEqual(problem.allowed.toSorted(), PURPOSES);
  for (const purpose of PURPOSES) assert.ok(problem.detail.includes(purpose), problem.detail);
});

test("a body of exactly 64 KiB is read", async () => {
  assert.equal((await refusal("POST", "/consent/grant", sized(64 * 1024), 422, "invalid_field")).field, "padding");
});

test("a body of one byte more than 64 KiB is too large", async () => {
  await refusal("POST", "/consent/grant", sized(64 * 1024 + 1), 413, "body_too_large");
});

test("a body of a megabyte is too large for every route that takes one", async () => {
  for (const path of ["/consent/grant", "/consent/revoke", "/consent", "/data/delete/u"]) {
    await refusal("POST", path, sized(1 << 20), 413, "body_too_large");
  }
});

for (const type of ["text/plain", "text/plain; charset=utf-8", "application/x-www-form-urlencoded", "application/jsonp"]) {
  test(`a body of the type ${type} is refused`, async () => {
    await refusal("POST", "/consent/grant", raw(JSON.stringify(body().body), { "Content-Type": type }), 415, "unsupported_media_type");
  });
}

test("a body without a type is refused", async () => {
  const bytes = new TextEncoder().encode(JSON.stringify(body().body));
  await refusal("POST", "/consent/grant", { body: bytes }, 415, "unsupported_media_type");
});

test("a type with a parameter and in capitals is JSON all the same", async () => {
  const headers = { "Content-Type": "Application/JSON; charset=UTF-8" };
  const answer = await site.call("POST", "/consent/grant", raw(JSON.stringify(body().body), headers));
  assert.equal(answer.status, 201, answer.text);
});

const BROKEN = {
  "nothing": "",
  "half an object": '{"user_id":"u","purpose":',
  "single quotes": "{'user_id':'u'}",
  "a comma at the end": '{"user_id":"u","purpose":"analytics",}',
  "something after the object": '{"user_id":"u","purpose":"analytics"}{}',
  "bytes that are not UTF-8": new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
  "a byte order mark": "\ufeff" + '{"user_id":"u","purpose":"analytics"}',
  "NaN": '{"user_id":NaN,"purpose":"analytics"}',
};
for (const [what, text] of Object.entries(BROKEN)) {
  test(`${what} is no JSON`, async () => {
    await refusal("POST", "/consent/grant", raw(text), 400, "malformed_json");
  });
}

test("a thousand nested arrays are refused", async () => {
  const before = await world.events();
  const answer = await site.call("POST", "/consent/grant", raw('{"user_id":' + "[".repeat(1000) + "]".repeat(1000) + "}"));
  assert.ok([400, 422].includes(answer.status), answer.text);
  assert.equal(await world.events(), before);
});

field("an unknown field is named", "/consent/grant", body({ purposes: "analytics" }), "purposes");
field("an unknown field inside a decision is named with its place", "/consent", batch([{ ...yes("analytics"), x: 1 }]), "decisions[0].x");
field("a number as purpose is named", "/consent/grant", body({ purpose: 1 }), "purpose");
field("a number as user id is named", "/consent/grant", body({ user_id: 1 }), "user_id");
field("null as purpose is named", "/consent/grant", body({ purpose: null }), "purpose");
field("a missing purpose is named", "/consent/grant", { body: { user_id: "u" } }, "purpose");
field("a missing user id is named", "/consent/grant", { body: { purpose: "analytics" } }, "user_id");
field("a missing status is named with its place", "/consent", batch([{ purpose: "analytics" }]), "decisions[0].status");
field("missing decisions are named", "/consent", { body: { user_id: "u" } }, "decisions");
field("an object as decisions is named", "/consent", batch({}), "decisions");
field("an array instead of the body's object is refused", "/consent/grant", raw('["u","analytics"]'), "body");
field("an array instead of a decision's object is refused", "/consent", batch([["analytics", "granted"]]), "decisions[0]");
field("an array instead of a notice's object is refused", "/consent/grant", body({ notice: [1, "en"] }), "notice");
field("a text instead of the body's object is refused", "/consent/grant", raw('"u"'), "body");
field("a field that stands twice is named", "/consent/grant", raw('{"user_id":"u","user_id":"v","purpose":"analytics"}'), "user_id");
field("an unknown legal basis is told the three", "/consent/grant", body({ legal_basis: "because" }), "legal_basis", ["consent", "legitimate_interest", "contract"]);
field("an unknown status is told the three", "/consent", batch([{ purpose: "analytics", status: "yes" }]), "decisions[0].status", ["granted", "revoked", "pending"]);
field("a purpose in capitals is unknown", "/consent/grant", body({ purpose: "Analytics" }), "purpose", PURPOSES);
field("an empty purpose is unknown", "/consent/grant", body({ purpose: "" }), "purpose", PURPOSES);
field("an unknown purpose in a batch is named with its place", "/consent", batch([yes("analytics"), yes("training")]), "decisions[1].purpose", PURPOSES);
field("a purpose that stands twice in a batch is named with its place", "/consent", batch([yes("analytics"), yes("inference"), yes("analytics")]), "decisions[2].purpose");
field("a batch of no decisions is refused", "/consent", batch([]), "decisions");
field("a batch of 21 decisions is refused", "/consent", batch(Array(21).fill(yes("analytics"))), "decisions");
field("a time without a zone is no decided_at", "/consent/grant", body({ decided_at: "2026-11-24T09:00:00" }), "decided_at");
field("a number is no decided_at", "/consent/grant", body({ decided_at: 1700000000 }), "decided_at");
field("a day that does not exist is no decided_at", "/consent/grant", body({ decided_at: "2026-02-30T00:00:00Z" }), "decided_at");
field("a time before 1970 is no decided_at", "/consent/grant", body({ decided_at: "1969-12-31T23:59:59Z" }), "decided_at");
field("a notice hash of another length is named", "/consent/grant", body({ notice: { version: 1, language: "en", hash: "ab" } }), "notice.hash");
field("a notice language that is no tag is named", "/consent/grant", body({ notice: { version: 1, language: "english language" } }), "notice.language");
field("a negative notice version is named", "/consent/grant", body({ notice: { version: -1, language: "en" } }), "notice.version");
field("a context address that is none is named", "/consent/grant", body({ context: { ip_address: "localhost" } }), "context.ip_address");
field("a context country that is no code is named", "/consent/grant", body({ context: { country: "Germany" } }), "context.country");
field("a context gpc that is no boolean is named", "/consent/grant", body({ context: { gpc: "1" } }), "context.gpc");
field("an erasure takes no fields", "/data/delete/u", { body: { reason: "x" } }, "reason");

const QUERIES = {
  "/consent/u?gpc=yes": "gpc",
  "/consent/u?country=de": "country",
  "/consent/u/analytics?country=Germany": "country",
  "/data/export/u?limit=0": "limit",
  "/data/export/u?limit=1001": "limit",
  "/data/export/u?limit=ten": "limit",
  "/audit/u?after=-1": "after",
  "/audit/u?order=up": "order",
  "/erasures?state=lost": "state",
  "/erasures?state=open,": "state",
  "/erasures?overdue=yes": "overdue",
  "/erasures?order=up": "order",
  "/erasures?after=1795000000000": "after",
  "/erasures?limit=101": "limit",
  "/audit/u?until=1.5": "until",
  "/audit/u?after=99999999999999999999": "after",
};
for (const [path, wanted] of Object.entries(QUERIES)) {
  test(`GET ${path} is refused and told which parameter`, async () => {
    assert.equal((await refusal("GET", path, {}, 422, "invalid_field")).field, wanted);
  });
}

const KEYS = { "without characters": "", "of 256 characters": "x".repeat(256), "beyond ASCII": "caf\u00e9", "with a space": "a key" };
for (const [what, key] of Object.entries(KEYS)) {
  test(`an Idempotency-Key ${what} is malformed`, async () => {
    await refusal("POST", "/consent/grant", { ...body(), headers: { "Idempotency-Key": key } }, 400, "malformed_request");
  });
}

const METHODS = {
  "DELETE /consent/u": ["GET"],
  "GET /consent": ["POST"],
  "PUT /consent/grant": ["GET", "POST"],
  "GET /data/delete/u": ["POST"],
  "POST /data/export/u": ["GET"],
  "DELETE /audit/u": ["GET"],
  "POST /healthz": ["GET"],
  "PATCH /admin/sites/demo": ["GET", "PUT"],
};
for (const [line, allow] of Object.entries(METHODS)) {
  test(`${line} is answered with the methods that the path has`, async () => {
    const before = await world.events();
    const [method, path] = line.split(" ");
    const answer = await site.call(method, path);
    refused(answer, 405, "method_not_allowed");
    assert.deepEqual(answer.headers.get("Allow")?.split(/,\s*/).toSorted(), allow);
    assert.equal(await world.events(), before);
  });
}

for (const path of ["/nothing", "/consent/u/analytics/more", "/consents", "/data", "/admin", "/erasure", "/erasures/a/b"]) {
  test(`there is nothing at ${path}`, async () => {
    await refusal("GET", path, {}, 404, "not_found");
  });
}

test("no answer may rest in a cache or be taken for another type", async () => {
  for (const answer of [await site.call("GET", "/consent/u"), await call(world.url, "GET", "/consent/u")]) {
    assert.equal(answer.headers.get("Cache-Control"), "no-store");
    assert.equal(answer.headers.get("X-Content-Type-Options"), "nosniff");
  }
});
