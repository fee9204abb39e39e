//! The stores that a site declares. Owns what is said of each and which of it is refused; what is done in one is its module's.

use super::{EVIDENCE, address::may_be_told};
use crate::object::Object;
use consentry::{erasure::task::can_be_ordered, problem::Problem, slug::Slug};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};

/// The most stores of a site.
const MOST: usize = 50;

/// What stands for the person in the prefix of a cache.
const USER: &str = "{user_id}";

/// How the bindings of indexes begin, so that settings reach nothing else that the Worker has.
const VECTORS: &str = "VECTORS";

/// What stays as it is in a name: the unreserved characters of RFC 3986.
const NAME: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The kinds of stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) enum StoreKind {
    /// The evidence that this service keeps; built in.
    D1Evidence,
    /// Objects with rows of JSON, in the bucket that is bound as DATA.
    R2Jsonl,
    /// Values of the namespace that is bound as CACHE.
    Kv,
    /// Vectors of the index that is bound as VECTORS, or by another name that begins so.
    Vectorize,
    /// Another service, which is told.
    Webhook,
    /// A program beside the data, which asks for its tasks.
    Agent,
}

impl StoreKind {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::D1Evidence => EVIDENCE,
            Self::R2Jsonl => "r2_jsonl",
            Self::Kv => "kv",
            Self::Vectorize => "vectorize",
            Self::Webhook => "webhook",
            Self::Agent => "agent",
        }
    }
}

/// A place that holds data of the site's people, which an erasure must reach.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct StoreSettings {
    /// Its name, once among the stores of the site.
    #[cfg_attr(test, schemars(schema_with = "crate::openapi::schema::slug"))]
    pub(crate) name: String,
    pub(crate) kind: StoreKind,
    /// The stores that must be done first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(test, schemars(schema_with = "crate::openapi::schema::slugs"))]
    pub(crate) after: Vec<String>,
    /// Of `r2_jsonl`: how the names of its objects begin. Of `kv`: how the keys of a person's values begin, with `{user_id}` for
    /// the percent-encoded id and a delimiter behind it, such as `emb/{user_id}/`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) prefix: Option<String>,
    /// Of `r2_jsonl`: where in a row the user id is, as a dotted path; `user_id` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user_field: Option<String>,
    /// Of `vectorize`: by which name the index is bound; `VECTORS` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) binding: Option<String>,
    /// Of `webhook`: where the other service is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<String>,
}

impl StoreSettings {
    /// The store that is built in.
    pub(crate) fn evidence() -> Self {
        let (name, kind) = (EVIDENCE.into(), StoreKind::D1Evidence);
        Self { name, kind, after: vec![], prefix: None, user_field: None, binding: None, url: None }
    }

    /// By which name the index of vectors is bound.
    pub(crate) fn index(&self) -> &str {
        self.binding.as_deref().unwrap_or(VECTORS)
    }

    /// How the keys of a person's values begin in a cache. Ids are percent-encoded, so none of them holds the delimiter, and
    /// no two of them give one prefix or one that the other begins with.
    pub(crate) fn cache_prefix(&self, user: &str) -> String {
        let encoded = utf8_percent_encode(user, NAME).to_string();
        self.prefix.as_deref().unwrap_or_default().replacen(USER, &encoded, 1)
    }
}

/// Refuses what can't work; `stores[i].…` is the field.
pub(crate) fn check(stores: &[Object<StoreSettings>]) -> Result<(), Problem> {
    if stores.len() > MOST {
        return Err(Problem::field("stores", format!("a site has at most {MOST} stores")));
    }
    for (i, Object(store)) in stores.iter().enumerate() {
        let refuse = |field: &str, detail: &str| Err(Problem::field(format!("stores[{i}].{field}"), detail));
        if Slug::parse(&store.name).is_none() {
            return refuse(
                "name",
                "a name is 1 to 64 lower-case letters, digits and underscores and begins with a letter",
            );
        }
        if store.name == EVIDENCE || store.kind == StoreKind::D1Evidence {
            return refuse("name", "d1_evidence is built in and reserved; every erasure reaches it");
        }
        if stores[..i].iter().any(|Object(other)| other.name == store.name) {
            return refuse("name", "another store has this name; each needs its own");
        }
        if let Some((field, detail)) = wrong(store) {
            return refuse(field, detail);
        }
    }
    let mut all = vec![(EVIDENCE, vec![])];
    all.extend(
        stores
            .iter()
            .map(|Object(store)| (store.name.as_str(), store.after.iter().map(String::as_str).collect())),
    );
    if can_be_ordered(&all) {
        Ok(())
    } else {
        let detail =
            "these stores can't be ordered: after must name stores of the site, and none may wait for itself";
        Err(Problem::field("stores", detail))
    }
}

