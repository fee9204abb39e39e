-- Which snapshots were asked for, the one of each that is served, and how far the next one is. Bookkeeping: all of it can be
-- made again from the log. In the first database.
CREATE TABLE snapshots (
  site         TEXT NOT NULL,
  purpose      TEXT NOT NULL,
  asked_at     INTEGER NOT NULL,           -- when somebody last wanted it, ms since the epoch
  built_at     INTEGER,                    -- as of when the one is that is served, ms since the epoch
  built        TEXT,                       -- JSON: where it is
  building     TEXT,                       -- JSON: how far the next one is
  leased_until INTEGER NOT NULL DEFAULT 0, -- until when one run has it to itself, ms since the epoch
  PRIMARY KEY (site, purpose)
) STRICT, WITHOUT ROWID;

-- Whose data was to be erased and when that was last asked for: what they granted up to then stands no longer. In the database
-- of the subject.
CREATE TABLE erased (
  subject BLOB PRIMARY KEY,
  at      INTEGER NOT NULL -- ms since the epoch
) STRICT, WITHOUT ROWID;

INSERT INTO erased (subject, at) SELECT subject, max(requested_at) FROM erasures GROUP BY subject;
