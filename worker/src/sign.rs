//! What the deployment vouches for: signed JSON for receipts, deletion receipts and digests, by the keys of [`crate::keys`], and
//! the public keys that verify it. The form is the core's ([`consentry::jws`]), the signature the platform's.

use crate::{app::App, keys::SigningKey, platform::Platform};
use consentry::{
    jws,
    problem::{Code, Problem},
    time::Timestamp,
};
use serde::Serialize;
use serde_json::{Value, json};

/// The payload as signed JSON of this type, by the key of now. The payload has no fractions.
pub(crate) async fn jws<P: Platform>(
    app: &App<'_, P>,
    typ: &str,
    payload: &impl Serialize,
) -> Result<String, Problem> {
    let payload = serde_json::to_value(payload)
        .map_err(|_| Problem::new(Code::Internal, "what was to be signed could not be written"))?;
    jws_at(app, app.now, typ, &payload).await
}

/// The same by the key of a time: what happened then is signed the same for ever.
pub(crate) async fn jws_at<P: Platform>(
    app: &App<'_, P>,
    time: Timestamp,
    typ: &str,
    payload: &Value,
) -> Result<String, Problem> {
    let signed = match app.config.log_keys.at(time) {
        Some(key) => sign(app, key, typ, payload).await,
        None => None,
    };
    signed.ok_or_else(no_key)
}

async fn sign<P: Platform>(app: &App<'_, P>, key: &SigningKey, typ: &str, payload: &Value) -> Option<String> {
    let kid = jws::key_id(&app.platform.public_key(&key.seed).await?);
    let input = jws::signing_input(&kid, typ, payload);
    let (_, signature) = app.platform.sign(&key.seed, input.as_bytes()).await?;
    Some(jws::compact(&input, &signature))
}

/// Every public key, past, present and to come, as a JWK set (RFC 7517 § 5).
pub(crate) async fn jwks<P: Platform>(app: &App<'_, P>) -> Result<Value, Problem> {
    let mut keys = Vec::new();
    for key in app.config.log_keys.all() {
        let public = app.platform.public_key(&key.seed).await.ok_or_else(no_key)?;
        keys.push(jws::jwk(&public));
    }
    Ok(json!({ "keys": keys }))
}

fn no_key() -> Problem {
    Problem::new(
        Code::Misconfigured,
        "nothing is signed: set CONSENTRY_LOG_KEY to 64 random hexadecimal digits, and each key after it to a time and digits, \
         with npx wrangler secret put",
    )
}
