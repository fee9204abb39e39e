//! Examples of bodies, where more than one endpoint has them.

use serde_json::{Value, json};

pub(super) const TIME: &str = "2026-11-24T09:30:00.000Z";
pub(super) const ID: &str = "01936c5e-6f50-7cc3-98c4-dc0c0c07398f";
pub(super) const RECEIPT: &str = "eyJhbGciOiJFZERTQSIsImtpZCI6I….eyJpbmNsdWRlZF9ieSI6I….hgyY0il_MGCjP0Jz…";
pub(super) const HASH: &str = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d";

pub(super) fn recorded() -> Value {
    json!({ "purpose": "model_training", "status": "granted", "id": ID, "timestamp": TIME, "log_index": 17, "leaf_hash": HASH, "receipt": RECEIPT })
}

pub(super) fn page() -> Value {
    json!({ "user_id": "ada@example.com", "log": format!("consentry.example/log/0/{ID}"), "site": "demo",
        "subject": HASH, "subject_key_id": 1, "until": 18 })
}

pub(super) fn audit_entry() -> Value {
    json!({ "log_index": 17, "leaf_hash": HASH, "id": ID, "timestamp": TIME, "action": "consent_granted",
        "performed_by": "key:k1f", "details": {}, "purpose": "model_training", "status": "granted",
        "legal_basis": "consent" })
}

pub(super) fn with(mut object: Value, more: &[(&str, Value)]) -> Value {
    for (name, value) in more {
        object[*name] = value.clone();
    }
    object
}

pub(super) fn notice() -> Value {
    json!({ "version": 1, "language": "en", "texts": ["Your data, your choice", "Accept all", "Reject all"],
        "purposes": [{ "purpose": "analytics", "title": "Statistics", "description": "We count visits and clicks.",
            "legal_basis": "consent" }] })
}

pub(super) fn erasure() -> Value {
    json!({ "id": ID, "state": "done", "requested_at": TIME, "due_at": "2026-12-24T09:30:00.000Z",
        "completed_at": TIME, "restore_horizon": "2026-12-24T09:30:00.000Z",
        "deadline_warning": "none", "stores": [store()],
        "note": "Only the evidence kept by this service is erased. No further store is connected." })
}

pub(super) fn listed() -> Value {
    json!({ "id": ID, "state": "partly_done", "requested_at": TIME, "due_at": "2026-12-24T09:30:00.000Z",
        "deadline_warning": "none", "failed": ["crm"], "dead": [] })
}

pub(super) fn manifest() -> Value {
    json!({ "version": "0.1.0", "started_at": TIME, "ended_at": TIME, "purpose": "model_training",
        "snapshot": { "site": "demo", "digest": HASH, "created_at": TIME, "log_position": 17 },
        "counts": { "rows": 760_000, "kept": 456_000 } })
}

pub(super) fn register() -> Value {
    json!({ "dataset": "corpus_2026_11", "models": ["ranker_7"], "manifest": manifest(),
        "index": { "header": HASH.repeat(8), "digest": HASH } })
}

pub(super) fn dataset() -> Value {
    json!({ "dataset": "corpus_2026_11", "registered_at": TIME, "kept_at": TIME, "users": 5000, "chunks": 1, "next": null,
        "digest": HASH, "manifest": manifest(), "models": ["ranker_7"] })
}

pub(super) fn standing() -> Value {
    json!({ "erasure": ID, "dataset": "corpus_2026_11", "model": "ranker_7", "state": "to_retrain", "changed_at": TIME })
}

pub(super) fn store() -> Value {
    json!({ "store": "d1_evidence", "kind": "d1_evidence", "state": "done", "attempts": 1, "found": 3, "removed": 3,
        "at_work": false, "done_at": TIME })
}

pub(super) fn key() -> Value {
    json!({ "id": "k1f", "name": "backend", "scopes": ["consent:read", "consent:write"], "created_at": TIME })
}

pub(super) fn settings() -> Value {
    json!({ "name": "Demo", "origins": ["https://example.com"], "purposes": ["newsletter"], "regime": "gdpr" })
}

pub(super) fn site() -> Value {
    with(settings(), &[("id", json!("demo")), ("keys", json!([key()]))])
}
