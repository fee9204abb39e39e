//! Signed-in people: a short-lived JSON Web Token (RFC 7519) that the site's backend signs and a mobile app or a page
//! shows. Owns the compact form (RFC 7515 § 7.1) and what a token must say; the signature itself is checked by the
//! platform's Web Crypto, which is there anyway, where a library with its own curves would add 60 kB to the Worker.

use super::{Caller, unauthenticated};
use crate::{
    app::App,
    platform::Platform,
    site::{Jwk, Site},
};
use base64ct::{Base64UrlUnpadded, Encoding as _};
use consentry::{problem::Problem, subject::UserId, time::Timestamp};
use serde::{Deserialize, de::DeserializeOwned};
use std::rc::Rc;

/// The audience that every token names, so that a token the site made for something else is none here.
const AUDIENCE: &str = "consentry";

/// The audience of a link to the person's own page. It is another one, so that who finds a used link in a browser's history has
/// nothing to call with.
const LINK_AUDIENCE: &str = "consentry-link";

/// The longest id of a link, in bytes.
const MAX_ID: usize = 256;

/// How far ahead a token may expire, in seconds.
const MAX_LIFETIME_S: i64 = 24 * 60 * 60;

/// How far the clocks of a backend and of the edge may differ, in seconds.
const LEEWAY_S: i64 = 30;

/// The longest token that is looked at, in bytes.
const MAX_LEN: usize = 4096;

#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    kid: Option<String>,
    /// Extensions that must be understood (RFC 7515 § 4.1.11); none is.
    #[serde(default)]
    crit: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    /// Whole seconds or a fraction (RFC 7519 § 2, `NumericDate`).
    exp: f64,
    #[serde(default)]
    nbf: f64,
    #[serde(default)]
    jti: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

/// The parts of a token, of which nothing is trusted yet.
struct Parts<'a> {
    header: Header,
    claims: Claims,
    /// What the signature is over.
    signed: &'a str,
    signature: Vec<u8>,
}

impl<'a> Parts<'a> {
    fn parse(token: &'a str) -> Option<Self> {
        let (signed, signature) = token.rsplit_once('.').filter(|_| token.len() <= MAX_LEN)?;
        let (header, claims) = signed.split_once('.')?;
        let signature = Base64UrlUnpadded::decode_vec(signature).ok()?;
        Some(Self { header: json(header)?, claims: json(claims)?, signed, signature })
    }
}

fn json<T: DeserializeOwned>(part: &str) -> Option<T> {
    serde_json::from_slice(&Base64UrlUnpadded::decode_vec(part).ok()?).ok()
}

/// Finds the person whom a token names.
pub(super) async fn identify<P: Platform>(app: &App<'_, P>, token: &str) -> Result<Caller, Problem> {
    let (site, user, _) = verified(app, token, AUDIENCE).await?;
    Ok(Caller::person(site, user))
}

/// A link to the person's own page.
pub(crate) struct Link {
    pub(crate) site: Rc<Site>,
    pub(crate) user: UserId,
    /// Unique among the site's links.
    pub(crate) id: String,
    pub(crate) expires_at: Timestamp,
}

/// Reads the token of a link, which names itself (`jti`), so that it can be used once only.
pub(crate) async fn read_link<P: Platform>(app: &App<'_, P>, token: &str) -> Result<Link, Problem> {
    let (site, user, claims) = verified(app, token, LINK_AUDIENCE).await?;
    let id = claims.jti.filter(|id| !id.is_empty() && id.len() <= MAX_ID).ok_or_else(|| {
        unauthenticated("the token of a link needs an id (jti) of its own, of up to 256 bytes")
    })?;
    // Not before the link itself is refused.
    #[allow(clippy::cast_possible_truncation)]
    let expires_at =
        Timestamp::from_ms((claims.exp as i64).saturating_add(LEEWAY_S + 1).saturating_mul(1000));
    Ok(Link { site, user, id, expires_at })
}

/// What a token says, if a key of its site vouches for it and it is for this audience.
async fn verified<P: Platform>(
    app: &App<'_, P>,
    token: &str,
    audience: &str,
) -> Result<(Rc<Site>, UserId, Claims), Problem> {
    let Some(Parts { header, claims, signed, signature }) = Parts::parse(token) else {
        return Err(unauthenticated("the token is no JSON Web Token with iss, sub, aud and exp"));
    };
    if header.crit.is_some() {
        return Err(unauthenticated("the token needs an extension (crit) that is not supported"));
    }
    let site = app
        .find(|registry| registry.site(&claims.iss))
        .await?
        .ok_or_else(|| unauthenticated("the token's issuer (iss) must be the id of a site"))?;
    let mut verified = false;
    let candidates = site.jwks().filter(|key| header.kid.is_none() || key.kid == header.kid);
    for key in candidates.filter(|key| algorithm(key) == Some(header.alg.as_str())) {
        verified = verified || app.platform.verify(key, signed.as_bytes(), &signature).await == Some(true);
    }
    if !verified {
        return Err(unauthenticated("no key of the site verifies this token"));
    }
    check(&claims, audience, app.now)?;
    let user = UserId::parse(&claims.sub)
        .ok()
        .filter(|user| !user.is_anonymous())
        .ok_or_else(|| unauthenticated("the token's subject (sub) must be the person's user id"))?;
    Ok((site, user, claims))
}

/// The one algorithm that goes with a key, so that a token can't choose another; `None` for a key of no supported kind.
pub(crate) fn algorithm(key: &Jwk) -> Option<&'static str> {
    match (key.kty.as_str(), key.crv.as_str()) {
        ("OKP", "Ed25519") => Some("EdDSA"),
        ("EC", "P-256") => Some("ES256"),
        _ => None,
    }
}

fn check(claims: &Claims, audience: &str, now: Timestamp) -> Result<(), Problem> {
    let for_us = match &claims.aud {
        Audience::One(one) => one == audience,
        Audience::Several(several) => several.iter().any(|one| one == audience),
    };
    // Times far outside what a date can be saturate, and are then expired or too far ahead.
    #[allow(clippy::cast_possible_truncation)]
    let (exp, nbf) = (claims.exp as i64, claims.nbf as i64);
    let now = now.as_ms() / 1000;
    if !for_us {
        Err(unauthenticated(&format!("the token's audience (aud) must be {audience}")))
    } else if exp.saturating_add(LEEWAY_S) <= now {
        Err(unauthenticated("the token has expired; ask the site for a new one"))
    } else if exp > now + MAX_LIFETIME_S + LEEWAY_S {
        Err(unauthenticated("the token lives too long; let it expire (exp) within 24 hours"))
    } else if nbf > now + LEEWAY_S {
        Err(unauthenticated("the token is not valid yet (nbf)"))
    } else {
        Ok(())
    }
}
