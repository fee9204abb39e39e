// Erasing a person's vectors from an index that finds them by nothing but the ids that were registered. Real workerd with its own client
// of Vectorize; the index behind it is a model.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { block, type } from "../support/guide.mjs";
import { startIndex } from "../support/vectorize.mjs";
import { about, accepted, grant, refused, startWorld } from "./world.mjs";

const index = await startIndex({ delay: 20 });
after(() => index.stop());
const world = await startWorld({
  vars: { ERASURE_RETRY_MS: "50", ERASURE_VECTORS_DELAY_MS: "60" },
  indexes: { VECTORS_FAQ: index.url },
});
const { edge, until } = world;
const stores = [{ name: "faq", kind: "vectorize", binding: "VECTORS_FAQ" }];

const register = (site, body) => site.call("POST", "/vectors", { body: { store: "faq", ...body } });
const erase = async (site, user) => accepted(await site.call("POST", about("/data/delete", user))).id;
const done = ({ state }) => state === "done";

/** Registers vectors and writes them, as a pipeline does. */
async function write(site, user, count) {
  const ids = Array.from({ length: count }, (_, i) => `${site.site}-${user}-${i}`);
  assert.deepEqual(accepted(await register(site, { vectors: [{ user_id: user, ids }] })), { registered: count, removed: 0, refused: [] });
  for (const id of ids) index.ids.add(id);
  return ids;
}

test("the person's vectors go from the index, and those of nobody else", async () => {
  const site = await world.site({ stores });
  await grant(site, "ada");
  await write(site, "ada", 230);
  const others = [...(await write(site, "ada1", 2)), ...(await write(site, "bob", 2))];
  index.calls.length = 0;
  const id = await erase(site, "ada");
  const { stores: [, faq] } = await until(site, id, done);
  assert.deepEqual([faq.found, faq.removed], [230, 230]);
  assert.deepEqual([...index.ids], others);
  assert.ok(index.calls.every(([, ids]) => ids.every((id) => id.startsWith(`${site.site}-ada-`))), "others were asked for");
  const { vectors } = accepted(await site.call("GET", about("/lineage/holding", "ada")));
  assert.deepEqual(vectors, []);
  const { receipt } = accepted(await site.call("GET", `/erasures/${id}/receipt`));
  const said = JSON.parse(Buffer.from(receipt.split(".")[1], "base64url")).stores[1];
  assert.deepEqual([said.kind, said.removed, said.counts, said.verified], ["vectorize", 230, "exact", "fetched_again_after_delay"]);
});

test("an index that is away is tried again, and the person's vectors go once it is back", async () => {
  const site = await world.site({ stores });
  await write(site, "ada", 3);
  index.up = false;
  const id = await erase(site, "ada");
  const { state } = await until(site, id, ({ stores: [, faq] }) => faq.state === "failed");
  assert.equal(state, "partly_done");
  assert.ok(edge.output.some((line) => line.includes("VECTOR_DELETE_ERROR")), edge.output.join("\n"));
  index.up = true;
  const { stores: [, faq] } = await until(site, id, done);
  assert.equal(faq.removed, 3);
  assert.ok(![...index.ids].some((one) => one.startsWith(site.site)));
});

test("nobody's vectors are registered after their data was erased, until they grant something again", async () => {
  const site = await world.site({ stores });
  await grant(site, "ada");
  await until(site, await erase(site, "ada"), done);
  const vectors = [{ user_id: "bob", ids: ["b"] }, { user_id: "ada", ids: ["a"] }];
  assert.deepEqual(accepted(await register(site, { vectors })), { registered: 1, removed: 0, refused: [1] });
  await sleep(5);
  await grant(site, "ada");
  assert.deepEqual(accepted(await register(site, { vectors })).refused, []);
});

test("the guide's command registers vectors", async () => {
  const site = await world.site({ stores });
  const places = { "https://consent.example.com": edge.url };
  const answer = await type(await block("erasure.md", "sh", "/vectors"), { places, env: { LINEAGE: site.key } });
  assert.deepEqual(answer.json(), { registered: 3, removed: 1, refused: [] });
});

test("only a backend with the scope registers, and what can't be is refused by its field", async () => {
  const site = await world.site({ stores });
  const vectors = [{ user_id: "ada", ids: ["x"] }];
  await world.denied(() => site.call("POST", "/vectors", { key: "wrong", body: { store: "faq", vectors } }), [401]);
  const none = await world.site({});
  assert.equal(refused(await register(none, { vectors }), 422, "invalid_field").field, "store");
  const long = [{ user_id: "ada", ids: ["x".repeat(65)] }];
  assert.equal(refused(await register(site, { vectors: long }), 422, "invalid_field").field, "vectors[0].ids[0]");
});
