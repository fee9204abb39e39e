// Talking to a Worker: one call, and a site with a key to call as.

import { ADMIN_SECRET } from "./edge.mjs";

/** Every scope that a key can have so far. */
export const SCOPES = ["consent:read", "consent:write", "subject:export", "subject:erase", "audit:read", "snapshot:read", "lineage:write", "log:read"];

/**
 * One call. An object as `body` is sent as JSON; a string or bytes are sent as they are.
 *
 * @param {string} url the Worker's address
 * @param {string} method
 * @param {string} path
 * @param {{ key?: string, headers?: Record<string, string>, body?: unknown }} [options] `key` is the bearer token
 * @returns {Promise<{ status: number, headers: Headers, body: any, text: string }>} `body` is the parsed JSON, if it is JSON
 */
export async function call(url, method, path, { key, headers = {}, body } = {}) {
  const all = new Headers(headers);
  if (key !== undefined) all.set("Authorization", `Bearer ${key}`);
  const plain = body === undefined || typeof body === "string" || body instanceof Uint8Array;
  if (!plain && !all.has("Content-Type")) all.set("Content-Type", "application/json");
  const answer = await fetch(url + path, {
    method,
    headers: all,
    body: plain ? body : JSON.stringify(body),
    redirect: "manual",
  });
  const text = await answer.text();
  const json = /[/+]json\b/.test(answer.headers.get("Content-Type") ?? "");
  return { status: answer.status, headers: answer.headers, body: json ? JSON.parse(text) : undefined, text };
}

/** A call of `/admin/…` with the secret of the tests. */
export function admin(url, method, path, body) {
  return call(url, method, path, { key: ADMIN_SECRET, body });
}

/**
 * Makes a site and a key for it.
 *
 * @param {string} url the Worker's address
 * @param {{ site?: string, scopes?: string[] } & Record<string, unknown>} [options] the rest is the site's own settings:
 *   `origins`, `purposes`, `regime`, `jwks`
 * @returns what calls as that site: `{ site, key, call(method, path, options) }`
 */
export async function makeSite(url, { site = "demo", scopes = SCOPES, ...settings } = {}) {
  const wanted = { name: site, origins: [url], ...settings };
  expect(await admin(url, "PUT", `/admin/sites/${site}`, wanted), 200);
  const made = expect(await admin(url, "POST", `/admin/sites/${site}/keys`, { name: "tests", scopes }), 201);
  const { key } = made.body;
  return { site, key, call: (method, path, options) => call(url, method, path, { key, ...options }) };
}

function expect(answer, status) {
  if (answer.status !== status) {
    throw new Error(`the admin API answered ${answer.status} instead of ${status}: ${answer.text}`);
  }
  return answer;
}
