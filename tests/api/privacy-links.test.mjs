// Links to a person's own page: the site's backend makes one, it opens the page once, and what it opens reaches that person only.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { call } from "../support/client.mjs";
import { claims, makeKey, makeVisitor, seconds, token } from "./people.mjs";
import { about, accepted, grant, refused, startWorld } from "./world.mjs";

const world = await startWorld();
const key = makeKey();
const site = await world.site({ jwks: { keys: [key.jwk] } });

const link = (user, more = {}) => token(key, claims(site.site, user, { aud: "consentry-link", jti: randomUUID(), ...more }));
const open = (token) => call(world.url, "POST", "/privacy/session", { body: { token } });

test("a link opens a session that does everything for that person", async () => {
  await grant(site, "ada");
  const { session, user_id: user, site: id } = accepted(await open(link("ada")));
  assert.deepEqual([user, id], ["ada", site.site]);
  const as = { key: session };
  assert.equal(accepted(await call(world.url, "GET", "/consent/ada", as)).consent.analytics.status, "granted");
  accepted(await call(world.url, "POST", "/consent", { ...as, body: { decisions: [{ purpose: "analytics", status: "revoked" }] } }));
  accepted(await call(world.url, "GET", "/audit/ada", as));
  const { audit_trail: trail } = accepted(await call(world.url, "GET", "/data/export/ada", as));
  assert.ok(trail.some(({ action, performed_by: by }) => action === "privacy_opened" && by === "user"));
  const { id: erasure } = accepted(await call(world.url, "POST", "/data/delete/ada", as));
  accepted(await call(world.url, "GET", `/erasures/${erasure}`, as));
});

test("a session reaches nobody else, and no other site", async () => {
  await grant(site, "bob");
  const { session } = accepted(await open(link("ada")));
  await world.denied(() => call(world.url, "GET", about("/data/export", "bob"), { key: session }), [403]);
  await world.denied(() => call(world.url, "GET", "/admin/sites", { key: session }), [401, 403]);
});

test("a link opens once, also when it is opened many times at once", async () => {
  const once = link("eve");
  const answers = await Promise.all(Array.from({ length: 8 }, () => open(once)));
  assert.deepEqual(answers.map(({ status }) => status).sort(), [201, ...Array(7).fill(401)]);
  refused(await open(once), 401, "unauthenticated");
});

test("a link is no token, and a token is no link", async () => {
  const made = link("mia");
  await world.denied(() => call(world.url, "GET", "/consent/mia", { key: made }), [401]);
  await world.denied(() => open(token(key, claims(site.site, "mia", { jti: randomUUID() }))), [401]);
});

test("a link without an id, too old, too long, of a stranger or for nobody opens nothing", async () => {
  for (const bad of [
    link("mia", { jti: undefined }),
    link("mia", { jti: "" }),
    link("mia", { jti: "x".repeat(257) }),
    link("mia", { exp: seconds(-60) }),
    link("mia", { exp: seconds(2 * 86400) }),
    link("", {}),
    link("mia", { iss: "nobody" }),
    token(makeKey(), claims(site.site, "mia", { aud: "consentry-link", jti: "j" })),
    "no token",
  ]) {
    await world.denied(() => open(bad), [401]);
  }
});

test("a session that was changed counts for nothing", async () => {
  const { session } = accepted(await open(link("ada")));
  const [said, tag] = session.slice(3).split(".");
  const other = Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(said, "base64url")), user: "bob" })).toString("base64url");
  for (const forged of [`cs_${other}.${tag}`, `cs_${said}.${"A".repeat(43)}`, `cs_${said}.`, "cs_", `cs_${said}`]) {
    await world.denied(() => call(world.url, "GET", "/consent/bob", { key: forged }), [401]);
  }
});

test("a used link costs one row, which goes when nobody can use it any more", async () => {
  await open(link("row"));
  const rows = () => world.edge.sql("SELECT count(*) AS count FROM used_links WHERE expires_at > ?", Date.now());
  const [{ count }] = await rows();
  assert.ok(count > 0);
  await world.edge.sql("UPDATE used_links SET expires_at = 1");
  await world.edge.cron("17 * * * *");
  assert.equal((await world.edge.sql("SELECT count(*) AS count FROM used_links"))[0].count, 0);
});

test("a visitor may act from the service's own pages, and from no other origin that is not the site's", async () => {
  const visitor = makeVisitor(site.site, world.url);
  const body = { decisions: [{ purpose: "analytics", status: "granted" }] };
  accepted(await call(world.url, "POST", "/consent", { headers: visitor.headers, body }));
  const elsewhere = await world.site({ origins: ["https://shop.example"] });
  const own = makeVisitor(elsewhere.site, world.url);
  accepted(await call(world.url, "POST", "/consent", { headers: own.headers, body }));
  await world.denied(() => call(world.url, "POST", "/consent", { headers: { ...own.headers, Origin: "https://evil.example" }, body }), [403]);
});

test("the words of the pages come in the reader's language", async () => {
  const words = async (headers, query = "") => accepted(await call(world.url, "GET", `/words.json${query}`, { headers }));
  assert.deepEqual([(await words({ "Accept-Language": "de-AT, en" })).language, (await words({})).language], ["de", "en"]);
  const arabic = await words({ "Accept-Language": "de" }, "?lang=ar");
  assert.deepEqual([arabic.language, arabic.direction], ["ar", "rtl"]);
});
