//! Who granted a purpose, as the edge serves it. Owns the bytes of the object and folding the lines of the log into who is in
//! it; the SQL is [`crate::store`]'s, who may read one the handlers', and whether a yes stands the core's.
//!
//! An object is one line of JSON ([`Head`]), then 20 bytes for each person in ascending order (the first 16 of the subject,
//! then the minute since 1970 in which the yes ends, little-endian), then 32 bytes of [`Chain`] over all before them. Keys are
//! random bytes, so compressing them would only cost time.

pub(crate) mod build;
mod lines;
mod position;

pub(crate) use build::{Built, advance};
pub(crate) use lines::{Groups, Said, granted, key};
pub(crate) use position::Position;

use consentry::{granted::Key, hash::Hash, subject::KeyId, time::Timestamp};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

/// What an object says of itself.
#[derive(Serialize)]
pub(crate) struct Head<'a> {
    pub(crate) format: &'static str,
    pub(crate) site: &'a str,
    pub(crate) purpose: &'a str,
    /// Which key of the site made the subjects.
    pub(crate) key_id: KeyId,
    /// Tells that key from others ([`consentry::granted::key_check`]), in hexadecimal digits.
    pub(crate) key_check: String,
    /// The names of the logs.
    pub(crate) log: String,
    /// What of them is in it.
    pub(crate) position: String,
    /// As of when.
    pub(crate) built_at: Timestamp,
}

/// The name of this form.
pub(crate) const FORMAT: &str = "consentry-granted/1";

/// How a stream is hashed that is made over hours: piece by piece, each together with the hash so far, so that nothing but 32
/// bytes is to be kept in between. It begins with zeros; the pieces are [`PIECE`] bytes long, the last one may be shorter.
#[derive(Clone, Copy)]
pub(crate) struct Chain(pub(crate) Hash);

/// Bytes of a piece: what R2 takes as the smallest part of an object.
pub(crate) const PIECE: usize = if cfg!(test) { 50 } else { 5 << 20 };

impl Chain {
    pub(crate) fn with(self, piece: &[u8]) -> Self {
        Self(Hash(Sha256::new().chain_update(self.0.0).chain_update(piece).finalize().into()))
    }
}

/// One person.
pub(crate) fn entry(key: Key, until: Timestamp) -> [u8; 20] {
    let mut entry = [0; 20];
    entry[..16].copy_from_slice(&key);
    // Rounded down: rather a minute too early than too late.
    let minute = u32::try_from(until.as_ms().div_euclid(60_000)).unwrap_or(0);
    entry[16..].copy_from_slice(&minute.to_le_bytes());
    entry
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(key: Key) -> String {
    format!("{:032x}", u128::from_be_bytes(key))
}
