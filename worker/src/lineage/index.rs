//! An index as it comes: what it says of itself, its pieces, and whether they make it. The layout is the core's
//! ([`consentry::granted::file`]).

use crate::store::ChunkRow;
use consentry::{
    granted::{
        KEY, Key,
        file::{CHUNK, HEADER, Header, INDEX, Lengths, SNAPSHOT, digest},
        form::to_hex,
        key_check,
    },
    hash::Hash,
    problem::Problem,
    slug::Slug,
    subject::{KeyId, SiteKey},
};
use sha2::{Digest as _, Sha256};

/// Keys in a piece that is full of them.
const KEYS: u64 = (CHUNK / KEY) as u64;

/// An index that is to come.
pub(crate) struct Announced {
    header: Header,
    /// As a snapshot has it, over which digests are.
    bytes: [u8; HEADER],
    /// Of keys and what follows them, up to the digest.
    length: u64,
}

impl Announced {
    /// Reads the header, as hexadecimal digits; of this site and by its present key, or it is refused.
    pub(crate) fn parse(text: &str, site: &Slug, (key, id): (&SiteKey, KeyId)) -> Result<Self, Problem> {
        let refused = |why: &str| Problem::field("index.header", why);
        let announced = Self::read(text).ok_or_else(|| {
            refused("this is no header of an index; send the first 256 bytes of what `consentry filter --manifest` wrote beside the manifest")
        })?;
        let header = &announced.header;
        if header.site != *site {
            return Err(refused("this is the index of another site's users; use an API key of that site"));
        }
        if header.key_inside.is_some() || header.key_id != id || header.key_check != key_check(key) {
            return Err(refused(
                "the snapshot of that run was made with another key than this site's; filter with one that was pulled from here, or built with --key-file",
            ));
        }
        Ok(announced)
    }

    /// Reads a header that was accepted before.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut bytes: [u8; HEADER] = hex(text)?.try_into().ok()?;
        if !bytes.starts_with(&INDEX) {
            return None;
        }
        bytes[..SNAPSHOT.len()].copy_from_slice(&SNAPSHOT);
        // Whose rows were kept doesn't end.
        let header = Header::decode(&bytes).ok().filter(|header| !header.ends)?;
        let Lengths { keys, index, .. } = header.lengths()?;
        let length = u64::try_from(keys).ok()?.checked_add(u64::try_from(index).ok()?)?;
        Some(Self { header, bytes, length })
    }

    pub(crate) fn users(&self) -> u64 {
        self.header.count.into()
    }

    /// In how many pieces it comes.
    pub(crate) fn chunks(&self) -> u64 {
        self.length.div_ceil(CHUNK as u64)
    }

    /// How many bytes a piece has.
    fn length_of(&self, number: u64) -> u64 {
        self.length.saturating_sub(number.saturating_mul(CHUNK as u64)).min(CHUNK as u64)
    }

    /// What is kept of a piece beside its bytes; refused if it can't be that piece.
    pub(crate) fn piece(&self, number: u64, bytes: &[u8]) -> Result<ChunkRow, Problem> {
        let length = self.length_of(number);
        if length == 0 {
            return Err(Problem::field(
                "number",
                format!("this index has only {} pieces, from 0 on", self.chunks()),
            ));
        }
        if bytes.len() as u64 != length {
            let detail = format!("piece {number} of this index has {length} bytes; send these and no others");
            return Err(Problem::field("body", detail));
        }
        let keys = &bytes[..keys_in(number, self.users())];
        let (entries, _) = keys.as_chunks::<KEY>();
        if !entries.is_sorted_by(|one, next| one < next) {
            return Err(Problem::field(
                "body",
                "the keys in this piece are in no order; run the filter again",
            ));
        }
        Ok(ChunkRow { hash: Hash(Sha256::digest(bytes).into()), first: entries.first().map(to_hex) })
    }
}

/// Whether the pieces make an index of this header and digest.
pub(crate) fn whole(announced: &Announced, chunks: &[ChunkRow], announced_digest: Hash) -> bool {
    let hashes: Vec<u8> = chunks.iter().flat_map(|chunk| chunk.hash.0).collect();
    let firsts = chunks.iter().filter_map(|chunk| chunk.first.as_deref());
    chunks.len() as u64 == announced.chunks()
        && firsts.is_sorted_by(|one, next| one < next)
        && digest(&announced.bytes, &hashes) == announced_digest.0
}

/// How many bytes of a piece are keys.
fn keys_in(number: u64, users: u64) -> usize {
    let left = users.saturating_sub(number.saturating_mul(KEYS)).min(KEYS);
    usize::try_from(left).unwrap_or(0) * KEY
}

/// A piece of an index that is asked.
pub(crate) struct Piece {
    bytes: Vec<u8>,
}

impl Piece {
    /// Of the bytes that were kept of an index with so many users.
    pub(crate) fn of(mut bytes: Vec<u8>, number: u64, users: u64) -> Self {
        bytes.truncate(keys_in(number, users));
        Self { bytes }
    }

    /// Whether the key is in it.
    pub(crate) fn holds(&self, key: &Key) -> bool {
        self.bytes.as_chunks::<KEY>().0.binary_search(key).is_ok()
    }
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}
