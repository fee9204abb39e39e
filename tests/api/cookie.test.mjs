// The first-party cookie of a visitor: what the browser is told to keep, for whom, and that it opens nothing.

import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:http";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { call } from "../support/client.mjs";
import { makeVisitor } from "./people.mjs";
import { about, accepted, refused, startWorld } from "./world.mjs";

const world = await startWorld();
const ORIGIN = "https://www.example.com";
const HOST = "consent.example.com";
const site = await world.site({ origins: [ORIGIN] });
const YEAR = 365 * 24 * 60 * 60 * 1000;
const name = `consentry.${site.site}`;

const choiceAt = (time, answer = "granted") => `1 3 analytics=${answer}@${time}`;
const CHOICE = choiceAt(1795000000000);

/** What a browser keeps of a choice. */
const pair = (visitor, choice = CHOICE) => `${name}=${encodeURIComponent(`${visitor.secret} ${choice}`)}`;

/** A visitor's decision with a wish for a cookie; as `call`, which can't name a host. */
async function decide(visitor, cookie, headers = {}) {
  const sent = request(`${world.url}/consent`, {
    method: "POST",
    headers: { Origin: ORIGIN, Host: HOST, "Content-Type": "application/json", ...headers },
  });
  sent.end(JSON.stringify({ anonymous: visitor.proof, decisions: [{ purpose: "analytics", status: "granted" }], cookie }));
  const [answer] = await once(sent, "response");
  const all = Object.entries(answer.headersDistinct).flatMap(([key, values]) => values.map((value) => [key, value]));
  const read = await text(answer);
  return { status: answer.statusCode, headers: new Headers(all), body: JSON.parse(read), text: read };
}

/** The cookie of an answer, as its parts. */
function cookieOf(answer) {
  accepted(answer);
  const cookies = answer.headers.getSetCookie();
  assert.ok(cookies.length <= 1, cookies.join("\n"));
  return cookies[0]?.split("; ");
}

const visitor = makeVisitor(site.site, ORIGIN);

test("a cookie holds the secret and the choice, for the host alone and for 400 days", async () => {
  assert.deepEqual(cookieOf(await decide(visitor, { choice: CHOICE })), [
    pair(visitor),
    "Path=/",
    "Max-Age=34560000",
    "Secure",
    "SameSite=Lax",
  ]);
});

test("without a wish there is no cookie", async () => {
  assert.equal(cookieOf(await decide(visitor, undefined)), undefined);
});

for (const domain of ["example.com", HOST]) {
  test(`the cookie is shared with ${domain} and what is below`, async () => {
    const cookie = cookieOf(await decide(visitor, { choice: CHOICE, domain }));
    assert.ok(cookie.includes(`Domain=${domain}`), cookie.join("; "));
  });
}

test("the port of the host is no part of the domain", async () => {
  const cookie = cookieOf(await decide(visitor, { choice: CHOICE, domain: "example.com" }, { Host: `${HOST}:8443` }));
  assert.ok(cookie.includes("Domain=example.com"), cookie.join("; "));
});

test("the cookie of an embedded page is partitioned and never shared", async () => {
  const cookie = cookieOf(await decide(visitor, { choice: CHOICE, domain: "example.com", embedded: true }));
  assert.deepEqual(cookie.slice(3), ["Secure", "SameSite=None", "Partitioned"]);
});

const STRANGE_DOMAINS = ["com", "example.org", "ample.com", "a.consent.example.com", ".example.com", "Example.com", "example.com; Path=/a", ""];
for (const domain of STRANGE_DOMAINS) {
  test(`a cookie for the domain ${JSON.stringify(domain)} is refused`, async () => {
    await denied(() => decide(visitor, { choice: CHOICE, domain }), "cookie.domain");
  });
}

test("an address has no domain to share with", async () => {
  const body = { choice: CHOICE, domain: "0.0.1" };
  await denied(() => decide(visitor, body, { Host: new URL(world.url).host }), "cookie.domain");
});

const STRANGE_CHOICES = ["", "1", "2 1", "1 3 analytics=pending@5", `${CHOICE}; Domain=com`, `${CHOICE}\r\nX: y`];
for (const choice of STRANGE_CHOICES) {
  test(`the choice ${JSON.stringify(choice)} is refused`, async () => {
    await denied(() => decide(visitor, { choice }), "cookie.choice");
  });
}

