//! The bodies of requests, and what a path holds. Names of purposes stay text here: which exist depends on the site.

#[cfg(test)]
use crate::openapi::schema;
use crate::{auth::AnonymousProof, object::Object, scope::Scope};
use consentry::{
    hash::Hash,
    problem::Problem,
    record::{LegalBasis, Status},
    slug::Slug,
    time::Timestamp,
};
use serde::Deserialize;

/// The notice that the person was shown.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct NoticeInput {
    /// The site's number for this version of its notice.
    pub(crate) version: u32,
    /// The language it was shown in, as a BCP 47 tag.
    #[cfg_attr(test, schemars(regex(pattern = r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$"), length(max = 35)))]
    pub(crate) language: String,
    /// The SHA-256 of everything that was shown.
    #[serde(default)]
    #[cfg_attr(test, schemars(schema_with = "schema::optional_hash"))]
    pub(crate) hash: Option<Hash>,
}

/// What a backend knows about its visitor's request, for it alone to give.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ContextInput {
    /// The visitor's address; stored without the part that points at one household.
    #[serde(default)]
    #[cfg_attr(test, schemars(schema_with = "schema::ip"))]
    pub(crate) ip_address: Option<String>,
    /// The visitor's `User-Agent`; at most 512 bytes are kept.
    #[serde(default)]
    pub(crate) user_agent: Option<String>,
    /// The visitor's country, ISO 3166-1 alpha-2.
    #[serde(default)]
    #[cfg_attr(test, schemars(schema_with = "schema::optional_country"))]
    pub(crate) country: Option<String>,
    /// Whether the visitor's browser sent Global Privacy Control.
    #[serde(default)]
    pub(crate) gpc: bool,
}

/// A yes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct GrantInput {
    /// Whom the decision belongs to; may be left out where the credentials are the person's own.
    #[serde(default)]
    #[cfg_attr(test, schemars(schema_with = "schema::user_id"))]
    pub(crate) user_id: Option<String>,
    /// The proof of an anonymous visitor, instead of other credentials.
    #[serde(default)]
    pub(crate) anonymous: Option<Object<AnonymousProof>>,
    /// What the decision is about.
    #[cfg_attr(test, schemars(schema_with = "schema::purpose"))]
    pub(crate) purpose: String,
    /// On which ground; `consent` by default.
    #[serde(default)]
    #[cfg_attr(test, schemars(schema_with = "schema::optional_legal_basis"))]
    pub(crate) legal_basis: Option<LegalBasis>,
    /// What the person was shown.
    #[serde(default)]
    pub(crate) notice: Option<Object<NoticeInput>>,
    /// When the person decided, if that was earlier than this call.
    #[serde(default)]
    #[cfg_attr(test, schemars(schema_with = "schema::optional_time"))]
    pub(crate) decided_at: Option<Timestamp>,
    /// The visitor's request, where a backend calls.
    #[serde(default)]
    pub(crate) context: Option<Object<ContextInput>>,
}

/// One decision of several.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct DecisionInput {
    /// What the decision is about; each purpose at most once.
    #[cfg_attr(test, schemars(schema_with = "schema::purpose"))]
    pub(crate) purpose: String,
    /// What was decided.
    #[cfg_attr(test, schemars(schema_with = "schema::status"))]
    pub(crate) status: Status,
    /// On which ground; `consent` by default.
    #[serde(default)]
    #[cfg_attr(test, schemars(schema_with = "schema::optional_legal_basis"))]
    pub(crate) legal_basis: Option<LegalBasis>,
    /// When the person decided, if that was earlier than this call.
    #[serde(default)]
    #[cfg_attr(test, schemars(schema_with = "schema::optional_time"))]
    pub(crate) decided_at: Option<Timestamp>,
}

/// Several decisions from one banner, stored all or not at all.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct DecideInput {
    /// Whom the decisions belong to; may be left out where the credentials are the person's own.
    #[serde(default)]
    #[cfg_attr(test, schemars(schema_with = "schema::user_id"))]
    pub(crate) user_id: Option<String>,
    /// The proof of an anonymous visitor, instead of other credentials.
    #[serde(default)]
    pub(crate) anonymous: Option<Object<AnonymousProof>>,
    /// What the person was shown.
    #[serde(default)]
    pub(crate) notice: Option<Object<NoticeInput>>,
    /// One decision for each purpose.
    #[cfg_attr(test, schemars(length(min = 1, max = 20)))]
    pub(crate) decisions: Vec<Object<DecisionInput>>,
    /// The visitor's request, where a backend calls.
    #[serde(default)]
    pub(crate) context: Option<Object<ContextInput>>,
}

/// A new API key.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct KeyInput {
    /// What people call the key.
    #[cfg_attr(test, schemars(length(min = 1, max = 100)))]
    pub(crate) name: String,
    /// What it may do.
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub(crate) scopes: Vec<Scope>,
}

/// A decision that is ready to be recorded.
#[derive(Debug)]
pub(crate) struct NewDecision {
    /// Where it stands in the body, as the prefix of the names of its fields.
    pub(crate) field: String,
    pub(crate) input: DecisionInput,
}

/// The name of a site or key in a path, or a problem that says where.
pub(crate) fn slug(field: &str, text: &str) -> Result<Slug, Problem> {
    Slug::parse(text).ok_or_else(|| {
        Problem::field(
            field,
            format!(
                "{field} must be 1 to 64 lower-case letters, digits and underscores and begin with a letter"
            ),
        )
    })
}
