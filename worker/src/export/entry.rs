//! An event as a person is told of it: as a consent record, and as something that was done.

use crate::{
    model::{AuditEntry, HistoryEntry},
    store::{Named, Stored, StoredEvidence, name_at, present},
};
use consentry::{
    evidence::Evidence,
    hash::Hash,
    record::{ConsentRecord, LegalBasis, NewRecord},
};

/// The subject of an event, where it is not the person whom the page is about.
fn other_subject(stored: &Stored, person: &Hash) -> Option<Hash> {
    stored.event.subject.map(|subject| subject.hash).filter(|subject| subject != person)
}

/// The evidence of an event, if it is still there.
pub(super) const fn kept(stored: &Stored) -> Option<&Evidence> {
    match &stored.evidence {
        StoredEvidence::Kept(sealed) => Some(&sealed.evidence),
        StoredEvidence::None | StoredEvidence::Redacted => None,
    }
}

/// What is left of an event's evidence, in a word.
pub(super) const fn left(stored: &Stored) -> &'static str {
    match &stored.evidence {
        StoredEvidence::None => "none",
        StoredEvidence::Kept(_) => "kept",
        StoredEvidence::Redacted => "redacted",
    }
}

/// The consent record that an event is, if it is one.
pub(crate) fn history_entry(stored: &Stored, person: &Hash) -> Option<HistoryEntry> {
    let event = &stored.event;
    let new = NewRecord {
        id: event.id,
        purpose: event.purpose.clone()?,
        status: event.status?,
        legal_basis: event.legal_basis.unwrap_or(LegalBasis::Consent),
        decided_at: event.decided_at,
        notice_hash: event.notice_hash,
        over_gpc: stored.over_gpc(),
    };
    let kept = kept(stored);
    Some(HistoryEntry {
        log_index: stored.log_index,
        leaf_hash: stored.leaf_hash,
        subject: other_subject(stored, person),
        record: ConsentRecord::new(new, event.created_at).ok()?,
        evidence: left(stored),
        ip_address: kept.and_then(|evidence| evidence.ip_address).map(|ip| ip.to_string()),
        user_agent: kept.and_then(|evidence| evidence.user_agent.clone()),
        country: kept.and_then(|evidence| evidence.country.clone()),
        gpc: kept.map(|evidence| evidence.gpc),
    })
}

/// What an event says was done, in a log that had these names.
pub(crate) fn audit_entry(stored: &Stored, person: &Hash, names: &[Named]) -> AuditEntry {
    let event = &stored.event;
    let log = name_at(names, stored.log_index);
    AuditEntry {
        log: (log != present(names)).then(|| log.into()),
        log_index: stored.log_index,
        leaf_hash: stored.leaf_hash,
        id: event.id,
        timestamp: event.created_at,
        action: event.kind.as_str(),
        performed_by: event.actor.to_string(),
        details: serde_json::from_str(&event.details).unwrap_or_default(),
        subject: other_subject(stored, person),
        purpose: event.purpose.as_ref().map(ToString::to_string),
        status: event.status,
        legal_basis: event.legal_basis,
        notice_hash: event.notice_hash,
        decided_at: event.decided_at,
        evidence_commitment: event.evidence_commitment,
    }
}
