// What the API tests share: a Worker with a database of its own for each file, sites in it, and the shape of a problem.
// Leaves starting the Worker and calling it to `tests/support`.

import assert from "node:assert/strict";
import { after } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { makeSite } from "../support/client.mjs";
import { startEdge } from "../support/edge.mjs";

/** The purposes that every site has, in the order of their names. */
export const PURPOSES = ["analytics", "inference", "model_training", "personalization"];

/**
 * Starts a Worker that ends with the test file.
 *
 * @param {object} [options] as `startEdge` takes them
 */
export async function startWorld(options) {
  const edge = await startEdge(options);
  after(() => edge.stop());
  let sites = 0;
  const events = async () => (await edge.sql("SELECT count(*) AS count FROM events"))[0].count;
  return {
    edge,
    url: edge.url,
    /** A new site with a key that may do everything. */
    site: (settings) => makeSite(edge.url, { site: `site${++sites}`, ...settings }),
    /** How many events the log holds. */
    events,
    /** Waits until an erasure is as it should be, sweeping meanwhile as the cron does; the erasure. */
    until: (site, id, holds) => followUntil(edge, site, id, holds),
    /** Makes a call that must be refused with one of these statuses and leave nothing. */
    async denied(ask, statuses) {
      const before = await events();
      const answer = await ask();
      assert.ok(statuses.includes(answer.status), `${answer.status}: ${answer.text}`);
      refused(answer, answer.status, answer.body.code);
      assert.equal(await events(), before, "a refused call stored an event");
    },
  };
}

/** Waits until an erasure at an edge is as it should be, sweeping meanwhile as the cron does; the erasure. */
export async function followUntil(edge, site, id, holds) {
  let erasure;
  for (let i = 0; i < 100; i += 1) {
    erasure = accepted(await site.call("GET", `/erasures/${id}`));
    if (holds(erasure)) return erasure;
    await edge.cron("* * * * *");
    await sleep(50);
  }
  return assert.fail(JSON.stringify(erasure, null, 1));
}

/** The path of something about a person. */
export function about(path, user) {
  return `${path}/${encodeURIComponent(user)}`;
}

/** Says yes to a purpose as the site's backend; the whole answer. */
export async function grant(site, user, more = {}) {
  return accepted(await site.call("POST", "/consent/grant", { body: { user_id: user, purpose: "analytics", ...more } }));
}

/** Says no to a purpose as the site's backend; the whole answer. */
export async function revoke(site, user, more = {}) {
  return accepted(await site.call("POST", "/consent/revoke", { body: { user_id: user, purpose: "analytics", ...more } }));
}

/** What holds for one purpose of a person. */
export async function statusOf(site, user, purpose = "analytics") {
  return accepted(await site.call("GET", about("/consent", user))).consent[purpose];
}

/** The first page of everything that is held about a person. */
export async function exportOf(site, user) {
  return accepted(await site.call("GET", about("/data/export", user)));
}

/** The body of an answer that must be a success. */
export function accepted(answer) {
  assert.ok(answer.status >= 200 && answer.status < 300, `${answer.status}: ${answer.text}`);
  return answer.body;
}

/** Checks that a call was refused with a whole problem document (RFC 9457); gives the document. */
export function refused(answer, status, code) {
  assert.equal(answer.status, status, answer.text);
  assert.match(answer.headers.get("Content-Type"), /^application\/problem\+json\b/);
  const { type, title, detail } = answer.body;
  assert.deepEqual(
    { type, status: answer.body.status, code: answer.body.code },
    { type: `urn:consentry:problem:${code}`, status, code },
  );
  for (const [name, text] of Object.entries({ title, detail })) {
    assert.ok(typeof text === "string" && text.length > 0, `${name} says nothing: ${answer.text}`);
  }
  return answer.body;
}

/** Everything that can be done about a person: method, path, body. */
export function waysToReach(user) {
  return [
    ["GET", about("/consent", user)],
    ["GET", `${about("/consent", user)}/analytics`],
    ["GET", about("/data/export", user)],
    ["GET", about("/audit", user)],
    ["POST", about("/data/delete", user)],
    ["POST", "/consent/grant", { user_id: user, purpose: "analytics" }],
    ["POST", "/consent/revoke", { user_id: user, purpose: "analytics" }],
    ["POST", "/consent/choice", { user_id: user, choices: ["1 3 analytics=granted@1795000000000"] }],
    ["POST", "/consent", { user_id: user, decisions: [{ purpose: "analytics", status: "granted" }] }],
  ];
}
