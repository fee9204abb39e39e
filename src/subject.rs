//! Who a record is about. Owns user ids, the keys of a site and the keyed hash that stands for a person in the log, so
//! that neither the database nor a snapshot of it holds a user id. This protects what leaks without its key; whoever has
//! the key can guess ids.

use crate::{hash::Hash, slug::Slug};
use alloc::string::String;
use base64ct::{Base64UrlUnpadded, Encoding as _};
use core::fmt;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// The id by which a site knows a person: 1–256 bytes of UTF-8 without control characters, and neither `.` nor `..`,
/// which no URL can carry.
///
/// Ids that begin with `anonymous:` belong to visitors whom the site does not know ([`UserId::of_visitor`]).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct UserId(String);

/// Why a text is no user id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserIdError {
    /// No characters at all.
    Empty,
    /// More than [`UserId::MAX_LEN`] bytes.
    TooLong,
    /// A control character.
    ControlCharacter,
    /// `.` or `..`.
    DotSegment,
    /// `anonymous:` with something else behind it than a visitor's hash.
    Reserved,
}

impl UserIdError {
    /// Stable name.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Empty => "user_id_empty",
            Self::TooLong => "user_id_too_long",
            Self::ControlCharacter => "user_id_control_character",
            Self::DotSegment => "user_id_dot_segment",
            Self::Reserved => "user_id_reserved",
        }
    }
}

impl fmt::Display for UserIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "is empty; give the id by which your site knows the person",
            Self::TooLong => "is longer than 256 bytes; give a shorter id",
            Self::ControlCharacter => "has a control character (such as a line break); remove it",
            Self::DotSegment => "is '.' or '..', which no URL can carry; give another id",
            Self::Reserved => "begins with 'anonymous:', which is kept for visitors; give another id",
        })
    }
}

impl core::error::Error for UserIdError {}

impl UserId {
    /// The longest id, in bytes.
    pub const MAX_LEN: usize = 256;

    const ANONYMOUS: &'static str = "anonymous:";

    /// Parses an id.
    pub fn parse(text: &str) -> Result<Self, UserIdError> {
        if text.is_empty() {
            Err(UserIdError::Empty)
        } else if text.len() > Self::MAX_LEN {
            Err(UserIdError::TooLong)
        } else if has_control(text) {
            Err(UserIdError::ControlCharacter)
        } else if matches!(text, "." | "..") {
            Err(UserIdError::DotSegment)
        } else if text.strip_prefix(Self::ANONYMOUS).is_some_and(|hash| decode(hash).is_none()) {
            Err(UserIdError::Reserved)
        } else {
            Ok(Self(text.into()))
        }
    }

    /// The id of a visitor who shows `secret`: `anonymous:` and the base64url form of its SHA-256.
    pub fn of_visitor(secret: &VisitorSecret) -> Self {
        let hash = Base64UrlUnpadded::encode_string(&Sha256::digest(secret.0));
        Self(alloc::format!("{}{hash}", Self::ANONYMOUS))
    }

    /// Whether the id is a visitor's.
    pub fn is_anonymous(&self) -> bool {
        self.0.starts_with(Self::ANONYMOUS)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for UserId {
    /// Never the id itself: it must not reach a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserId(…)")
    }
}

/// Most ids are ASCII, which is looked at many bytes at a time.
fn has_control(text: &str) -> bool {
    if text.is_ascii() {
        text.bytes().fold(false, |found, byte| found | byte.is_ascii_control())
    } else {
        text.chars().any(char::is_control)
    }
}

/// The 256 random bits by which an anonymous visitor proves to be the one who made an earlier decision.
pub struct VisitorSecret([u8; 32]);

impl VisitorSecret {
    /// Parses 43 characters of base64url without padding.
    pub fn parse(text: &str) -> Option<Self> {
        decode(text).map(Self)
    }
}

/// Reads 32 bytes from 43 characters of base64url, in the one form that RFC 4648 § 3.5 calls canonical.
fn decode(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    let length = Base64UrlUnpadded::decode(text, &mut bytes).ok()?.len();
    (length == bytes.len()).then_some(bytes)
}

/// Which of a site's keys made a [`Subject`]; a site starts with 1 and counts up when it changes its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct KeyId(pub u16);

/// The secret key of one site, by which its user ids are hashed.
#[derive(Clone)]
pub struct SiteKey {
    id: KeyId,
    /// Has taken in the key and its pads, which is half the work of hashing one id.
    mac: Hmac<Sha256>,
}

impl SiteKey {
    /// From the master secret: HKDF-SHA256 (RFC 5869) without salt over `consentry/site-key/v1`, the site and the key's id,
    /// each text with its length in front.
    pub fn derive(master: &[u8], site: &Slug, id: KeyId) -> Self {
        Self::from_bytes(id, Self::derive_bytes(master, site, id))
    }

