// Which purposes a site has and which rules hold for whom.

import assert from "node:assert/strict";
import { test } from "node:test";
import { admin, call } from "../support/client.mjs";
import { makeVisitor } from "./people.mjs";
import { PURPOSES, about, accepted, grant, refused, revoke, startWorld, statusOf } from "./world.mjs";

const world = await startWorld();
const site = await world.site();

test("a purpose that the site declares is decided about like the four", async () => {
  const shop = await world.site({ purposes: ["fraud_checks"] });
  await grant(shop, "declared", { purpose: "fraud_checks" });
  assert.equal((await statusOf(shop, "declared", "fraud_checks")).status, "granted");
});

test("the status names the purposes that the site declares too", async () => {
  const shop = await world.site({ purposes: ["sale_or_sharing", "fraud_checks"] });
  const { consent } = accepted(await shop.call("GET", "/consent/anybody"));
  assert.deepEqual(Object.keys(consent), [...PURPOSES, "sale_or_sharing", "fraud_checks"].toSorted());
});

test("a purpose that only another site declares is unknown", async () => {
  await world.site({ purposes: ["loyalty"] });
  const answer = await site.call("POST", "/consent/grant", { body: { user_id: "anybody", purpose: "loyalty" } });
  assert.deepEqual(refused(answer, 422, "invalid_field").allowed.toSorted(), PURPOSES);
});

async function siteThatDropped(purpose, user) {
  const shop = await world.site({ purposes: [purpose] });
  await grant(shop, user, { purpose });
  accepted(await admin(world.url, "PUT", `/admin/sites/${shop.site}`, { name: shop.site }));
  return shop;
}

test("a grant can be withdrawn although the site has the purpose no more", async () => {
  const shop = await siteThatDropped("loyalty", "withdraws");
  await revoke(shop, "withdraws", { purpose: "loyalty" });
  assert.equal((await statusOf(shop, "withdraws", "loyalty")).status, "revoked");
});

test("a purpose that the site has no more can't be granted again", async () => {
  const shop = await siteThatDropped("loyalty", "grants again");
  const answer = await shop.call("POST", "/consent/grant", { body: { user_id: "grants again", purpose: "loyalty" } });
  assert.equal(refused(answer, 422, "invalid_field").field, "purpose");
});

test("whoever never decided about a purpose that the site has no more can't revoke it", async () => {
  const shop = await siteThatDropped("loyalty", "somebody else");
  const answer = await shop.call("POST", "/consent/revoke", { body: { user_id: "never asked", purpose: "loyalty" } });
  assert.equal(refused(answer, 422, "invalid_field").field, "purpose");
});

test("Global Privacy Control refuses sale_or_sharing in the USA even after a yes", async () => {
  const shop = await world.site({ purposes: ["sale_or_sharing"] });
  await grant(shop, "californian", { purpose: "sale_or_sharing" });
  const path = "/consent/californian/sale_or_sharing?country=US";
  const without = accepted(await shop.call("GET", `${path}&gpc=0`));
  const withGpc = accepted(await shop.call("GET", `${path}&gpc=1`));
  assert.deepEqual([without.allowed, withGpc.allowed, withGpc.reason], [true, false, "gpc_opt_out"]);
});

const reasonFor = async (options, query) =>
  accepted(await call(world.url, "GET", `${about("/consent", options.user)}/analytics${query}`, options)).reason;

test("the Sec-GPC header of a person's own request counts where the query does not say", async () => {
  const shop = await world.site();
  const { user, headers } = makeVisitor(shop.site, world.url);
  assert.equal(await reasonFor({ user, headers: { ...headers, "Sec-GPC": "1" } }, "?country=US"), "gpc_opt_out");
});

test("the query counts before the Sec-GPC header", async () => {
  const shop = await world.site();
  const { user, headers } = makeVisitor(shop.site, world.url);
  assert.equal(await reasonFor({ user, headers: { ...headers, "Sec-GPC": "1" } }, "?country=US&gpc=0"), "opt_out_default");
});

test("the Sec-GPC header of a backend says nothing about the person", async () => {
  const options = { user: "us-visitor", key: site.key, headers: { "Sec-GPC": "1" } };
  assert.equal(await reasonFor(options, "?country=US"), "opt_out_default");
});

test("a person is told by the rules of where their own request comes from", async () => {
  const shop = await world.site({ regime: "us_opt_out" });
  const { user, headers } = makeVisitor(shop.site, world.url);
  const { regime } = accepted(await call(world.url, "GET", `${about("/consent", user)}/analytics`, { headers }));
  assert.equal(regime, "gdpr");
});

test("the site's regime holds where no country is given", async () => {
  const shop = await world.site({ regime: "us_opt_out" });
  const { allowed, regime } = accepted(await shop.call("GET", "/consent/anybody/analytics"));
  assert.deepEqual({ allowed, regime }, { allowed: true, regime: "us_opt_out" });
});
