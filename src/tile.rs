//! The tree in files that never change once they are whole (C2SP `tlog-tiles`). Owns which tile holds which hash, how it is
//! named and how it is read; fetching and storing are the business of the faces.
//!
//! A tile has up to 256 hashes of one level, and only every eighth level is stored: what lies between is hashed anew. The tile
//! at the right edge of its level is partial and has its width in its name. What a tree that grows has anew is [`growth`]'s.

pub mod growth;

use crate::{
    hash::Hash,
    merkle::{Frontier, Node},
};
use alloc::{format, vec::Vec};
use core::{fmt, ops::Range};

/// Levels of the tree in a tile.
pub const HEIGHT: u8 = 8;
/// Hashes in a whole tile.
pub const WIDTH: u16 = 256;
/// Tiles of a higher level would need more than 2^64 leaves.
const MAX_LEVEL: u8 = 7;

/// Which tile. The order is that in which they are to be stored: the lower ones first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    level: u8,
    index: u64,
    width: u16,
}

impl Tile {
    /// The tile that holds what is needed for a node of a tree of `size` leaves, as wide as that tree has it; `None` if the tree
    /// has no such node.
    pub fn of(node: Node, size: u64) -> Option<Self> {
        let end = node.index.checked_add(1)?.checked_mul(1_u64.checked_shl(node.level.into())?)?;
        let (level, above) = (node.level / HEIGHT, node.level % HEIGHT);
        (end <= size).then(|| Self::at(level, node.index >> (HEIGHT - above), size)).flatten()
    }

    /// Which tiles are new or have grown when a tree of `from` leaves has become one of `to`, the lower ones first.
    pub fn grown(from: u64, to: u64) -> impl Iterator<Item = Self> {
        (0..=MAX_LEVEL).flat_map(move |level| {
            let (old, new) = (count(level, from), count(level, to));
            let tiles = if old < new { old / u64::from(WIDTH)..new.div_ceil(u64::from(WIDTH)) } else { 0..0 };
            tiles.filter_map(move |index| Self::at(level, index, to))
        })
    }

    /// The tile at a place of its level, as wide as a tree of `size` leaves has it; `None` if that tree has none there.
    pub fn at(level: u8, index: u64, size: u64) -> Option<Self> {
        if level > MAX_LEVEL {
            return None;
        }
        let before = index.checked_mul(WIDTH.into())?;
        let width = count(level, size).checked_sub(before)?.min(WIDTH.into());
        (width > 0).then_some(Self { level, index, width: u16::try_from(width).ok()? })
    }

    /// Its level: 0 has the hashes of leaves, each one above has the roots of the tiles below.
    pub const fn level(self) -> u8 {
        self.level
    }

    /// How many tiles of its level stand left of it.
    pub const fn index(self) -> u64 {
        self.index
    }

    /// How many hashes it has, 1 to 256.
    pub const fn width(self) -> u16 {
        self.width
    }

    /// The rows under it.
    pub const fn rows(self) -> Range<u64> {
        let bits = (self.level * HEIGHT) as u32;
        let first = self.index * WIDTH as u64;
        Range { start: first << bits, end: (first + self.width as u64).saturating_mul(1 << bits) }
    }

    /// Whether it will never change.
    pub const fn is_whole(self) -> bool {
        self.width == WIDTH
    }

    /// The whole tile that it will be, which may be there already and does as well.
    #[must_use]
    pub const fn whole(self) -> Self {
        Self { width: WIDTH, ..self }
    }

    /// The nodes whose hashes it has.
    pub fn entries(self) -> impl Iterator<Item = Node> {
        let first = self.index * u64::from(WIDTH);
        (first..first + u64::from(self.width)).map(move |index| Node { level: self.level * HEIGHT, index })
    }

    /// Reads a path such as `tile/0/x001/x234/067.p/128`; `None` unless it is exactly what [`Tile`] writes.
    pub fn parse(path: &str) -> Option<Self> {
        let rest = path.strip_prefix("tile/")?;
        let (level, rest) = rest.split_once('/')?;
        let (rest, width) = match rest.split_once(".p/") {
            Some((rest, width)) => (rest, width.parse().ok()?),
            None => (rest, WIDTH),
        };
        let mut index = 0_u64;
        for part in rest.split('/') {
            let number: u64 = part.strip_prefix('x').unwrap_or(part).parse().ok()?;
            index = index.checked_mul(1000)?.checked_add(number)?;
        }
        let tile = Self { level: level.parse().ok()?, index, width };
        // One form for each: whatever was read leniently does not come out the same.
        let fits =
            tile.level <= MAX_LEVEL && (1..=WIDTH).contains(&width) && index <= u64::MAX / u64::from(WIDTH);
        (fits && format!("{tile}") == path).then_some(tile)
    }
}

/// How many hashes a level of tiles has in a tree.
const fn count(level: u8, size: u64) -> u64 {
    size >> (level * HEIGHT)
}

impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tile/{}", self.level)?;
        let mut group = 1;
        while self.index / group >= 1000 {
            group *= 1000;
        }
        while group > 1 {
            write!(f, "/x{:03}", self.index / group % 1000)?;
            group /= 1000;
        }
        write!(f, "/{:03}", self.index % 1000)?;
        if self.is_whole() { Ok(()) } else { write!(f, ".p/{}", self.width) }
    }
}

/// The hashes of a tile, from its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hashes {
    tile: Tile,
    hashes: Vec<Hash>,
}

impl Hashes {
    /// Reads the bytes of a tile, which may be those of a wider one in its place; `None` if they are too few or no hashes.
    pub fn parse(tile: Tile, bytes: &[u8]) -> Option<Self> {
        let (chunks, rest) = bytes.as_chunks::<32>();
        let fits = rest.is_empty() && (usize::from(tile.width)..=usize::from(WIDTH)).contains(&chunks.len());
        fits.then(|| Self {
            tile,
            hashes: chunks.iter().copied().take(tile.width.into()).map(Hash).collect(),
        })
    }

    /// A tile that was made anew; `None` unless there are as many hashes as it has.
    pub fn new(tile: Tile, hashes: Vec<Hash>) -> Option<Self> {
        (hashes.len() == usize::from(tile.width)).then_some(Self { tile, hashes })
    }

    /// Which tile it is.
    pub const fn tile(&self) -> Tile {
        self.tile
    }

    /// From the left.
    pub fn hashes(&self) -> &[Hash] {
        &self.hashes
    }

    /// The hash of a node that is stored here or follows from what is.
    pub fn node(&self, node: Node) -> Option<Hash> {
        let above = node.level.checked_sub(self.tile.level * HEIGHT).filter(|above| *above <= HEIGHT)?;
        let count = 1_u64 << above;
        let first = node.index.checked_mul(count)?.checked_sub(self.tile.index * u64::from(WIDTH))?;
        let part = usize::try_from(first).ok()?..usize::try_from(first.checked_add(count)?).ok()?;
        let mut subtree = Frontier::default();
        subtree.extend(self.hashes.get(part)?.iter().copied());
        Some(subtree.head().root)
    }
}

