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

CREATE TABLE erasures (
  id           TEXT PRIMARY KEY, -- UUIDv7
  site         TEXT NOT NULL,
  subject      BLOB NOT NULL,
  key_id       INTEGER NOT NULL,
  state        TEXT NOT NULL,
  requested_at INTEGER NOT NULL,
  due_at       INTEGER NOT NULL,
  completed_at INTEGER,
  stores       TEXT NOT NULL     -- JSON, a report per store
) STRICT, WITHOUT ROWID;
