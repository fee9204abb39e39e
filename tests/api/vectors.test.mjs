// The published cases of tests/vectors through the API: records go in by POST, answers come out by GET.
//
// The service has a clock of its own, so every case is moved in time until its "now" is the real one, and a record's own
// time is given as decided_at. What that can't express is listed by name with the reason: those cases are held against the
// Worker's code on the host, where the clock is set. The list is checked, so that no case leaves this test unseen.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { PURPOSES, about, accepted, refused, startWorld } from "./world.mjs";

const world = await startWorld();
const site = await world.site({ purposes: ["sale_or_sharing", "fraud_checks"] });

const load = (name) => JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url)));
const PLACE = {
  gdpr: "country=DE",
  uk: "country=GB",
  ch: "country=CH",
  us_ca: "country=US&region=CA",
  us_opt_out: "country=US&region=TX",
  br: "country=BR",
  ca_qc: "country=CA&region=QC",
  ca: "country=CA&region=ON",
  default: "country=ZZ",
};
const months = (regime) => (regime.startsWith("us_") ? 12 : 6);
const DAY = 86_400_000;

const effective = (record) => Math.min(Date.parse(record.decided_at ?? record.created_at), Date.parse(record.created_at));

/** Why the API can't express a case; undefined if it can. */
function obstacle({ records, regime, now, legal_basis, erased_at }) {
  const end = Date.parse(now);
  if (legal_basis) return "the API decides as for consent";
  const inOrder = records.toSorted((a, b) => a.log_index - b.log_index);
  if (end > Date.parse("9999-01-01")) return "the end of time can't be moved";
  let revoked = -Infinity;
  for (const record of inOrder) {
    const at = effective(record);
    // Calendar months differ by up to three days, so a case that is moved keeps its answer only at some distance.
    const age = (end - at) / DAY;
    if (record.status === "granted" && Math.abs(age - months(regime) * 30.44) < 5) return "expires about now";
    if (at > end) return "records from the future";
    // The service erases now, and the case's own now is the real one.
    if (record.status === "granted" && at > Date.parse(erased_at ?? now)) return "a grant between an erasure and now";
    if (record.status === "revoked") revoked = Math.max(revoked, at);
    else if (record.decided_at === undefined && at <= revoked) return "records out of the server's order";
  }
  return undefined;
}

/** Records a case's decisions about a new person; gives the person and how far the case was moved. */
async function replay(name, { records, now, erased_at }) {
  const user = `vector: ${name}`.slice(0, 200);
  const move = Date.now() - Date.parse(now);
  let erasure = erased_at;
  const erase = async (until) => {
    if (!(Date.parse(erasure) < Date.parse(until))) return;
    erasure = undefined;
    accepted(await site.call("POST", about("/data/delete", user)));
  };
  for (const record of records.toSorted((a, b) => a.log_index - b.log_index)) {
    await erase(record.created_at);
    const { purpose, status, legal_basis, over_gpc } = record;
    const decided_at = new Date(effective(record) + move).toISOString();
    accepted(await site.call("POST", "/consent", { body: { user_id: user, decisions: [{ purpose, status, legal_basis, decided_at, over_gpc }] } }));
  }
  await erase(now);
  return { user, moved: (time) => time && new Date(Date.parse(time) + move).toISOString() };
}

const query = ({ regime, gpc }) => `?${PLACE[regime]}&gpc=${gpc ? 1 : 0}`;
const left = new Map();

for (const vector of load("status")) {
  const why = obstacle(vector);
  if (why) {
    left.set(`status: ${vector.name}`, why);
    continue;
  }
  test(`status: ${vector.name}`, async () => {
    const { user, moved } = await replay(vector.name, vector);
    const { consent } = accepted(await site.call("GET", about("/consent", user) + query(vector)));
    for (const [purpose, { status, reason, updated_at }] of Object.entries(vector.current)) {
      const expected = { status, reason, ...(updated_at && { updated_at: moved(updated_at) }) };
      assert.deepEqual(consent[purpose], expected, purpose);
    }
  });
}

