//! The bodies of answers. They only ever gain fields.

use super::ModelStanding;
use super::requests::NoticeText;
#[cfg(test)]
use crate::openapi::schema;
use crate::{
    erasure::settings::StoreKind,
    scope::Scope,
    site::Settings,
    store::{Named, SignedHead},
    tree::Log,
};
use consentry::{
    decision::Reason,
    erasure::{State, StoreState, deadline::Warning},
    hash::Hash,
    record::{ConsentRecord, LegalBasis, Status},
    time::Timestamp,
};
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

/// A receipt with what proves it: what [`consentry::receipt::Proved`] writes.
#[cfg(test)]
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub(crate) struct ReceiptOutput {
    /// Signed JSON (JWS) of type `consent-receipt+jws`.
    pub(crate) receipt: String,
    /// That its leaf is in the log; absent while that is promised only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) inclusion: Option<InclusionOutput>,
    /// The signed note that the proof is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) checkpoint: Option<String>,
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
    #[cfg_attr(test, schemars(with = "Vec<ErasureOutput>"))]
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

/// An erasure, but for what was done in each store.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ErasureSummary {
    #[cfg_attr(test, schemars(schema_with = "schema::uuid"))]
    pub(crate) id: Uuid,
    #[cfg_attr(test, schemars(schema_with = "schema::erasure_state"))]
    pub(crate) state: State,
    #[cfg_attr(test, schemars(schema_with = "schema::time"))]
    pub(crate) requested_at: Timestamp,
    /// By when the person must have an answer (GDPR Art. 12(3)).
    #[cfg_attr(test, schemars(schema_with = "schema::time"))]
    pub(crate) due_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(schema_with = "schema::time"))]
    pub(crate) completed_at: Option<Timestamp>,
    /// Until when a restored backup may still hold what was removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(schema_with = "schema::time"))]
    pub(crate) restore_horizon: Option<Timestamp>,
    /// Whether the deadline is near or past.
    #[cfg_attr(test, schemars(schema_with = "schema::deadline_warning"))]
    pub(crate) deadline_warning: Warning,
    /// The legal ground of a refusal, or why it is held.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ground: Option<String>,
    /// Why the deadline was extended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) extension: Option<String>,
}

/// An erasure.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ErasureOutput {
    #[serde(flatten)]
    pub(crate) summary: ErasureSummary,
    /// What was done in each store.
    pub(crate) stores: Vec<StoreOutput>,
    /// The data sets that held rows of the person, and where the models that were trained on them stand.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) lineage: Vec<ModelStanding>,
    /// What this erasure reaches and what it does not.
    pub(crate) note: &'static str,
}

/// Erasures of a site.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ErasuresOutput {
    pub(crate) erasures: Vec<ListedErasure>,
    /// The `after` of the next page; `null` on the last one.
    pub(crate) next: Option<String>,
}

/// An erasure in a list.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ListedErasure {
    #[serde(flatten)]
    pub(crate) summary: ErasureSummary,
    /// The names of stores that are not done and are tried again.
    pub(crate) failed: Vec<String>,
    /// The names of stores that were tried so often in vain that somebody must look at their `last_error`.
    pub(crate) dead: Vec<String>,
}

/// Where an erasure stands in one store.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct StoreOutput {
    pub(crate) store: String,
    pub(crate) kind: StoreKind,
    #[cfg_attr(test, schemars(schema_with = "schema::store_state"))]
    pub(crate) state: StoreState,
    /// How many attempts were begun.
    pub(crate) attempts: u32,
    /// How many items of the person were found, over all attempts.
    pub(crate) found: u64,
    /// How many of them were removed.
    pub(crate) removed: u64,
    /// The stores that must be done first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) after: Vec<String>,
    /// Whether somebody works on it now.
    pub(crate) at_work: bool,
    /// Why the last attempt failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_error: Option<String>,
    /// Before when nobody works on it again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(schema_with = "schema::time"))]
    pub(crate) next_at: Option<Timestamp>,
    /// When it was verified gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(schema_with = "schema::time"))]
    pub(crate) done_at: Option<Timestamp>,
}

/// What was removed where, signed.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct DeletionReceiptOutput {
    /// A JWS in compact form (RFC 7515) of type `deletion-receipt+jws`; its keys are at `/.well-known/jwks.json`.
    pub(crate) receipt: String,
}

/// What there is to do for an agent.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct TasksOutput {
    pub(crate) tasks: Vec<TaskOutput>,
}

/// A task that an agent has to itself.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct TaskOutput {
    pub(crate) id: String,
    #[cfg_attr(test, schemars(schema_with = "schema::uuid"))]
    pub(crate) erasure: Uuid,
    pub(crate) store: String,
    pub(crate) attempt: u32,
    /// The ids of the person, and of the visitors they turned out to be.
    pub(crate) users: Vec<String>,
    #[cfg_attr(test, schemars(schema_with = "schema::time"))]
    pub(crate) due_at: Timestamp,
    #[cfg_attr(test, schemars(schema_with = "schema::time"))]
    pub(crate) leased_until: Timestamp,
}

