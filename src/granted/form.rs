//! The bytes in which an edge sends a snapshot, form `consentry-granted/1`. Owns what the edge that writes them and the machine
//! that reads them must agree on; who is in a snapshot is decided in [`super`].
//!
//! One line of JSON ([`Head`]), then [`ENTRY`] bytes for each person in ascending order of keys, then the 32 bytes of the [`Chain`]
//! over all before them. Keys look like chance, so compressing them would only cost time.

use alloc::{format, string::String};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{KEY, Key};
use crate::{hash::Hash, purpose::Purpose, subject::KeyId, time::Timestamp};

/// The name of this form.
pub const FORMAT: &str = "consentry-granted/1";

/// What a snapshot says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// [`FORMAT`].
    pub format: String,
    /// Whose users these are.
    pub site: String,
    /// What they granted.
    pub purpose: Purpose,
    /// Which key of the site made the subjects.
    pub key_id: KeyId,
    /// [`super::key_check`] of that key, as [`to_hex`] writes it.
    pub key_check: String,
    /// The names of the logs.
    pub log: String,
    /// What of them is in it.
    pub position: String,
    /// As of when.
    pub built_at: Timestamp,
}

/// How a stream is hashed that is made over hours: piece by piece, each together with the hash so far, so that nothing but 32
/// bytes is to be kept in between. It begins with zeros; the pieces are [`PIECE`] bytes long, the last one may be shorter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chain(pub Hash);

/// Bytes of a piece: what R2 takes as the smallest part of an object.
pub const PIECE: usize = 5 << 20;

impl Chain {
    /// Over nothing.
    pub const START: Self = Self(Hash([0; 32]));

    /// With one more piece.
    #[must_use]
    pub fn with(self, piece: &[u8]) -> Self {
        Self(Hash(Sha256::new().chain_update(self.0.0).chain_update(piece).finalize().into()))
    }
}

/// Bytes of one person.
pub const ENTRY: usize = KEY + 4;

/// One person: their key, and the [`minute`] in which their yes ends, little-endian.
pub fn entry(key: &Key, minute: u32) -> [u8; ENTRY] {
    let mut entry = [0; ENTRY];
    entry[..KEY].copy_from_slice(key);
    entry[KEY..].copy_from_slice(&minute.to_le_bytes());
    entry
}

/// Reads what [`entry`] wrote.
pub fn parse_entry(entry: &[u8; ENTRY]) -> (Key, u32) {
    let (mut key, mut minute) = ([0; KEY], [0; 4]);
    key.copy_from_slice(&entry[..KEY]);
    minute.copy_from_slice(&entry[KEY..]);
    (key, u32::from_le_bytes(minute))
}

/// The minute since 1970. Rounded down: a yes that ends within one has ended rather too early than too late.
pub fn minute(time: Timestamp) -> u32 {
    u32::try_from(time.as_ms().div_euclid(60_000)).unwrap_or(0)
}

/// A key as 32 lower-case hexadecimal digits.
pub fn to_hex(key: &Key) -> String {
    format!("{:032x}", u128::from_be_bytes(*key))
}

/// Reads what [`to_hex`] wrote.
pub fn from_hex(text: &str) -> Option<Key> {
    crate::hash::parse_hex(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString as _;

    #[test]
    fn an_entry_is_the_key_and_the_minute_from_its_lowest_byte_on() {
        let key = core::array::from_fn(|n| u8::try_from(n).unwrap());
        let written = entry(&key, 0x0102_0304);
        assert_eq!(written[..16], key);
        assert_eq!(written[16..], [4, 3, 2, 1]);
        assert_eq!(parse_entry(&written), (key, 0x0102_0304));
    }

    #[test]
    fn a_minute_is_rounded_down() {
        assert_eq!(minute(Timestamp::from_ms(119_999)), 1);
        assert_eq!(minute(Timestamp::from_ms(120_000)), 2);
        assert_eq!(minute(Timestamp::from_ms(-1)), 0);
    }

    #[test]
    fn each_piece_is_hashed_with_all_before_it() {
        // SHA-256 of 32 zero bytes and "a", and of that and "b", by another implementation.
        let first = Chain::START.with(b"a");
        assert_eq!(first.0.to_string(), "41a0370c3d9f42773a59e8e01651911cf43b1e3f66944cbb690029debc4eb647");
        assert_eq!(
            first.with(b"b").0.to_string(),
            "abccbe9b24d2bbd3aa1360d605147a841dd051130131c6929d6004e1ae4796e8"
        );
    }

    #[test]
    fn a_key_has_32_digits_in_lower_case() {
        let key = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255];
        assert_eq!(to_hex(&key), "000102030405060708090a0b0c0d0eff");
        assert_eq!(from_hex(&to_hex(&key)), Some(key));
        for bad in ["", "00", "000102030405060708090A0B0C0D0EFF", "+00102030405060708090a0b0c0d0eff"] {
            assert_eq!(from_hex(bad), None, "{bad}");
        }
    }
}
