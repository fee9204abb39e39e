//! An index of Vectorize. It finds nothing by a person, so the ids that were registered are what it is asked to remove. It does so later and
//! doesn't say when, so they are fetched again after a while; what is gone then is forgotten here too, and counted as removed.

use super::{Attempt, settings::StoreSettings};
use crate::{
    app::App,
    lineage,
    platform::{DatabaseError, Platform},
    store::{ErasureRow, TaskRow, Vectors, forget_vectors},
};
use consentry::{
    erasure::{StoreState, task::Outcome},
    subject::Subject,
    time::Timestamp,
};

/// The most vectors that one attempt removes, so that it stays far below the thousand calls a Worker may make.
const MOST: usize = if cfg!(test) { 250 } else { 2000 };

/// The most ids of one call to remove, past which Vectorize refuses all of them (its error 40007).
const REMOVED_AT_ONCE: usize = 100;

/// The most ids of one call to fetch: few, because each vector comes with all of its values.
const FETCHED_AT_ONCE: usize = 20;

/// How many delays a vector may be on its way from being registered to being in the index: an hour of the usual ones.
const ON_ITS_WAY: i64 = 60;

/// A vector, and whose it is.
struct Held {
    subject: Subject,
    id: String,
    noted_at: Timestamp,
}

/// Removes them, or looks whether those are gone that the attempt before removed, and then removes the next.
pub(super) async fn attempt<P: Platform>(
    app: &App<'_, P>,
    erasure: &ErasureRow,
    row: &TaskRow,
    settings: &StoreSettings,
) -> Result<Attempt, DatabaseError> {
    let store = app.store();
    let mut subjects = vec![erasure.subject];
    subjects.extend(store.visitors(&erasure.subject).await?);
    let left = lineage::vectors(app, &subjects).await?.remove(&settings.name).unwrap_or(0);
    // Those that were counted before, whether they are gone or not, are not counted again.
    let found = (row.removed + left).saturating_sub(row.found);
    let looked = row.task.state == StoreState::Verifying;
    let mut removed = 0;
    if looked {
        let asked = read(app, &subjects, &settings.name).await?;
        let present = present(app, settings, &asked).await?;
        if !present.is_empty() {
            let error = format!(
                "{} of {} vectors are still in the index; it was asked again to remove them",
                present.len(),
                asked.len()
            );
            remove(app, settings, &present).await?;
            return Ok(Attempt::failed(0, error));
        }
        let settled = |held: &&Held| settles_at(app, held) <= app.now;
        removed = forget(app, &settings.name, asked.iter().filter(settled)).await?;
    }
    let next = read(app, &subjects, &settings.name).await?;
    let Some(first) = next.first() else { return Ok(Attempt::done(found, removed)) };
    let ids: Vec<_> = next.iter().map(|held| held.id.clone()).collect();
    remove(app, settings, &ids).await?;
    let soon = app.now.plus_ms(app.config.vectors_delay_ms);
    // Where nothing is left but what may still be on its way, the first of them says when to look.
    let again = if looked && removed == 0 { settles_at(app, first).max(soon) } else { soon };
    Ok(Attempt { outcome: Outcome::LookAgain(again), ..Attempt::done(found, removed) })
}

/// When a vector is in the index if it ever will be.
fn settles_at<P: Platform>(app: &App<'_, P>, held: &Held) -> Timestamp {
    held.noted_at.plus_ms(ON_ITS_WAY * app.config.vectors_delay_ms)
}

/// The vectors that are looked after next: the same as before, until some are forgotten.
async fn read<P: Platform>(
    app: &App<'_, P>,
    subjects: &[Subject],
    store: &str,
) -> Result<Vec<Held>, DatabaseError> {
    let mut all = Vec::new();
    for subject in subjects {
        let some = app.store().vectors(subject, store, MOST - all.len()).await?;
        let held = |vector: crate::store::Vector| Held {
            subject: *subject,
            id: vector.id,
            noted_at: Timestamp::from_ms(vector.noted_at),
        };
        all.extend(some.into_iter().map(held));
    }
    Ok(all)
}

async fn present<P: Platform>(
    app: &App<'_, P>,
    settings: &StoreSettings,
    held: &[Held],
) -> Result<Vec<String>, DatabaseError> {
    let ids: Vec<_> = held.iter().map(|held| held.id.clone()).collect();
    let mut present = Vec::new();
    for some in ids.chunks(FETCHED_AT_ONCE) {
        present.extend(app.platform.vectors(settings.index(), some).await?);
    }
    Ok(present)
}

async fn remove<P: Platform>(
    app: &App<'_, P>,
    settings: &StoreSettings,
    ids: &[String],
) -> Result<(), DatabaseError> {
    for some in ids.chunks(REMOVED_AT_ONCE) {
        app.platform.delete_vectors(settings.index(), some).await?;
    }
    Ok(())
}

/// Forgets vectors that are gone; how many.
async fn forget<'a, P: Platform>(
    app: &App<'_, P>,
    store: &str,
    gone: impl Iterator<Item = &'a Held>,
) -> Result<u64, DatabaseError> {
    let mut by_shard: Vec<Vectors<'_>> = vec![Vectors::new(); app.platform.shards()];
    let mut count = 0;
    for held in gone {
        let shard = app.store().shard_of(&held.subject);
        by_shard[shard].entry(held.subject.hash).or_default().push(&held.id);
        count += 1;
    }
    for (shard, vectors) in by_shard.iter().enumerate().filter(|(_, vectors)| !vectors.is_empty()) {
        app.platform.batch(shard, vec![forget_vectors(vectors, store)]).await?;
    }
    Ok(count)
}
