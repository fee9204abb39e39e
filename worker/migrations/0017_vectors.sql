-- Which vectors were made of whose data: an index of vectors finds none by a person, only by id. In the database of the subject.
CREATE TABLE vectors (
  subject  BLOB NOT NULL,
  store    TEXT NOT NULL,    -- its name in the site's settings
  id       TEXT NOT NULL,    -- the vector's, in the index of that store
  noted_at INTEGER NOT NULL, -- when it was last said to be there, ms since the epoch
  PRIMARY KEY (subject, store, id)
) STRICT, WITHOUT ROWID;
