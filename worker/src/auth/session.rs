//! A person on their own page: what they show after a link let them in. The page keeps it in memory only, so it ends with the page,
//! or after half an hour. It is `cs_`, what it says in base64url, and a tag over that which only the service can make; so nothing is
//! stored for it.

use super::{Caller, unauthenticated};
use crate::{app::App, platform::Platform};
use base64ct::{Base64UrlUnpadded, Encoding as _};
use consentry::{
    problem::Problem,
    slug::Slug,
    subject::{UserId, derive_key},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

pub(super) const PREFIX: &str = "cs_";

/// How long a session lasts, in milliseconds.
const LIFETIME_MS: i64 = 30 * 60_000;

#[derive(Serialize, Deserialize)]
struct Session {
    site: String,
    user: String,
    /// Milliseconds since the epoch.
    end: i64,
}

fn tag(master: &[u8], said: &str) -> [u8; 32] {
    derive_key(master, format!("consentry/session/v1/{said}").as_bytes())
}

/// A session of a person, and when it ends.
pub(crate) fn open<P: Platform>(app: &App<'_, P>, site: &Slug, user: &UserId) -> (String, Timestamp) {
    let end = app.now.plus_ms(LIFETIME_MS);
    let session = Session { site: site.to_string(), user: user.as_str().into(), end: end.as_ms() };
    let said = Base64UrlUnpadded::encode_string(serde_json::json!(session).to_string().as_bytes());
    let tag = Base64UrlUnpadded::encode_string(&tag(&app.config.secret, &said));
    (format!("{PREFIX}{said}.{tag}"), end)
}

/// Finds the person whose session it is.
pub(super) async fn identify<P: Platform>(app: &App<'_, P>, token: &str) -> Result<Caller, Problem> {
    let unknown = || unauthenticated("this is no session; open the page again by a new link");
    let (said, shown) =
        token.strip_prefix(PREFIX).and_then(|rest| rest.split_once('.')).ok_or_else(unknown)?;
    let shown = Base64UrlUnpadded::decode_vec(shown).map_err(|_| unknown())?;
    if !bool::from(tag(&app.config.secret, said)[..].ct_eq(&shown)) {
        return Err(unknown());
    }
    let session = Base64UrlUnpadded::decode_vec(said).map_err(|_| unknown())?;
    let session: Session = serde_json::from_slice(&session).map_err(|_| unknown())?;
    if session.end <= app.now.as_ms() {
        return Err(unauthenticated("the session is over; open the page again by a new link"));
    }
    let site = app.find(|registry| registry.site(&session.site)).await?.ok_or_else(unknown)?;
    Ok(Caller::person(site, UserId::parse(&session.user).map_err(|_| unknown())?))
}
