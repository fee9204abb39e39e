//! Erasing a person's data. So far one store is connected, the evidence in D1, and every answer says so.
//!
//! It reaches the visitors whom the person turned out to be as well (`POST /identity/link`).
//!
//! Two transactions: the first records the request, removes the evidence and records that; the second records the end, after
//! reading again that nothing is left. A stop between them leaves an erasure that is `running`, which the scheduled
//! handler ends.

use super::{consent::caller, event, once};
use crate::{
    app::App,
    auth::{self, Claimed},
    http::{Answer, Call, json},
    model::ErasureOutput,
    platform::{DatabaseError, Platform},
    scope::Scope,
    store::{ErasureRow, count_evidence, redact, save_erased, save_erasure, update_erasure},
};
use consentry::{
    erasure::{State, StoreReport, StoreState, due_at, overall, restore_horizon},
    event::{Actor, Kind},
    problem::{Code, Problem},
    slug::Slug,
    subject::Subject,
};
use http::StatusCode;
use serde::Deserialize;
use serde_json::json as value;
use uuid::Uuid;

/// The one store that is built in.
const EVIDENCE: &str = "d1_evidence";

/// How long a call may take to end its own erasure before the scheduled handler takes it over, in milliseconds.
const PATIENCE_MS: i64 = 60_000;

const NOTE: &str = "Only the evidence kept by this service (address, user agent, country) is erased. No further store is \
connected, so copies of the person's data elsewhere are not reached by this request. Consent records and the audit trail \
are kept as proof (GDPR Art. 17(3)(b) and (e)); they hold no user id. No query returns what was erased, but the database may \
hold its bytes in space it has not reused, and in backups until restore_horizon.";

pub(super) async fn request<P: Platform>(
    app: &App<'_, P>,
    call: &Call,
    user: &str,
) -> Result<Answer, Problem> {
    let access = auth::authorise(app, call, Claimed::user(user), Scope::SubjectErase).await?;
    if !call.body.is_empty() {
        let Nothing {} = call.json()?;
    }
    let store = app.store();
    let shard = store.shard_of(&access.subject);
    let erasure = ErasureRow {
        id: store.new_id(),
        site: access.site.id.clone(),
        subject: access.subject,
        state: State::Running,
        requested_at: app.now,
        due_at: due_at(app.now),
        completed_at: None,
        stores: vec![StoreReport { store: EVIDENCE.into(), state: StoreState::Open, removed: 0 }],
    };
    let details = [("erasure", value!(erasure.id))];
    let events = [(Kind::ErasureRequested, &access.actor), (Kind::EvidenceRedacted, &Actor::System)]
        .map(|(kind, actor)| event(app, kind, &access.site.id, Some(access.subject), actor, &details).into());
    let mut after =
        vec![count_evidence(&access.subject), save_erasure(&erasure), save_erased(&access.subject, app.now)];
    after.extend(redact(&access.subject));
    let claim = once::claim(call, &access.key, &caller(&access))?;
    let mut committed = once::commit(app, shard, events.into(), claim.as_ref(), after).await?;
    let erasure = if committed.replayed {
        let id = committed.events.first().and_then(|stored| erasure_of(&stored.event.details));
        let found = store.erasure(id.unwrap_or_default()).await.map_err(|error| app.fault(&error))?;
        found.map(|(_, erasure)| erasure).ok_or_else(|| missing(app))?
    } else {
        let removed = count(committed.after.swap_remove(0)).map_err(|error| app.fault(&error))?;
        finish(app, shard, erasure, Some(removed)).await.map_err(|error| app.fault(&error))?
    };
    Ok(committed.mark(json(StatusCode::ACCEPTED, &output(&erasure))?))
}

/// A body, where one is sent: an empty object.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

fn erasure_of(details: &str) -> Option<Uuid> {
    #[derive(Deserialize)]
    struct Details {
        erasure: Uuid,
    }
    serde_json::from_str::<Details>(details).ok().map(|details| details.erasure)
}

fn missing<P: Platform>(app: &App<'_, P>) -> Problem {
    app.fault(&DatabaseError::Unreadable("an erasure of the log is not in its table".into()))
}

fn count(rows: crate::platform::Rows) -> Result<u64, DatabaseError> {
    #[derive(Deserialize)]
    struct Row {
        count: u64,
    }
    Ok(rows.first::<Row>()?.map_or(0, |row| row.count))
}

