//! The bodies of requests, and what a path holds. Names of purposes stay text here: which exist depends on the site.

#[cfg(test)]
use crate::openapi::schema;
use crate::{auth::AnonymousProof, object::Object, scope::Scope, site::Jwk};
use consentry::{
    erasure::{Extension, Ground, Hold},
    hash::Hash,
    notice::{Explained, Notice, NoticeVersion},
    problem::Problem,
    purpose::Purpose,
    record::{LegalBasis, Status},
    slug::Slug,
    surface::Surface,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;

/// The notice that the person was shown.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct NoticeInput {
    /// The site's number for this version of its notice.
    pub(crate) version: NonZeroU32,
    /// The language it was shown in, as a BCP 47 tag.
    #[cfg_attr(test, schemars(regex(pattern = r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$"), length(max = 35)))]
    pub(crate) language: String,
    /// The SHA-256 of everything that was shown.
    #[serde(default)]
    #[cfg_attr(test, schemars(schema_with = "schema::optional_hash"))]
    pub(crate) hash: Option<Hash>,
}

/// How the person was asked, as the banner or app that asked tells it.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ShownInput {
    /// Where the decision was made: on the `banner`, in the `dialog` with a switch for each purpose, at a `placeholder` in the
    /// place of blocked content, or on a `page` or form of the site's or app's own.
    #[cfg_attr(test, schemars(schema_with = "schema::surface"))]
    pub(crate) surface: Surface,
    /// The code of the regime that was applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(schema_with = "schema::optional_regime"))]
    pub(crate) regime: Option<String>,
    /// The version of the program that asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(length(max = 32)))]
    pub(crate) version: Option<String>,
    /// When the question was shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(schema_with = "schema::optional_time"))]
    pub(crate) at: Option<Timestamp>,
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
    /// Whether the person was shown that Global Privacy Control is honoured as a no and said yes to this very purpose all the
    /// same; such a yes outranks the signal.
    #[serde(default)]
    pub(crate) over_gpc: bool,
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
    /// How the person was asked.
    #[serde(default)]
    pub(crate) shown: Option<Object<ShownInput>>,
    /// One decision for each purpose.
    #[cfg_attr(test, schemars(length(min = 1, max = 20)))]
    pub(crate) decisions: Vec<Object<DecisionInput>>,
    /// The cookie that a visitor's browser wants for it.
    #[serde(default)]
    pub(crate) cookie: Option<Object<CookieInput>>,
    /// The visitor's request, where a backend calls.
    #[serde(default)]
    pub(crate) context: Option<Object<ContextInput>>,
}

/// The first-party cookie `consentry.<site>` in which a visitor's browser keeps its secret and choice, percent-encoded and with a
/// space in between. A cookie that the service sets lasts longer in some browsers than one that a script sets. It is no
/// credential, and nothing of it is recorded.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct CookieInput {
    /// What holds after the decisions, in the form in which the banner keeps it. A cookie that already holds a later choice is
    /// left as it is.
    #[cfg_attr(test, schemars(example = "1 3 analytics=granted@1795000000000"))]
    pub(crate) choice: String,
    /// The domain that shares the cookie with its subdomains: the host that is called or a parent of it. Without one the
    /// cookie is for that host alone.
    #[serde(default)]
    #[cfg_attr(test, schemars(length(max = 253), example = "example.com"))]
    pub(crate) domain: Option<String>,
    /// Whether the page is embedded in one of another site. The cookie is then partitioned and for the host alone.
    #[serde(default)]
    pub(crate) embedded: bool,
}

/// What a visitor's browser keeps of their choice.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ChoiceInput {
    /// Whose choice it is; may be left out where the credentials are the person's own.
    #[serde(default)]
    #[cfg_attr(test, schemars(schema_with = "schema::user_id"))]
    pub(crate) user_id: Option<String>,
    /// The proof of an anonymous visitor, instead of other credentials.
    #[serde(default)]
    pub(crate) anonymous: Option<Object<AnonymousProof>>,
    /// The choices that the browser keeps, in the form in which the banner does: that of its storage, that of its cookie. The later
    /// one counts, and what can't be read is none.
    #[cfg_attr(test, schemars(length(min = 1, max = 2)))]
    pub(crate) choices: Vec<String>,
    /// The purposes that the page asks about and a person can answer, which is all but those for a contract.
    #[serde(default)]
    #[cfg_attr(test, schemars(length(max = 32), inner(regex(pattern = Slug::PATTERN))))]
    pub(crate) purposes: Vec<String>,
    /// The cookie that the browser wants for it.
    #[serde(default)]
    pub(crate) cookie: Option<Object<CookiePlace>>,
}

