//! What is answered to decisions, and about what holds.

#[cfg(test)]
use crate::openapi::schema;
use consentry::{decision::Reason, hash::Hash, record::Status, time::Timestamp};
use serde::Serialize;
use std::collections::BTreeMap;
use uuid::Uuid;

/// A decision that was recorded.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Recorded {
    #[cfg_attr(test, schemars(schema_with = "schema::any_purpose"))]
    pub(crate) purpose: String,
    #[cfg_attr(test, schemars(schema_with = "schema::status"))]
    pub(crate) status: Status,
    /// The record's `UUIDv7`.
    #[cfg_attr(test, schemars(schema_with = "schema::uuid"))]
    pub(crate) id: Uuid,
    /// When the server recorded it.
    #[cfg_attr(test, schemars(schema_with = "schema::time"))]
    pub(crate) timestamp: Timestamp,
    /// Its place in the log.
    pub(crate) log_index: u64,
    /// The RFC 6962 hash of its leaf.
    #[cfg_attr(test, schemars(schema_with = "schema::hash"))]
    pub(crate) leaf_hash: Hash,
    /// Signed JSON (JWS) that proves what was recorded: keep it, or take it again from `GET /receipts/{log_index}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) receipt: Option<String>,
}

/// Several decisions that were recorded.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct RecordedAll {
    /// The person's id; `anonymous:…` for a visitor.
    pub(crate) user_id: String,
    pub(crate) records: Vec<Recorded>,
    /// Whether the words of the notice are registered; if not, send them once with `PUT /notices/{hash}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) notice_registered: Option<bool>,
}

/// A visitor who is now known as a person.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct LinkOutput {
    pub(crate) user_id: String,
    /// The visitor's id.
    pub(crate) visitor_id: String,
    /// What the visitor had decided and the person had not, now recorded for the person.
    pub(crate) records: Vec<Recorded>,
}

/// What holds now for one purpose.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct PurposeStatus {
    /// `pending` where nothing that still stands was decided.
    #[cfg_attr(test, schemars(schema_with = "schema::status"))]
    pub(crate) status: Status,
    /// Why.
    #[cfg_attr(test, schemars(schema_with = "schema::reason"))]
    pub(crate) reason: Reason,
    /// When the person decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(schema_with = "schema::time"))]
    pub(crate) updated_at: Option<Timestamp>,
}

/// What holds now for every purpose.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct StatusOutput {
    pub(crate) user_id: String,
    /// By purpose: those of the site, and any that was ever decided about.
    pub(crate) consent: BTreeMap<String, PurposeStatus>,
}

/// What a browser is to keep.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ChoiceOutput {
    pub(crate) user_id: String,
    /// In the form in which the banner keeps it; the text that was sent where nothing came later.
    pub(crate) choice: String,
}

/// Whether a purpose may be used.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct DecisionOutput {
    pub(crate) user_id: String,
    #[cfg_attr(test, schemars(schema_with = "schema::any_purpose"))]
    pub(crate) purpose: String,
    /// Whether the purpose may be used now.
    pub(crate) allowed: bool,
    #[cfg_attr(test, schemars(schema_with = "schema::status"))]
    pub(crate) status: Status,
    /// Why.
    #[cfg_attr(test, schemars(schema_with = "schema::reason"))]
    pub(crate) reason: Reason,
    /// The rules that were applied.
    pub(crate) regime: &'static str,
    /// When a standing yes ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(schema_with = "schema::time"))]
    pub(crate) expires_at: Option<Timestamp>,
    /// When the person decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(schema_with = "schema::time"))]
    pub(crate) updated_at: Option<Timestamp>,
}
