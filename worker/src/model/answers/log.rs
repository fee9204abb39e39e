//! The log, proofs and receipts.

#[cfg(test)]
use crate::openapi::schema;
use crate::{
    store::{Named, SignedHead},
    tree::Log,
};
use consentry::{hash::Hash, time::Timestamp};
use serde::Serialize;

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
