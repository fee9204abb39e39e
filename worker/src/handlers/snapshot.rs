//! Snapshots of who granted a purpose, whole and what changed since, for a site's backend.
//!
//! Whatever leaves here is about many people at once, so its event names none: it says which purpose was read and from which
//! place in the log on.

use super::event;
use crate::{
    app::App,
    auth::{self, Caller},
    http::{Answer, Call, Stored, answer, json},
    model::{Change, ChangesOutput},
    platform::{DatabaseError, Platform},
    scope::Scope,
    snapshot::{Built, Position, Said, add, advance, granted},
    store::{Changed, FIRST, Since, changed, read_changes, read_snapshot, want_snapshot},
};
use consentry::{
    event::{Event, Kind},
    granted::{Key, form::to_hex},
    history::Folds,
    problem::{Code, Problem},
    purpose::Purpose,
    time::Timestamp,
};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json as value};

/// The pages that a call itself may build with when there is no snapshot yet: the decisions of a site that has just begun are
/// there at once, and a larger one is left to the scheduled handler.
const PAGES: usize = 4;

/// The most events that a call for changes finds.
const MAX_CHANGES: u64 = if cfg!(test) { 5 } else { 5000 };

/// How long after it was last noted that a snapshot is wanted it is noted again.
const NOTE_AGAIN_MS: i64 = 24 * 3_600_000;

async fn caller<P: Platform>(
    app: &App<'_, P>,
    call: &Call,
    purpose: &str,
) -> Result<(Caller, Purpose), Problem> {
    let caller = auth::backend(app, call, Scope::SnapshotRead).await?;
    let purpose = caller.site.purpose("purpose", purpose)?;
    Ok((caller, purpose))
}

fn read_event<P: Platform>(
    app: &App<'_, P>,
    caller: &Caller,
    purpose: &Purpose,
    (name, at): (&str, &str),
) -> Event {
    let details: [(&str, Value); 2] = [("purpose", value!(purpose)), (name, value!(at))];
    event(app, Kind::SnapshotRead, &caller.site.id, None, &caller.actor, &details)
}

pub(super) async fn whole<P: Platform>(
    app: &App<'_, P>,
    call: &Call,
    purpose: &str,
) -> Result<Answer, Problem> {
    let (caller, purpose) = caller(app, call, purpose).await?;
    let site = &caller.site.id;
    let store = app.store();
    let fault = |error| app.fault(&error);
    let row = store.first_row(read_snapshot(site, &purpose)).await.map_err(fault)?;
    let asked_at = row.as_ref().map(|row| row.asked_at);
    let mut built: Option<Built> = row.and_then(|row| Built::parse(&row.built));
    if asked_at.is_none_or(|asked| asked < app.now.as_ms() - NOTE_AGAIN_MS) {
        store.run(FIRST, want_snapshot(site, &purpose, app.now)).await.map_err(fault)?;
    }
    if built.is_none() {
        built = advance(app, site.as_str(), &purpose, PAGES).await.map_err(fault)?;
    }
    let built = built.ok_or_else(|| {
        Problem::new(
            Code::SnapshotNotBuilt,
            "the first snapshot of this purpose is being built; repeat the call in a minute",
        )
    })?;
    let tag = format!("\"{}\"", built.object.rsplit('/').next().unwrap_or_default());
    if call.header("if-none-match").is_some_and(|known| known.split(',').any(|one| one.trim() == tag)) {
        return Ok(tagged(answer(StatusCode::NOT_MODIFIED, "", String::new()), &tag));
    }
    let read = read_event(app, &caller, &purpose, ("position", &built.position));
    store.append(FIRST, vec![read.into()], None, vec![]).await.map_err(fault)?;
    let mut answer = tagged(answer(StatusCode::OK, "", String::new()), &tag);
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    let missing = Problem::new(
        Code::StorageUnavailable,
        "the snapshot is being replaced by a newer one; repeat the call in a moment",
    );
    answer.extensions_mut().insert(Stored { name: built.object, missing });
    Ok(answer)
}

