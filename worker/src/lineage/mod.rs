//! Which data sets hold rows of a person. Owns the indexes of keyed hashes that the training side sends, piece by piece, and asking
//! them; what is said over HTTP is in `handlers/lineage.rs`, the rows are in `store/lineage.rs`.
//!
//! A piece is one of those by whose hashes the digest of an index is made, so it is checked and stored alone, and a look-up
//! reads one piece: memory stays at a mebibyte however many people there are.

mod index;

pub(crate) use index::{Announced, Piece, whole};

use crate::{
    app::App,
    model::{Holding, ModelStanding},
    platform::{DatabaseError, Platform, Statement},
    store::{DatasetRow, FIRST, save_standing},
};
use consentry::{
    granted::{Key, form::to_hex, key},
    slug::Slug,
    subject::Subject,
};
use std::collections::BTreeMap;
use uuid::Uuid;

/// How many data sets a statement asks about.
const PAGE: i64 = if cfg!(test) { 2 } else { 100 };

/// How many erasures are read together.
const ERASURES: i64 = if cfg!(test) { 2 } else { 1000 };

/// What is known of some subjects.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// The data sets with rows of any of them.
    pub(crate) holding: Vec<Holding>,
    /// Those whose index isn't whole.
    pub(crate) unknown: Vec<String>,
}

/// Where a piece of an index is kept.
pub(crate) fn object(site: &Slug, dataset: &str, number: u64) -> String {
    format!("lineage/{site}/{dataset}/{number}")
}

/// The data sets of a site that hold rows of any of the subjects.
pub(crate) async fn find<P: Platform>(
    app: &App<'_, P>,
    site: &Slug,
    subjects: &[Subject],
) -> Result<Found, DatabaseError> {
    let mut found = BTreeMap::new();
    let mut unknown = Vec::new();
    for (nth, subject) in subjects.iter().enumerate() {
        let key = key(subject.hash);
        let mut after = String::new();
        loop {
            let page = app.store().holders(site, &to_hex(&key), &after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after.clone_from(&last.dataset);
            for holder in page {
                if holder.whole == 0 {
                    if nth == 0 {
                        unknown.push(holder.dataset);
                    }
                    continue;
                }
                let Some(number) = holder.number.filter(|_| !found.contains_key(&holder.dataset)) else {
                    continue;
                };
                if piece(app, site, &holder.dataset, number, holder.users).await?.holds(&key) {
                    let models = serde_json::from_str(&holder.models)
                        .map_err(|_| DatabaseError::Unreadable("models".into()))?;
                    found.insert(holder.dataset, models);
                }
            }
        }
    }
    let holding = found.into_iter().map(|(dataset, models)| Holding { dataset, models }).collect();
    Ok(Found { holding, unknown })
}

/// How many vectors of any of the subjects each store has.
pub(crate) async fn vectors<P: Platform>(
    app: &App<'_, P>,
    subjects: &[Subject],
) -> Result<BTreeMap<String, u64>, DatabaseError> {
    let mut counts = BTreeMap::new();
    for subject in subjects {
        for (store, count) in app.store().vector_counts(subject).await? {
            *counts.entry(store).or_default() += count;
        }
    }
    Ok(counts)
}

async fn piece<P: Platform>(
    app: &App<'_, P>,
    site: &Slug,
    dataset: &str,
    number: u64,
    users: u64,
) -> Result<Piece, DatabaseError> {
    let name = object(site, dataset, number);
    let bytes = app.platform.object(&name).await?;
    let missing = || DatabaseError::Objects(format!("{name} is missing"));
    Ok(Piece::of(bytes.ok_or_else(missing)?, number, users))
}

/// The same for who only wants to know of data sets that surely do.
pub(crate) async fn holding<P: Platform>(
    app: &App<'_, P>,
    site: &Slug,
    subjects: &[Subject],
) -> Result<Vec<Holding>, DatabaseError> {
    Ok(find(app, site, subjects).await?.holding)
}

/// Notes for an erasure which data sets hold rows of its subjects, so that their models are to be trained anew. May be repeated: what
/// was said of a model since stays, and what was registered since is added.
pub(crate) async fn note<P: Platform>(
    app: &App<'_, P>,
    site: &Slug,
    erasure: Uuid,
    subjects: &[Subject],
) -> Result<(), DatabaseError> {
    let holding = holding(app, site, subjects).await?;
    let rows = holding.iter().flat_map(|held| standings(app, site, (&held.dataset, &held.models), erasure));
    save(app, rows.collect()).await
}

/// That an erasure concerns a data set, by its models or, where none is known, by itself.
fn standings<P: Platform>(
    app: &App<'_, P>,
    site: &Slug,
    (dataset, models): (&str, &[String]),
    erasure: Uuid,
) -> Vec<Statement> {
    let none = [String::new()];
    let models = if models.is_empty() { &none } else { models };
    models.iter().map(|model| save_standing(site, dataset, model, erasure, app.now)).collect()
}

async fn save<P: Platform>(app: &App<'_, P>, statements: Vec<Statement>) -> Result<(), DatabaseError> {
    // More statements than one invocation may run would be refused.
    for some in statements.chunks(500) {
        app.platform.batch(FIRST, some.to_vec()).await?;
    }
    Ok(())
}

/// The data sets that held rows of an erasure's subjects, with where their models stand.
pub(crate) async fn of_erasure<P: Platform>(
    app: &App<'_, P>,
    erasure: Uuid,
) -> Result<Vec<ModelStanding>, DatabaseError> {
    app.store().standings_of(erasure).await
}

/// Notes for the erasures that were asked for since a data set was made whether it holds rows of their subjects: whoever
/// registers late must not be the one who isn't found.
pub(crate) async fn note_earlier<P: Platform>(
    app: &App<'_, P>,
    site: &Slug,
    dataset: &DatasetRow,
) -> Result<(), DatabaseError> {
    let store = app.store();
    let firsts: Vec<Option<String>> =
        store.chunks(site, &dataset.dataset).await?.into_iter().map(|chunk| chunk.first).collect();
    for shard in FIRST..app.platform.shards() {
        let mut after = String::new();
        loop {
            let since = dataset.manifest.started_at;
            let page = store.erased_since(shard, site, since, &after, ERASURES).await?;
            let Some(last) = page.last() else { break };
            after = last.id.to_string();
            // By piece, so that each is read once a page.
            let mut asked: BTreeMap<u64, Vec<(Key, Uuid)>> = BTreeMap::new();
            for erased in page {
                let subject = Subject { hash: erased.subject, key_id: app.key_id() };
                let mut subjects = store.visitors(&subject).await?;
                subjects.push(subject);
                for key in subjects.iter().map(|subject| key(subject.hash)) {
                    let hex = to_hex(&key);
                    let behind =
                        firsts.iter().take_while(|first| first.as_ref().is_some_and(|first| *first <= hex));
                    if let Some(number) = behind.count().checked_sub(1) {
                        asked.entry(number as u64).or_default().push((key, erased.id));
                    }
                }
            }
            let mut statements = Vec::new();
            for (number, keys) in asked {
                let piece = piece(app, site, &dataset.dataset, number, dataset.users).await?;
                let models = (dataset.dataset.as_str(), dataset.models.as_slice());
                let held = keys.into_iter().filter(|(key, _)| piece.holds(key));
                statements.extend(held.flat_map(|(_, erasure)| standings(app, site, models, erasure)));
            }
            save(app, statements).await?;
        }
    }
    Ok(())
}
