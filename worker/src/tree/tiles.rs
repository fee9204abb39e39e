//! Tiles among the objects. Owns where each is, reading the few that some nodes need, and making one again that was lost or damaged.
//!
//! A log that goes on under another name shares the whole tiles of the events it has kept with the log before, and they stay where
//! they were first written. A tile that is made again is held against the signed head before it is written: if the hashes of the
//! database don't lead there, it is the database that was changed, and the tile is not touched.

use super::object;
use crate::{
    app::App,
    platform::{DatabaseError, Platform},
    store::Named,
};
use consentry::{
    hash::Hash,
    merkle::{Frontier, Head, Node, inclusion, nodes, prove, verify_inclusion},
    tile::{HEIGHT, Hashes, Tile, bytes},
};
use std::ops::Range;

/// Hashes that are read from the database at a time.
const PAGE: u32 = 4096;

/// A log at one size: its database, its names, its tree.
pub(crate) struct Log {
    pub(crate) shard: usize,
    /// The present one last.
    pub(crate) names: Vec<Named>,
    pub(crate) head: Head,
}

impl Log {
    /// The object of a tile.
    pub(crate) fn object(&self, tile: Tile) -> String {
        let mut names = self.names.as_slice();
        while let [earlier @ .., last] = names
            && !earlier.is_empty()
            && tile.is_whole()
            && tile.rows().end <= last.kept
        {
            names = earlier;
        }
        let origin = names.last().map(|named| named.origin.as_str()).unwrap_or_default();
        object(origin, &tile.to_string())
    }

    /// The hashes of parts of the tree. A tile that is missing is made again.
    pub(crate) async fn parts<P: Platform>(
        &self,
        app: &App<'_, P>,
        parts: Vec<Range<u64>>,
    ) -> Result<Vec<Hash>, DatabaseError> {
        let (tiles, missing) = Tiles::read(app, self, &parts, &[]).await?;
        for tile in missing {
            self.mend(app, tile).await?;
        }
        prove(parts, |node| tiles.node(node, self.head.size))
    }

    /// Writes a tile that is missing or wrong anew, once it is proved that it is part of the signed tree.
    pub(super) async fn mend<P: Platform>(&self, app: &App<'_, P>, tile: Tile) -> Result<(), DatabaseError> {
        let made = self.make(app, tile).await?;
        self.hold(app, tile, std::slice::from_ref(&made)).await?;
        self.write(app, &made).await
    }

    /// Writes a tile anew.
    pub(super) async fn write<P: Platform>(
        &self,
        app: &App<'_, P>,
        made: &Hashes,
    ) -> Result<(), DatabaseError> {
        let name = self.object(made.tile());
        app.platform.put_object(&name, bytes(made.hashes())).await?;
        app.platform.log(&format!("log: {name} was missing or damaged, and is written again"));
        Ok(())
    }

    /// Proves that the first of these tiles, with those of the others that are below or beside it, is part of the signed tree.
    pub(super) async fn hold<P: Platform>(
        &self,
        app: &App<'_, P>,
        tile: Tile,
        made: &[Hashes],
    ) -> Result<(), DatabaseError> {
        let Head { size, root } = self.head;
        let Range { start: first, end } = tile.rows();
        let wrong = || {
            DatabaseError::Unreadable(format!(
                "events {first} to {} are not those that were signed: the database was changed, or more tiles than {tile}",
                end - 1
            ))
        };
        // From the first hash of the tile up: all others of it are its neighbours.
        let below = tile.level() * HEIGHT;
        let parts = inclusion(first, size).and_then(|parts| Some(parts.get(below.into()..)?.to_vec()));
        let parts = parts.ok_or_else(wrong)?;
        let (tiles, _) = Tiles::read(app, self, &parts, made).await?;
        let proof = prove(parts, |node| tiles.node(node, size))?;
        let above = Head { size: size.div_ceil(1 << below), root };
        let leaf = tiles.get(tile).and_then(|made| made.hashes().first().copied()).ok_or_else(wrong)?;
        verify_inclusion(first >> below, leaf, above, &proof).map_err(|_| wrong())
    }

