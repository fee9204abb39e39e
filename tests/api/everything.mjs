// A person with a bit of everything, for the tests of exports: decisions, words that were shown, evidence, a visitor.

import { createHash } from "node:crypto";
import { makeVisitor } from "./people.mjs";
import { accepted, grant, revoke } from "./world.mjs";

/** What a spreadsheet or a browser would stumble over, as the name of a browser. */
export const EVIL = `=cmd|'/C calc'!A0 "quoted", <img src=x onerror=alert(1)>`;

export const NOTICE = {
  version: 4,
  language: "de",
  texts: ["Ihre <b>Wahl</b>"],
  purposes: [{ purpose: "analytics", title: "Statistik", description: "Wir zählen.", legal_basis: "consent" }],
};

/**
 * @param {string} url the edge's
 * @param {{ site: string, call: Function }} site one that lets visitors of `origin` decide
 */
export async function everything(url, site, user, { origin = "https://shop.example", agent = EVIL } = {}) {
  const hash = hashOf(NOTICE);
  await grant(site, user, { context: { user_agent: agent, ip_address: "203.0.113.9", country: "AT", gpc: true }, notice: { version: 4, language: "de", hash } });
  accepted(await site.call("PUT", `/notices/${hash}`, { body: NOTICE }));
  const visitor = makeVisitor(site.site, origin);
  const decided = { anonymous: visitor.proof, decisions: [{ purpose: "inference", status: "granted" }] };
  const answer = await fetch(`${url}/consent`, { method: "POST", headers: { Origin: origin, "Content-Type": "application/json" }, body: JSON.stringify(decided) });
  if (answer.status !== 201) throw new Error(await answer.text());
  accepted(await site.call("POST", "/identity/link", { body: { user_id: user, anonymous: visitor.proof } }));
  await revoke(site, user);
  return { hash, visitor };
}

/** The hash that a record names a notice by (src/notice.rs). */
function hashOf({ version, language, texts, purposes }) {
  const number = (value) => Buffer.from([value >>> 24, value >>> 16, value >>> 8, value]);
  const text = (words) => Buffer.concat([number(Buffer.byteLength(words)), Buffer.from(words)]);
  const parts = [Buffer.from("consentry-notice-v1"), number(version), text(language), number(texts.length), ...texts.map(text), number(purposes.length)];
  for (const { purpose, title, description, legal_basis: basis } of purposes) parts.push(...[purpose, title, description, basis].map(text));
  return createHash("sha256").update(Buffer.concat(parts)).digest("hex");
}
