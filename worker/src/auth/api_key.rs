//! API keys: `ck_`, the key's id, `_`, 43 characters of secret. The database holds only a hash. The secret is derived from
//! the master secret and the id, so that the answer to a repeated request for a key can be given again without storing it.

use super::{Caller, unauthenticated};
use crate::{app::App, platform::Platform};
use base64ct::{Base64UrlUnpadded, Encoding as _};
use consentry::{event::Actor, hash::Hash, problem::Problem, slug::Slug, subject::derive_key};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

pub(super) const PREFIX: &str = "ck_";

/// A fresh id.
pub(crate) fn issue<P: Platform>(app: &App<'_, P>) -> Option<Slug> {
    let mut random = [0; 8];
    app.platform.random(&mut random);
    Slug::parse(&format!("k{:016x}", u64::from_be_bytes(random)))
}

/// The whole key with this id.
pub(crate) fn text_of(master: &[u8], id: &Slug) -> String {
    let secret = derive_key(master, format!("consentry/api-key/v1/{id}").as_bytes());
    format!("{PREFIX}{id}_{}", Base64UrlUnpadded::encode_string(&secret))
}

/// What is stored of a key. A plain hash is enough for 256 random bits.
pub(crate) fn hash_secret(key: &str) -> Hash {
    Hash(Sha256::digest(key).into())
}

/// Finds the backend that a key belongs to.
pub(super) async fn identify<P: Platform>(app: &App<'_, P>, token: &str) -> Result<Caller, Problem> {
    let id = token.strip_prefix(PREFIX).and_then(|rest| rest.split('_').next()).unwrap_or_default();
    let shown = hash_secret(token);
    let found = app
        .find(|registry| {
            let key = registry.key(id)?;
            let site = registry.site(key.site.as_str())?;
            bool::from(key.secret_hash.0.ct_eq(&shown.0))
                .then(|| Caller::backend(site, Actor::Key(key.id.clone()), key.scopes.clone()))
        })
        .await?;
    found.ok_or_else(|| unauthenticated("this API key is unknown or was withdrawn"))
}
