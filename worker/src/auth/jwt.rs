//! Signed-in people: a short-lived JSON Web Token (RFC 7519) that the site's backend signs and a mobile app or a page
//! shows. Owns what a token must say and the two signature algorithms; parsing and the rest of the checks are
//! `jsonwebtoken`'s, which refuses `alg: none` and a key of another kind than the algorithm's.

use super::{Caller, unauthenticated};
use crate::{app::App, platform::Platform, site::Jwk};
use consentry::{problem::Problem, subject::UserId, time::Timestamp};
use jsonwebtoken::{
    Algorithm, AlgorithmFamily, DecodingKey, Validation,
    crypto::{CryptoProvider, JwtVerifier, KeyUtils},
    errors::{Error, ErrorKind},
};
use serde::Deserialize;
use signature::Verifier;

/// The audience that every token names, so that a token the site made for something else is none here.
const AUDIENCE: &str = "consentry";

/// How far ahead a token may expire, in seconds.
const MAX_LIFETIME_S: i64 = 24 * 60 * 60;

/// How far the clocks of a backend and of the edge may differ, in seconds.
const LEEWAY_S: i64 = 30;

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    exp: i64,
    #[serde(default)]
    nbf: i64,
}

/// Finds the person whom a token names.
pub(super) async fn identify<P: Platform>(app: &App<'_, P>, token: &str) -> Result<Caller, Problem> {
    let refused = |_: Error| unauthenticated("the token is no valid JSON Web Token of this site");
    let header = jsonwebtoken::decode_header(token).map_err(refused)?;
    let claims: Claims = jsonwebtoken::dangerous::insecure_decode_claims(token).map_err(refused)?;
    let site = app
        .find(|registry| registry.site(&claims.iss))
        .await?
        .ok_or_else(|| unauthenticated("the token's issuer (iss) must be the id of a site"))?;
    let claims = site
        .jwks()
        .filter(|key| header.kid.is_none() || key.kid == header.kid)
        .find_map(|key| verify(token, header.alg, &decoding_key(key)?))
        .ok_or_else(|| unauthenticated("no key of the site verifies this token"))?;
    check_times(&claims, app.now)?;
    let user = UserId::parse(&claims.sub)
        .ok()
        .filter(|user| !user.is_anonymous())
        .ok_or_else(|| unauthenticated("the token's subject (sub) must be the person's user id"))?;
    Ok(Caller::person(site, user))
}

/// The key as `jsonwebtoken` takes it; `None` if it is of no supported kind or malformed.
pub(crate) fn decoding_key(key: &Jwk) -> Option<DecodingKey> {
    let decoding = match (key.kty.as_str(), key.crv.as_str(), &key.y) {
        ("OKP", "Ed25519", None) => DecodingKey::from_ed_components(&key.x).ok()?,
        ("EC", "P-256", Some(y)) => DecodingKey::from_ec_components(&key.x, y).ok()?,
        _ => return None,
    };
    let algorithm = if key.kty == "OKP" { Algorithm::EdDSA } else { Algorithm::ES256 };
    verifier(algorithm, &decoding).is_ok().then_some(decoding)
}

/// The claims, if this key signed them for this service.
fn verify(token: &str, algorithm: Algorithm, key: &DecodingKey) -> Option<Claims> {
    // Fails only where it was installed before.
    let _ = PROVIDER.install_default();
    let mut validation = Validation::new(algorithm);
    validation.set_audience(&[AUDIENCE]);
    validation.set_required_spec_claims(&["iss", "sub", "aud", "exp"]);
    // Times are checked below, against the clock of the call.
    validation.validate_exp = false;
    jsonwebtoken::decode(token, key, &validation).ok().map(|token| token.claims)
}

fn check_times(claims: &Claims, now: Timestamp) -> Result<(), Problem> {
    let now = now.as_ms() / 1000;
    if claims.exp.saturating_add(LEEWAY_S) <= now {
        Err(unauthenticated("the token has expired; ask the site for a new one"))
    } else if claims.exp > now + MAX_LIFETIME_S + LEEWAY_S {
        Err(unauthenticated("the token lives too long; let it expire (exp) within 24 hours"))
    } else if claims.nbf > now + LEEWAY_S {
        Err(unauthenticated("the token is not valid yet (nbf)"))
    } else {
        Ok(())
    }
}

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |_, _| Err(Error::from(ErrorKind::UnsupportedAlgorithm)),
    verifier_factory: |algorithm, key| verifier(*algorithm, key),
    key_utils: KeyUtils::new_unimplemented(),
};

fn verifier(algorithm: Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>, Error> {
    let bytes = key.try_get_as_bytes()?;
    match (algorithm, key.family()) {
        (Algorithm::EdDSA, AlgorithmFamily::Ed) => {
            let bytes = bytes.try_into().map_err(|_| ErrorKind::InvalidEddsaKey)?;
            let key = ed25519_dalek::VerifyingKey::from_bytes(bytes);
            Ok(Box::new(Ed25519(key.map_err(|_| ErrorKind::InvalidEddsaKey)?)))
        }
        (Algorithm::ES256, AlgorithmFamily::Ec) => {
            let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(bytes);
            Ok(Box::new(P256(key.map_err(|_| ErrorKind::InvalidEcdsaKey)?)))
        }
        _ => Err(ErrorKind::UnsupportedAlgorithm.into()),
    }
}

struct Ed25519(ed25519_dalek::VerifyingKey);

impl Verifier<Vec<u8>> for Ed25519 {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        let signature =
            ed25519_dalek::Signature::from_slice(signature).map_err(|_| signature::Error::new())?;
        // Strict: refuses keys and signatures of small order (RFC 8032 leaves them open).
        self.0.verify_strict(message, &signature).map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for Ed25519 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

struct P256(p256::ecdsa::VerifyingKey);

impl Verifier<Vec<u8>> for P256 {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        use p256::ecdsa::signature::Verifier as _;
        let signature = p256::ecdsa::Signature::from_slice(signature).map_err(|_| signature::Error::new())?;
        self.0.verify(message, &signature).map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for P256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::ES256
    }
}
