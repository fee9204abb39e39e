//! The tree over the leaves of a log (RFC 6962 § 2.1, unchanged in RFC 9162 § 2.1). Owns roots, proofs and their verification;
//! where hashes are kept is the business of [`crate::tile`], who vouches for a root that of [`crate::note`].
//!
//! A proof is made in two steps, so that whoever keeps the hashes may fetch them in between: [`inclusion`] and
//! [`consistency`] say which parts of the tree are needed, [`nodes`] which hashes make up a part, [`prove`] puts them together.

use crate::hash::Hash;
use alloc::vec::Vec;
use core::{fmt, ops::Range};
use sha2::{Digest, Sha256};

/// The root of a tree without leaves: SHA-256 over nothing.
pub fn empty_root() -> Hash {
    Hash(Sha256::digest([]).into())
}

/// The hash over two others: SHA-256 over a byte 1 and both.
pub fn parent(left: Hash, right: Hash) -> Hash {
    Hash(Sha256::new().chain_update([1]).chain_update(left.0).chain_update(right.0).finalize().into())
}

/// What a tree is known by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The number of leaves.
    pub size: u64,
    /// The hash over all of them.
    pub root: Hash,
}

/// All that is needed of a tree to append to it: the roots of its whole subtrees, the largest first, one for every bit that is
/// set in its size.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    peaks: Vec<Hash>,
}

impl Frontier {
    /// The frontier of a tree that has `size` leaves; `None` unless there are as many peaks as its size has.
    pub fn new(size: u64, peaks: Vec<Hash>) -> Option<Self> {
        (size.count_ones() as usize == peaks.len()).then_some(Self { size, peaks })
    }

    /// The number of leaves.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The roots of the whole subtrees, the largest first.
    pub fn peaks(&self) -> &[Hash] {
        &self.peaks
    }

    /// Appends the hash of a leaf.
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        for _ in 0..self.size.trailing_ones() {
            hash = self.peaks.pop().map_or(hash, |left| parent(left, hash));
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    /// The tree's size and root.
    pub fn head(&self) -> Head {
        Head { size: self.size, root: join(&self.peaks).unwrap_or_else(empty_root) }
    }
}

impl Extend<Hash> for Frontier {
    fn extend<I: IntoIterator<Item = Hash>>(&mut self, leaves: I) {
        leaves.into_iter().for_each(|leaf| self.push(leaf));
    }
}

/// The root of a whole subtree: it has `1 << level` leaves, and `index` such subtrees stand left of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Node {
    /// How far above the leaves.
    pub level: u8,
    /// Which one of its level, from the left.
    pub index: u64,
}

/// The nodes that together hold a range of leaves, from the left. As many as the logarithm of its length, where the range is
/// part of a tree.
pub fn nodes(range: Range<u64>) -> impl Iterator<Item = Node> {
    let Range { mut start, end } = range;
    core::iter::from_fn(move || {
        let fitting = end.checked_sub(start)?.checked_ilog2()?;
        let level = start.trailing_zeros().min(fitting);
        let node = Node { level: u8::try_from(level).ok()?, index: start >> level };
        start += 1 << level;
        Some(node)
    })
}

/// The hashes that nodes of one part make together.
fn join(hashes: &[Hash]) -> Option<Hash> {
    hashes.iter().rev().copied().reduce(|right, left| parent(left, right))
}

/// Gets the nodes of each part and gives the hashes of the parts. With the ranges of [`inclusion`] or [`consistency`] that is
/// the proof; with the one range `0..size` it is the root.
pub fn prove<E>(
    parts: impl IntoIterator<Item = Range<u64>>,
    mut read: impl FnMut(Node) -> Result<Hash, E>,
) -> Result<Vec<Hash>, E> {
    parts
        .into_iter()
        .map(|part| {
            let hashes = nodes(part).map(&mut read).collect::<Result<Vec<_>, E>>()?;
            Ok(join(&hashes).unwrap_or_else(empty_root))
        })
        .collect()
}

/// The parts of a tree of `size` leaves whose hashes prove that a leaf is in it; `None` if it has no such leaf.
pub fn inclusion(index: u64, size: u64) -> Option<Vec<Range<u64>>> {
    let (mut start, mut end) = (0, size);
    let mut parts = Vec::new();
    if index >= size {
        return None;
    }
    while end - start > 1 {
        let middle = start + split(end - start);
        if index < middle {
            parts.push(middle..end);
            end = middle;
        } else {
            parts.push(start..middle);
            start = middle;
        }
    }
    parts.reverse();
    Some(parts)
}

