// Too many calls: the platform's limiter, which counts by the minute.

import assert from "node:assert/strict";
import { test } from "node:test";
import { call } from "../support/client.mjs";
import { refused, startWorld } from "./world.mjs";

// What wrangler.toml allows one person.
const LIMIT = 600;

test("a caller over the limit gets 429 with Retry-After, and nothing is stored", async () => {
  const world = await startWorld({ rateLimits: true });
  const origin = "https://shop.example";
  const site = await world.site({ origins: [origin] });
  const visitor = {
    headers: { "Consentry-Site": site.site, "Consentry-Secret": "A".repeat(43), Origin: origin },
  };
  const read = () => call(world.url, "GET", "/consent/nobody", visitor);
  let answer;
  for (let n = 0; n < LIMIT + 5; n += 1) {
    answer = await read();
    if (answer.status === 429) break;
  }
  refused(answer, 429, "rate_limited");
  assert.match(answer.headers.get("Retry-After"), /^[1-9][0-9]*$/);

  const before = await world.events();
  const decisions = [{ purpose: "analytics", status: "granted" }];
  const write = { headers: { Origin: origin }, body: { anonymous: { site: site.site, secret: "A".repeat(43) }, decisions } };
  refused(await call(world.url, "POST", "/consent", write), 429, "rate_limited");
  assert.equal(await world.events(), before);

  const backend = await site.call("POST", "/consent/grant", { body: { user_id: "u1", purpose: "analytics" } });
  assert.equal(backend.status, 201, "the site's backend has a limit of its own");
});