/// Until when an agent has a task to itself.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct LeaseOutput {
    pub(crate) id: String,
    #[cfg_attr(test, schemars(schema_with = "schema::time"))]
    pub(crate) leased_until: Timestamp,
}

/// What changed of who granted a purpose.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ChangesOutput {
    pub(crate) site: String,
    #[cfg_attr(test, schemars(schema_with = "schema::any_purpose"))]
    pub(crate) purpose: String,
    /// Which of the site's keys made the subjects.
    pub(crate) key_id: u16,
    /// The name of the log; of several, with spaces between them.
    pub(crate) log: String,
    /// Up to where the log was read: `since` of the next call.
    pub(crate) position: String,
    /// Whether the log goes on behind that; then call again at once.
    pub(crate) more: bool,
    /// As of when.
    #[cfg_attr(test, schemars(schema_with = "schema::time"))]
    pub(crate) read_at: Timestamp,
    /// Everybody who decided about the purpose or was erased, once, with what holds now.
    pub(crate) changes: Vec<Change>,
}

/// What holds for one person.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Change {
    /// The first 16 bytes of the subject, in hexadecimal digits.
    pub(crate) key: String,
    /// Whether a yes stands.
    pub(crate) granted: bool,
    /// The place in the log of what changed it.
    pub(crate) log_index: u64,
    /// When the yes ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(schema_with = "schema::time"))]
    pub(crate) expires_at: Option<Timestamp>,
}

/// An API key that was just issued; the only time it is shown.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct KeyIssued {
    #[serde(flatten)]
    pub(crate) about: KeyOutput,
    /// The key, to be kept secret.
    pub(crate) key: String,
}

/// An API key, without its secret.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct KeyOutput {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) scopes: Vec<Scope>,
    /// The stores that an agent's key may work on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stores: Option<Vec<String>>,
    #[cfg_attr(test, schemars(schema_with = "schema::time"))]
    pub(crate) created_at: Timestamp,
}

/// A site with its keys.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct SiteOutput {
    pub(crate) id: String,
    #[serde(flatten)]
    pub(crate) settings: Settings,
    /// The secrets that messages to webhooks are signed with, by store; only in the answer to PUT.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) webhook_secrets: BTreeMap<String, String>,
    pub(crate) keys: Vec<KeyOutput>,
}

/// All sites.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct SitesOutput {
    pub(crate) sites: Vec<SiteOutput>,
}

/// The public keys of what is signed: what `sign::jwks` writes.
#[cfg(test)]
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub(crate) struct JwksOutput {
    pub(crate) keys: Vec<crate::site::Jwk>,
}

/// That an event is in the log, for [`consentry::proof::Inclusion`].
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct InclusionOutput {
    pub(crate) log_index: u64,
    #[cfg_attr(test, schemars(schema_with = "schema::hash"))]
    pub(crate) leaf_hash: Hash,
    /// The size of the checkpoint that it is proved for.
    pub(crate) tree_size: u64,
    /// RFC 6962 § 2.1.1.
    #[cfg_attr(test, schemars(schema_with = "schema::hashes"))]
    pub(crate) hashes: Vec<Hash>,
}

/// That the log at one size continues the log at a smaller one, for [`consentry::proof::Consistency`].
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ConsistencyOutput {
    pub(crate) from: u64,
    pub(crate) to: u64,
    /// RFC 6962 § 2.1.2.
    #[cfg_attr(test, schemars(schema_with = "schema::hashes"))]
    pub(crate) hashes: Vec<Hash>,
}

/// A log, as far as it is signed, and what waits to be.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct LogOutput {
    /// Its name.
    pub(crate) log: String,
    /// How many events its last checkpoint is over.
    pub(crate) size: u64,
    #[cfg_attr(test, schemars(schema_with = "schema::hash"))]
    pub(crate) root: Hash,
    #[cfg_attr(test, schemars(schema_with = "schema::time"))]
    pub(crate) signed_at: Timestamp,
    /// How many events came after it.
    pub(crate) waiting: u64,
    /// When the first of them came.
    #[cfg_attr(test, schemars(schema_with = "schema::optional_time"))]
    pub(crate) waiting_since: Option<Timestamp>,
    /// The names that it had, the present one last; more than one if its database was restored to an earlier state.
    pub(crate) names: Vec<Named>,
}

impl LogOutput {
    pub(crate) fn new(log: Log, signed: &SignedHead, (waiting, since): (u64, Option<Timestamp>)) -> Self {
        Self {
            log: log.names.last().map(|named| named.origin.clone()).unwrap_or_default(),
            size: log.head.size,
            root: log.head.root,
            signed_at: signed.signed_at,
            waiting,
            waiting_since: since,
            names: log.names,
        }
    }
}

/// The name under which a log goes on.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct RestartedOutput(pub(crate) Named);

/// Whether the service works.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct HealthOutput {
    /// Always `ok`; a service that does not work answers with a problem.
    pub(crate) status: &'static str,
    pub(crate) version: &'static str,
}

/// That Global Privacy Control is honoured.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct GpcOutput {
    pub(crate) gpc: bool,
    /// The day the statement was last changed.
    #[serde(rename = "lastUpdate")]
    pub(crate) last_update: &'static str,
}
