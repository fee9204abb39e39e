//! User ids at rest. Owns the one exception from the rule that the database holds none: other stores know a person by the id,
//! so an erasure keeps it, encrypted under a key of the site, until nothing can need it any more. The key comes from the master
//! secret, so the database alone tells nothing.

use crate::{
    app::App,
    platform::{DatabaseError, Platform},
};
use base64ct::{Base64UrlUnpadded, Encoding as _};
use consentry::{slug::Slug, subject::derive_key};

fn key<P: Platform>(app: &App<'_, P>, site: &Slug) -> [u8; 32] {
    derive_key(&app.config.secret, format!("consentry/kept-ids/v1/{site}").as_bytes())
}

/// Encrypts ids. `about` is what they belong to: they can't be read as those of anything else.
pub(crate) async fn seal<P: Platform>(
    app: &App<'_, P>,
    site: &Slug,
    about: &str,
    ids: &[String],
) -> Result<String, DatabaseError> {
    let plain = serde_json::to_vec(ids).unwrap_or_default();
    let mut nonce = [0; 12];
    app.platform.random(&mut nonce);
    let sealed = app.platform.seal(&key(app, site), nonce, about.as_bytes(), &plain).await;
    let sealed = sealed.ok_or_else(|| DatabaseError::Unavailable("ids could not be encrypted".into()))?;
    Ok(Base64UrlUnpadded::encode_string(&[&nonce[..], &sealed].concat()))
}

/// Decrypts them.
pub(crate) async fn unseal<P: Platform>(
    app: &App<'_, P>,
    site: &Slug,
    about: &str,
    text: &str,
) -> Result<Vec<String>, DatabaseError> {
    let unreadable =
        || DatabaseError::Unreadable("the ids that an erasure keeps; was CONSENTRY_SECRET changed?".into());
    let bytes = Base64UrlUnpadded::decode_vec(text).map_err(|_| unreadable())?;
    let (nonce, sealed) = bytes.split_first_chunk::<12>().ok_or_else(unreadable)?;
    let plain = app.platform.unseal(&key(app, site), *nonce, about.as_bytes(), sealed).await;
    plain.and_then(|plain| serde_json::from_slice(&plain).ok()).ok_or_else(unreadable)
}
