-- How many attempts ended without anybody having said what they removed: they were cut off, or the store failed in the middle. What
-- found and removed say is then the least that it was.
ALTER TABLE erasure_tasks ADD COLUMN uncounted INTEGER NOT NULL DEFAULT 0;