/// Where the cookie of a choice is kept; the same as in `POST /consent`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct CookiePlace {
    /// The domain that shares the cookie with its subdomains.
    #[serde(default)]
    #[cfg_attr(test, schemars(length(max = 253), example = "example.com"))]
    pub(crate) domain: Option<String>,
    /// Whether the page is embedded in one of another site.
    #[serde(default)]
    pub(crate) embedded: bool,
}

/// A visitor who signed in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct LinkInput {
    /// Which person the visitor is; may be left out where the credentials are the person's own.
    #[serde(default)]
    #[cfg_attr(test, schemars(schema_with = "schema::user_id"))]
    pub(crate) user_id: Option<String>,
    /// The proof of the visitor.
    pub(crate) anonymous: Object<AnonymousProof>,
}

/// Everything that was on the screen when a person decided, in the order it was shown.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct NoticeText {
    /// The site's number for this version of its notice.
    pub(crate) version: NonZeroU32,
    /// The language, as a BCP 47 tag.
    #[cfg_attr(test, schemars(regex(pattern = r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$"), length(max = 35)))]
    pub(crate) language: String,
    /// Headings, paragraphs and button labels.
    #[cfg_attr(test, schemars(length(max = 100)))]
    pub(crate) texts: Vec<String>,
    /// The purposes as they were explained.
    #[cfg_attr(test, schemars(length(max = 20)))]
    pub(crate) purposes: Vec<Object<ExplainedText>>,
}

/// One purpose as it was explained.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ExplainedText {
    #[cfg_attr(test, schemars(schema_with = "schema::purpose"))]
    pub(crate) purpose: Purpose,
    /// Its name in the person's language.
    pub(crate) title: String,
    /// What it means in plain words.
    pub(crate) description: String,
    /// The ground the site claims for it.
    #[cfg_attr(test, schemars(schema_with = "schema::legal_basis"))]
    pub(crate) legal_basis: LegalBasis,
}

impl From<NoticeText> for Notice {
    fn from(text: NoticeText) -> Self {
        let explained = |Object(text): Object<ExplainedText>| Explained {
            purpose: text.purpose,
            title: text.title,
            description: text.description,
            legal_basis: text.legal_basis,
        };
        Self {
            version: NoticeVersion::new(text.version.get()).unwrap_or(NoticeVersion::FIRST),
            language: text.language,
            texts: text.texts,
            purposes: text.purposes.into_iter().map(explained).collect(),
        }
    }
}

impl From<Notice> for NoticeText {
    fn from(notice: Notice) -> Self {
        let text = |explained: Explained| {
            Object(ExplainedText {
                purpose: explained.purpose,
                title: explained.title,
                description: explained.description,
                legal_basis: explained.legal_basis,
            })
        };
        Self {
            version: NonZeroU32::new(notice.version.get()).unwrap_or(NonZeroU32::MIN),
            language: notice.language,
            texts: notice.texts,
            purposes: notice.purposes.into_iter().map(text).collect(),
        }
    }
}

/// A link to the person's own page.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct SessionInput {
    /// A JSON Web Token that the site's backend signed: `iss` the site, `sub` the user id, `aud` `consentry-link`, `exp` within 24
    /// hours, and a `jti` of its own.
    pub(crate) token: String,
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
    /// With the scope `erasure:work`: the stores it may work on.
    #[serde(default)]
    #[cfg_attr(test, schemars(schema_with = "schema::optional_slugs"))]
    pub(crate) stores: Option<Vec<String>>,
    /// With the scope `erasure:work`: the Ed25519 key that its results are signed with.
    #[serde(default)]
    pub(crate) public_key: Option<Object<Jwk>>,
}

/// How an erasure is asked for; the body may be left out.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct EraseInput {
    /// Whether to wait until somebody confirms who is asking.
    #[serde(default)]
    pub(crate) verify: bool,
}

/// Why the person has to wait longer.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ExtendInput {
    #[cfg_attr(test, schemars(schema_with = "schema::extension"))]
    pub(crate) reason: Extension,
}

/// The legal ground of a refusal.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct RefuseInput {
    #[cfg_attr(test, schemars(schema_with = "schema::ground"))]
    pub(crate) ground: Ground,
}

/// Why an erasure is held.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct HoldInput {
    #[cfg_attr(test, schemars(schema_with = "schema::hold"))]
    pub(crate) ground: Hold,
}

/// How much an agent takes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct TasksInput {
    /// The most tasks.
    #[cfg_attr(test, schemars(range(min = 1, max = 100)))]
    pub(crate) limit: u32,
}

/// How an agent's task went.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ResultInput {
    /// A JWS in compact form, signed with the key that was registered.
    pub(crate) result: String,
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
