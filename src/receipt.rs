//! What a person is given for a decision: signed JSON that says what was recorded, at which place of which log, and by when the
//! log will prove it. Owns the fields of a receipt, version 1, the promise, and holding a receipt against its own leaf, a proof and
//! a checkpoint; the signature's form is [`crate::jws`]'s.
//!
//! A receipt holds every field of the leaf, so whoever has it makes the leaf hash again. It never holds a user id: the person is
//! the keyed hash that the log has for them.

use alloc::{string::String, vec::Vec};
use core::fmt;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::{
    checkpoint::{Checkpoint, CheckpointError},
    event::{Actor, Event, Kind},
    hash::Hash,
    jws::{Jws, JwsError},
    log::{leaf, leaf_hash},
    merkle::Disproved,
    note::VerifierKey,
    proof::Inclusion,
    purpose::Purpose,
    record::{LegalBasis, Status},
    slug::Slug,
    subject::{KeyId, Subject},
    time::Timestamp,
};

/// The type of the signed JSON.
pub const TYPE: &str = "consent-receipt+jws";

/// The longest that a log may take to include an event, in milliseconds: a day, as logs of certificates promise (RFC 6962 § 3, the
/// maximum merge delay). It is a minute as a rule; the rest is for a storage that is away.
const MERGE_DELAY_MS: i64 = 24 * 60 * 60 * 1000;

const VERSION: u8 = 1;

/// What is signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Of this form.
    version: u8,
    /// The name of the log.
    pub log: String,
    /// The place in it.
    pub log_index: u64,
    /// The RFC 6962 hash of the leaf that the record makes.
    pub leaf_hash: Hash,
    /// By when the log holds the leaf under a signed checkpoint.
    pub included_by: Timestamp,
    /// What was recorded.
    pub record: Recorded,
}

/// Every field of a leaf, as exports name them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// `UUIDv7`.
    pub id: Uuid,
    /// The site.
    pub site: String,
    /// What was done, such as `consent_granted`.
    pub action: String,
    /// The keyed hash that stands for the person.
    pub subject: Hash,
    /// Which of the site's keys made it.
    pub subject_key_id: KeyId,
    /// What for.
    pub purpose: Purpose,
    /// What the person decided.
    pub status: Status,
    /// On which ground.
    pub legal_basis: LegalBasis,
    /// The hash of the notice that the person was shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice_hash: Option<Hash>,
    /// When the server recorded it.
    pub timestamp: Timestamp,
    /// When the person decided, if the caller said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_at: Option<Timestamp>,
    /// Who recorded it.
    pub performed_by: String,
    /// More about it.
    pub details: Map<String, Value>,
    /// What stands for the evidence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence_commitment: Option<Hash>,
}

impl Receipt {
    /// The receipt of an event in its place; `None` if it is no decision of a person.
    pub fn of(log: &str, log_index: u64, event: &Event) -> Option<Self> {
        if !event.kind.is_consent() {
            return None;
        }
        let subject = event.subject?;
        Some(Self {
            version: VERSION,
            log: log.into(),
            log_index,
            leaf_hash: leaf_hash(&leaf(log, event)),
            included_by: event.created_at.plus_ms(MERGE_DELAY_MS),
            record: Recorded {
                id: event.id,
                site: event.site.as_ref()?.as_str().into(),
                action: event.kind.as_str().into(),
                subject: subject.hash,
                subject_key_id: subject.key_id,
                purpose: event.purpose.clone()?,
                status: event.status?,
                legal_basis: event.legal_basis?,
                notice_hash: event.notice_hash,
                timestamp: event.created_at,
                decided_at: event.decided_at,
                performed_by: alloc::format!("{}", event.actor),
                details: serde_json::from_str(&event.details).ok()?,
                evidence_commitment: event.evidence_commitment,
            },
        })
    }

    /// The event that the fields make; `None` if they make none.
    fn event(&self) -> Option<Event> {
        let record = &self.record;
        Some(Event {
            id: record.id,
            site: Some(Slug::parse(&record.site)?),
            kind: Kind::parse(&record.action)?,
            subject: Some(Subject { hash: record.subject, key_id: record.subject_key_id }),
            purpose: Some(record.purpose.clone()),
            status: Some(record.status),
            legal_basis: Some(record.legal_basis),
            notice_hash: record.notice_hash,
            created_at: record.timestamp,
            decided_at: record.decided_at,
            actor: Actor::parse(&record.performed_by)?,
            // Names in order and no white space, as they stand in the leaf.
            details: serde_json::to_string(&record.details).ok()?,
            evidence_commitment: record.evidence_commitment,
        })
    }
}

