//! The bytes of a snapshot. Owns the layout of version 1, its digest and its strict reading; who is in it is decided in
//! [`super::build`], who may use it in [`super`].
//!
//! | bytes | what |
//! |---|---|
//! | 256 | [`Header`], integers little-endian, zeros behind it |
//! | 16 × count | keys in ascending order: the first 16 bytes of each subject |
//! | 4 × (2^bits + 1) | index: where the keys that begin with each of the 2^bits prefixes start |
//! | 32 | digest: SHA-256 over the header and the SHA-256 of each MiB of keys and index, so that it can be checked in parallel |

pub(super) use consentry::granted::{KEY, Key, key as first, key_check};
use consentry::{
    purpose::Purpose,
    slug::Slug,
    subject::{KeyId, SiteKey},
    time::Timestamp,
};
use sha2::{Digest, Sha256};

pub(super) const HEADER: usize = 256;
pub(super) const DIGEST: usize = 32;
pub(super) const MAGIC: &[u8; 8] = b"consnap\n";
const VERSION: u16 = 1;
const CHUNK: usize = 1 << 20;
const KEY_INSIDE: u8 = 1;
const HAS_POSITION: u8 = 2;
/// More prefixes than this cost more than they save.
const MAX_BITS: u8 = 24;

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
    pub(super) key_check: Key,
    pub(super) key_inside: Option<[u8; 32]>,
    pub(super) bits: u8,
}

/// Why bytes are no snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Damage {
    NotASnapshot,
    UnknownVersion(u16),
    Damaged,
}

/// How many bits of a key choose its place in the index, so that about four keys share one.
pub(super) fn bits_for(count: u64) -> u8 {
    let bits = (count / 4).checked_ilog2().unwrap_or(0);
    u8::try_from(bits).unwrap_or(MAX_BITS).min(MAX_BITS)
}

/// The place of a key in an index of so many bits.
pub(super) fn prefix(key: &Key, bits: u8) -> usize {
    let head = u32::from_be_bytes([key[0], key[1], key[2], key[3]]);
    let prefix = head.checked_shr(32 - u32::from(bits)).unwrap_or(0);
    usize::try_from(prefix).unwrap_or(usize::MAX)
}

impl Header {
    /// Of a snapshot of subjects by a site's key that stays out of the file; nobody is in it yet.
    pub(crate) fn of_site(
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
        }
    }

    pub(super) fn encode(&self) -> [u8; HEADER] {
        let mut bytes = Vec::with_capacity(HEADER);
        bytes.extend(MAGIC);
        bytes.extend(VERSION.to_le_bytes());
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
            bytes.extend(name.bytes().chain(std::iter::repeat(0)).take(Slug::MAX_LEN));
        }
        let mut header = [0; HEADER];
        header[..bytes.len()].copy_from_slice(&bytes);
        header
    }

    /// Reads a header that [`Self::encode`] would have written.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, Damage> {
        if !bytes.starts_with(MAGIC) {
            return Err(Damage::NotASnapshot);
        }
        let mut reader = Reader(&bytes[MAGIC.len()..]);
        let version = reader.fixed().map(u16::from_le_bytes).ok_or(Damage::Damaged)?;
        if version != VERSION {
            return Err(Damage::UnknownVersion(version));
        }
        let header = Self::fields(&mut reader).ok_or(Damage::Damaged)?;
        if bytes.get(..HEADER) == Some(&header.encode()) { Ok(header) } else { Err(Damage::Damaged) }
    }

    fn fields(reader: &mut Reader<'_>) -> Option<Self> {
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
        })
    }

    /// How long keys, index and the whole file are, in bytes.
    pub(super) fn lengths(&self) -> Option<(usize, usize, usize)> {
        if self.bits > MAX_BITS {
            return None;
        }
        let keys = usize::try_from(self.count).ok()?.checked_mul(KEY)?;
        let index = 4 * ((1_usize << self.bits) + 1);
        Some((keys, index, HEADER.checked_add(keys)?.checked_add(index + DIGEST)?))
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

/// The digest of what is written piece by piece.
#[derive(Default)]
pub(super) struct Digester {
    chunk: Sha256,
    filled: usize,
    chunks: Vec<u8>,
}

impl Digester {
    pub(super) fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(CHUNK - self.filled));
            self.chunk.update(now);
            self.filled += now.len();
            if self.filled == CHUNK {
                self.chunks.extend(self.chunk.finalize_reset());
                self.filled = 0;
            }
            bytes = later;
        }
    }

    pub(super) fn finish(mut self, header: &[u8; HEADER]) -> [u8; DIGEST] {
        if self.filled > 0 {
            self.chunks.extend(self.chunk.finalize());
        }
        over(header, &self.chunks)
    }
}

fn over(header: &[u8], chunks: &[u8]) -> [u8; DIGEST] {
    Sha256::new().chain_update(header).chain_update(chunks).finalize().into()
}

/// The digest of a header and what follows it, on so many threads.
pub(super) fn digest(header: &[u8], body: &[u8], threads: usize) -> [u8; DIGEST] {
    let share = body.len().div_ceil(CHUNK).div_ceil(threads.max(1)).max(1) * CHUNK;
    let chunks: Vec<u8> = std::thread::scope(|scope| {
        let shares: Vec<_> = body
            .chunks(share)
            .map(|part| scope.spawn(|| part.chunks(CHUNK).flat_map(Sha256::digest).collect::<Vec<u8>>()))
            .collect();
        // A thread that failed leaves its part out, and then no digest agrees.
        shares.into_iter().flat_map(|share| share.join().unwrap_or_default()).collect()
    });
    over(header, &chunks)
}
