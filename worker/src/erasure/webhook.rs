//! Another service that is told whom to erase, by the Standard Webhooks convention: `webhook-id` (the same for every repetition),
//! `webhook-timestamp`, `webhook-signature` with `v1` (HMAC-SHA256). It answers that it is done, or that it accepted and calls
//! back with a token for this one task.

use super::{Attempt, settings::StoreSettings};
use crate::{
    app::App,
    platform::{DatabaseError, Platform},
    store::{ErasureRow, TaskRow},
};
use base64ct::{Base64, Base64UrlUnpadded, Encoding as _};
use consentry::{
    erasure::task::Outcome,
    slug::Slug,
    subject::{KeyId, SiteKey, derive_key},
};
use serde::Deserialize;
use serde_json::json as value;
use subtle::ConstantTimeEq as _;

/// How long a service that accepted has before it is told again, in milliseconds.
const PATIENCE_MS: i64 = 24 * 3_600_000;

fn secret<P: Platform>(app: &App<'_, P>, site: &Slug, store: &str) -> [u8; 32] {
    derive_key(&app.config.secret, format!("consentry/webhook/v1/{site}/{store}").as_bytes())
}

/// The secret that a store's messages are signed with, in the form that libraries for Standard Webhooks take.
pub(crate) fn shown_secret<P: Platform>(app: &App<'_, P>, site: &Slug, store: &str) -> String {
    format!("whsec_{}", Base64::encode_string(&secret(app, site, store)))
}

/// What lets the service call back about one task.
fn token<P: Platform>(app: &App<'_, P>, task: &str) -> String {
    let key = derive_key(&app.config.secret, format!("consentry/erasure-callback/v1/{task}").as_bytes());
    Base64UrlUnpadded::encode_string(&key)
}

/// Whether a token is that of a task.
pub(crate) fn is_token<P: Platform>(app: &App<'_, P>, task: &str, shown: &str) -> bool {
    token(app, task).as_bytes().ct_eq(shown.as_bytes()).into()
}

/// What the service says, in its answer or when it calls back.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Said {
    /// Whether everything is gone; if not, it is told again later.
    pub(crate) done: bool,
    /// How many items of the person there were.
    #[serde(default)]
    pub(crate) found: u64,
    /// How many of them are gone.
    #[serde(default)]
    pub(crate) removed: u64,
}

impl Said {
    /// As the end of an attempt.
    pub(crate) fn attempt(&self) -> Attempt {
        if self.done {
            Attempt::done(self.found, self.removed)
        } else {
            let not_done = Attempt::failed(self.removed, "the service says that it is not done");
            // What it found and did not remove then, it may have removed since.
            Attempt { counted: self.removed >= self.found, ..not_done }
        }
    }
}

/// Tells it.
pub(super) async fn attempt<P: Platform>(
    app: &App<'_, P>,
    erasure: &ErasureRow,
    row: &TaskRow,
    settings: &StoreSettings,
    users: &[String],
) -> Result<Attempt, DatabaseError> {
    let timestamp = (app.now.as_ms() / 1000).to_string();
    let body = value!({
        "type": "erasure.requested",
        "timestamp": app.now,
        "data": {
            "erasure": erasure.id, "store": settings.name, "attempt": row.task.attempts, "users": users,
            "due_at": erasure.due_at,
            "callback": { "path": format!("/erasures/{}/stores/{}", erasure.id, settings.name), "token": token(app, &row.id) },
        },
    })
    .to_string();
    let key = SiteKey::from_bytes(KeyId(0), secret(app, &row.site, &settings.name));
    let signature = key.tag(format!("{}.{timestamp}.{body}", row.id).as_bytes());
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("webhook-id", row.id.clone()),
        ("webhook-timestamp", timestamp),
        ("webhook-signature", format!("v1,{}", Base64::encode_string(&signature.0))),
    ];
    let url = settings.url.as_deref().unwrap_or_default();
    Ok(match app.platform.post(url, &headers, body).await {
        // It may have removed something and died before it could say so.
        None => Attempt { counted: false, ..Attempt::failed(0, "the service can't be reached") },
        Some((status @ 200..=299, text)) => match serde_json::from_str::<Said>(&text) {
            Ok(said) if status != 202 => said.attempt(),
            _ => Attempt {
                outcome: Outcome::LookAgain(app.now.plus_ms(PATIENCE_MS)),
                ..Attempt::failed(0, "the service accepted and has not called back yet")
            },
        },
        Some((status @ 300..=399, _)) => {
            Attempt::failed(0, format!("the service answered {status}; redirects are not followed"))
        }
        Some((status, _)) => Attempt::failed(0, format!("the service answered {status}")),
    })
}
