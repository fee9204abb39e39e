//! The first bytes of the file of a snapshot, and of the index beside a manifest. Owns the layout and its strict
//! reading, because the machine that writes an index and the edge that keeps it must agree on them; who is in a file is decided
//! elsewhere.
//!
//! Version 1 has no ends: every yes in it stands as long as the file may be used. Version 2 has them, and differs in nothing else; whoever
//! knows only the first refuses it, rather than overlook them. An index is always of version 1.
//!
//! | bytes | what |
//! |---|---|
//! | 256 | [`Header`], integers little-endian, zeros behind it |
//! | 16 × count | keys in ascending order: the first 16 bytes of each subject |
//! | 4 × (2^bits + 1) | index: where the keys that begin with each of the 2^bits prefixes start |
//! | 4 × count | version 2: the minute since 1970 in which the yes of each key ends ([`super::form::minute`]), in their order; [`ENDLESS`] if it doesn't |
//! | 32 | [`digest`]: SHA-256 over the header and the SHA-256 of each [`CHUNK`] of what lies between, so that it can be checked in parallel |

use alloc::{string::String, vec::Vec};
use sha2::{Digest as _, Sha256};

use super::{KEY, Key, key_check};
use crate::{
    purpose::Purpose,
    slug::Slug,
    subject::{KeyId, SiteKey},
    time::Timestamp,
};

/// Bytes of a header.
pub const HEADER: usize = 256;
/// Bytes of a digest.
pub const DIGEST: usize = 32;
/// Bytes of an end.
pub const END: usize = 4;
/// The end of a yes that has none: later than any time that there is.
pub const ENDLESS: u32 = u32::MAX;
/// Bytes of keys, index and ends that are hashed on their own.
pub const CHUNK: usize = 1 << 20;
/// What a snapshot begins with; digests of every file of this form are over a header that does.
pub const SNAPSHOT: [u8; 8] = *b"consnap\n";
/// What an index begins with.
pub const INDEX: [u8; 8] = *b"considx\n";
/// More prefixes than this cost more than they save.
pub const MAX_BITS: u8 = 24;
const VERSION: u16 = 1;
const VERSION_WITH_ENDS: u16 = 2;
const KEY_INSIDE: u8 = 1;
const HAS_POSITION: u8 = 2;

/// What a snapshot says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Whose users these are.
    pub site: Slug,
    /// What they granted.
    pub purpose: Purpose,
    /// As of when.
    pub created_at: Timestamp,
    /// The last entry of the log that is in it, if it comes from a log.
    pub log_position: Option<u64>,
    /// Which key of the site made the subjects; 0 if it is inside.
    pub key_id: KeyId,
    /// How many users.
    pub count: u32,
    /// Tells which key that was.
    pub key_check: Key,
    /// The key itself, if it is inside.
    pub key_inside: Option<[u8; 32]>,
    /// How many bits of a key choose its place in the index.
    pub bits: u8,
    /// Whether the end of each yes is in it.
    pub ends: bool,
}

/// How long the parts of a file are, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lengths {
    /// Of the keys, which begin behind the header.
    pub keys: usize,
    /// Of the index behind them.
    pub index: usize,
    /// Of the ends behind that.
    pub ends: usize,
    /// Of all of it, with header and digest.
    pub whole: usize,
}

/// Why bytes are no snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// They begin otherwise.
    NotASnapshot,
    /// Of a version that isn't known.
    UnknownVersion(u16),
    /// Of no form that was ever written.
    Damaged,
}

impl Header {
    /// Of a snapshot of subjects by a site's key that stays out of the file; nobody is in it yet.
    pub fn of_site(
        (site, purpose): (Slug, Purpose),
        created_at: Timestamp,
        log_position: Option<u64>,
        (key, key_id): (&SiteKey, KeyId),
    ) -> Self {
        let key_check = key_check(key);
        Self {
            site,
            purpose,
            created_at,
            log_position,
            key_id,
            count: 0,
            key_check,
            key_inside: None,
            bits: 0,
            ends: false,
        }
    }

    /// The bytes, as of a snapshot.
    pub fn encode(&self) -> [u8; HEADER] {
        let mut bytes = Vec::with_capacity(HEADER);
        bytes.extend(SNAPSHOT);
        let version = if self.ends { VERSION_WITH_ENDS } else { VERSION };
        bytes.extend(version.to_le_bytes());
        bytes.extend(self.key_id.0.to_le_bytes());
        let flags = if self.key_inside.is_some() { KEY_INSIDE } else { 0 }
            | if self.log_position.is_some() { HAS_POSITION } else { 0 };
        bytes.extend([flags, self.bits, 0, 0]);
        bytes.extend(self.created_at.as_ms().to_le_bytes());
        bytes.extend(self.log_position.unwrap_or(0).to_le_bytes());
        bytes.extend(self.count.to_le_bytes());
        bytes.extend(self.key_check);
        bytes.extend(self.key_inside.unwrap_or([0; 32]));
        for name in [self.site.as_str(), self.purpose.as_str()] {
            bytes.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
            bytes.extend(name.bytes().chain(core::iter::repeat(0)).take(Slug::MAX_LEN));
        }
        let mut header = [0; HEADER];
        header[..bytes.len()].copy_from_slice(&bytes);
        header
    }

