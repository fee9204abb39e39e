-- The names under which the log of this database was kept: one, and one more for each time that the database was restored to an
-- earlier state. It can be made again from the log; an append asks it whether the name that it knows is still the log's.
CREATE TABLE log_origins (
  first  INTEGER PRIMARY KEY,  -- the event that began it
  origin TEXT NOT NULL UNIQUE,
  kept   INTEGER NOT NULL      -- how many of the events before it are also the first ones of the log before
) STRICT;
