-- Which data sets were made for training, whose rows are in them, and which models were trained on them. In the first database; the
-- keyed hashes of the users are in R2.
CREATE TABLE lineage (
  site          TEXT NOT NULL,
  dataset       TEXT NOT NULL,
  manifest      TEXT NOT NULL,    -- JSON: what is kept of the filter's manifest
  header        BLOB NOT NULL,    -- of the index beside the manifest
  digest        BLOB NOT NULL,    -- of that index
  chunks        INTEGER NOT NULL, -- in how many pieces its keys come
  users         INTEGER NOT NULL,
  registered_at INTEGER NOT NULL, -- ms since the epoch
  kept_at       INTEGER,          -- when all of the index was there; NULL before
  PRIMARY KEY (site, dataset)
) STRICT, WITHOUT ROWID;

CREATE TABLE lineage_chunks (
  site    TEXT NOT NULL,
  dataset TEXT NOT NULL,
  number  INTEGER NOT NULL, -- from 0 on
  hash    BLOB NOT NULL,    -- SHA-256
  first   BLOB,             -- its first key; NULL where the keys are over
  PRIMARY KEY (site, dataset, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE lineage_models (
  site    TEXT NOT NULL,
  dataset TEXT NOT NULL,
  model   TEXT NOT NULL,
  PRIMARY KEY (site, dataset, model)
) STRICT, WITHOUT ROWID;

-- Where each model stands with each erasure of somebody whose rows it was trained on. A data set without models has the model ''.
CREATE TABLE lineage_erasures (
  site       TEXT NOT NULL,
  dataset    TEXT NOT NULL,
  model      TEXT NOT NULL,
  erasure    TEXT NOT NULL,
  state      TEXT NOT NULL,
  reason     TEXT,
  changed_at INTEGER NOT NULL, -- ms since the epoch
  PRIMARY KEY (site, dataset, model, erasure)
) STRICT, WITHOUT ROWID;

CREATE INDEX lineage_by_erasure ON lineage_erasures (erasure);
