// People who are signed in: by their site's token each reaches that one person and nobody else.

import assert from "node:assert/strict";
import { test } from "node:test";
import { admin, call } from "../support/client.mjs";
import { claims, hmacToken, makeKey, makeVisitor, seconds, token, unsigned } from "./people.mjs";
import { about, accepted, exportOf, grant, refused, startWorld, statusOf, waysToReach } from "./world.mjs";

const world = await startWorld();
const { denied, url } = world;
const ORIGIN = "https://shop.example";
const keys = { EdDSA: makeKey("EdDSA", "one"), ES256: makeKey("ES256", "two") };
const key = keys.EdDSA;
const settings = { origins: [ORIGIN], jwks: { keys: Object.values(keys).map(({ jwk }) => jwk) } };
const site = await world.site(settings);
const other = await world.site({ ...settings, jwks: { keys: [makeKey().jwk] } });
await grant(site, "ann");
await grant(site, "bob");

const as = (bearer) => ({ key: bearer });
const good = (user, more) => token(key, claims(site.site, user, more));
for (const alg of ["EdDSA", "ES256"]) {
  const bearer = (user) => token(keys[alg], claims(site.site, user));

  test(`a person with a token signed by ${alg} reads their consent`, async () => {
    const answer = await call(url, "GET", "/consent/ann", as(bearer("ann")));
    assert.equal(accepted(answer).consent.analytics.status, "granted");
  });

  test(`a person with a token signed by ${alg} revokes their consent`, async () => {
    await grant(site, `revokes by ${alg}`);
    const body = { purpose: "analytics" };
    accepted(await call(url, "POST", "/consent/revoke", { ...as(bearer(`revokes by ${alg}`)), body }));
    assert.equal((await statusOf(site, `revokes by ${alg}`)).status, "revoked");
  });

  test(`a token signed by ${alg} without the key's name is tried with every key of its kind`, async () => {
    accepted(await call(url, "GET", "/consent/ann", as(token(keys[alg], claims(site.site, "ann"), { kid: undefined }))));
  });
}

test("a token for several audiences is good if one of them is this service", async () => {
  accepted(await call(url, "GET", "/consent/ann", as(good("ann", { aud: ["shop", "consentry"] }))));
});

test("a token for several audiences is bad if none of them is this service", async () => {
  await denied(() => call(url, "GET", "/consent/ann", as(good("ann", { aud: ["shop", "consentry.example"] }))), [401]);
});

test("clocks may differ by some seconds", async () => {
  accepted(await call(url, "GET", "/consent/ann", as(good("ann", { exp: seconds(-10), nbf: seconds(10) }))));
});

test("a key that two sites share lets a token act only at its issuer", async () => {
  const twin = await world.site(settings);
  await grant(twin, "shared key", { purpose: "inference" });
  const bearer = good("shared key");
  const { consent } = accepted(await call(url, "GET", about("/consent", "shared key"), as(bearer)));
  assert.equal(consent.inference.status, "pending");
});

for (const [method, path, body] of waysToReach("bob")) {
  test(`ann's token does not reach bob by ${method} ${path}`, async () => {
    await denied(() => call(url, method, path, { ...as(good("ann")), body }), [403]);
  });
}

for (const [method, path, body] of waysToReach("carol")) {
  test(`carol's own token does reach carol by ${method} ${path}`, async () => {
    accepted(await call(url, method, path, { ...as(good("carol")), body }));
  });
}

test("a person's own acts are recorded as the user's", async () => {
  await call(url, "POST", "/consent/grant", { ...as(good("self")), body: { user_id: "self", purpose: "analytics" } });
  assert.equal((await exportOf(site, "self")).audit_trail[0].performed_by, "user");
});

test("a person may not give a context", async () => {
  const body = { user_id: "ann", purpose: "analytics", context: { country: "FR" } };
  const before = await world.events();
  const problem = refused(await call(url, "POST", "/consent/grant", { ...as(good("ann")), body }), 422, "invalid_field");
  assert.equal(problem.field, "context");
  assert.equal(await world.events(), before);
});

test("a person follows their own erasure and not another's", async () => {
  const { id } = accepted(await call(url, "POST", "/data/delete/ann", as(good("ann"))));
  accepted(await call(url, "GET", `/erasures/${id}`, as(good("ann"))));
  await denied(() => call(url, "GET", `/erasures/${id}`, as(good("bob"))), [404]);
});

test("a person's token opens no admin route", async () => {
  await denied(() => call(url, "GET", "/admin/sites", as(good("ann"))), [401]);
});

