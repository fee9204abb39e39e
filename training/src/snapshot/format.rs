//! The bytes behind the header of a snapshot. Owns its index and hashing it; the layout is [`consentry::granted::file`]'s, who is in
//! it is decided in [`super::build`], who may use it in [`super`].

use consentry::granted::file::{self, CHUNK, MAX_BITS};
pub(super) use consentry::granted::{
    KEY, Key,
    file::{DIGEST, Damage, HEADER, Header},
    key as first, key_check,
};
use sha2::{Digest as _, Sha256};

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
        file::digest(header, &self.chunks)
    }
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
    file::digest(header, &chunks)
}
