-- Only evidence may change, and only to NULL. A condition over every column, because UPDATE OF lets SET rowid through.
CREATE TRIGGER events_refuse_update BEFORE UPDATE ON events
WHEN NEW.evidence IS NOT NULL
  OR NEW.log_index IS NOT OLD.log_index
  OR NEW.id IS NOT OLD.id
  OR NEW.site IS NOT OLD.site
  OR NEW.kind IS NOT OLD.kind
  OR NEW.subject IS NOT OLD.subject
  OR NEW.key_id IS NOT OLD.key_id
  OR NEW.purpose IS NOT OLD.purpose
  OR NEW.status IS NOT OLD.status
  OR NEW.legal_basis IS NOT OLD.legal_basis
  OR NEW.notice_hash IS NOT OLD.notice_hash
  OR NEW.created_at IS NOT OLD.created_at
  OR NEW.decided_at IS NOT OLD.decided_at
  OR NEW.actor IS NOT OLD.actor
  OR NEW.details IS NOT OLD.details
  OR NEW.evidence_commitment IS NOT OLD.evidence_commitment
  OR NEW.leaf_hash IS NOT OLD.leaf_hash
BEGIN
  SELECT RAISE(ABORT, 'events are append-only: UPDATE refused');
END;