/// The parts of a tree of `to` leaves whose hashes prove that it continues the tree of its first `from` leaves; `None` if
/// `from` is more than `to`. None are needed where nothing came before or nothing after.
pub fn consistency(from: u64, to: u64) -> Option<Vec<Range<u64>>> {
    let (mut start, mut end) = (0, to);
    let mut parts = Vec::new();
    if from > to {
        return None;
    }
    while from > start && from != end {
        let middle = start + split(end - start);
        if from <= middle {
            parts.push(middle..end);
            end = middle;
        } else {
            parts.push(start..middle);
            start = middle;
        }
    }
    // The first tree itself: whoever verifies has its root already.
    if start > 0 {
        parts.push(start..end);
    }
    parts.reverse();
    Some(parts)
}

/// The largest power of two below `size`, which is at least 2.
const fn split(size: u64) -> u64 {
    1 << (size - 1).ilog2()
}

/// Why a proof proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disproved {
    /// The tree has no such leaf, or is smaller than the one it should continue.
    Outside,
    /// It is for a tree of another size.
    Size,
    /// It has too many hashes or too few for these sizes.
    Length,
    /// It leads to another root than that of the tree.
    Root,
    /// It leads to another root than that of the earlier tree.
    EarlierRoot,
}

impl fmt::Display for Disproved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Outside => "the tree is too small for it",
            Self::Size => "the proof is for a tree of another size",
            Self::Length => "the proof has the wrong number of hashes",
            Self::Root => "the proof leads to another root",
            Self::EarlierRoot => "the proof leads to another earlier root",
        })
    }
}

impl core::error::Error for Disproved {}

/// Verifies that the leaf with this hash is the one at `index` in a tree (RFC 9162 § 2.1.3.2).
pub fn verify_inclusion(index: u64, leaf: Hash, head: Head, proof: &[Hash]) -> Result<(), Disproved> {
    if index >= head.size {
        return Err(Disproved::Outside);
    }
    let mut climb = Climb { own: index, last: head.size - 1 };
    let mut hash = leaf;
    for other in proof {
        hash = match climb.side().ok_or(Disproved::Length)? {
            Side::Left => parent(*other, hash),
            Side::Right => parent(hash, *other),
        };
    }
    if climb.last != 0 {
        return Err(Disproved::Length);
    }
    if hash == head.root { Ok(()) } else { Err(Disproved::Root) }
}

/// Verifies that the later tree continues the earlier one: same leaves at the same places, and then its own (RFC 9162
/// § 2.1.4.2).
pub fn verify_consistency(earlier: Head, later: Head, proof: &[Hash]) -> Result<(), Disproved> {
    let (from, to) = (earlier.size, later.size);
    if from > to {
        return Err(Disproved::Outside);
    }
    if from == 0 || from == to {
        let known = if from == 0 { empty_root() } else { later.root };
        return match (proof, earlier.root == known) {
            ([], true) => Ok(()),
            ([], false) => Err(Disproved::EarlierRoot),
            _ => Err(Disproved::Length),
        };
    }
    let whole = (from - 1).trailing_ones();
    let mut climb = Climb { own: (from - 1) >> whole, last: (to - 1) >> whole };
    // Where the earlier tree is one whole subtree, its root is what the proof begins with.
    let (first, rest) = if climb.own == 0 {
        (earlier.root, proof)
    } else {
        proof.split_first().map(|(a, b)| (*a, b)).ok_or(Disproved::Length)?
    };
    let (mut old, mut new) = (first, first);
    for other in rest {
        match climb.side().ok_or(Disproved::Length)? {
            Side::Left => {
                old = parent(*other, old);
                new = parent(*other, new);
            }
            Side::Right => new = parent(new, *other),
        }
    }
    if climb.last != 0 {
        return Err(Disproved::Length);
    }
    if old != earlier.root {
        return Err(Disproved::EarlierRoot);
    }
    if new == later.root { Ok(()) } else { Err(Disproved::Root) }
}

/// The way from a node to the root: its index, and that of the last node, on the level that was reached.
struct Climb {
    own: u64,
    last: u64,
}

enum Side {
    Left,
    Right,
}

impl Climb {
    /// Goes up to the next level where there is a neighbour and says on which side it is; `None` at the root.
    fn side(&mut self) -> Option<Side> {
        if self.last == 0 {
            return None;
        }
        let left = self.own & 1 == 1 || self.own == self.last;
        // The last node goes up alone as long as nothing is left of it.
        let levels = if left { self.own.trailing_zeros() + 1 } else { 1 };
        self.own >>= levels;
        self.last >>= levels;
        Some(if left { Side::Left } else { Side::Right })
    }
}

#[cfg(test)]
mod tests;
