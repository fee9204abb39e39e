//! The tiles of a log, held against a checkpoint. Owns that: all of them at once, or each when it is asked for; once that is done,
//! their hashes are the log's.

use std::collections::HashMap;

use consentry::hash::Hash;
use consentry::merkle::{Frontier, Head, Node, empty_root, inclusion, prove, verify_inclusion};
use consentry::tile::{Hashes, Tile, WIDTH};

use super::disproved;
use super::source::Source;
use crate::failure::Failure;

pub(super) struct Tiles<'a> {
    source: Source<'a>,
    head: Head,
    /// Whether all of them were held against the checkpoint already.
    held: bool,
    /// The one of the lowest level that was read last: rows come in order.
    last: Option<Hashes>,
    /// Those above, which are few.
    above: HashMap<Tile, Hashes>,
}

impl<'a> Tiles<'a> {
    /// Tiles each of which is held against the checkpoint when it is read.
    pub(super) fn lazy(source: Source<'a>, head: Head) -> Self {
        Self { source, head, held: false, last: None, above: HashMap::new() }
    }

    /// Reads all tiles of a tree: each must be what the one above says of it, and together they must lead to the root.
    pub(super) fn open(source: Source<'a>, head: Head) -> Result<Self, Failure> {
        let mut tiles = Self::lazy(source, head);
        let mut below: Vec<Hash> = Vec::new();
        let mut level = 0;
        let mut roots = Vec::new();
        for tile in Tile::grown(0, head.size) {
            if tile.level() != level {
                level = tile.level();
                below = std::mem::take(&mut roots);
            }
            let hashes = tiles.source.tile(tile)?;
            if level > 0 {
                tiles.hold(tile, hashes.hashes(), &below)?;
            }
            if tile.is_whole() {
                let mut subtree = Frontier::default();
                subtree.extend(hashes.hashes().iter().copied());
                roots.push(subtree.head().root);
            }
        }
        if tiles.root(head.size)? != head.root {
            return Err(disproved(&tiles.source.root(), "the tiles do not lead to the checkpoint's root"));
        }
        tiles.held = true;
        Ok(tiles)
    }

    /// A tile above the first level, against the roots of the tiles below it.
    fn hold(&self, tile: Tile, hashes: &[Hash], below: &[Hash]) -> Result<(), Failure> {
        let first = tile.index() * u64::from(WIDTH);
        for (place, hash) in (first..).zip(hashes) {
            if usize::try_from(place).ok().and_then(|place| below.get(place)) != Some(hash) {
                let child = Tile::at(tile.level() - 1, place, self.head.size).unwrap_or(tile);
                let rows = child.rows().start;
                return Err(disproved(
                    &self.source.path(child),
                    format_args!("is not what {tile} says of it: a row from {rows} on is wrong"),
                ));
            }
        }
        Ok(())
    }

    /// The hash of a row.
    pub(super) fn row(&mut self, index: u64) -> Result<Option<Hash>, Failure> {
        let node = Node { level: 0, index };
        let Some(tile) = Tile::of(node, self.head.size) else { return Ok(None) };
        if !self.held && self.last.as_ref().is_none_or(|last| last.tile() != tile) {
            self.lead(tile)?;
        }
        self.node(node).map(Some)
    }

    /// Proves that a tile leads to the root: its first row does, and all others of it are needed for that.
    fn lead(&mut self, tile: Tile) -> Result<(), Failure> {
        let first = tile.rows().start;
        let head = self.head;
        let leaf = self.node(Node { level: 0, index: first })?;
        let own = self.last.clone();
        let proof = prove(inclusion(first, head.size).unwrap_or_default(), |node| self.node(node))?;
        // What was proved, though the last nodes may have been those of another tile.
        self.last = own;
        verify_inclusion(first, leaf, head, &proof).map_err(|_| {
            let rows = tile.rows();
            disproved(
                &self.source.path(tile),
                format_args!(
                    "does not lead to the checkpoint's root: a row from {} to {} is wrong, or a tile above",
                    rows.start,
                    rows.end - 1
                ),
            )
        })
    }

    /// The root of the first `size` rows.
    pub(super) fn root(&mut self, size: u64) -> Result<Hash, Failure> {
        let whole = std::ops::Range { start: 0, end: size };
        Ok(prove([whole], |node| self.node(node))?.pop().unwrap_or_else(empty_root))
    }

    fn node(&mut self, node: Node) -> Result<Hash, Failure> {
        let tile = Tile::of(node, self.head.size)
            .ok_or_else(|| disproved(&self.source.root(), "the tree has fewer rows than the checkpoint"))?;
        let hash = if tile.level() == 0 {
            if self.last.as_ref().is_none_or(|last| last.tile() != tile) {
                self.last = Some(self.source.tile(tile)?);
            }
            self.last.as_ref().and_then(|hashes| hashes.node(node))
        } else {
            if !self.above.contains_key(&tile) {
                self.above.insert(tile, self.source.tile(tile)?);
            }
            self.above.get(&tile).and_then(|hashes| hashes.node(node))
        };
        hash.ok_or_else(|| disproved(&self.source.path(tile), "is too short"))
    }
}
