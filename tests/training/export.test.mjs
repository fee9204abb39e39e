// A person with 100,000 events, exported in each form from real workerd and verified by the command: whole, and with less memory than
// a Worker has, because a page of events is held at a time.
//
// What is measured is by how much the process of workerd grows over all of it, once it has made the same forms of a short history. D1 and
// the runtime's other isolates are in that process, and nobody collects garbage there before there must be, so the Worker's own
// isolate holds less than what is measured. CONSENTRY names the command; `cargo xtask test training` builds it.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createWriteStream } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { after, test } from "node:test";
import { promisify } from "node:util";
import { leafHash } from "../api/leaf.mjs";
import { about, accepted, grant, startWorld } from "../api/world.mjs";

const EVENTS = 100_000;
/** What a Worker may use, in bytes. */
const LIMIT = 128 * 2 ** 20;
const FORMS = { json: "&limit=all", jsonld: "", csv: "", html: "" };
const user = "long@example.com";

const world = await startWorld();
const site = await world.site();
await grant(site, "short@example.com");
for (const format of Object.keys(FORMS)) await (await exported("short@example.com", format)).text();
const folder = await mkdtemp(join(tmpdir(), "export-"));
after(() => rm(folder, { recursive: true, force: true }));
await seed();
const before = await world.edge.peak();
await writeFile(join(folder, "keys.json"), await (await fetch(`${world.url}/.well-known/jwks.json`)).text());

/** Copies a decision of the person until there are enough, each with an id and a leaf of its own. */
async function seed() {
  const { log_index: place } = await grant(site, user);
  const [row] = await world.edge.sql("SELECT *, lower(hex(subject)) AS subject, (SELECT max(log_index) FROM events) AS last FROM events WHERE log_index = ?", place);
  const page = accepted(await site.call("GET", about("/audit", user)));
  let index = page.until;
  for (let made = 0; made < EVENTS; ) {
    const some = [];
    for (; some.length < 2500 && made < EVENTS; made += 1) {
      const at = row.created_at + made;
      const granted = made % 2 === 1;
      const event = {
        id: `${at.toString(16).padStart(12, "0").replace(/^(.{8})/, "$1-")}-7000-8000-${made.toString(16).padStart(12, "0")}`,
        action: granted ? "consent_granted" : "consent_revoked", purpose: "analytics", status: granted ? "granted" : "revoked",
        legal_basis: "consent", timestamp: new Date(at).toISOString(), performed_by: "user", details: { shown: { regime: "gdpr" } },
      };
      some.push({ index: (index += 1), id: event.id, kind: event.action, status: event.status, at, details: JSON.stringify(event.details), leaf: leafHash(page, event) });
    }
    await world.edge.sql(
      `INSERT INTO events (log_index, id, site, kind, subject, key_id, purpose, status, legal_basis, created_at, actor, details, leaf_hash)
       SELECT value ->> 'index', value ->> 'id', ?2, value ->> 'kind', unhex(?3), ?4, 'analytics', value ->> 'status', 'consent', value ->> 'at', 'user',
       value ->> 'details', unhex(value ->> 'leaf') FROM json_each(?1)`,
      JSON.stringify(some), row.site, row.subject, row.key_id,
    );
  }
}

function exported(user, format) {
  return fetch(`${world.url}${about("/data/export", user)}?format=${format}${FORMS[format]}`, { headers: { Authorization: `Bearer ${site.key}` } });
}

for (const format of Object.keys(FORMS)) {
  test(`as ${format} it is streamed in less memory than a Worker has while others are answered, and its digest is right`, async (t) => {
    const file = join(folder, `export.${format}`);
    const answer = await exported(user, format);
    assert.equal(answer.status, 200);
    let whole = false;
    const kept = pipeline(Readable.fromWeb(answer.body), createWriteStream(file)).then(() => (whole = true));
    assert.equal((await fetch(`${world.url}/healthz`)).status, 200);
    assert.ok(!whole, "another request was answered only when the export was over");
    await kept;
    const grown = (await world.edge.peak()) - before;
    t.diagnostic(`${format}: workerd has grown by ${(grown / 2 ** 20).toFixed(1)} MiB so far`);
    assert.ok(grown < LIMIT, `${grown} bytes`);
    const { stdout, stderr } = await promisify(execFile)(process.env.CONSENTRY, ["verify", "export", "--jwks", "keys.json", file], { cwd: folder });
    const verified = stdout + stderr;
    assert.match(verified, /1 files are as they were signed/);
    if (format.startsWith("json")) assert.ok(Number(/verified: (\d+) entries/.exec(verified)[1]) > EVENTS, verified);
  });
}
