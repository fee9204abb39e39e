-- Every event but the first follows another: no gap, and nothing before the log was started with index 0.
CREATE TRIGGER events_refuse_gap AFTER INSERT ON events
WHEN NEW.log_index <> 0 AND NOT EXISTS (SELECT 1 FROM events WHERE log_index = NEW.log_index - 1)
BEGIN
  SELECT RAISE(ABORT, 'events are append-only: log_index leaves a gap');
END;
