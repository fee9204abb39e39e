// The log refuses change, whoever asks: plain SQL on the database, past the Worker.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { exportOf, grant, startWorld } from "./world.mjs";

const world = await startWorld();
const { edge } = world;
const refusal = /events are append-only/;

const COLUMNS = {
  log_index: "100",
  id: "'x'",
  site: "'other'",
  kind: "'consent_revoked'",
  subject: "x'00'",
  key_id: "2",
  purpose: "'inference'",
  status: "'revoked'",
  legal_basis: "'contract'",
  notice_hash: "x'00'",
  created_at: "1",
  decided_at: "1",
  actor: "'admin'",
  details: "'{}x'",
  evidence_commitment: "x'00'",
  leaf_hash: "x'00'",
};

let site;
let rows;

before(async () => {
  site = await world.site();
  await grant(site, "u1");
  await grant(site, "u2");
  rows = () => edge.sql("SELECT * FROM events ORDER BY log_index");
});

async function unchanged(statement) {
  const before = await rows();
  await assert.rejects(edge.sql(statement), refusal, statement);
  assert.deepEqual(await rows(), before, statement);
}

describe("UPDATE", () => {
  test("the table has the columns that are tried here, and evidence", async () => {
    const columns = (await edge.sql("SELECT name FROM pragma_table_info('events')")).map(({ name }) => name);
    assert.deepEqual(columns.sort(), [...Object.keys(COLUMNS), "evidence"].sort());
  });

  for (const [column, value] of Object.entries(COLUMNS)) {
    test(`of ${column} is refused`, () => unchanged(`UPDATE events SET ${column} = ${value} WHERE purpose = 'analytics'`));
    test(`of ${column} is refused beside a redaction`, () =>
      unchanged(`UPDATE events SET evidence = NULL, ${column} = ${value} WHERE purpose = 'analytics'`));
  }

  for (const alias of ["rowid", "_rowid_", "oid"]) {
    test(`of ${alias} is refused`, () => unchanged(`UPDATE events SET ${alias} = 100 WHERE log_index = 1`));
  }

  test("of evidence to something else is refused", () =>
    unchanged(`UPDATE events SET evidence = '{"salt":"x"}' WHERE purpose = 'analytics'`));

  test("of everything at once is refused", () => unchanged("UPDATE events SET status = 'granted'"));

  test("OR REPLACE is refused", () => unchanged("UPDATE OR REPLACE events SET log_index = 1 WHERE log_index = 2"));
});

describe("DELETE and REPLACE", () => {
  test("DELETE of one row is refused", () => unchanged("DELETE FROM events WHERE log_index = 1"));
  test("DELETE of the last row is refused", () =>
    unchanged("DELETE FROM events WHERE log_index = (SELECT max(log_index) FROM events)"));
  test("DELETE of everything is refused", () => unchanged("DELETE FROM events"));

  const copy = (index) =>
    `INTO events SELECT ${index}, id, site, 'consent_revoked', subject, key_id, purpose, 'revoked', legal_basis, notice_hash,
      created_at, decided_at, actor, details, evidence_commitment, evidence, leaf_hash FROM events WHERE log_index = 1`;
  test("REPLACE of a row is refused", () => unchanged(`REPLACE ${copy(1)}`));
  test("INSERT OR REPLACE of the first row is refused", () => unchanged(`INSERT OR REPLACE ${copy(0)}`));
  test("INSERT OR IGNORE at an index that exists is refused", () => unchanged(`INSERT OR IGNORE ${copy(1)}`));
  test("an upsert is refused", () =>
    unchanged(`INSERT ${copy(1)} ON CONFLICT (log_index) DO UPDATE SET status = 'revoked'`));
});

describe("INSERT", () => {
  const insert = (index) =>
    `INSERT INTO events (log_index, id, kind, created_at, actor, details, leaf_hash)
     VALUES (${index}, 'x', 'audit_read', 1, 'system', '{}', x'00')`;
  test("that leaves a gap is refused", () => unchanged(insert("(SELECT max(log_index) + 2 FROM events)")));
  test("before the beginning is refused", () => unchanged(insert(-1)));

  test("of a text where a number belongs is refused by the table", async () => {
    const before = await rows();
    const statement = insert("(SELECT max(log_index) + 1 FROM events)").replace("'x', 'audit_read', 1", "'x', 'audit_read', 'now'");
    await assert.rejects(edge.sql(statement), /cannot store TEXT value in INTEGER column/);
    assert.deepEqual(await rows(), before);
  });
});

test("evidence can be removed, and the export says that it was", async () => {
  await edge.sql("UPDATE events SET evidence = NULL WHERE log_index = (SELECT max(log_index) FROM events WHERE purpose IS NOT NULL)");
  const [entry] = (await exportOf(site, "u2")).consent_history;
  assert.equal(entry.evidence, "redacted");
  assert.equal(entry.user_agent, undefined);
});