    /// The hashes of a tile: from those of the leaves in the database, or high up from the tiles below.
    async fn make<P: Platform>(&self, app: &App<'_, P>, tile: Tile) -> Result<Hashes, DatabaseError> {
        let mut hashes = Vec::new();
        if tile.level() < 2 {
            let leaves = self.leaves(app, tile.rows()).await?;
            hashes.extend(leaves.chunks(1 << (tile.level() * HEIGHT)).map(subtree));
        } else {
            for node in tile.entries() {
                let below =
                    Tile::at(tile.level() - 1, node.index, self.head.size).ok_or_else(|| missing(tile))?;
                let bytes = app.platform.object(&self.object(below)).await?.unwrap_or_default();
                let below = Hashes::parse(below, &bytes).ok_or_else(|| missing(below))?;
                hashes.push(subtree(below.hashes()));
            }
        }
        Hashes::new(tile, hashes).ok_or_else(|| missing(tile))
    }

    /// The hashes of leaves in the database.
    pub(super) async fn leaves<P: Platform>(
        &self,
        app: &App<'_, P>,
        rows: Range<u64>,
    ) -> Result<Vec<Hash>, DatabaseError> {
        let mut leaves = Vec::new();
        let mut next = rows.start;
        while next < rows.end {
            let count = u32::try_from(rows.end - next).unwrap_or(PAGE).min(PAGE);
            let page = app.store().leaves(self.shard, next, count).await?;
            if page.is_empty() {
                return Err(DatabaseError::Unreadable(format!("event {next} is missing")));
            }
            next += u64::try_from(page.len()).unwrap_or_default();
            leaves.extend(page);
        }
        Ok(leaves)
    }
}

/// The root of a whole subtree, or of what there is of one.
pub(super) fn subtree(hashes: &[Hash]) -> Hash {
    let mut tree = Frontier::default();
    tree.extend(hashes.iter().copied());
    tree.head().root
}

fn missing(tile: Tile) -> DatabaseError {
    DatabaseError::Objects(format!("{tile} is missing"))
}

/// Tiles that were fetched for some nodes: few, so that looking through them is quick.
pub(super) struct Tiles(Vec<Hashes>);

impl Tiles {
    /// Fetches what is needed for parts of a log's tree and is not `known`; says which tiles were missing and had to be made.
    pub(super) async fn read<P: Platform>(
        app: &App<'_, P>,
        log: &Log,
        parts: &[Range<u64>],
        known: &[Hashes],
    ) -> Result<(Self, Vec<Tile>), DatabaseError> {
        let (mut read, mut absent) = (Self(known.to_vec()), Vec::new());
        for node in parts.iter().flat_map(|part| nodes(part.clone())) {
            let Some(tile) = Tile::of(node, log.head.size) else { continue };
            if read.get(tile).is_none() {
                let bytes = app.platform.object(&log.object(tile)).await?.unwrap_or_default();
                let hashes = if let Some(hashes) = Hashes::parse(tile, &bytes) {
                    hashes
                } else {
                    absent.push(tile);
                    log.make(app, tile).await?
                };
                read.0.push(hashes);
            }
        }
        Ok((read, absent))
    }

    pub(super) fn get(&self, tile: Tile) -> Option<&Hashes> {
        self.0.iter().find(|there| there.tile() == tile)
    }

    /// The hash of a node of a tree that has `size` leaves.
    fn node(&self, node: Node, size: u64) -> Result<Hash, DatabaseError> {
        Tile::of(node, size)
            .and_then(|tile| self.get(tile)?.node(node))
            .ok_or_else(|| DatabaseError::Objects("a tile is missing".into()))
    }
}
