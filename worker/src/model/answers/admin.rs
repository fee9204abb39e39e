//! Sites and keys, and what the service says of itself.

#[cfg(test)]
use crate::openapi::schema;
use crate::{scope::Scope, site::Settings};
use consentry::time::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;

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
