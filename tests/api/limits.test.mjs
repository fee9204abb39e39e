// Too many calls: the platform's limiter, which counts by the minute.

import assert from "node:assert/strict";
import { test } from "node:test";
import { call } from "../support/client.mjs";
import { refused, startWorld } from "./world.mjs";

// What wrangler.toml allows one person.
const LIMIT = 600;

const minute = () => Math.floor(Date.now() / 60_000);

/** Does something within one minute of the clock, and again if it turned meanwhile: the limiter here forgets what it counted then. */
async function withinAMinute(act) {
  for (let n = 0; n < 5; n += 1) {
    const begun = minute();
    const result = await act();
    if (minute() === begun) return result;
  }
  return assert.fail("what is done within a minute took longer five times");
}

test("a caller over the limit gets 429 with Retry-After, and nothing is stored", async () => {
  const world = await startWorld({ rateLimits: true });
  const origin = "https://shop.example";
  const site = await world.site({ origins: [origin] });
  const anonymous = { site: site.site, secret: "A".repeat(43) };
  const visitor = { headers: { "Consentry-Site": anonymous.site, "Consentry-Secret": anonymous.secret, Origin: origin } };
  const read = () => call(world.url, "GET", "/consent/nobody", visitor);
  const write = () => {
    const decisions = [{ purpose: "analytics", status: "granted" }];
    return call(world.url, "POST", "/consent", { headers: { Origin: origin }, body: { anonymous, decisions } });
  };

  const { reads, before, written, events } = await withinAMinute(async () => {
    const reads = [];
    for (let n = 0; n <= LIMIT; n += 20) reads.push(...(await Promise.all(Array.from({ length: 20 }, read))));
    const before = await world.events();
    return { reads, before, written: await write(), events: await world.events() };
  });
  const over = reads.filter(({ status }) => status === 429);
  assert.ok(over.length > 0 && reads.length - over.length <= LIMIT, `${over.length} of ${reads.length} were refused`);
  for (const answer of over) {
    refused(answer, 429, "rate_limited");
    assert.match(answer.headers.get("Retry-After"), /^[1-9][0-9]*$/);
  }
  refused(written, 429, "rate_limited");
  assert.equal(events, before);

  const backend = await site.call("POST", "/consent/grant", { body: { user_id: "u1", purpose: "analytics" } });
  assert.equal(backend.status, 201, "the site's backend has a limit of its own");
});
