//! What a person is told of themself: exports and the audit trail.

use crate::model::NoticeText;
#[cfg(test)]
use crate::openapi::schema;
use consentry::{
    hash::Hash,
    record::{ConsentRecord, LegalBasis, Status},
    time::Timestamp,
};
use serde::Serialize;
use uuid::Uuid;

/// A consent record in its place.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct HistoryEntry {
    pub(crate) log_index: u64,
    #[cfg_attr(test, schemars(schema_with = "schema::hash"))]
    pub(crate) leaf_hash: Hash,
    /// The keyed hash of the visitor whose record it is, where that is not the person themself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(schema_with = "schema::hash"))]
    pub(crate) subject: Option<Hash>,
    #[serde(flatten)]
    #[cfg_attr(test, schemars(with = "crate::openapi::schema::Record"))]
    pub(crate) record: ConsentRecord,
    /// Whether the evidence is `kept`, was `redacted`, or there is `none`.
    pub(crate) evidence: &'static str,
    /// The caller's address without the part that points at one household.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ip_address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user_agent: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) country: Option<String>,
    /// Whether the browser sent Global Privacy Control.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) gpc: Option<bool>,
}

/// Something that was done, as it stands in the log.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct AuditEntry {
    /// The name that the log had then, where that is not the present one because its database was restored since.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) log: Option<String>,
    pub(crate) log_index: u64,
    #[cfg_attr(test, schemars(schema_with = "schema::hash"))]
    pub(crate) leaf_hash: Hash,
    #[cfg_attr(test, schemars(schema_with = "schema::uuid"))]
    pub(crate) id: Uuid,
    #[cfg_attr(test, schemars(schema_with = "schema::time"))]
    pub(crate) timestamp: Timestamp,
    /// What was done, such as `consent_granted` or `data_exported`.
    pub(crate) action: &'static str,
    /// `user`, `admin`, `system`, or `key:` and the id of an API key.
    pub(crate) performed_by: String,
    /// More about it.
    pub(crate) details: serde_json::Map<String, serde_json::Value>,
    /// The keyed hash of the visitor whom it is about, where that is not the person themself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(schema_with = "schema::hash"))]
    pub(crate) subject: Option<Hash>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) purpose: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(schema_with = "schema::status"))]
    pub(crate) status: Option<Status>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(schema_with = "schema::legal_basis"))]
    pub(crate) legal_basis: Option<LegalBasis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(schema_with = "schema::hash"))]
    pub(crate) notice_hash: Option<Hash>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(schema_with = "schema::time"))]
    pub(crate) decided_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(schema_with = "schema::hash"))]
    pub(crate) evidence_commitment: Option<Hash>,
}

/// Where a page of a person's events comes from, with all that a leaf needs beside the event itself.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Page {
    pub(crate) user_id: String,
    /// The name of the log.
    pub(crate) log: String,
    pub(crate) site: String,
    /// The keyed hash that stands for the person in the log.
    #[cfg_attr(test, schemars(schema_with = "schema::hash"))]
    pub(crate) subject: Hash,
    /// Which of the site's keys made it.
    pub(crate) subject_key_id: u16,
    /// When the erasure of the person's data was last asked for; what they granted until then holds no longer. Absent if never.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(schema_with = "schema::time"))]
    pub(crate) erased_at: Option<Timestamp>,
    /// The place in the log up to which this page and those after it go.
    pub(crate) until: u64,
    /// The path of the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
}

/// A person who was let into their own page.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct SessionOutput {
    /// What the page shows with each call, as a bearer token.
    pub(crate) session: String,
    /// Until when.
    #[cfg_attr(test, schemars(schema_with = "schema::time"))]
    pub(crate) expires_at: Timestamp,
    pub(crate) user_id: String,
    pub(crate) site: String,
}

/// The words that a record names by their hash.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ExportedNotice {
    #[cfg_attr(test, schemars(schema_with = "schema::hash"))]
    pub(crate) hash: Hash,
    /// `null` where they were never registered.
    pub(crate) notice: Option<NoticeText>,
}

/// How a whole export as JSON begins; what follows is written by hand, in the shape of [`ExportOutput`].
#[derive(Debug, Serialize)]
pub(crate) struct ExportHead {
    #[serde(flatten)]
    pub(crate) page: Page,
    pub(crate) exported_at: Timestamp,
    pub(crate) linked_visitors: Vec<Hash>,
}

/// Everything that is held about a person.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ExportOutput {
    #[serde(flatten)]
    pub(crate) page: Page,
    #[cfg_attr(test, schemars(schema_with = "schema::time"))]
    pub(crate) exported_at: Timestamp,
    /// The keyed hashes of the visitors that the person turned out to be.
    #[cfg_attr(test, schemars(schema_with = "schema::hashes"))]
    pub(crate) linked_visitors: Vec<Hash>,
    /// The decisions, oldest first.
    pub(crate) consent_history: Vec<HistoryEntry>,
    /// Everything that was done, decisions included, oldest first.
    pub(crate) audit_trail: Vec<AuditEntry>,
    /// The words that records of this page name.
    pub(crate) notices: Vec<ExportedNotice>,
    /// The erasures that were asked for on this page, as `GET /erasures/{id}` tells of them.
    #[cfg_attr(test, schemars(with = "Vec<crate::model::ErasureOutput>"))]
    pub(crate) erasures: Vec<serde_json::Value>,
    /// A JWS (RFC 7515) over the SHA-256 of every byte before `,"digest"`; `null` where the service has no key. It is written
    /// behind everything else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) digest: Option<String>,
}

/// Who did what about a person.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct AuditOutput {
    #[serde(flatten)]
    pub(crate) page: Page,
    /// What was done, in the order that was asked for.
    pub(crate) audit_trail: Vec<AuditEntry>,
}
