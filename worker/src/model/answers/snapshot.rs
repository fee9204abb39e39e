//! What changed of who granted a purpose.

#[cfg(test)]
use crate::openapi::schema;
use consentry::time::Timestamp;
use serde::Serialize;

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
