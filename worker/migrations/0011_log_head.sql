-- How far the events of this database are folded into the tree of its log: the checkpoint that was signed last. One row at most.
CREATE TABLE log_head (
  id        INTEGER PRIMARY KEY CHECK (id = 0),
  size      INTEGER NOT NULL, -- events under the root
  root      BLOB NOT NULL,    -- RFC 6962
  note      TEXT NOT NULL,    -- the signed checkpoint (C2SP tlog-checkpoint)
  key       TEXT NOT NULL,    -- the public key that signed it (C2SP signed-note)
  signed_at INTEGER NOT NULL  -- ms since the epoch
) STRICT;