const mine = claims(site.site, "ann");
const without = (name) => Object.fromEntries(Object.entries(mine).filter(([claim]) => claim !== name));
const publicPem = key.publicKey.export({ type: "spki", format: "pem" });
const signed = good("ann");
const BAD = {
  "that has expired": good("ann", { exp: seconds(-120) }),
  "of alg none": unsigned(mine),
  "of alg None": unsigned(mine, "None"),
  "of EdDSA without a signature": unsigned(mine, "EdDSA"),
  "of HS256 with the public key (PEM) as secret": hmacToken(publicPem, mine),
  "of HS256 with the public key (raw) as secret": hmacToken(Buffer.from(key.jwk.x, "base64url"), mine),
  "of HS256 with the public key (base64url) as secret": hmacToken(key.jwk.x, mine),
  "signed with another key": token(makeKey("EdDSA", "one"), mine),
  "signed with another key of P-256": token(makeKey("ES256", "two"), mine),
  "that names another algorithm than its key's": token(key, mine, { alg: "ES256" }),
  "that names the key of another kind": token(key, mine, { kid: "two" }),
  "of an unknown kid": token(key, mine, { kid: "three" }),
  "issued by another site": token(key, claims(other.site, "ann")),
  "issued by a site that does not exist": token(key, claims("nowhere", "ann")),
  "for another audience": good("ann", { aud: "another-service" }),
  "without an audience": token(key, without("aud")),
  "without an expiry": token(key, without("exp")),
  "without an issuer": token(key, without("iss")),
  "without a subject": token(key, without("sub")),
  "that lives for more than a day": good("ann", { exp: seconds(25 * 3600) }),
  "that is not valid yet": good("ann", { nbf: seconds(120) }),
  "whose subject is a number": good(7),
  "whose subject is empty": good(""),
  "whose subject has a line break": good("ann\n"),
  "whose expiry is a text": good("ann", { exp: "2099-01-01" }),
  "whose expiry is beyond counting": good("ann", { exp: 1e300 }),
  "whose payload was exchanged": [signed.split(".")[0], good("bob").split(".")[1], signed.split(".")[2]].join("."),
  "whose signature is cut": signed.slice(0, -4),
  "with a fourth part": `${signed}.AAAA`,
  "of two parts": signed.split(".").slice(0, 2).join("."),
  "that is no token at all": "hello",
  "that brings its own key": token(makeKey(), mine, { jwk: makeKey().jwk, kid: undefined }),
  "with a critical extension that is unknown": token(key, mine, { crit: ["exp2"], exp2: 1 }),
  "for the user id of a visitor": good(makeVisitor(site.site, ORIGIN).user),
};
for (const [what, bearer] of Object.entries(BAD)) {
  test(`a token ${what} opens nothing`, async () => {
    const path = about("/consent", what.includes("visitor") ? JSON.parse(Buffer.from(bearer.split(".")[1], "base64url")).sub : "ann");
    await denied(() => call(url, "GET", path, as(bearer)), [401, 403]);
  });
}

test("a token works no more once the site has replaced its keys", async () => {
  const old = makeKey();
  const shop = await world.site({ jwks: { keys: [old.jwk] } });
  const bearer = token(old, claims(shop.site, "ann"));
  accepted(await call(url, "GET", "/consent/ann", as(bearer)));
  accepted(await admin(url, "PUT", `/admin/sites/${shop.site}`, { name: "shop", jwks: { keys: [makeKey().jwk] } }));
  await denied(() => call(url, "GET", "/consent/ann", as(bearer)), [401]);
});

const SECRET_KEYS = {
  "an RSA key": { kty: "RSA", n: "AQAB", e: "AQAB" },
  "a shared secret": { kty: "oct", k: "c2VjcmV0" },
  "another curve": { kty: "EC", crv: "P-384", x: "AA", y: "AA" },
  "a point that is not on the curve": { ...keys.ES256.jwk, y: keys.ES256.jwk.x },
  "a key that is too short": { kty: "OKP", crv: "Ed25519", x: "AAAA" },
};
for (const [what, jwk] of Object.entries(SECRET_KEYS)) {
  test(`${what} can't be registered for tokens`, async () => {
    const answer = await admin(url, "PUT", "/admin/sites/never", { name: "x", jwks: { keys: [jwk] } });
    assert.match(refused(answer, 422, "invalid_field").field, /^jwks\.keys\[0\]/);
  });
}