/// A receipt with what proves it, as `GET /receipts/{log_index}` answers. Without a proof, it is the promise alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proved {
    /// The signed receipt.
    pub receipt: String,
    /// That its leaf is in the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inclusion: Option<Inclusion>,
    /// The signed note that the proof is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<String>,
}

/// What a receipt turned out to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// What was signed.
    pub receipt: Receipt,
    /// The key that signed it.
    pub key_id: String,
    /// How many rows the log has that it is proved to be in; `None` if that is still promised only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tree_size: Option<u64>,
}

impl Proved {
    /// Verifies everything that is there. `keys` are public keys of the log, which sign receipts and checkpoints alike; `check` says
    /// whether a public key made the signature (its third argument) over a message.
    pub fn verify(
        &self,
        keys: &[[u8; 32]],
        check: impl Fn(&[u8; 32], &[u8], &[u8; 64]) -> bool,
    ) -> Result<Verified, ReceiptError> {
        let jws = Jws::parse(self.receipt.trim()).map_err(ReceiptError::Jws)?;
        jws.verify(TYPE, keys, &check).map_err(ReceiptError::Jws)?;
        let receipt: Receipt = serde_json::from_slice(&jws.payload).map_err(|_| ReceiptError::Fields)?;
        if receipt.version != VERSION {
            return Err(ReceiptError::Fields);
        }
        let event = receipt.event().ok_or(ReceiptError::Fields)?;
        if leaf_hash(&leaf(&receipt.log, &event)) != receipt.leaf_hash {
            return Err(ReceiptError::Leaf);
        }
        let tree_size = match (&self.inclusion, &self.checkpoint) {
            (None, _) => None,
            (Some(_), None) => return Err(ReceiptError::NoCheckpoint),
            (Some(inclusion), Some(note)) => {
                Some(included(&receipt, inclusion, note.as_bytes(), keys, check)?)
            }
        };
        Ok(Verified { receipt, key_id: jws.kid, tree_size })
    }
}

fn included(
    receipt: &Receipt,
    inclusion: &Inclusion,
    note: &[u8],
    keys: &[[u8; 32]],
    check: impl Fn(&[u8; 32], &[u8], &[u8; 64]) -> bool,
) -> Result<u64, ReceiptError> {
    // The leaf holds the name of its log, so it is in no other log of the same key; but a log whose database was restored goes on
    // under another name, with the leaves that are left.
    let name = note.split(|byte| *byte == b'\n').next().and_then(|line| core::str::from_utf8(line).ok());
    let name = name.unwrap_or(&receipt.log);
    let keys: Vec<_> = keys.iter().filter_map(|key| VerifierKey::new(name, *key)).collect();
    let checkpoint = Checkpoint::open(note, &keys, check).map_err(ReceiptError::Checkpoint)?;
    if (inclusion.log_index, inclusion.leaf_hash) != (receipt.log_index, receipt.leaf_hash) {
        return Err(ReceiptError::OtherLeaf);
    }
    inclusion.verify(checkpoint.head).map_err(ReceiptError::Inclusion)?;
    Ok(checkpoint.head.size)
}

/// What is wrong with a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReceiptError {
    /// Its signature.
    Jws(JwsError),
    /// What was signed has not the fields of a receipt.
    Fields,
    /// The fields make another leaf hash.
    Leaf,
    /// There is a proof and no checkpoint that it is for.
    NoCheckpoint,
    /// The checkpoint.
    Checkpoint(CheckpointError),
    /// The proof is for another place or leaf.
    OtherLeaf,
    /// The proof.
    Inclusion(Disproved),
}

impl ReceiptError {
    /// Stable name.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Jws(error) => error.code(),
            Self::Fields => "receipt_fields",
            Self::Leaf => "receipt_leaf",
            Self::NoCheckpoint => "receipt_no_checkpoint",
            Self::Checkpoint(_) => "receipt_checkpoint",
            Self::OtherLeaf => "receipt_other_leaf",
            Self::Inclusion(_) => "receipt_inclusion",
        }
    }
}

impl fmt::Display for ReceiptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Jws(error) => write!(f, "the receipt {error}"),
            Self::Fields => f.write_str("what was signed is not of the form of a receipt, version 1"),
            Self::Leaf => f.write_str("the receipt's fields do not make the leaf hash that it names"),
            Self::NoCheckpoint => {
                f.write_str("there is a proof of inclusion, but not the checkpoint it is for")
            }
            Self::Checkpoint(error) => write!(f, "the checkpoint {error}"),
            Self::OtherLeaf => f.write_str("the proof of inclusion is for another record"),
            Self::Inclusion(error) => write!(f, "the proof of inclusion does not hold: {error}"),
        }
    }
}

impl core::error::Error for ReceiptError {}

#[cfg(test)]
mod tests;