fn tagged(mut answer: Answer, tag: &str) -> Answer {
    if let Ok(tag) = HeaderValue::from_str(tag) {
        answer.headers_mut().insert(header::ETAG, tag);
    }
    answer
}

pub(super) async fn changes<P: Platform>(
    app: &App<'_, P>,
    call: &Call,
    purpose: &str,
) -> Result<Answer, Problem> {
    let (caller, purpose) = caller(app, call, purpose).await?;
    let shards = app.platform.shards();
    let text = call.query("since").unwrap_or_default();
    let since = Position::parse(&text, shards).ok_or_else(|| {
        Problem::field(
            "since",
            "the query parameter since must be the position of a snapshot or of earlier changes",
        )
    })?;
    let fault = |error| app.fault(&error);
    let mut event = Some(read_event(app, &caller, &purpose, ("since", &since.to_string())));
    let mut output = ChangesOutput {
        site: caller.site.id.to_string(),
        purpose: purpose.to_string(),
        key_id: app.key_id().0,
        log: app.store().origins().await.map_err(fault)?,
        position: String::new(),
        more: false,
        read_at: app.now,
        changes: Vec::new(),
    };
    let mut position = Vec::new();
    for shard in FIRST..shards {
        let from = Since {
            log_index: since.of(shard),
            site: &caller.site.id,
            purpose: &purpose,
            key_id: app.key_id(),
            limit: MAX_CHANGES,
        };
        let found = read(app, shard, from, event.take()).await?;
        if found.end < from.log_index {
            let detail = "the log ends before this position; the database was restored, so read the whole snapshot again";
            return Err(Problem::field("since", detail));
        }
        position.push(found.position);
        output.more |= found.position < found.end;
        let held = held(app, &caller, &purpose, &found).map_err(fault)?;
        output.changes.extend(found.people.iter().map(|(key, log_index)| {
            let place = held.binary_search_by_key(key, |(key, _)| *key).ok();
            let expires_at = place.and_then(|place| held.get(place)).map(|(_, until)| *until);
            Change { key: to_hex(key), granted: expires_at.is_some(), log_index: *log_index, expires_at }
        }));
    }
    output.position = Position(position).to_string();
    json(StatusCode::OK, &output)
}

/// Reads what changed in one database, with the event of the read where there is one. Of fewer people at a time where they have
/// decided too often; a single one for whom even that is too much counts as a no.
async fn read<P: Platform>(
    app: &App<'_, P>,
    shard: usize,
    mut since: Since<'_>,
    event: Option<Event>,
) -> Result<Changed, Problem> {
    let fault = |error| app.fault(&error);
    let statements = read_changes(&since);
    let mut rows = match event {
        Some(event) => {
            app.store().append(shard, vec![event.into()], None, statements).await.map_err(fault)?.after
        }
        None => app.platform.batch(shard, statements).await.map_err(fault)?,
    };
    loop {
        let found = changed(&since, rows).map_err(fault)?;
        if found.lines.is_some() || since.limit == 1 {
            return Ok(found);
        }
        since.limit = (since.limit / 10).max(1);
        rows = app.platform.batch(shard, read_changes(&since)).await.map_err(fault)?;
    }
}

/// Whose yes stands, and until when.
fn held<P: Platform>(
    app: &App<'_, P>,
    caller: &Caller,
    purpose: &Purpose,
    found: &Changed,
) -> Result<Vec<(Key, Timestamp)>, DatabaseError> {
    let mut folds = Folds::default();
    let mut people = Vec::new();
    for said in Said::all(found.lines.as_deref().unwrap_or_default()) {
        people.extend(add(&mut folds, &said?)?);
    }
    people.extend(folds.open);
    let regime = caller.site.regime(None, None);
    let until =
        |person: (Key, _)| Some((person.0, granted(person, &found.erased, purpose, regime, app.now)?));
    Ok(people.into_iter().filter_map(until).collect())
}
