// Anonymous visitors: by the secret that their browser made each reaches their own decisions, from the site's pages only.

import assert from "node:assert/strict";
import { test } from "node:test";
import { call } from "../support/client.mjs";
import { makeVisitor } from "./people.mjs";
import { about, accepted, grant, startWorld, statusOf, waysToReach } from "./world.mjs";

const world = await startWorld();
const { denied, url } = world;
const ORIGIN = "https://shop.example";
const site = await world.site({ origins: [ORIGIN] });
const other = await world.site({ origins: [ORIGIN] });
await grant(site, "ann");

const by = (visitor, more) => ({ headers: { ...visitor.headers, ...more } });
const bodyOf = (visitor) => ({ anonymous: visitor.proof, decisions: [{ purpose: "analytics", status: "granted" }] });
async function decidedVisitor() {
  const visitor = makeVisitor(site.site, ORIGIN);
  const answer = await call(url, "POST", "/consent", { headers: { Origin: ORIGIN }, body: bodyOf(visitor) });
  assert.equal(answer.status, 201, answer.text);
  assert.equal(answer.body.user_id, visitor.user);
  return visitor;
}

test("a visitor who shows the secret reads, writes, exports, audits and erases", async () => {
  const visitor = await decidedVisitor();
  for (const [method, path, body] of waysToReach(visitor.user)) {
    accepted(await call(url, method, path, { ...by(visitor), body }));
  }
});

test("a visitor follows their own erasure and not another's", async () => {
  const [visitor, stranger] = [await decidedVisitor(), await decidedVisitor()];
  const { id } = accepted(await call(url, "POST", about("/data/delete", visitor.user), by(visitor)));
  accepted(await call(url, "GET", `/erasures/${id}`, by(visitor)));
  await denied(() => call(url, "GET", `/erasures/${id}`, by(stranger)), [404]);
});

test("a visitor's secret is kept nowhere and shown nowhere", async () => {
  const visitor = await decidedVisitor();
  const { text } = await call(url, "GET", about("/data/export", visitor.user), by(visitor));
  const rows = JSON.stringify(await world.edge.sql("SELECT * FROM events"));
  assert.equal((text + rows + world.edge.output.join()).includes(visitor.secret), false);
});

const KEEP_OUT = {
  "without the secret": (visitor) => ({ headers: { Origin: ORIGIN, "Consentry-Site": visitor.proof.site } }),
  "with another's secret": () => by(makeVisitor(site.site, ORIGIN)),
  "from an origin that is not allowed": (visitor) => by(visitor, { Origin: "https://evil.example" }),
  "from a null origin": (visitor) => by(visitor, { Origin: "null" }),
  "for another site": (visitor) => by(visitor, { "Consentry-Site": other.site }),
  "for a site that does not exist": (visitor) => by(visitor, { "Consentry-Site": "nowhere" }),
  "with a secret that is cut": (visitor) => by(visitor, { "Consentry-Secret": visitor.secret.slice(0, -1) }),
  "with the user id's hash as secret": (visitor) => by(visitor, { "Consentry-Secret": visitor.user.split(":")[1] }),
  "with a padded secret": (visitor) => by(visitor, { "Consentry-Secret": `${visitor.secret}=` }),
};
for (const [what, options] of Object.entries(KEEP_OUT)) {
  test(`a visitor's data is out of reach ${what}`, async () => {
    const visitor = await decidedVisitor();
    // Another site makes another person of the same secret, so there the answer may be an empty one.
    const emptyIsFine = what === "for another site";
    for (const [method, path, body] of waysToReach(visitor.user)) {
      const ask = () => call(url, method, path, { ...options(visitor), body });
      if (emptyIsFine && method === "GET") {
        const answer = await ask();
        assert.ok(!answer.text.includes('"granted"') && !answer.text.includes("consent_granted"), answer.text);
      } else if (!emptyIsFine) {
        await denied(ask, [401, 403]);
      }
    }
    assert.equal((await statusOf(site, visitor.user)).status, "granted");
  });
}

test("a proof in the body counts only for its own person", async () => {
  const [visitor, stranger] = [await decidedVisitor(), makeVisitor(site.site, ORIGIN)];
  const body = { ...bodyOf(stranger), user_id: visitor.user };
  await denied(() => call(url, "POST", "/consent", { headers: { Origin: ORIGIN }, body }), [403]);
});

test("a proof reaches nobody who is signed in", async () => {
  const body = { ...bodyOf(makeVisitor(site.site, ORIGIN)), user_id: "ann" };
  await denied(() => call(url, "POST", "/consent", { headers: { Origin: ORIGIN }, body }), [403]);
});

test("a visitor's write needs an origin", async () => {
  await denied(() => call(url, "POST", "/consent", { body: bodyOf(makeVisitor(site.site, ORIGIN)) }), [403]);
});

test("a call that shows two credentials is malformed", async () => {
  const visitor = makeVisitor(site.site, ORIGIN);
  await denied(() => call(url, "GET", about("/consent", visitor.user), { key: site.key, ...by(visitor) }), [400]);
});
