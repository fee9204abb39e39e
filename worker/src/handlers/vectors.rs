//! Which vectors are made of whose data, for whoever makes them: said before they are written, so that an erasure finds them.

use super::{event, lineage, once};
use crate::{
    app::App,
    erasure::settings::StoreKind,
    http::{Answer, Call, json},
    model::{VectorsInput, VectorsOfUser, VectorsOutput},
    object::Object,
    platform::{DatabaseError, Platform},
    store::{FIRST, Vectors, forget_vectors, read_refused, refused, save_vectors},
};
use consentry::{
    event::Kind,
    problem::Problem,
    subject::{Subject, UserId},
};
use http::StatusCode;
use serde_json::json as value;

/// Ids in a call.
const MOST: usize = 1000;

/// The longest id that Vectorize takes, in bytes.
const LONGEST: usize = 64;

pub(super) async fn register<P: Platform>(app: &App<'_, P>, call: &Call) -> Result<Answer, Problem> {
    let caller = lineage::caller(app, call).await?;
    let input: VectorsInput = call.json()?;
    let site = &caller.site;
    let stores = site.settings.stores.iter().map(|Object(store)| store);
    let mut named = stores.filter(|store| store.kind == StoreKind::Vectorize && store.name == input.store);
    if named.next().is_none() {
        let detail = "the site has no store of the kind vectorize with this name; declare it among the stores of the site";
        return Err(Problem::field("store", detail));
    }
    let (registered, removed) = (count(&input.vectors), count(&input.removed));
    if !(1..=MOST).contains(&(registered + removed)) {
        let detail = format!("give 1 to {MOST} ids in a call, in vectors and removed together");
        return Err(Problem::field("vectors", detail));
    }
    let key = app.site_key(&site.id);
    let subject = |user: &UserId| key.subject(user);
    let people = people("vectors", &input.vectors)?;
    let subjects: Vec<Subject> = people.iter().map(subject).collect();
    let former: Vec<Subject> = self::people("removed", &input.removed)?.iter().map(subject).collect();
    let mut refused = Vec::new();
    for shard in FIRST..app.platform.shards() {
        let made = sorted(app, shard, &subjects, &input.vectors);
        let gone = sorted(app, shard, &former, &input.removed);
        refused
            .extend(save(app, shard, &input.store, &made, &gone).await.map_err(|error| app.fault(&error))?);
    }
    let places: Vec<usize> =
        (0..).zip(&subjects).filter(|(_, subject)| refused.contains(&subject.hash)).map(|(i, _)| i).collect();
    let lost: usize = places.iter().filter_map(|i| input.vectors.get(*i)).map(|one| one.0.ids.len()).sum();
    let registered = registered.saturating_sub(lost);
    let details = [
        ("store", value!(input.store)),
        ("vectors", value!(registered)),
        ("removed", value!(removed)),
        ("users", value!(subjects.len() - places.len())),
    ];
    let said = event(app, Kind::LineageRegistered, &site.id, None, &caller.actor, &details);
    let claim = once::claim(call, &key, &caller.actor.to_string())?;
    let committed = once::commit(app, FIRST, vec![said.into()], claim.as_ref(), vec![]).await?;
    let output = VectorsOutput { registered: registered as u64, removed: removed as u64, refused: places };
    Ok(committed.mark(json(StatusCode::OK, &output)?))
}

fn count(vectors: &[Object<VectorsOfUser>]) -> usize {
    vectors.iter().map(|Object(one)| one.ids.len()).sum()
}

/// Whose they are; refused where a user id or the id of a vector is none.
fn people(field: &str, vectors: &[Object<VectorsOfUser>]) -> Result<Vec<UserId>, Problem> {
    let mut users = Vec::new();
    for (i, Object(one)) in vectors.iter().enumerate() {
        let user = UserId::parse(&one.user_id)
            .map_err(|error| Problem::field(format!("{field}[{i}].user_id"), format!("user_id {error}")))?;
        if let Some(j) = one.ids.iter().position(|id| !(1..=LONGEST).contains(&id.len())) {
            let detail = format!("the id of a vector has 1 to {LONGEST} bytes");
            return Err(Problem::field(format!("{field}[{i}].ids[{j}]"), detail));
        }
        users.push(user);
    }
    Ok(users)
}

/// Those of one database by subject.
fn sorted<'a, P: Platform>(
    app: &App<'_, P>,
    shard: usize,
    subjects: &[Subject],
    vectors: &'a [Object<VectorsOfUser>],
) -> Vectors<'a> {
    let mut all = Vectors::new();
    for (subject, Object(one)) in subjects.iter().zip(vectors) {
        if app.store().shard_of(subject) == shard {
            all.entry(subject.hash).or_default().extend(one.ids.iter().map(String::as_str));
        }
    }
    all
}

/// Stores and forgets in one database; the subjects of whom nothing was stored.
async fn save<P: Platform>(
    app: &App<'_, P>,
    shard: usize,
    store: &str,
    made: &Vectors<'_>,
    gone: &Vectors<'_>,
) -> Result<Vec<consentry::hash::Hash>, DatabaseError> {
    if made.is_empty() && gone.is_empty() {
        return Ok(vec![]);
    }
    let statements =
        vec![forget_vectors(gone, store), save_vectors(made, store, app.now), read_refused(made)];
    let mut rows = app.platform.batch(shard, statements).await?;
    refused(rows.pop().unwrap_or_default())
}
