CREATE VIEW consent_records AS
SELECT log_index, id, site, lower(hex(subject)) AS subject, purpose, status, legal_basis,
       iif(status = 'granted', coalesce(decided_at, created_at), NULL) AS granted_at,
       iif(status = 'revoked', coalesce(decided_at, created_at), NULL) AS revoked_at,
       created_at, evidence ->> 'ip_address' AS ip_address, evidence ->> 'user_agent' AS user_agent
FROM events WHERE purpose IS NOT NULL;

CREATE VIEW audit_log AS
SELECT log_index, id, site, created_at AS timestamp, lower(hex(subject)) AS subject, kind AS action, details,
       actor AS performed_by
FROM events;
