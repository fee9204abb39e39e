//! A folder of tiles. Owns reading them and holding them against a checkpoint; once that is done, their hashes are the log's.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use consentry::hash::Hash;
use consentry::merkle::{Frontier, Head, Node, empty_root, prove};
use consentry::tile::{Hashes, Tile, WIDTH};

use super::disproved;
use crate::failure::Failure;

pub(super) struct Tiles {
    folder: PathBuf,
    size: u64,
    /// The one that was read last: rows come in order.
    last: Option<(Tile, Hashes)>,
}

impl Tiles {
    /// Reads all tiles of a tree: each must be what the one above says of it, and together they must lead to the root.
    pub(super) fn open(folder: &Path, head: Head) -> Result<Self, Failure> {
        let mut tiles = Self { folder: folder.to_owned(), size: head.size, last: None };
        let mut below: Vec<Hash> = Vec::new();
        let mut level = 0;
        let mut roots = Vec::new();
        for tile in Tile::grown(0, head.size) {
            if tile.level() != level {
                level = tile.level();
                below = std::mem::take(&mut roots);
            }
            let hashes = tiles.read(tile)?;
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
            return Err(disproved(folder, "the tiles do not lead to the checkpoint's root"));
        }
        Ok(tiles)
    }

    /// A tile above the first level, against the roots of the tiles below it.
    fn hold(&self, tile: Tile, hashes: &[Hash], below: &[Hash]) -> Result<(), Failure> {
        let first = tile.index() * u64::from(WIDTH);
        for (place, hash) in (first..).zip(hashes) {
            if usize::try_from(place).ok().and_then(|place| below.get(place)) != Some(hash) {
                let child = Tile::at(tile.level() - 1, place, self.size).unwrap_or(tile);
                let rows = first_row(child);
                return Err(disproved(
                    &self.path(child),
                    format_args!("is not what {tile} says of it: a row from {rows} on is wrong"),
                ));
            }
        }
        Ok(())
    }

    /// The hash of a row.
    pub(super) fn row(&mut self, index: u64) -> Result<Option<Hash>, Failure> {
        let node = Node { level: 0, index };
        let Some(tile) = Tile::of(node, self.size) else { return Ok(None) };
        self.node(tile, node).map(Some)
    }

    /// The root of the first `size` rows.
    pub(super) fn root(&mut self, size: u64) -> Result<Hash, Failure> {
        let whole = std::ops::Range { start: 0, end: size };
        let of = self.size;
        let read = |node| {
            let tile = Tile::of(node, of)
                .ok_or_else(|| disproved(&self.folder, "the tree has fewer rows than the checkpoint"))?;
            self.node(tile, node)
        };
        Ok(prove([whole], read)?.pop().unwrap_or_else(empty_root))
    }

    fn node(&mut self, tile: Tile, node: Node) -> Result<Hash, Failure> {
        if self.last.as_ref().is_none_or(|(last, _)| *last != tile) {
            self.last = Some((tile, self.read(tile)?));
        }
        let hash = self.last.as_ref().and_then(|(_, hashes)| hashes.node(node));
        hash.ok_or_else(|| disproved(&self.path(tile), "is too short"))
    }

    fn read(&self, tile: Tile) -> Result<Hashes, Failure> {
        let mut path = self.path(tile);
        let bytes = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && !tile.is_whole() => {
                path = wider(&path, tile.width()).unwrap_or_else(|| self.path(tile.whole()));
                fs::read(&path)
            }
            read => read,
        };
        let bytes = bytes.map_err(|error| Failure::file(&path, error))?;
        Hashes::parse(tile, &bytes).ok_or_else(|| {
            disproved(
                &path,
                format_args!("is no tile of {} hashes: rows from {} on", tile.width(), first_row(tile)),
            )
        })
    }

    fn path(&self, tile: Tile) -> PathBuf {
        self.folder.join(tile.to_string())
    }
}

/// The first row under a tile.
fn first_row(tile: Tile) -> u64 {
    tile.index() << (8 * (u32::from(tile.level()) + 1))
}

/// A file in the same place of the tree that has more hashes, because the log has grown since: what a tile begins with does not
/// change.
fn wider(path: &Path, width: u16) -> Option<PathBuf> {
    let names =
        fs::read_dir(path.parent()?).ok()?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let widest = names.filter_map(|name| name.parse::<u16>().ok()).max().filter(|widest| *widest > width)?;
    Some(path.with_file_name(widest.to_string()))
}
