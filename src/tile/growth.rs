//! A tree that grows, and the tiles that it then has anew. Owns which these are and what is in them, from no more than the right
//! edge of the tree; which leaves come is the business of the faces.

use super::{Hashes, Tile, WIDTH, count};
use crate::{
    hash::Hash,
    merkle::{Frontier, Head, nodes},
};
use alloc::vec::Vec;

/// A tree at its right edge: of each level of tiles the hashes that fill no tile yet.
#[derive(Clone, Debug, Default)]
pub struct Growth {
    /// How many leaves it began with.
    from: u64,
    tree: Frontier,
    edge: Vec<Vec<Hash>>,
    whole: Vec<(Tile, Vec<Hash>)>,
}

impl Growth {
    /// From the tree of `head` on, of which `read` has the tiles that hold the nodes of `0..size`; `None` if one of them is missing,
    /// or if they don't lead to its root.
    pub fn resume<'t>(head: Head, read: impl Fn(Tile) -> Option<&'t Hashes>) -> Option<Self> {
        let Head { size, .. } = head;
        let peaks = nodes(0..size).map(|node| read(Tile::of(node, size)?)?.node(node));
        let tree = Frontier::new(size, peaks.collect::<Option<_>>()?).filter(|tree| tree.head() == head)?;
        let edge = (0_u8..)
            .map(|level| (level, count(level, size)))
            .take_while(|(_, count)| *count > 0)
            .map(|(level, count)| match Tile::at(level, count / u64::from(WIDTH), size) {
                Some(last) => read(last).map(|hashes| hashes.hashes().to_vec()),
                None => Some(Vec::new()),
            })
            .collect::<Option<_>>()?;
        Some(Self { from: size, tree, edge, whole: Vec::new() })
    }

    /// Appends the hash of a leaf.
    pub fn push(&mut self, leaf: Hash) {
        self.tree.push(leaf);
        let size = self.tree.size();
        let mut next = Some(leaf);
        for level in 0_u8.. {
            let Some(hash) = next.take() else { break };
            if self.edge.len() <= usize::from(level) {
                self.edge.push(Vec::new());
            }
            let Some(edge) = self.edge.get_mut(usize::from(level)) else { break };
            edge.push(hash);
            if edge.len() == usize::from(WIDTH) {
                let hashes = core::mem::take(edge);
                let mut subtree = Frontier::default();
                subtree.extend(hashes.iter().copied());
                next = Some(subtree.head().root);
                let index = count(level, size) / u64::from(WIDTH) - 1;
                self.whole.extend(Tile::at(level, index, size).map(|tile| (tile, hashes)));
            }
        }
    }

    /// The head, and every tile that is new or has grown: those of [`Tile::grown`], whole ones first, with what is in them.
    pub fn finish(self) -> (Head, Vec<(Tile, Vec<Hash>)>) {
        let head = self.tree.head();
        let mut tiles = self.whole;
        for (level, hashes) in (0_u8..).zip(self.edge) {
            if count(level, self.from) == count(level, head.size) {
                continue;
            }
            let index = count(level, head.size) / u64::from(WIDTH);
            tiles.extend(Tile::at(level, index, head.size).map(|tile| (tile, hashes)));
        }
        (head, tiles)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{log::leaf_hash, tile::bytes};
    use alloc::collections::BTreeMap;

    fn leaf(index: u64) -> Hash {
        leaf_hash(&index.to_be_bytes())
    }

    /// By the definition: over all leaves below.
    fn over(leaves: core::ops::Range<u64>) -> Head {
        let mut tree = Frontier::default();
        tree.extend(leaves.map(leaf));
        tree.head()
    }

    fn grow(tiles: &mut BTreeMap<Tile, Hashes>, from: u64, to: u64) -> (Head, Vec<Tile>) {
        let mut growth = match from {
            0 => Growth::default(),
            _ => Growth::resume(over(0..from), |tile| tiles.get(&tile)).unwrap(),
        };
        (from..to).for_each(|index| growth.push(leaf(index)));
        let (head, new) = growth.finish();
        let mut names = Vec::new();
        for (tile, hashes) in new {
            tiles.insert(tile, Hashes::parse(tile, &bytes(&hashes)).unwrap());
            names.push(tile);
        }
        names.sort();
        (head, names)
    }

    #[test]
    fn a_tree_that_grows_in_steps_has_the_tiles_that_its_leaves_make() {
        let (mut tiles, mut from) = (BTreeMap::new(), 0);
        for step in [1, 254, 1, 300, 66_000, 1] {
            let to = from + step;
            let (head, new) = grow(&mut tiles, from, to);
            assert_eq!(head, over(0..to));
            assert_eq!(new, Tile::grown(from, to).collect::<Vec<_>>(), "{from} to {to}");
            for tile in new {
                for (node, hash) in tile.entries().zip(tiles[&tile].hashes()) {
                    let first = node.index << node.level;
                    assert_eq!(*hash, over(first..first + (1 << node.level)).root, "{tile} {node:?}");
                }
            }
            from = to;
        }
    }

    #[test]
    fn nothing_grows_from_tiles_that_are_missing_or_of_another_tree() {
        let mut tiles = BTreeMap::new();
        let (head, new) = grow(&mut tiles, 0, 300);
        for missing in new.into_iter().filter(|tile| !tile.is_whole()) {
            assert!(Growth::resume(head, |tile| tiles.get(&tile).filter(|_| tile != missing)).is_none());
        }
        let other = Head { root: leaf(0), ..head };
        assert!(Growth::resume(other, |tile| tiles.get(&tile)).is_none());
        assert!(Growth::resume(head, |tile| tiles.get(&tile)).is_some());
    }
}
