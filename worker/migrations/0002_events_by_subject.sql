-- Two partial indexes instead of one whole: an event is in exactly one of them, so it costs one written row, and reading a
-- person's consent does not wade through the reads of it that were recorded.
CREATE INDEX events_consent ON events (subject) WHERE purpose IS NOT NULL;
CREATE INDEX events_audit ON events (subject) WHERE purpose IS NULL AND subject IS NOT NULL;
