-- Where each erasure stands, in the database of the person.
CREATE TABLE erasures (
  id           TEXT PRIMARY KEY,           -- UUIDv7
  site         TEXT NOT NULL,
  subject      BLOB NOT NULL,
  key_id       INTEGER NOT NULL,
  state        TEXT NOT NULL,
  requested_at INTEGER NOT NULL,           -- ms since the epoch
  due_at       INTEGER NOT NULL,
  completed_at INTEGER,
  open_for     BLOB,                       -- the subject while it is open, so that a person has one at a time
  users        TEXT,                       -- the ids by which stores know the person, AES-256-GCM under a key of the site; NULL once
                                           -- nothing can need them
  regime       TEXT NOT NULL,              -- the code of the regime whose deadline holds
  ground       TEXT,                       -- why it is refused or held
  extension    TEXT,                       -- why the deadline was extended
  revision     INTEGER NOT NULL DEFAULT 0, -- how often it was decided about; of two decisions over one revision the first counts
  ledgered     INTEGER NOT NULL DEFAULT 0  -- whether its entry in the ledger is of this revision; nothing is removed before
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX erasures_open ON erasures (open_for) WHERE open_for IS NOT NULL;

-- Whose data was to be erased and when that was last asked for: what they granted up to then stands no longer. In the database
-- of the subject.
CREATE TABLE erased (
  subject BLOB PRIMARY KEY,
  at      INTEGER NOT NULL -- ms since the epoch
) STRICT, WITHOUT ROWID;

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
  -- How many attempts ended without anybody having said what they removed: they were cut off, or the store failed in the middle. What
  -- found and removed say is then the least that it was.
  uncounted    INTEGER NOT NULL DEFAULT 0,
  error        TEXT,                       -- why the last attempt failed; never with a user id
  done_at      INTEGER,                    -- when it was verified gone, ms since the epoch
  result       TEXT,                       -- an agent's signed result, as it came
  UNIQUE (erasure, store)
) STRICT, WITHOUT ROWID;

CREATE INDEX erasure_tasks_due ON erasure_tasks (next_at) WHERE state <> 'done';
