// A restore as an operator goes through it: the file of the database is put back to how it was before an erasure, beside buckets that
// stay as they are. Whoever holds something of the log from before follows it, and whoever was erased is erased again.
//
// CONSENTRY names the command; `cargo xtask test training` builds it.

import assert from "node:assert/strict";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { admin, makeSite } from "../support/client.mjs";
import { startEdge } from "../support/edge.mjs";
import { about, accepted, exportOf, followUntil, grant, statusOf } from "../api/world.mjs";
import { auditor, says } from "./auditor.mjs";

const ADA = "ada@example.com";
const BOB = "bob@example.com";
const ROWS = "shop/rows.jsonl";
const row = (user) => `${JSON.stringify({ user_id: user, text: "…" })}\n`;
const everybody = [ADA, BOB].map(row).join("");

/** An edge of whose database there is a backup. */
async function backedUp() {
  const home = await mkdtemp(join(tmpdir(), "consentry-restore-"));
  const start = () => startEdge({ directory: home, vars: { ERASURE_RETRY_MS: "50" } });
  const here = { edge: await start() };
  after(async () => {
    await here.edge.stop();
    await rm(home, { recursive: true, force: true });
  });
  const [live, copy] = [join(home, "d1"), join(home, "backup")];
  const between = async (change) => {
    await here.edge.stop();
    await change();
    here.edge = await start();
    here.site.call = (await makeSite(here.edge.url, here.settings)).call;
  };
  here.settings = { site: "shop", stores: [{ name: "rows", kind: "r2_jsonl", prefix: "shop/" }] };
  here.site = await makeSite(here.edge.url, here.settings);
  here.backup = () => between(() => cp(live, copy, { recursive: true }));
  here.restore = () =>
    between(async () => {
      await rm(live, { recursive: true });
      await cp(copy, live, { recursive: true });
    });
  here.minute = () => here.edge.cron("* * * * *");
  here.put = () => here.edge.bucket("DATA", (bucket) => bucket.put(ROWS, everybody));
  here.rows = () => here.edge.bucket("DATA", async (bucket) => (await bucket.get(ROWS)).text());
  here.evidence = async () => (await here.edge.sql("SELECT evidence FROM events WHERE evidence IS NOT NULL")).length;
  here.erased = (id) => followUntil(here.edge, here.site, id, ({ state }) => state === "done");
  return here;
}

const ORDERS = { "the log goes on first": ["log", "ledger"], "the ledger is read first": ["ledger", "log"] };

for (const [order, steps] of Object.entries(ORDERS)) {
  test(`restored to before an erasure, and ${order}: who follows the log follows on, and who was erased is erased again`, async () => {
    const here = await backedUp();
    for (const user of [ADA, BOB]) await grant(here.site, user, { context: { user_agent: `Browser of ${user}` } });
    await here.put();
    await here.minute();
    const held = await here.evidence();
    await here.backup();

    const who = await auditor(here.edge.url, here.site.key);
    const { id } = accepted(await here.site.call("POST", about("/data/delete", ADA)));
    await here.erased(id);
    const { receipt } = accepted(await here.site.call("GET", `/erasures/${id}/receipt`));
    await here.minute();
    says(await who.monitor(), 0, /all is well/);
    await cp(join(who.folder, "held"), join(who.folder, "lost"));
    assert.equal(await here.evidence(), held - 1);

    await here.restore();
    await here.put();
    assert.equal(await here.evidence(), held, "the backup holds what was removed");
    assert.equal((await here.site.call("GET", `/erasures/${id}`)).status, 404, "and nothing of its removal");
    assert.equal((await statusOf(here.site, ADA)).status, "granted");
    // Whoever audits the edge finds it where it was.
    const again = await auditor(here.edge.url, here.site.key);
    for (const name of ["held", "lost", "keys"]) await cp(join(who.folder, name), join(again.folder, name));
    await grant(here.site, BOB);

    const goOn = {
      async log() {
        says(await again.monitor(), 1, /HISTORY CHANGED: the log had/);
        accepted(await admin(here.edge.url, "POST", "/admin/log/restart"));
        says(await again.monitor(), 0, /RESTORED: .* goes on as .*; these are gone: rows \d+ to \d+ of/);
      },
      async ledger() {
        await here.minute();
        const { stores } = await here.erased(id);
        assert.deepEqual(stores.map(({ store, removed }) => [store, removed]), [["d1_evidence", 1], ["rows", 1]]);
      },
    };
    for (const step of steps) await goOn[step]();

    assert.equal(await here.evidence(), held, "hers is gone, and he granted once more");
    assert.notEqual((await statusOf(here.site, ADA)).status, "granted");
    assert.equal((await statusOf(here.site, BOB)).status, "granted");
    assert.equal(await here.rows(), row(BOB));
    const { consent_history } = await exportOf(here.site, ADA);
    assert.deepEqual(consent_history.map(({ evidence }) => evidence), ["redacted"]);

    await here.minute();
    says(await again.monitor(), 0, /all is well/);
    says(await again.verify(), 0, /verified: all/);
    says(await again.verify("--since", "lost", "--from", "0", "--to", "3"), 0, /these are gone: rows \d+ to \d+ of [^]*verified: rows 0 to 2/);
    const { receipt: second } = accepted(await here.site.call("GET", `/erasures/${id}/receipt`));
    await writeFile(join(again.folder, "jwks.json"), await (await fetch(`${here.edge.url}/.well-known/jwks.json`)).text());
    for (const one of [receipt, second]) {
      await writeFile(join(again.folder, "receipt.json"), JSON.stringify({ receipt: one }));
      says(await again.run("verify", "receipt", "--jwks", "jwks.json", "receipt.json"), 0, /verified: erasure/);
    }
  });
}
