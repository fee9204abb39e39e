// What a visitor's browser is to keep once they decided elsewhere: which decisions and erasures reach it, and what it can't be told.

import assert from "node:assert/strict";
import { test } from "node:test";
import { call } from "../support/client.mjs";
import { makeVisitor } from "./people.mjs";
import { about, accepted, refused, startWorld } from "./world.mjs";

const world = await startWorld();
const ORIGIN = "https://shop.example";
const site = await world.site({ origins: [ORIGIN] });

const choiceOf = (answers) =>
  `1 3 ${Object.entries(answers).map(([purpose, [status, at, mark]]) => `${purpose}=${status}@${at}${mark ?? ""}`).join(" ")}`;

/** What a browser of a visitor is to keep. */
const ask = (visitor, choices, more = {}, headers = { Origin: ORIGIN }) =>
  call(world.url, "POST", "/consent/choice", { headers, body: { anonymous: visitor.proof, choices, ...more } });
const kept = async (...asked) => accepted(await ask(...asked)).choice;

/** A visitor who said yes to statistics on a banner just now, and what their browser keeps. */
async function arrive() {
  const visitor = makeVisitor(site.site, ORIGIN);
  const at = Date.now() - 5000;
  const decisions = [{ purpose: "analytics", status: "granted", decided_at: new Date(at).toISOString() }];
  const body = { anonymous: visitor.proof, decisions };
  accepted(await call(world.url, "POST", "/consent", { headers: { Origin: ORIGIN }, body }));
  return { visitor, at, choice: choiceOf({ analytics: ["granted", at] }) };
}

/** Decides as the person's own page does; when that was. */
async function decide(visitor, purpose, status) {
  const body = { user_id: visitor.user, decisions: [{ purpose, status }], shown: { surface: "page" } };
  const headers = { ...visitor.headers, Origin: world.url };
  const { records } = accepted(await call(world.url, "POST", "/consent", { headers, body }));
  return Date.parse(records[0].timestamp);
}

test("whoever decided nothing elsewhere keeps what they have", async () => {
  const { visitor, choice } = await arrive();
  assert.equal(await kept(visitor, [choice]), choice);
});

test("a no on the person's own page takes the yes of the banner back, and a yes after it counts", async () => {
  const { visitor, choice } = await arrive();
  const no = await decide(visitor, "analytics", "revoked");
  const without = choiceOf({ analytics: ["revoked", no] });
  assert.equal(await kept(visitor, [choice]), without);
  const yes = await decide(visitor, "analytics", "granted");
  assert.equal(await kept(visitor, [without]), choiceOf({ analytics: ["granted", yes] }));
});

test("of storage and cookie the later one counts, and what can't be read is none", async () => {
  const { visitor, at, choice } = await arrive();
  const later = choiceOf({ analytics: ["revoked", at + 1] });
  assert.equal(await kept(visitor, [choice, later]), later);
  assert.equal(await kept(visitor, ["nonsense", choice]), choice);
});

test("an erasure leaves no yes, and no silence that could pass for one", async () => {
  const { visitor, at } = await arrive();
  const choice = choiceOf({ analytics: ["granted", at], inference: ["revoked", at] });
  const before = Date.now();
  accepted(await call(world.url, "POST", about("/data/delete", visitor.user), { headers: { ...visitor.headers, Origin: world.url } }));
  const text = await kept(visitor, [choice], { purposes: ["analytics", "inference", "personalization"] });
  const [, , analytics, inference, personalization] = text.split(" ");
  assert.equal(inference, `inference=revoked@${at}`);
  for (const [name, answer] of Object.entries({ analytics, personalization })) {
    const [, moment] = new RegExp(`^${name}=revoked@(\\d+)@old$`).exec(answer);
    assert.ok(+moment >= before && +moment <= Date.now(), answer);
  }
});

test("a browser that wants a cookie of it gets one", async () => {
  const { visitor, choice } = await arrive();
  const no = await decide(visitor, "analytics", "revoked");
  const answer = await ask(visitor, [choice], { cookie: {} });
  const [pair] = answer.headers.getSetCookie()[0].split("; ");
  assert.equal(pair, `consentry.${site.site}=${encodeURIComponent(`${visitor.secret} ${choiceOf({ analytics: ["revoked", no] })}`)}`);
  assert.equal(answer.headers.get("Access-Control-Allow-Credentials"), "true");
  assert.deepEqual((await ask(visitor, [choice])).headers.getSetCookie(), []);
});

test("it is a read: it leaves one event and decides nothing", async () => {
  const { visitor, choice } = await arrive();
  const before = await world.events();
  await kept(visitor, [choiceOf({ analytics: ["revoked", Date.now()] })]);
  assert.equal(await world.events(), before + 1);
  const { audit_trail: trail } = accepted(await site.call("GET", about("/audit", visitor.user)));
  assert.deepEqual(trail.map(({ action }) => action).slice(0, 2), ["consent_granted", "consent_read"]);
  assert.equal(await kept(visitor, [choice]), choice);
});

test("nobody hears of another visitor, and no page of another origin hears of anybody", async () => {
  const { visitor, choice } = await arrive();
  const other = makeVisitor(site.site, ORIGIN);
  await world.denied(() => ask(other, [choice], { user_id: visitor.user }), [403]);
  await world.denied(() => ask(visitor, [choice], {}, { Origin: "https://evil.example" }), [403]);
  await world.denied(() => ask({ proof: undefined }, [choice]), [401]);
});

const WRONG = {
  choices: [[[]], [["", "nonsense"]], [["a", "b", "c"]]],
  purposes: [[undefined, { purposes: ["No Name"] }], [undefined, { purposes: Array.from({ length: 33 }, (_, at) => `purpose_${at}`) }]],
  "cookie.domain": [[undefined, { cookie: { domain: "example.org" } }]],
  "cookie.path": [[undefined, { cookie: { path: "/" } }]],
};
for (const [field, cases] of Object.entries(WRONG)) {
  test(`what is wrong in ${field} is refused, and nothing is read`, async () => {
    const { visitor, choice } = await arrive();
    for (const [choices = [choice], more] of cases) {
      const before = await world.events();
      assert.equal(refused(await ask(visitor, choices, more), 422, "invalid_field").field, field);
      assert.equal(await world.events(), before);
    }
  });
}
