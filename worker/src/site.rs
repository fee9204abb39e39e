//! What a site is: its settings, its API keys, and the registry of all of them, which an isolate keeps for at most a minute
//! so that a call needs no look-up of its own. A withdrawn key therefore works for up to a minute more.

use crate::{
    erasure::{settings::StoreSettings, work::Work},
    object::Object,
    scope::Scope,
};
use consentry::{
    dpv::Controller, hash::Hash, problem::Problem, purpose::Purpose, regime::Regime, slug::Slug,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, rc::Rc};

/// How long the registry is kept, in milliseconds.
const MAX_AGE_MS: i64 = 60_000;

/// How old it must be before a look-up that finds nothing loads it again: what was created elsewhere a moment ago is found,
/// and a caller who guesses names costs at most one query in this time.
const MISS_AGE_MS: i64 = 2_000;

/// A public key (RFC 7517) of a kind that is supported: `OKP` with Ed25519 (RFC 8037) or `EC` with P-256 (RFC 7518 § 6.2).
/// Members of other uses are ignored.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Jwk {
    /// `OKP` or `EC`.
    pub(crate) kty: String,
    /// `Ed25519` or `P-256`.
    pub(crate) crv: String,
    /// The key, or its x coordinate, in base64url.
    pub(crate) x: String,
    /// The y coordinate, for `EC`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) y: Option<String>,
    /// The name by which tokens choose among several keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) kid: Option<String>,
}

/// Public keys.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct JwkSet {
    pub(crate) keys: Vec<Object<Jwk>>,
}

/// The settings of a site, as they are stored and as the admin API takes them.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Settings {
    /// What people call the site.
    pub(crate) name: String,
    /// The exact origins from which browsers may call, such as `https://example.com`.
    #[serde(default)]
    #[cfg_attr(test, schemars(schema_with = "crate::openapi::schema::origins"))]
    pub(crate) origins: Vec<String>,
    /// Purposes beside `model_training`, `inference`, `analytics` and `personalization`, which every site has.
    #[serde(default)]
    #[cfg_attr(test, schemars(schema_with = "crate::openapi::schema::slugs"))]
    pub(crate) purposes: Vec<Purpose>,
    /// The regime that holds for people whose country is not known; the strictest by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(schema_with = "crate::openapi::schema::optional_regime"))]
    pub(crate) regime: Option<String>,
    /// What records and receipts in the form of ISO/IEC TS 27560 say of the site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(schema_with = "crate::openapi::schema::controller"))]
    pub(crate) controller: Option<Object<Controller>>,
    /// Where else data of people is, so that an erasure reaches it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(test, schemars(length(max = 50)))]
    pub(crate) stores: Vec<Object<StoreSettings>>,
    /// The public keys against which a signed-in person's token is checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) jwks: Option<Object<JwkSet>>,
}

/// A site.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) id: Slug,
    pub(crate) settings: Settings,
}

impl Site {
    /// Every purpose the site has, the built-in ones first.
    pub(crate) fn purposes(&self) -> impl Iterator<Item = Purpose> + '_ {
        Purpose::DEFAULT.into_iter().chain(self.settings.purposes.iter().cloned())
    }

    /// A purpose by its name, if the site has it; else a problem with `field`.
    pub(crate) fn purpose(&self, field: &str, name: &str) -> Result<Purpose, Problem> {
        self.purposes().find(|purpose| purpose.as_str() == name).ok_or_else(|| {
            let allowed: Vec<_> = self.purposes().collect();
            let list = allowed.iter().map(Purpose::as_str).collect::<Vec<_>>().join(", ");
            Problem::field(field, format!("this site has no such purpose; use one of: {list}"))
                .allowing(allowed)
        })
    }

    /// The regime that holds for people of a place, or of none that is known.
    pub(crate) fn regime(&self, country: Option<&str>, region: Option<&str>) -> &'static Regime {
        Regime::of_site(self.settings.regime.as_deref(), country, region)
    }

    /// The public keys of the site, for tokens of signed-in people.
    pub(crate) fn jwks(&self) -> impl Iterator<Item = &Jwk> {
        self.settings.jwks.iter().flat_map(|Object(set)| set.keys.iter().map(|Object(key)| key))
    }

    /// Whether browsers on this origin may call.
    pub(crate) fn allows_origin(&self, origin: &str) -> bool {
        self.settings.origins.iter().any(|allowed| allowed == origin)
    }
}

/// An API key of a site's backend.
#[derive(Debug)]
pub(crate) struct ApiKey {
    pub(crate) id: Slug,
    pub(crate) site: Slug,
    pub(crate) name: String,
    pub(crate) scopes: Vec<Scope>,
    pub(crate) secret_hash: Hash,
    pub(crate) created_at: Timestamp,
    /// What an agent's key may work on.
    pub(crate) work: Option<Work>,
}

/// All sites and keys of a deployment. They are few (tens, not millions), so they are loaded together.
#[derive(Debug)]
pub(crate) struct Registry {
    pub(crate) loaded_at: Timestamp,
    pub(crate) sites: Vec<Rc<Site>>,
    pub(crate) keys: Vec<ApiKey>,
    /// The notices whose words are registered.
    pub(crate) notices: BTreeSet<(Slug, Hash)>,
}

impl Registry {
    pub(crate) fn site(&self, id: &str) -> Option<Rc<Site>> {
        self.sites.iter().find(|site| site.id.as_str() == id).cloned()
    }

    pub(crate) fn key(&self, id: &str) -> Option<&ApiKey> {
        self.keys.iter().find(|key| key.id.as_str() == id)
    }

    /// Whether any site lets browsers on this origin call.
    pub(crate) fn allows_origin(&self, origin: &str) -> bool {
        self.sites.iter().any(|site| site.allows_origin(origin))
    }

    /// Whether it may still be used.
    pub(crate) fn is_fresh(&self, now: Timestamp) -> bool {
        self.age_ms(now) < MAX_AGE_MS
    }

    /// Whether a look-up that found nothing should load it again.
    pub(crate) fn is_fresh_for_a_miss(&self, now: Timestamp) -> bool {
        self.age_ms(now) < MISS_AGE_MS
    }

    fn age_ms(&self, now: Timestamp) -> i64 {
        now.as_ms() - self.loaded_at.as_ms()
    }
}