    /// Reads a header that [`Self::encode`] would have written.
    pub fn decode(bytes: &[u8]) -> Result<Self, Damage> {
        if !bytes.starts_with(&SNAPSHOT) {
            return Err(Damage::NotASnapshot);
        }
        let mut reader = Reader(&bytes[SNAPSHOT.len()..]);
        let version = reader.fixed().map(u16::from_le_bytes).ok_or(Damage::Damaged)?;
        let ends = match version {
            VERSION => false,
            VERSION_WITH_ENDS => true,
            _ => return Err(Damage::UnknownVersion(version)),
        };
        let header = Self::fields(&mut reader, ends).ok_or(Damage::Damaged)?;
        if bytes.get(..HEADER) == Some(&header.encode()) { Ok(header) } else { Err(Damage::Damaged) }
    }

    fn fields(reader: &mut Reader<'_>, ends: bool) -> Option<Self> {
        let key_id = KeyId(u16::from_le_bytes(reader.fixed()?));
        let [flags, bits, _, _] = reader.fixed()?;
        let created_at = Timestamp::from_ms(i64::from_le_bytes(reader.fixed()?));
        let position = u64::from_le_bytes(reader.fixed()?);
        let count = u32::from_le_bytes(reader.fixed()?);
        let key_check = reader.fixed()?;
        let key = reader.fixed()?;
        let site = Slug::parse(&reader.name()?)?;
        let purpose = Purpose::parse(&reader.name()?)?;
        Some(Self {
            site,
            purpose,
            created_at,
            log_position: (flags & HAS_POSITION != 0).then_some(position),
            key_id,
            count,
            key_check,
            key_inside: (flags & KEY_INSIDE != 0).then_some(key),
            bits,
            ends,
        })
    }

    /// How long the parts of the file are; nothing if there is no such file.
    pub fn lengths(&self) -> Option<Lengths> {
        if self.bits > MAX_BITS {
            return None;
        }
        let count = usize::try_from(self.count).ok()?;
        let keys = count.checked_mul(KEY)?;
        let index = 4 * ((1_usize << self.bits) + 1);
        let ends = if self.ends { count.checked_mul(END)? } else { 0 };
        let whole = HEADER.checked_add(keys)?.checked_add(ends)?.checked_add(index + DIGEST)?;
        Some(Lengths { keys, index, ends, whole })
    }
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn fixed<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*head)
    }

    fn name(&mut self) -> Option<String> {
        let [len] = self.fixed()?;
        let text: [u8; Slug::MAX_LEN] = self.fixed()?;
        String::from_utf8(text.get(..usize::from(len))?.to_vec()).ok()
    }
}

/// The digest of a file: over its header, as of a snapshot, and the hashes of its chunks one after the other.
pub fn digest(header: &[u8], chunks: &[u8]) -> [u8; DIGEST] {
    Sha256::new().chain_update(header).chain_update(chunks).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> Header {
        let site = Slug::parse("demo").unwrap();
        let key = SiteKey::derive(b"secret", &site, KeyId(1));
        let kept = (site, Purpose::parse("model_training").unwrap());
        Header::of_site(kept, Timestamp::from_ms(1_795_000_000_000), Some(7), (&key, KeyId(1)))
    }

    #[test]
    fn a_header_is_read_as_it_was_written() {
        for ends in [false, true] {
            let header = Header { ends, ..header() };
            assert_eq!(Header::decode(&header.encode()), Ok(header));
        }
    }

    #[test]
    fn a_file_with_ends_is_of_a_version_that_others_refuse() {
        let with = Header { ends: true, count: 3, ..header() };
        assert_eq!(with.encode()[8..10], [2, 0]);
        assert_eq!(Header { ends: false, ..with.clone() }.encode()[8..10], [1, 0]);
        let lengths = |header: Header| header.lengths().unwrap();
        assert_eq!(
            lengths(with.clone()),
            Lengths { keys: 48, index: 8, ends: 12, whole: 256 + 48 + 8 + 12 + 32 }
        );
        assert_eq!(
            lengths(Header { ends: false, ..with }),
            Lengths { keys: 48, index: 8, ends: 0, whole: 256 + 48 + 8 + 32 }
        );
    }

    #[test]
    fn what_was_never_written_is_refused() {
        let bytes = header().encode();
        assert_eq!(Header::decode(&bytes[..255]), Err(Damage::Damaged));
        assert_eq!(Header::decode(b"consnap"), Err(Damage::NotASnapshot));
        for (at, damage) in [
            (0, Damage::NotASnapshot),
            (8, Damage::UnknownVersion(10)),
            (14, Damage::Damaged),
            (255, Damage::Damaged),
        ] {
            let mut other = bytes;
            other[at] += 9;
            assert_eq!(Header::decode(&other), Err(damage), "{at}");
        }
    }
}
