-- What people were shown, by the hash of its canonical form, so that an auditor can read the exact words.
CREATE TABLE notices (
  site       TEXT NOT NULL,
  hash       BLOB NOT NULL,     -- SHA-256
  body       TEXT NOT NULL,     -- JSON
  created_at INTEGER NOT NULL,
  PRIMARY KEY (site, hash)
) STRICT, WITHOUT ROWID;

-- Which visitors turned out to be which person; keyed hashes both. In the database of the person.
CREATE TABLE links (
  subject    BLOB NOT NULL,
  visitor    BLOB NOT NULL,
  -- The visitor's id, AES-256-GCM under a key of the site, because stores that an erasure must reach know the visitor by it; NULL once
  -- nothing can need it.
  visitor_id TEXT,
  PRIMARY KEY (subject, visitor)
) STRICT, WITHOUT ROWID;
