-- What an agent's key may work on: JSON with the names of its stores and the public key that its results are signed with.
ALTER TABLE api_keys ADD COLUMN work TEXT;
-- The visitor's id, AES-256-GCM under a key of the site, because stores that an erasure must reach know the visitor by it.
ALTER TABLE links ADD COLUMN visitor_id TEXT;
