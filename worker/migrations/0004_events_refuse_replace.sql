-- REPLACE deletes without firing a DELETE trigger, so a row that exists already is refused before it comes to that.
CREATE TRIGGER events_refuse_replace BEFORE INSERT ON events
WHEN EXISTS (SELECT 1 FROM events WHERE log_index = NEW.log_index)
BEGIN
  SELECT RAISE(ABORT, 'events are append-only: log_index exists');
END;