/// What is wrong with a store by itself: the field and what to do.
fn wrong(store: &StoreSettings) -> Option<(&'static str, &'static str)> {
    let StoreSettings { kind, prefix, user_field, binding, url, .. } = store;
    let has = [("prefix", prefix), ("user_field", user_field), ("binding", binding), ("url", url)];
    let takes: &[&str] = match kind {
        StoreKind::R2Jsonl => &["prefix", "user_field"],
        StoreKind::Kv => &["prefix"],
        StoreKind::Vectorize => &["binding"],
        StoreKind::Webhook => &["url"],
        StoreKind::Agent | StoreKind::D1Evidence => &[],
    };
    if let Some((name, _)) = has.iter().find(|(name, value)| value.is_some() && !takes.contains(name)) {
        return Some((name, "a store of this kind has no such field; remove it"));
    }
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    match kind {
        StoreKind::R2Jsonl if !(1..=512).contains(&text(prefix).len()) => {
            Some(("prefix", "say how the names of the objects begin, such as training/; 1 to 512 bytes"))
        }
        StoreKind::R2Jsonl if user_field.is_some() && !super::rows::is_path(&text(user_field)) => {
            Some(("user_field", "give a dotted path of at most 16 keys, such as meta.user_id"))
        }
        StoreKind::Kv if !has_delimiter(&text(prefix)) => Some((
            "prefix",
            "say {user_id} once and a delimiter after it that no percent-encoded id has, such as emb/{user_id}/",
        )),
        StoreKind::Vectorize if !is_index(store.index()) => Some((
            "binding",
            "say how the index is bound: VECTORS, or VECTORS_ and capital letters, digits and underscores, such as VECTORS_FAQ",
        )),
        StoreKind::Webhook if !may_be_told(&text(url)) => Some((
            "url",
            "give an https address of a public host, without user name and fragment, in its plain form; http only for localhost or 127.0.0.1",
        )),
        _ => None,
    }
}

fn is_index(binding: &str) -> bool {
    let Some(rest) = binding.strip_prefix(VECTORS) else { return false };
    let named = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    rest.is_empty() || rest.len() <= 57 && rest.starts_with('_') && rest.bytes().all(named)
}

fn has_delimiter(prefix: &str) -> bool {
    let Some((before, behind)) = prefix.split_once(USER) else { return false };
    let delimiter = behind.bytes().next();
    let encoded = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte);
    prefix.len() <= 512
        && !before.contains(['{', '}'])
        && !behind.contains(['{', '}'])
        && delimiter.is_some_and(|byte| byte.is_ascii_graphic() && !encoded(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(kind: StoreKind) -> StoreSettings {
        StoreSettings { name: "s".into(), kind, ..StoreSettings::evidence() }
    }

    #[test]
    fn no_id_takes_the_values_of_another() {
        let cache = StoreSettings { prefix: Some("emb/{user_id}/".into()), ..store(StoreKind::Kv) };
        let ids = ["u1", "u10", "u1/", "u1/0", "u1%2F", "%", "a b", "ü", ".", "anonymous:x"];
        let prefixes = ids.map(|id| cache.cache_prefix(id));
        for (i, prefix) in prefixes.iter().enumerate() {
            for (j, other) in prefixes.iter().enumerate() {
                assert_eq!(other.starts_with(prefix.as_str()), i == j, "{prefix} {other}");
            }
        }
        assert_eq!(prefixes[0], "emb/u1/");
        assert_eq!(prefixes[2], "emb/u1%2F/");
    }

    #[test]
    fn a_cache_needs_a_delimiter_that_no_id_has() {
        for good in ["emb/{user_id}/", "{user_id}:", "a{user_id}|vector"] {
            assert!(has_delimiter(good), "{good}");
        }
        for bad in
            ["emb/", "emb/{user_id}", "emb/{user_id}-", "{user_id}%", "{user_id}a/", "{user_id}/{user_id}/"]
        {
            assert!(!has_delimiter(bad), "{bad}");
        }
    }

    #[test]
    fn settings_reach_no_binding_that_is_no_index() {
        for good in ["VECTORS", "VECTORS_FAQ", "VECTORS_2"] {
            assert!(is_index(good), "{good}");
        }
        for bad in ["", "DB", "LEDGER", "VECTORSX", "VECTORS_a", "VECTORS.X", "XVECTORS"] {
            assert!(!is_index(bad), "{bad}");
        }
    }

    #[test]
    fn a_store_has_the_fields_of_its_kind() {
        let stores = |store: StoreSettings| [Object(store)];
        assert!(check(&stores(store(StoreKind::Agent))).is_ok());
        let cache = StoreSettings { prefix: Some("{user_id}/".into()), ..store(StoreKind::Kv) };
        assert!(check(&stores(cache.clone())).is_ok());
        let more = StoreSettings { url: Some("https://example.com".into()), ..cache.clone() };
        assert_eq!(check(&stores(more)).unwrap_err().field.as_deref(), Some("stores[0].url"));
        let waits = StoreSettings { after: vec!["s".into()], ..cache };
        assert_eq!(check(&stores(waits)).unwrap_err().field.as_deref(), Some("stores"));
        assert!(check(&stores(store(StoreKind::D1Evidence))).is_err());
    }
}