/// The file of a tile: its hashes, one after the other.
pub fn bytes(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        log::leaf_hash,
        merkle::{Head, consistency, inclusion, prove, verify_consistency, verify_inclusion},
    };
    use alloc::{
        collections::BTreeMap,
        string::{String, ToString as _},
    };
    use proptest::prelude::*;

    fn tile(level: u8, index: u64, width: u16) -> Tile {
        Tile { level, index, width }
    }

    #[test]
    fn paths_are_those_of_the_specification() {
        for (tile, path) in [
            (tile(0, 0, 256), "tile/0/000"),
            (tile(0, 0, 1), "tile/0/000.p/1"),
            (tile(1, 7, 255), "tile/1/007.p/255"),
            (tile(0, 999, 256), "tile/0/999"),
            (tile(0, 1000, 256), "tile/0/x001/000"),
            (tile(0, 1_234_067, 256), "tile/0/x001/x234/067"),
            (tile(2, 1_234_067, 8), "tile/2/x001/x234/067.p/8"),
            (tile(0, 123_456_789_000, 256), "tile/0/x123/x456/x789/000"),
        ] {
            assert_eq!(tile.to_string(), path);
            assert_eq!(Tile::parse(path), Some(tile), "{path}");
        }
    }

    #[test]
    fn no_other_path_is_a_tile() {
        for path in [
            "",
            "tile",
            "tile/0",
            "tile/0/",
            "tile/0/0",
            "tile/0/1000",
            "tile/0/x000/001",
            "tile/0/001/000",
            "tile/0/x001",
            "tile/0/x01/000",
            "tile/0/+01",
            "tile/00/001",
            "tile/8/001",
            "tile/-1/001",
            "tile/0/001.p/0",
            "tile/0/001.p/01",
            "tile/0/001.p/256",
            "tile/0/001.p/257",
            "tile/0/001.p/",
            "tile/0/001/",
            "/tile/0/001",
            "tile/0/001.p/1/",
            "tile/0/x072/x057/x594/x037/x927/936",
            "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
            "tile/entries/000",
        ] {
            assert_eq!(Tile::parse(path), None, "{path}");
        }
    }

    #[test]
    fn a_tree_that_has_grown_has_these_tiles() {
        let grown = |from, to| Tile::grown(from, to).map(|tile| tile.to_string()).collect::<Vec<_>>();
        assert_eq!(grown(0, 1), ["tile/0/000.p/1"]);
        assert_eq!(grown(1, 256), ["tile/0/000", "tile/1/000.p/1"]);
        assert_eq!(grown(256, 257), ["tile/0/001.p/1"]);
        assert_eq!(
            grown(255, 70_000),
            (0..273)
                .map(|index| format!("tile/0/{index:03}"))
                .chain(
                    ["tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1"].map(Into::into)
                )
                .collect::<Vec<_>>()
        );
        assert_eq!(grown(5, 5), [""; 0]);
        assert_eq!(Tile::grown(u64::MAX - 1, u64::MAX).count(), 1);
    }

    /// The tiles of a tree that grew in steps, as a face stores them.
    fn stored(steps: &[u64]) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        let mut size = 0;
        for step in steps {
            let to = size + step;
            for tile in Tile::grown(size, to) {
                let hashes: Vec<_> = tile.entries().map(|node| entry(&files, node, to)).collect();
                files.insert(tile.to_string(), bytes(&hashes));
            }
            size = to;
        }
        files
    }

    fn entry(files: &BTreeMap<String, Vec<u8>>, node: Node, size: u64) -> Hash {
        if node.level == 0 {
            return leaf_hash(&node.index.to_be_bytes());
        }
        let below = Tile::at(node.level / HEIGHT - 1, node.index, size).unwrap();
        Hashes::parse(below, &files[&below.to_string()]).unwrap().node(node).unwrap()
    }

    fn read(files: &BTreeMap<String, Vec<u8>>, node: Node, size: u64) -> Option<Hash> {
        let tile = Tile::of(node, size)?;
        Hashes::parse(tile, files.get(&tile.to_string())?)?.node(node)
    }

    fn head(size: u64) -> Head {
        let mut tree = Frontier::default();
        tree.extend((0..size).map(|index| leaf_hash(&index.to_be_bytes())));
        tree.head()
    }

    #[test]
    fn root_and_proofs_come_from_tiles_alone() {
        let files = stored(&[1, 254, 1, 300, 66_000]);
        let size = 66_556;
        let read = |node| read(&files, node, size).ok_or(node);
        let made = |parts: &[Range<u64>]| prove(parts.iter().cloned(), read).unwrap();
        let head = head(size);
        assert_eq!(made(&[Range { start: 0, end: size }]), [head.root]);
        for index in [0, 255, 256, 556, 65_535, 65_536, size - 1] {
            let proof = made(&inclusion(index, size).unwrap());
            let leaf = leaf_hash(&index.to_be_bytes());
            assert_eq!(verify_inclusion(index, leaf, head, &proof), Ok(()), "{index}");
        }
        for from in [1, 255, 256, 556, 65_536, size] {
            let proof = made(&consistency(from, size).unwrap());
            assert_eq!(verify_consistency(self::head(from), head, &proof), Ok(()), "{from}");
        }
    }

    #[test]
    fn a_node_that_a_tree_does_not_have_is_in_no_tile() {
        assert_eq!(Tile::of(Node { level: 0, index: 5 }, 5), None);
        assert_eq!(Tile::of(Node { level: 3, index: 0 }, 7), None);
        assert_eq!(Tile::of(Node { level: 64, index: 0 }, u64::MAX), None);
        assert_eq!(Tile::of(Node { level: 0, index: u64::MAX }, u64::MAX), None);
        assert_eq!(Tile::of(Node { level: 8, index: 0 }, 256), Some(tile(1, 0, 1)));
        assert_eq!(Tile::of(Node { level: 7, index: 1 }, 300), Some(tile(0, 0, 256)));
    }

    #[test]
    fn a_tile_knows_the_rows_under_it() {
        assert_eq!(tile(0, 1, 44).rows(), 256..300);
        assert_eq!(tile(1, 0, 2).rows(), 0..512);
        assert_eq!(tile(1, 1, 256).rows(), 65_536..131_072);
    }

    #[test]
    fn a_wider_file_does_as_well_and_a_narrower_does_not() {
        let hashes: Vec<_> = (0..9_u8).map(|n| leaf_hash(&[n])).collect();
        let wide = bytes(&hashes);
        assert_eq!(Hashes::parse(tile(0, 0, 4), &wide).unwrap().hashes(), &hashes[..4]);
        assert_eq!(Hashes::parse(tile(0, 0, 10), &wide), None);
        assert_eq!(Hashes::parse(tile(0, 0, 4), &wide[1..]), None);
        assert_eq!(Hashes::parse(tile(0, 0, 4), &[0; 32 * 257]), None);
    }

    proptest! {
        #[test]
        fn a_path_that_parses_is_the_only_one_for_its_tile(path in "tile/[0-9]{1,2}(/x?[0-9]{3}){1,4}(\\.p/[0-9]{1,3})?") {
            if let Some(tile) = Tile::parse(&path) {
                prop_assert_eq!(tile.to_string(), path);
            }
        }

        #[test]
        fn every_tile_has_a_path_that_reads_back(level in 0..=7_u8, index in 0..=u64::MAX / 256, width in 1..=256_u16) {
            let tile = tile(level, index, width);
            prop_assert_eq!(Tile::parse(&tile.to_string()), Some(tile));
        }
    }
}
