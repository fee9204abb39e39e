// Leaf v1 a second time, written from the table in src/log.rs alone: what a customer would write to check an export.

import { createHash, createHmac } from "node:crypto";

const number = (value, bytes) => {
  const out = Buffer.alloc(bytes);
  if (bytes === 8) out.writeBigUInt64BE(BigInt(value));
  else out.writeUIntBE(value, 0, bytes);
  return out;
};
const text = (value) => Buffer.concat([number(Buffer.byteLength(value), 4), Buffer.from(value)]);
const hex = (value) => Buffer.from(value, "hex");
const option = (value, write) => (value === undefined || value === null ? number(0, 1) : Buffer.concat([number(1, 1), write(value)]));
const time = (value) => number(Date.parse(value), 8);

/**
 * The RFC 6962 hash of an event's leaf.
 *
 * @param {object} page the page of an export: `log`, `site`, `subject`, `subject_key_id`
 * @param {object} event an entry of its audit trail; names its own `subject` where that is a visitor
 */
export function leafHash(page, event) {
  const leaf = Buffer.concat([
    number(1, 1),
    text(page.log),
    option(page.site, text),
    hex(event.id.replaceAll("-", "")),
    text(event.action),
    option(event.subject ?? page.subject, (subject) => Buffer.concat([hex(subject), number(page.subject_key_id, 2)])),
    option(event.purpose, text),
    option(event.status, text),
    option(event.legal_basis, text),
    option(event.notice_hash, hex),
    time(event.timestamp),
    option(event.decided_at, time),
    text(event.performed_by),
    text(canonical(event.details)),
    option(event.evidence_commitment, hex),
  ]);
  return createHash("sha256").update(number(0, 1)).update(leaf).digest("hex");
}

/** What stands for evidence in a leaf, from the stored form of it (src/evidence.rs). */
export function commitment({ salt, ip_address, user_agent, country, gpc }) {
  const bytes = Buffer.concat([option(ip_address, text), option(user_agent, text), option(country, text), number(gpc ? 1 : 0, 1)]);
  return createHmac("sha256", hex(salt)).update(bytes).digest("hex");
}

/** RFC 8785 for the values that occur here: texts, whole numbers, lists and objects. */
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const pairs = Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`);
  return `{${pairs.join(",")}}`;
}
