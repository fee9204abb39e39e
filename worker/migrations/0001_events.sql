-- The log: consent history and audit trail in one append-only table. Subjects are keyed hashes; no column holds a user
-- id. Rows are never deleted, so INTEGER PRIMARY KEY counts without gaps (AUTOINCREMENT would cost a written row).
CREATE TABLE events (
  log_index           INTEGER PRIMARY KEY,
  id                  TEXT NOT NULL,     -- UUIDv7
  site                TEXT,
  kind                TEXT NOT NULL,
  subject             BLOB,              -- HMAC-SHA256 of the user id under the site's key
  key_id              INTEGER,           -- which of the site's keys
  purpose             TEXT,
  status              TEXT,
  legal_basis         TEXT,
  notice_hash         BLOB,
  created_at          INTEGER NOT NULL,  -- server time, ms since the epoch
  decided_at          INTEGER,           -- the caller's time, ms since the epoch, never after created_at
  actor               TEXT NOT NULL,
  details             TEXT NOT NULL,     -- canonical JSON object (RFC 8785)
  evidence_commitment BLOB,              -- HMAC-SHA256 of the evidence under its salt
  evidence            TEXT,              -- JSON with the salt; the one column that may become NULL
  leaf_hash           BLOB NOT NULL      -- RFC 6962, over all of the above but log_index and evidence
) STRICT;
