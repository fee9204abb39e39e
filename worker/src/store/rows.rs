//! Events as rows. Owns the types of an event before and after it has its place, and turning one into a row and a row into one;
//! a row that is not what its table promises is an error, never half an event.

use crate::platform::DatabaseError;
use consentry::{
    event::{Actor, Event, Kind},
    evidence::SealedEvidence,
    hash::Hash,
    purpose::Purpose,
    record::{LegalBasis, Status},
    slug::Slug,
    subject::{KeyId, Subject},
    time::Timestamp,
};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

/// An event that is to be appended.
#[derive(Debug)]
pub(crate) struct NewEvent {
    pub(crate) event: Event,
    pub(crate) evidence: Option<SealedEvidence>,
}

impl From<Event> for NewEvent {
    fn from(event: Event) -> Self {
        Self { event, evidence: None }
    }
}

/// What is left of an event's evidence.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum StoredEvidence {
    /// There never was any.
    None,
    /// It is there.
    Kept(SealedEvidence),
    /// It was redacted; the commitment stands.
    Redacted,
}

/// An event in its place.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) log_index: u64,
    pub(crate) leaf_hash: Hash,
    pub(crate) event: Event,
    pub(crate) evidence: StoredEvidence,
}

impl Stored {
    /// Whether it records a yes over Global Privacy Control.
    pub(crate) fn over_gpc(&self) -> bool {
        let details: Value = serde_json::from_str(&self.event.details).unwrap_or_default();
        details["over_gpc"] == true
    }
}

/// The row of an event as [`super::events`] sends it: JSON, bytes as hexadecimal digits.
pub(super) fn row(new: &NewEvent, leaf_hash: Hash, log_index: Option<u64>) -> Value {
    let event = &new.event;
    json!({
        "log_index": log_index,
        "id": event.id,
        "site": event.site.as_ref().map(Slug::as_str),
        "kind": event.kind.as_str(),
        "subject": event.subject.map(|subject| subject.hash),
        "key_id": event.subject.map(|subject| subject.key_id),
        "purpose": event.purpose,
        "status": event.status,
        "legal_basis": event.legal_basis,
        "notice_hash": event.notice_hash,
        "created_at": event.created_at.as_ms(),
        "decided_at": event.decided_at.map(Timestamp::as_ms),
        "actor": event.actor.to_string(),
        "details": event.details,
        "evidence_commitment": event.evidence_commitment,
        "evidence": new.evidence.as_ref().map(|evidence| json!(evidence).to_string()),
        "leaf_hash": leaf_hash,
    })
}

/// A row as it is read: bytes as hexadecimal digits.
#[derive(Deserialize)]
pub(super) struct Row {
    log_index: u64,
    id: Uuid,
    site: Option<String>,
    kind: String,
    subject: Option<Hash>,
    key_id: Option<KeyId>,
    purpose: Option<Purpose>,
    status: Option<Status>,
    legal_basis: Option<LegalBasis>,
    notice_hash: Option<Hash>,
    created_at: i64,
    decided_at: Option<i64>,
    actor: String,
    details: String,
    evidence_commitment: Option<Hash>,
    evidence: Option<String>,
    leaf_hash: Hash,
}

impl TryFrom<Row> for Stored {
    type Error = DatabaseError;

    fn try_from(row: Row) -> Result<Self, DatabaseError> {
        let unreadable = |what: &str| DatabaseError::Unreadable(format!("event {}: {what}", row.log_index));
        let site = row
            .site
            .as_deref()
            .map(|site| Slug::parse(site).ok_or_else(|| unreadable("site")))
            .transpose()?;
        let evidence = match (&row.evidence, row.evidence_commitment) {
            (Some(text), _) => {
                StoredEvidence::Kept(serde_json::from_str(text).map_err(|_| unreadable("evidence"))?)
            }
            (None, Some(_)) => StoredEvidence::Redacted,
            (None, None) => StoredEvidence::None,
        };
        let event = Event {
            id: row.id,
            site,
            kind: Kind::parse(&row.kind).ok_or_else(|| unreadable("kind"))?,
            subject: row.subject.zip(row.key_id).map(|(hash, key_id)| Subject { hash, key_id }),
            purpose: row.purpose,
            status: row.status,
            legal_basis: row.legal_basis,
            notice_hash: row.notice_hash,
            created_at: Timestamp::from_ms(row.created_at),
            decided_at: row.decided_at.map(Timestamp::from_ms),
            actor: Actor::parse(&row.actor).ok_or_else(|| unreadable("actor"))?,
            details: row.details,
            evidence_commitment: row.evidence_commitment,
        };
        Ok(Self { log_index: row.log_index, leaf_hash: row.leaf_hash, event, evidence })
    }
}