/// Reads again whether anything is left, and records how the erasure ended. `removed` is unknown to whoever takes it over.
async fn finish<P: Platform>(
    app: &App<'_, P>,
    shard: usize,
    mut erasure: ErasureRow,
    removed: Option<u64>,
) -> Result<ErasureRow, DatabaseError> {
    let store = app.store();
    let mut removed = removed.unwrap_or_default();
    let mut left = evidence_left(app, &erasure.subject).await?;
    for visitor in store.visitors(&erasure.subject).await? {
        removed += redact_visitor(app, &erasure, visitor).await?;
        left += evidence_left(app, &visitor).await?;
    }
    let state = if left == 0 { StoreState::Done } else { StoreState::Failed };
    erasure.stores = vec![StoreReport { store: EVIDENCE.into(), state, removed }];
    erasure.state = overall(&erasure.stores);
    erasure.completed_at = Some(app.now).filter(|_| erasure.state == State::Done);
    let details = [("erasure", value!(erasure.id)), ("stores", value!(erasure.stores))];
    let ended = event(app, Kind::DataDeleted, &erasure.site, Some(erasure.subject), &Actor::System, &details);
    store.append(shard, vec![ended.into()], None, vec![update_erasure(&erasure)]).await?;
    Ok(erasure)
}

async fn evidence_left<P: Platform>(app: &App<'_, P>, subject: &Subject) -> Result<u64, DatabaseError> {
    let shard = app.store().shard_of(subject);
    let mut rows = app.platform.batch(shard, vec![count_evidence(subject)]).await?;
    count(rows.pop().unwrap_or_default())
}

/// Removes the evidence of a visitor whom the person turned out to be, in one transaction with the event that says so, and
/// tells how many pieces there were. Nothing left means nothing to say, so this may be repeated.
async fn redact_visitor<P: Platform>(
    app: &App<'_, P>,
    erasure: &ErasureRow,
    visitor: Subject,
) -> Result<u64, DatabaseError> {
    if evidence_left(app, &visitor).await? == 0 {
        return Ok(0);
    }
    let details = [("erasure", value!(erasure.id))];
    let redacted = event(app, Kind::EvidenceRedacted, &erasure.site, Some(visitor), &Actor::System, &details);
    let mut after = vec![count_evidence(&visitor), save_erased(&visitor, app.now)];
    after.extend(redact(&visitor));
    let store = app.store();
    let mut appended = store.append(store.shard_of(&visitor), vec![redacted.into()], None, after).await?;
    count(appended.after.swap_remove(0))
}

/// Ends the erasures that calls which were cut off left behind.
pub(crate) async fn finish_unfinished<P: Platform>(app: &App<'_, P>) -> Result<(), DatabaseError> {
    let store = app.store();
    for shard in 0..app.platform.shards() {
        for erasure in store.unfinished(shard, app.now.plus_ms(-PATIENCE_MS)).await? {
            finish(app, shard, erasure, None).await?;
        }
    }
    Ok(())
}

pub(super) async fn read<P: Platform>(app: &App<'_, P>, call: &Call, id: &str) -> Result<Answer, Problem> {
    let caller = auth::authenticate(app, call, None).await?;
    caller.has(Scope::SubjectErase)?;
    let unknown = || Problem::new(Code::NotFound, "there is no such erasure, or it is none of yours");
    let id = Uuid::try_parse(id).map_err(|_| unknown())?;
    let found = app.store().erasure(id).await.map_err(|error| app.fault(&error))?;
    let (shard, erasure) = found.ok_or_else(unknown)?;
    let mine = match caller.only() {
        Some(user) => app.site_key(&caller.site.id).subject(user) == erasure.subject,
        None => caller.site.id == erasure.site,
    };
    if !mine {
        return Err(unknown());
    }
    let details = [("erasure", value!(id))];
    record_read(app, shard, &caller.site.id, &erasure, &caller.actor, &details).await?;
    json(StatusCode::OK, &output(&erasure))
}

async fn record_read<P: Platform>(
    app: &App<'_, P>,
    shard: usize,
    site: &Slug,
    erasure: &ErasureRow,
    actor: &Actor,
    details: &[(&str, serde_json::Value)],
) -> Result<(), Problem> {
    let event = event(app, Kind::ErasureRead, site, Some(erasure.subject), actor, details);
    app.store()
        .append(shard, vec![event.into()], None, vec![])
        .await
        .map(drop)
        .map_err(|error| app.fault(&error))
}

fn output(erasure: &ErasureRow) -> ErasureOutput {
    ErasureOutput {
        id: erasure.id,
        state: erasure.state,
        requested_at: erasure.requested_at,
        due_at: erasure.due_at,
        completed_at: erasure.completed_at,
        restore_horizon: erasure.completed_at.map(restore_horizon),
        stores: erasure.stores.clone(),
        note: NOTE,
    }
}
