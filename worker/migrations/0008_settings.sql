-- What may change: settings, credentials and bookkeeping. Every change of the first two is an event in the log.
CREATE TABLE sites (
  id         TEXT PRIMARY KEY,
  settings   TEXT NOT NULL,     -- JSON, as the admin API takes it
  updated_at INTEGER NOT NULL   -- ms since the epoch
) STRICT, WITHOUT ROWID;

CREATE TABLE api_keys (
  id          TEXT PRIMARY KEY,
  site        TEXT NOT NULL REFERENCES sites (id),
  name        TEXT NOT NULL,
  scopes      TEXT NOT NULL,    -- JSON array
  work        TEXT,             -- of an agent: JSON with the names of its stores and the public key that its results are signed with
  secret_hash BLOB NOT NULL,    -- SHA-256
  created_at  INTEGER NOT NULL,
  revoked_at  INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE idempotency (
  key         BLOB PRIMARY KEY, -- keyed hash over caller, route and the caller's key
  body_hash   BLOB NOT NULL,    -- keyed hash of the body
  first_index INTEGER NOT NULL, -- the events that were the answer
  count       INTEGER NOT NULL,
  expires_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
