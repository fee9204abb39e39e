//! Where erasures stand, and the tasks of agents.

#[cfg(test)]
use crate::openapi::schema;
use crate::{erasure::settings::StoreKind, model::ModelStanding};
use consentry::{
    erasure::{State, StoreState, deadline::Warning},
    time::Timestamp,
};
use serde::Serialize;
use uuid::Uuid;

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
