-- A log only grows: a run that was overtaken can't put its checkpoint over a later one.
CREATE TRIGGER log_head_refuse_less BEFORE UPDATE ON log_head
WHEN NEW.size < OLD.size
BEGIN
  SELECT RAISE(ABORT, 'the head of a log is append-only: a smaller size refused');
END;
