//! Signed JSON that any JOSE library reads: the compact form of RFC 7515 with Ed25519 (RFC 8037) over canonical JSON (RFC 8785).
//! Owns that form, strictly, and the ids of keys (RFC 7638); the curve is an argument, because a Worker and a browser sign and
//! verify with what their runtime has. What a payload must say is decided by who reads it.

use alloc::{
    format,
    string::{String, ToString as _},
    vec::Vec,
};
use base64ct::{Base64UrlUnpadded, Encoding as _};
use core::fmt;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Nothing that is signed here comes near; what is longer is not read.
const MAX_LENGTH: usize = 1_000_000;

/// The id of an Ed25519 public key: its thumbprint (RFC 7638, RFC 8037 appendix A.3).
pub fn key_id(public: &[u8; 32]) -> String {
    let x = Base64UrlUnpadded::encode_string(public);
    // The required members in order, without white space: what the thumbprint is defined over.
    let canonical = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    Base64UrlUnpadded::encode_string(&Sha256::digest(canonical.as_bytes()))
}

/// The public key as a JWK (RFC 7517).
pub fn jwk(public: &[u8; 32]) -> Value {
    json!({
        "kty": "OKP", "crv": "Ed25519", "x": Base64UrlUnpadded::encode_string(public), "kid": key_id(public),
        "alg": "EdDSA", "use": "sig",
    })
}

/// Reads an Ed25519 key of a JWK; `None` if it is of another kind. Members of other uses are ignored.
pub fn public_of(jwk: &Value) -> Option<[u8; 32]> {
    if jwk["kty"] != "OKP" || jwk["crv"] != "Ed25519" {
        return None;
    }
    Base64UrlUnpadded::decode_vec(jwk["x"].as_str()?).ok()?.try_into().ok()
}

/// What a signature is made over. `serde_json` writes the form of RFC 8785 for values without fractions whose names have only
/// characters below U+10000; no other is signed here.
pub fn signing_input(kid: &str, typ: &str, payload: &Value) -> String {
    let header = json!({ "alg": "EdDSA", "kid": kid, "typ": typ });
    let encode = |value: &Value| Base64UrlUnpadded::encode_string(value.to_string().as_bytes());
    format!("{}.{}", encode(&header), encode(payload))
}

/// The compact form of what was signed.
pub fn compact(signed: &str, signature: &[u8; 64]) -> String {
    format!("{signed}.{}", Base64UrlUnpadded::encode_string(signature))
}

/// The parts of a compact form. Nothing of it is true until a signature was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jws<'a> {
    /// The key that is said to have signed.
    pub kid: String,
    /// What kind of thing it is said to be.
    pub typ: String,
    /// The payload's bytes.
    pub payload: Vec<u8>,
    /// What the signature is over.
    pub signed: &'a str,
    /// The signature.
    pub signature: [u8; 64],
}

/// Why a text is no signed JSON that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JwsError {
    /// It is not of the compact form with `alg`, `kid` and `typ`.
    Malformed,
    /// Another algorithm than `EdDSA`, or an extension that must be understood.
    Unsupported,
    /// It is of another type than was expected.
    Type,
    /// None of the keys has the id that it names.
    UnknownKey,
    /// The key that it names did not make the signature.
    Forged,
}

impl JwsError {
    /// Every one.
    pub const ALL: [Self; 5] =
        [Self::Malformed, Self::Unsupported, Self::Type, Self::UnknownKey, Self::Forged];

    /// Stable name.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Malformed => "jws_malformed",
            Self::Unsupported => "jws_unsupported",
            Self::Type => "jws_type",
            Self::UnknownKey => "jws_unknown_key",
            Self::Forged => "jws_forged",
        }
    }
}

impl fmt::Display for JwsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "is not signed JSON in the compact form; give it as it was received",
            Self::Unsupported => "is signed in a way that is not supported; only EdDSA without extensions is",
            Self::Type => "is signed, but is not what is looked for",
            Self::UnknownKey => "names a key that was not given; take the keys from /.well-known/jwks.json",
            Self::Forged => "was not signed like this by the key it names",
        })
    }
}

impl core::error::Error for JwsError {}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: String,
    typ: String,
    /// RFC 7515 § 4.1.11.
    crit: Option<Value>,
}

