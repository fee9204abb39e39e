-- Links to a person's own page, each of which opens it once.
CREATE TABLE used_links (
  key        BLOB PRIMARY KEY, -- SHA-256 over site and id of the link
  expires_at INTEGER NOT NULL  -- ms since the epoch; the link is of no use afterwards
) STRICT, WITHOUT ROWID;
