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
