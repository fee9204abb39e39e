//! The tree over a log, kept in tiles. Owns folding new events into it, the names of its objects, and reading hashes back; what a
//! tile and a proof are is the core's.
//!
//! A fold goes: tiles, the checkpoint under its size, the head in the database, the checkpoint under its own name. Whatever stops
//! it, all that was written is true and is written again with the same bytes by the next one: tiles and sizes only follow from the
//! events, and Ed25519 signs the same text the same way. What is published never leads the head, so if it does, the database was
//! rolled back, and nothing is signed over it.

use crate::{
    app::App,
    platform::{DatabaseError, Platform},
    store::SignedHead,
};
use consentry::{
    checkpoint::Checkpoint,
    hash::Hash,
    merkle::{Head, Node, nodes, prove},
    note::{Note, Signature, VerifierKey},
    tile::{Hashes, Tile, bytes, growth::Growth},
};
use std::ops::Range;

/// Events that are folded at a time: with them a run stays far under the limits of the runtime, and a later one goes on.
const PAGE: u32 = if cfg!(test) { 300 } else { 4096 };
/// Pages of a run.
const PAGES: usize = 4;

/// The name of an object of a log.
pub(crate) fn object(origin: &str, path: &str) -> String {
    format!("log/{origin}/{path}")
}

/// Folds what is new in every log; one that fails doesn't keep the others from it.
pub(crate) async fn fold<P: Platform>(app: &App<'_, P>) -> Result<(), DatabaseError> {
    let Some(seed) = app.config.log_keys.at(app.now).map(|key| key.seed) else { return Ok(()) };
    let mut outcome = Ok(());
    for shard in 0..app.platform.shards() {
        for _ in 0..PAGES {
            match fold_page(app, shard, &seed).await {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    outcome = Err(error);
                    break;
                }
            }
        }
    }
    outcome
}

/// Folds one page; `false` if there was nothing new.
async fn fold_page<P: Platform>(
    app: &App<'_, P>,
    shard: usize,
    seed: &[u8; 32],
) -> Result<bool, DatabaseError> {
    let store = app.store();
    let kept = store.head(shard).await?;
    let from = kept.as_ref().map_or(0, |kept| kept.head.size);
    let leaves = store.leaves(shard, from, PAGE).await?;
    if kept.is_none() && leaves.is_empty() {
        // Nobody called yet, and the name of the log is not to be settled by a clock.
        return Ok(false);
    }
    let origin = store.origin(shard).await?;
    publish(app, &origin, kept.as_ref()).await?;
    if leaves.is_empty() {
        return Ok(false);
    }
    let mut tree = match &kept {
        Some(kept) => resume(app, &origin, kept.head).await?,
        None => Growth::default(),
    };
    for leaf in leaves {
        tree.push(leaf);
    }
    let (head, tiles) = tree.finish();
    for (tile, hashes) in tiles {
        app.platform.put_object(&object(&origin, &tile.to_string()), bytes(&hashes)).await?;
    }
    let signed = sign(app, &origin, head, seed).await?;
    let note = signed.note.clone().into_bytes();
    app.platform.put_object(&object(&origin, &format!("checkpoint/{}", head.size)), note).await?;
    store.keep_head(shard, &signed).await?;
    publish(app, &origin, Some(&signed)).await?;
    Ok(true)
}

/// Gives the head its place among the objects, unless the objects know of a larger log than the database does.
async fn publish<P: Platform>(
    app: &App<'_, P>,
    origin: &str,
    kept: Option<&SignedHead>,
) -> Result<(), DatabaseError> {
    let name = object(origin, "checkpoint");
    let size = kept.map_or(0, |kept| kept.head.size);
    let published = match app.platform.object(&name).await? {
        Some(note) => {
            let line = note.split(|byte| *byte == b'\n').nth(1);
            let size = line.and_then(|line| std::str::from_utf8(line).ok()?.parse().ok());
            size.ok_or_else(|| DatabaseError::Unreadable(name.clone()))?
        }
        None => 0,
    };
    if published > size {
        return Err(DatabaseError::Unreadable(format!(
            "a checkpoint of {published} events was published, and the database knows of {size}: it was rolled back, and its log \
             must not go on under the same name"
        )));
    }
    match kept {
        Some(kept) if published < size => {
            app.platform.put_object(&name, kept.note.clone().into_bytes()).await
        }
        _ => Ok(()),
    }
}

async fn sign<P: Platform>(
    app: &App<'_, P>,
    origin: &str,
    head: Head,
    seed: &[u8; 32],
) -> Result<SignedHead, DatabaseError> {
    let text = Checkpoint { origin: origin.into(), head, extensions: String::new() }.to_string();
    let signed = app.platform.sign(seed, text.as_bytes()).await;
    let note = signed.and_then(|(public, signature)| {
        let key = VerifierKey::new(origin, public)?;
        Some((Note::new(&text, Signature::new(&key, signature))?.to_string(), key.to_string()))
    });
    let (note, key) =
        note.ok_or_else(|| DatabaseError::Unreadable("a checkpoint that can't be signed".into()))?;
    Ok(SignedHead { head, note, key })
}

/// The tree of a head, to be gone on with.
async fn resume<P: Platform>(app: &App<'_, P>, origin: &str, head: Head) -> Result<Growth, DatabaseError> {
    let whole = Range { start: 0, end: head.size };
    let tiles = Tiles::read(app, origin, &[whole], head.size).await?;
    let wrong = || DatabaseError::Unreadable(format!("the tiles of {origin} do not lead to its root"));
    Growth::resume(head, |tile| tiles.get(tile)).ok_or_else(wrong)
}

/// Tiles that were fetched for some nodes: few, so that looking through them is quick.
struct Tiles {
    tiles: Vec<(Tile, Hashes)>,
    size: u64,
}

impl Tiles {
    /// Fetches what is needed for parts of a tree that has `size` leaves.
    async fn read<P: Platform>(
        app: &App<'_, P>,
        origin: &str,
        parts: &[Range<u64>],
        size: u64,
    ) -> Result<Self, DatabaseError> {
        let mut read = Self { tiles: Vec::new(), size };
        for part in parts {
            for node in nodes(part.clone()) {
                let Some(tile) = Tile::of(node, size) else { continue };
                if read.get(tile).is_none() {
                    let name = object(origin, &tile.to_string());
                    let bytes = app.platform.object(&name).await?.unwrap_or_default();
                    let hashes = Hashes::parse(tile, &bytes);
                    let missing = || DatabaseError::Objects(format!("{name} is missing"));
                    read.tiles.push((tile, hashes.ok_or_else(missing)?));
                }
            }
        }
        Ok(read)
    }

    fn get(&self, tile: Tile) -> Option<&Hashes> {
        self.tiles.iter().find(|(there, _)| *there == tile).map(|(_, hashes)| hashes)
    }

    /// The hash of a node.
    fn node(&self, node: Node) -> Result<Hash, DatabaseError> {
        Tile::of(node, self.size)
            .and_then(|tile| self.get(tile)?.node(node))
            .ok_or_else(|| DatabaseError::Objects("a tile is missing".into()))
    }
}

/// The hashes of parts of a tree.
pub(crate) async fn parts<P: Platform>(
    app: &App<'_, P>,
    origin: &str,
    parts: Vec<Range<u64>>,
    size: u64,
) -> Result<Vec<Hash>, DatabaseError> {
    let tiles = Tiles::read(app, origin, &parts, size).await?;
    prove(parts, |node| tiles.node(node))
}
