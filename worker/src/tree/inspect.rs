//! Looking after tiles that nobody reads. Owns the round: each hour one part of each log is held against the database and against the
//! signed head; what was lost or damaged is written again, and whoever runs the service is told if it is the database that differs.

use super::tiles::{Log, subtree};
use crate::{
    app::App,
    platform::{DatabaseError, Platform},
};
use consentry::{
    hash::Hash,
    tile::{HEIGHT, Hashes, Tile},
};

/// Rows of a part: those under one tile of the second level.
const PART: u64 = 1 << (2 * HEIGHT);
const HOUR_MS: i64 = 3_600_000;

/// Inspects the part of each log whose turn it is.
pub(crate) async fn inspect<P: Platform>(app: &App<'_, P>) -> Result<(), DatabaseError> {
    let mut outcome = Ok(());
    for shard in 0..app.platform.shards() {
        if let Some(head) = app.store().head(shard).await? {
            let log = Log { shard, names: app.store().names(shard).await?, head: head.head };
            let last = (log.head.size - 1) / PART;
            let hour = u64::try_from(app.now.as_ms() / HOUR_MS).unwrap_or_default();
            // The last one each time, because whatever is held against the head needs it.
            outcome = outcome.and(inspect_part(app, &log, last).await);
            if hour % (last + 1) != last {
                outcome = outcome.and(inspect_part(app, &log, hour % (last + 1)).await);
            }
        }
    }
    outcome
}

/// Holds the tiles over the right edge of a log against the database.
pub(super) async fn inspect_edge<P: Platform>(app: &App<'_, P>, log: &Log) -> Result<(), DatabaseError> {
    inspect_part(app, log, (log.head.size - 1) / PART).await
}

/// Holds the tiles over one part against the database.
async fn inspect_part<P: Platform>(app: &App<'_, P>, log: &Log, part: u64) -> Result<(), DatabaseError> {
    let higher = above(app, log, part).await;
    let size = log.head.size;
    let rows = part * PART..size.min((part + 1) * PART);
    let first = rows.start >> HEIGHT;
    let leaves = log.leaves(app, rows).await?;
    let roots: Vec<Hash> = leaves.chunks_exact(1 << HEIGHT).map(subtree).collect();
    let lower = (first..).zip(leaves.chunks(1 << HEIGHT));
    let tiles = lower.map(|(index, hashes)| (0, index, hashes)).chain([(1, part, roots.as_slice())]);
    let made: Vec<_> = tiles
        .filter_map(|(level, index, hashes)| Hashes::new(Tile::at(level, index, size)?, hashes.to_vec()))
        .collect();
    // All at once, so that none of those that are stored is needed to believe another.
    let lowest =
        made.first().map(Hashes::tile).ok_or_else(|| DatabaseError::Unreadable("no tiles".into()))?;
    log.hold(app, lowest, &made).await?;
    for made in made {
        let there = app.platform.object(&log.object(made.tile())).await?;
        if there.and_then(|bytes| Hashes::parse(made.tile(), &bytes)).as_ref() != Some(&made) {
            log.write(app, &made).await?;
        }
    }
    if higher.is_err() { above(app, log, part).await } else { Ok(()) }
}

/// Looks for the tiles above a part; only large logs have any.
async fn above<P: Platform>(app: &App<'_, P>, log: &Log, part: u64) -> Result<(), DatabaseError> {
    for level in 2..=7_u8 {
        let index = part >> (HEIGHT * (level - 1));
        let Some(tile) = Tile::at(level, index, log.head.size) else { break };
        let there =
            app.platform.object(&log.object(tile)).await?.and_then(|bytes| Hashes::parse(tile, &bytes));
        let sound = match &there {
            Some(there) => log.hold(app, tile, std::slice::from_ref(there)).await.is_ok(),
            None => false,
        };
        if !sound {
            log.mend(app, tile).await?;
        }
    }
    Ok(())
}
