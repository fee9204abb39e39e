// What tests of the log share: whoever audits it with the command, and changing a database past its triggers.
//
// CONSENTRY names the command; `cargo xtask test training` builds it.

import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { run, start } from "./beside.mjs";

const TRIGGERS = ["events_refuse_delete", "events_refuse_update", "events_refuse_replace", "events_refuse_gap", "log_head_refuse_less"];

/** A folder in which the command is run, with the keys of one of an edge's logs as somebody noted them once. */
export async function auditor(url, key, log = 0) {
  const folder = await mkdtemp(join(tmpdir(), "consentry-auditor-"));
  after(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, "keys"), await (await fetch(`${url}/log/key?log=${log}`)).text());
  await writeFile(join(folder, "api-key"), `${key}\n`);
  const which = log === 0 ? [] : ["--log", String(log)];
  const monitor = ["monitor", "--url", url, "--key-file", "keys", "--state", "held", ...which];
  return {
    folder,
    run: (...args) => run(folder, args),
    monitor(...args) {
      return this.run(...monitor, "--once", ...args);
    },
    /** Begins to follow the log; a process that goes on. */
    follow: (...args) => start(folder, [...monitor, ...args]),
    verify(...args) {
      return this.run("verify", "log", "--key-file", "keys", "--api", url, "--api-key-file", "api-key", ...which, ...args);
    },
    read: (name) => readFile(join(folder, name), "utf8"),
  };
}

export function says({ code, said }, wanted, pattern) {
  assert.equal(code, wanted, said);
  assert.match(said, pattern);
}

/** Changes the first database of an edge past its triggers. */
export const past = (edge, ...statements) => pastOn(edge, 0, ...statements);

/** The same of any of them, by its number. */
export async function pastOn(edge, number, ...statements) {
  for (const trigger of TRIGGERS) await edge.sqlOn(number, `DROP TRIGGER IF EXISTS ${trigger}`);
  for (const statement of statements) await edge.sqlOn(number, statement);
}

/** Sets a database back to where it was when `head` was signed and there were so many rows. */
export async function rollBack(edge, kept, head, number = 0) {
  await pastOn(edge, number, `DELETE FROM events WHERE log_index >= ${kept}`, `DELETE FROM log_origins WHERE first >= ${kept}`, "DELETE FROM log_head");
  await edge.sqlOn(
    number,
    "INSERT INTO log_head (id, size, root, note, key, signed_at) VALUES (0, ?, unhex(?), ?, ?, ?)",
    head.size, Buffer.from(head.root).toString("hex"), head.note, head.key, head.signed_at,
  );
}