test("a choice that no cookie can hold is refused", async () => {
  const answers = Array.from({ length: 100 }, (_, number) => `purpose_with_a_long_name_${number}=granted@1795000000000`);
  await denied(() => decide(visitor, { choice: `1 3 ${answers.join(" ")}` }), "cookie.choice");
});

test("a field that there is not is refused", async () => {
  await denied(() => decide(visitor, { choice: CHOICE, path: "/" }), "cookie.path");
});

test("a visitor who shows the secret in headers gets the cookie too", async () => {
  const body = { decisions: [{ purpose: "analytics", status: "granted" }], cookie: { choice: CHOICE } };
  const answer = await call(world.url, "POST", "/consent", { headers: visitor.headers, body });
  assert.equal(cookieOf(answer)[0], pair(visitor));
});

test("a backend gets no cookie", async () => {
  const body = { user_id: "u", decisions: [{ purpose: "analytics", status: "granted" }], cookie: { choice: CHOICE } };
  await denied(() => site.call("POST", "/consent", { body }), "cookie");
});

test("a repeated call sets the cookie again", async () => {
  const send = () => decide(visitor, { choice: CHOICE }, { "Idempotency-Key": "cookie-again" });
  const [first, again] = [await send(), await send()];
  assert.equal(again.headers.get("Idempotent-Replayed"), "true");
  assert.deepEqual(cookieOf(again), cookieOf(first));
});

test("a decision that arrives late leaves the cookie of a later one", async () => {
  const now = Date.now();
  const later = pair(makeVisitor(site.site, ORIGIN), choiceAt(now - 1000, "revoked"));
  const answer = await decide(visitor, { choice: choiceAt(now - 2000) }, { Cookie: `a=b; ${later}` });
  assert.equal(cookieOf(answer), undefined);
});

const OLD_COOKIES = {
  "of an earlier choice": (now) => pair(visitor, choiceAt(now - 3000)),
  "of the same moment": (now) => pair(visitor, choiceAt(now - 2000, "revoked")),
  "from a clock that was wrong": (now) => pair(visitor, choiceAt(now + YEAR)),
  "of another site": (now) => pair(visitor, choiceAt(now - 1000)).replace(name, `${name}0`),
  "without a secret": (now) => pair({ secret: "x" }, choiceAt(now - 1000)),
  "that is not encoded right": () => `${name}=%ff%`,
  "that is empty": () => `${name}=`,
};
for (const [what, old] of Object.entries(OLD_COOKIES)) {
  test(`a cookie ${what} is replaced`, async () => {
    const now = Date.now();
    const choice = choiceAt(now - 2000);
    const answer = await decide(visitor, { choice }, { Cookie: old(now) });
    assert.equal(cookieOf(answer)[0], pair(visitor, choice));
  });
}

test("the cookie alone opens nothing", async () => {
  const headers = { Cookie: pair(visitor), Origin: ORIGIN, "Consentry-Site": site.site };
  const body = { decisions: [{ purpose: "analytics", status: "granted" }], cookie: { choice: CHOICE } };
  const writes = [["POST", "/consent", body], ["POST", about("/data/delete", visitor.user)]];
  const reads = ["/consent", "/data/export", "/audit"].map((path) => ["GET", about(path, visitor.user)]);
  for (const [method, path, sent] of [...writes, ...reads]) {
    const answer = await call(world.url, method, path, { headers, body: sent });
    refused(answer, 401, "unauthenticated");
    assert.deepEqual(answer.headers.getSetCookie(), []);
  }
});

test("a page of another origin can't have a cookie set", async () => {
  const answer = await decide(visitor, { choice: CHOICE }, { Origin: "https://evil.example" });
  refused(answer, 403, "forbidden");
  assert.deepEqual(answer.headers.getSetCookie(), []);
});

test("nothing of the cookie is stored", async () => {
  const fresh = makeVisitor(site.site, ORIGIN);
  accepted(await decide(fresh, { choice: choiceAt(1234567890123), domain: HOST }, { "Idempotency-Key": "unstored" }));
  const tables = await Promise.all(["events", "idempotency", "links"].map((table) => world.edge.sql(`SELECT * FROM ${table}`)));
  const kept = JSON.stringify(tables) + world.edge.output.join();
  for (const part of [fresh.secret, "1234567890123", HOST]) assert.equal(kept.includes(part), false, part);
});

async function denied(ask, field) {
  const before = await world.events();
  assert.equal(refused(await ask(), 422, "invalid_field").field, field);
  assert.equal(await world.events(), before, "a refused call stored an event");
}
