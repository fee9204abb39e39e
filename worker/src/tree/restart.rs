//! A log whose database was restored to an earlier state goes on under another name. Owns finding out what is left of what was
//! published, and the order in which the two stores learn of the new name.
//!
//! The last checkpoint under the old name gets further lines, signed like it, that name the new one ([`Handover`]): so whoever trusts
//! the old key finds the new log, and which events are lost. Then the database begins the name with an event that holds that
//! checkpoint. Stopped in between, the next call goes on with the name that was promised.

use super::{
    Log, Refused, is_own, object, published, sign, signed_head,
    tiles::{Tiles, subtree},
};
use crate::{
    app::App,
    platform::{DatabaseError, Platform},
    store::Named,
};
use consentry::{
    handover::Handover,
    merkle::{Head, Node},
    tile::{Tile, WIDTH, bytes},
};
use serde_json::json;
use std::ops::Range;

/// Gives the log of a rolled-back database its next name.
pub(crate) async fn restart<P: Platform>(app: &App<'_, P>, shard: usize) -> Result<Named, Refused> {
    let store = app.store();
    app.config.log_keys.at(app.now).ok_or(Refused::NoKey)?;
    let mut names = store.names(shard).await?;
    let size = store.head(shard).await?.map_or(0, |kept| kept.head.size);
    let present = names.last().ok_or(Refused::NotRolledBack)?.origin.clone();
    let (mut last, mut note) = published(app, &present).await?.ok_or(Refused::NotRolledBack)?;
    if last.head.size <= size && last.extensions.is_empty() {
        return Err(Refused::NotRolledBack);
    }
    // Names that began after the state to which the database was restored.
    let (mut promised, mut common) = (None, u64::MAX);
    while let Some(Handover { origin, kept }) = Handover::parse(&last.extensions) {
        let Some(next) = published(app, &origin).await? else {
            promised = Some(Handover { origin, kept });
            break;
        };
        // What these had in common with the database is not looked for beyond what they had in common with each other, because
        // the database doesn't know where their tiles are.
        common = common.min(kept.size);
        names.push(Named { first: kept.size, origin, kept: kept.size });
        (last, note) = next;
    }
    if !is_own(app, &last.origin, &note).await {
        return Err(Refused::Unsigned);
    }
    let log = Log { shard, names, head: last.head };
    let kept = kept(app, &log, common).await?;
    let handover = match promised.filter(|promised| promised.kept == kept) {
        Some(promised) => promised,
        None => Handover { origin: store.new_origin(shard), kept },
    };
    let details = json!({ "origin": handover.origin, "kept": kept.size, "checkpoint": note.to_string() });
    last.extensions = handover.to_string();
    let (note, _) = sign(app, &last).await?;
    app.platform.put_object(&object(&last.origin, "checkpoint"), note.into_bytes()).await?;
    edge(app, &log, &handover).await?;
    let signed = if kept.size == 0 { None } else { Some(signed_head(app, &handover.origin, kept).await?) };
    let name = (handover.origin.as_str(), kept.size);
    match store.restart(shard, name, &details, signed.as_ref()).await {
        Ok(begun) => Ok(begun),
        // Two calls at once: the name has begun.
        Err(DatabaseError::Duplicate(_)) => store.names(shard).await?.pop().ok_or(Refused::NotRolledBack),
        Err(error) => Err(error.into()),
    }
}

/// The events that the database has as they were published: all up to the first that differs, and no more than `most`.
async fn kept<P: Platform>(app: &App<'_, P>, log: &Log, most: u64) -> Result<Head, DatabaseError> {
    let mut same = 0;
    'tiles: for tile in Tile::grown(0, log.head.size).take_while(|tile| tile.level() == 0) {
        let Range { start, .. } = tile.rows();
        let leaves = app.store().leaves(log.shard, start, u32::from(WIDTH)).await?;
        let (tiles, _) = Tiles::read(app, log, &one(start, start + 1), &[]).await?;
        let hashes = tiles.get(tile).map(|hashes| hashes.hashes().to_vec()).unwrap_or_default();
        for (published, leaf) in hashes.iter().zip(&leaves) {
            if published != leaf || same == most {
                break 'tiles;
            }
            same += 1;
        }
        if leaves.len() < hashes.len() {
            break;
        }
    }
    let root = log.parts(app, one(0, same).into()).await?.pop();
    Ok(Head { size: same, root: root.unwrap_or_else(|| subtree(&[])) })
}

/// Writes the tiles at the right edge of the kept tree under the new name; the whole ones stay where they are.
async fn edge<P: Platform>(app: &App<'_, P>, log: &Log, handover: &Handover) -> Result<(), DatabaseError> {
    let size = handover.kept.size;
    let edge = Tile::grown(0, size).filter(|tile| !tile.is_whole());
    for tile in edge {
        let Some(last) = tile.entries().last() else { continue };
        let Node { level, index } = last;
        let Some(there) = Tile::of(Node { level, index }, log.head.size) else { continue };
        let part = there.entries().next().map_or(0, |first| first.index << level);
        let (tiles, _) = Tiles::read(app, log, &one(part, part + (1 << level)), &[]).await?;
        let hashes = tiles.get(there).map(|hashes| hashes.hashes().to_vec()).unwrap_or_default();
        let width = usize::from(tile.width()).min(hashes.len());
        let name = object(&handover.origin, &tile.to_string());
        app.platform.put_object(&name, bytes(hashes.get(..width).unwrap_or_default())).await?;
    }
    Ok(())
}

fn one(start: u64, end: u64) -> [Range<u64>; 1] {
    [Range { start, end }]
}
