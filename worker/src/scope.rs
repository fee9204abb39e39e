//! What an API key may do. Owns the scopes; who holds which is in the registry, who needs which is said by each handler.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What an API key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) enum Scope {
    /// Read a person's status and decisions.
    #[serde(rename = "consent:read")]
    ConsentRead,
    /// Record decisions.
    #[serde(rename = "consent:write")]
    ConsentWrite,
    /// Export what is held about a person.
    #[serde(rename = "subject:export")]
    SubjectExport,
    /// Ask for a person's erasure and follow it.
    #[serde(rename = "subject:erase")]
    SubjectErase,
    /// Take tasks of erasures in the stores of the key, and report on them; for agents.
    #[serde(rename = "erasure:work")]
    ErasureWork,
    /// Read a person's audit trail.
    #[serde(rename = "audit:read")]
    AuditRead,
    /// Register data sets and the models that were trained on them, and say what became of those.
    #[serde(rename = "lineage:write")]
    LineageWrite,
    /// Read who granted a purpose, as keyed hashes.
    #[serde(rename = "snapshot:read")]
    SnapshotRead,
    /// Read rows of the log: those of the site, and the hashes of all others.
    #[serde(rename = "log:read")]
    LogRead,
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ConsentRead => "consent:read",
            Self::ConsentWrite => "consent:write",
            Self::SubjectExport => "subject:export",
            Self::SubjectErase => "subject:erase",
            Self::ErasureWork => "erasure:work",
            Self::AuditRead => "audit:read",
            Self::LineageWrite => "lineage:write",
            Self::SnapshotRead => "snapshot:read",
            Self::LogRead => "log:read",
        })
    }
}