impl<'a> Jws<'a> {
    /// Takes a compact form apart.
    pub fn parse(text: &'a str) -> Result<Self, JwsError> {
        let decode = |part: &str| Base64UrlUnpadded::decode_vec(part).map_err(|_| JwsError::Malformed);
        if text.len() > MAX_LENGTH {
            return Err(JwsError::Malformed);
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(JwsError::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(JwsError::Malformed)?;
        let header: Header = serde_json::from_slice(&decode(header)?).map_err(|_| JwsError::Malformed)?;
        if header.alg != "EdDSA" || header.crit.is_some() {
            return Err(JwsError::Unsupported);
        }
        Ok(Self {
            kid: header.kid,
            typ: header.typ,
            payload: decode(payload)?,
            signed,
            signature: decode(signature)?.try_into().map_err(|_| JwsError::Malformed)?,
        })
    }

    /// That it is of this type and the key it names is one of these and made the signature. `check` says whether a public key
    /// made the signature (its third argument) over a message.
    pub fn verify(
        &self,
        typ: &str,
        keys: &[[u8; 32]],
        check: impl Fn(&[u8; 32], &[u8], &[u8; 64]) -> bool,
    ) -> Result<(), JwsError> {
        if self.typ != typ {
            return Err(JwsError::Type);
        }
        let key = keys.iter().find(|key| key_id(key) == self.kid).ok_or(JwsError::UnknownKey)?;
        if check(key, self.signed.as_bytes(), &self.signature) { Ok(()) } else { Err(JwsError::Forged) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};

    fn check(public: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
        VerifyingKey::from_bytes(public)
            .is_ok_and(|key| key.verify_strict(message, &signature.into()).is_ok())
    }

    fn signed(payload: &Value) -> (String, [u8; 32]) {
        let key = SigningKey::from_bytes(&[7; 32]);
        let public = key.verifying_key().to_bytes();
        let input = signing_input(&key_id(&public), "test+jws", payload);
        let signature = key.sign(input.as_bytes()).to_bytes();
        (compact(&input, &signature), public)
    }

    #[test]
    fn the_published_thumbprint_of_a_key_comes_out() {
        let jwk =
            json!({ "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" });
        let public = public_of(&jwk).unwrap();
        assert_eq!(key_id(&public), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        assert_eq!(super::jwk(&public)["x"], jwk["x"]);
    }

    #[test]
    fn the_published_example_of_ed25519_is_signed_the_same() {
        // RFC 8037 appendix A.4: its header has no kid, so only the signature over its input is held against it.
        let seed = Base64UrlUnpadded::decode_vec("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
        let input = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
        let key = SigningKey::from_bytes(&seed.try_into().unwrap());
        assert_eq!(
            compact(input, &key.sign(input.as_bytes()).to_bytes()),
            "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.\
             hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
        );
    }

    #[test]
    fn what_was_signed_verifies_and_nothing_else_does() {
        let (text, public) = signed(&json!({ "b": 1, "a": "ä\u{1}" }));
        let jws = Jws::parse(&text).unwrap();
        assert_eq!(jws.payload, "{\"a\":\"ä\\u0001\",\"b\":1}".as_bytes());
        assert_eq!(jws.verify("test+jws", &[[0; 32], public], check), Ok(()));
        assert_eq!(jws.verify("other+jws", &[public], check), Err(JwsError::Type));
        assert_eq!(jws.verify("test+jws", &[[0; 32]], check), Err(JwsError::UnknownKey));
        let (other, _) = signed(&json!({}));
        let mixed = format!("{}.{}", jws.signed, other.rsplit_once('.').unwrap().1);
        assert_eq!(Jws::parse(&mixed).unwrap().verify("test+jws", &[public], check), Err(JwsError::Forged));
    }

    #[test]
    fn what_is_not_of_the_form_is_refused() {
        let (text, _) = signed(&json!({}));
        let parts: Vec<_> = text.split('.').collect();
        let with = |header: Value| {
            let header = Base64UrlUnpadded::encode_string(header.to_string().as_bytes());
            Jws::parse(&format!("{header}.{}.{}", parts[1], parts[2])).unwrap_err()
        };
        assert_eq!(with(json!({ "alg": "none", "kid": "", "typ": "" })), JwsError::Unsupported);
        assert_eq!(
            with(json!({ "alg": "EdDSA", "kid": "", "typ": "", "crit": ["b64"] })),
            JwsError::Unsupported
        );
        assert_eq!(with(json!({ "alg": "EdDSA", "typ": "" })), JwsError::Malformed);
        for text in ["", "a", "a.b", "a.b.c", &text[1..], &format!("{text}="), &format!("{text}.")] {
            assert_eq!(Jws::parse(text).unwrap_err(), JwsError::Malformed, "{text}");
        }
    }
}