for (const vector of load("decide")) {
  const why = obstacle(vector);
  if (why) {
    left.set(`decide: ${vector.name}`, why);
    continue;
  }
  test(`decide: ${vector.name}`, async () => {
    const { user, moved } = await replay(vector.name, vector);
    const path = `${about("/consent", user)}/${vector.purpose}${query(vector)}`;
    const { allowed, status, reason, regime, updated_at, expires_at } = accepted(await site.call("GET", path));
    const wanted = vector.decision;
    assert.deepEqual(
      { allowed, status, reason, regime, updated_at },
      { allowed: wanted.allowed, status: wanted.status, reason: wanted.reason, regime: vector.regime, updated_at: moved(wanted.updated_at) },
    );
    // Moving a case by days is not moving it by months, so only whether it expires is compared.
    assert.equal(expires_at === undefined, wanted.expires_at === undefined);
  });
}

test("subject: every user id that the vectors refuse is refused", async () => {
  for (const { user_id, code } of load("subject").refused_user_ids) {
    const answer = await site.call("POST", "/consent/grant", { body: { user_id, purpose: PURPOSES[0] } });
    assert.equal(refused(answer, 422, "invalid_field").field, "user_id", code);
  }
});

test("subject: every visitor's secret that the vectors refuse is refused", async () => {
  for (const secret of load("subject").refused_secrets) {
    const body = { anonymous: { site: site.site, secret }, purpose: PURPOSES[0] };
    const options = { body, key: undefined, headers: { Origin: world.url } };
    const answer = await site.call("POST", "/consent/grant", options);
    assert.ok([401, 422].includes(answer.status), answer.text);
  }
});

test("the cases that the API can't express are exactly these", () => {
  // Pairs of a millisecond before and after an expiry in calendar months.
  const instants = /^decide: .*: (it stands until then|then it is over)$/;
  const grounds = /^decide: (legitimate interest|contract): /;
  const after = (regime, purpose) =>
    `decide: ${regime}: a yes to ${purpose} after an erasure stands: a grant between an erasure and now`;
  const named = ([name]) => !instants.test(name) && !grounds.test(name);
  const others = [...left].filter(named).map(([name, why]) => `${name}: ${why}`);
  const known = [
    "decide: a grant from a clock that is ahead of ours stands: records from the future",
    "decide: gdpr: a late yes from before an erasure, over one from after it, is ended by it: a grant between an erasure and now",
    ...["default", "gdpr", "us_opt_out"].flatMap((regime) => ["analytics", "model_training"].map((purpose) => after(regime, purpose))),
    "status: a grant a millisecond after an erasure stands: a grant between an erasure and now",
    "status: a grant after an erasure counts again: a grant between an erasure and now",
    "status: a grant without a time of its own overrides a revocation recorded in the same millisecond: records out of the server's order",
    "status: a yes expires by when it was decided, not by when it was recorded: expires about now",
    "status: a yes is over at the instant it expires: expires about now",
    "status: a yes stands until the millisecond before it expires: expires about now",
    "status: the strict regime counts six months: expires about now",
    "status: under opt-out a yes stands for twelve months: expires about now",
  ];
  assert.deepEqual(others.toSorted(), known.toSorted());
});

test("a grant is over after six calendar months, which the answer names to the millisecond", async () => {
  // As far as months can be seen from now: the day is one that every month has.
  const decided = new Date();
  decided.setUTCMonth(decided.getUTCMonth() - 1, 7);
  const expires = new Date(decided);
  expires.setUTCMonth(expires.getUTCMonth() + 6);
  const body = { user_id: "months", purpose: "analytics", decided_at: decided.toISOString() };
  accepted(await site.call("POST", "/consent/grant", { body }));
  const { expires_at } = accepted(await site.call("GET", "/consent/months/analytics?country=DE"));
  assert.equal(expires_at, expires.toISOString());
});
