-- One row for each store that an erasure has to reach. What was done is in the log; this is for doing it and following it.
-- In the database of the erasure.
CREATE TABLE erasure_tasks (
  id           TEXT PRIMARY KEY,
  erasure      TEXT NOT NULL REFERENCES erasures (id),
  site         TEXT NOT NULL,
  place        INTEGER NOT NULL DEFAULT 0, -- among the stores of the erasure: the built-in one, then as the site lists them
  store        TEXT NOT NULL,              -- its name in the site's settings
  kind         TEXT NOT NULL,
  settings     TEXT NOT NULL,              -- JSON: what the site said of the store when the erasure was opened
  state        TEXT NOT NULL,
  attempts     INTEGER NOT NULL DEFAULT 0, -- how many were begun
  next_at      INTEGER NOT NULL DEFAULT 0, -- before this nobody works on it, ms since the epoch
  leased_until INTEGER NOT NULL DEFAULT 0, -- until when whoever works on it has it to themself, ms since the epoch
  leased_by    TEXT,                       -- who that is or was: 'edge', or the id of an agent's key
  found        INTEGER NOT NULL DEFAULT 0,
  removed      INTEGER NOT NULL DEFAULT 0,
  error        TEXT,                       -- why the last attempt failed; never with a user id
  done_at      INTEGER,                    -- when it was verified gone, ms since the epoch
  result       TEXT,                       -- an agent's signed result, as it came
  UNIQUE (erasure, store)
) STRICT, WITHOUT ROWID;

CREATE INDEX erasure_tasks_due ON erasure_tasks (next_at) WHERE state <> 'done';

INSERT INTO erasure_tasks (id, erasure, site, store, kind, settings, state, removed, done_at)
SELECT erasures.id || '.' || (value ->> 'store'), erasures.id, site, value ->> 'store', 'd1_evidence',
       json_object('name', value ->> 'store', 'kind', 'd1_evidence'), value ->> 'state', value ->> 'removed', completed_at
FROM erasures, json_each(erasures.stores);

ALTER TABLE erasures DROP COLUMN stores;
-- The subject while the erasure is open, so that a person has one at a time.
ALTER TABLE erasures ADD COLUMN open_for BLOB;
-- The ids by which stores know the person, AES-256-GCM under a key of the site; NULL once nothing can need them.
ALTER TABLE erasures ADD COLUMN users TEXT;
-- Whether its entry in the ledger was written; nothing is removed before.
ALTER TABLE erasures ADD COLUMN ledgered INTEGER NOT NULL DEFAULT 0;
-- The code of the regime whose deadline holds.
ALTER TABLE erasures ADD COLUMN regime TEXT NOT NULL DEFAULT 'gdpr';
-- Why it is refused or held, and why the deadline was extended.
ALTER TABLE erasures ADD COLUMN ground TEXT;
ALTER TABLE erasures ADD COLUMN extension TEXT;

CREATE UNIQUE INDEX erasures_open ON erasures (open_for) WHERE open_for IS NOT NULL;