    /// The 32 bytes of [`Self::derive`], for the machine that holds only this key.
    pub fn derive_bytes(master: &[u8], site: &Slug, id: KeyId) -> [u8; 32] {
        let info = crate::bytes::Writer::default()
            .text("consentry/site-key/v1")
            .text(site.as_str())
            .fixed(&id.0.to_be_bytes())
            .finish();
        derive_key(master, &info)
    }

    /// From the 32 bytes themselves, where a machine holds only one site's key.
    pub fn from_bytes(id: KeyId, key: [u8; 32]) -> Self {
        // HMAC pads a short key with zeros to one block; `new` takes it padded and can't fail.
        let mut block = [0; 64];
        block[..32].copy_from_slice(&key);
        Self { id, mac: Hmac::new((&block).into()) }
    }

    /// The keyed hash that stands for a person.
    pub fn subject(&self, user: &UserId) -> Subject {
        Subject { hash: self.tag(user.as_str().as_bytes()), key_id: self.id }
    }

    /// HMAC-SHA256 of any bytes under this key. Callers keep their domains apart by a first byte that is a control
    /// character, which no user id has.
    pub fn tag(&self, message: &[u8]) -> Hash {
        Hash(self.mac.clone().chain_update(message).finalize().into_bytes().into())
    }
}

impl fmt::Debug for SiteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SiteKey({})", self.id.0)
    }
}

/// 32 bytes of key material for the use that `info` names: HKDF-SHA256 (RFC 5869) without salt.
pub fn derive_key(master: &[u8], info: &[u8]) -> [u8; 32] {
    let mut key = [0; 32];
    // Fails only for more than 255 blocks of output; this is one.
    let _ = Hkdf::<Sha256>::new(None, master).expand(info, &mut key);
    key
}

/// HMAC-SHA256 over the parts, one after the other.
pub(crate) fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    // `new_from_slice` takes keys of any length; the empty tag of a refusal is never reached.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return [0; 32] };
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// A person as the log knows them: HMAC-SHA256 of the user id under a key of the site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject {
    /// The keyed hash.
    pub hash: Hash,
    /// The key that made it.
    pub key_id: KeyId,
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    fn site(name: &str) -> Slug {
        Slug::parse(name).unwrap()
    }

    #[test]
    fn an_id_may_be_an_email_a_path_or_an_emoji() {
        for id in ["a@example.com", "a/b", "it's \"x\"", "🦀", "…", "user u1", &"x".repeat(256)] {
            assert!(UserId::parse(id).is_ok(), "{id:?}");
        }
    }

    #[test]
    fn ids_that_no_url_or_log_can_carry_are_refused() {
        assert_eq!(UserId::parse(""), Err(UserIdError::Empty));
        assert_eq!(UserId::parse("a\nb"), Err(UserIdError::ControlCharacter));
        assert_eq!(UserId::parse("a\u{85}b"), Err(UserIdError::ControlCharacter));
        assert_eq!(UserId::parse(".."), Err(UserIdError::DotSegment));
        assert_eq!(UserId::parse(&"ä".repeat(129)), Err(UserIdError::TooLong));
        assert_eq!(UserId::parse("anonymous:me"), Err(UserIdError::Reserved));
    }

    #[test]
    fn a_visitors_id_is_an_id_and_depends_on_the_secret() {
        let one = VisitorSecret::parse("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").unwrap();
        let id = UserId::of_visitor(&one);
        // SHA-256 of 32 zero bytes.
        assert_eq!(id.as_str(), "anonymous:Zmh6rfhivXdsj8GLjp-OIAiXFIVu4jOzkCpZHQ1fKSU");
        assert_eq!(UserId::parse(id.as_str()), Ok(id));
        let other = VisitorSecret::parse("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB");
        assert!(other.is_none(), "two spare bits must be zero, so that a secret has one form");
        let other = VisitorSecret::parse("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE").unwrap();
        assert_ne!(UserId::of_visitor(&other), UserId::of_visitor(&one));
    }

    #[test]
    fn hkdf_agrees_with_rfc_5869_test_case_3() {
        let key = derive_key(&[0x0b; 22], &[]);
        assert_eq!(Hash(key).to_string(), "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d");
    }

    #[test]
    fn a_subject_depends_on_master_site_and_key_id() {
        let user = UserId::parse("u1").unwrap();
        let subject =
            |master: &[u8], name, id| SiteKey::derive(master, &site(name), KeyId(id)).subject(&user).hash;
        let first = subject(b"m", "a", 1);
        assert_ne!(first, subject(b"n", "a", 1));
        assert_ne!(first, subject(b"m", "b", 1));
        assert_ne!(first, subject(b"m", "a", 2));
    }

    #[test]
    fn no_id_shows_in_debug_output() {
        assert_eq!(alloc::format!("{:?}", UserId::parse("secret@example.com")), "Ok(UserId(…))");
    }
}
