//! Asking for a person's erasure and following it. What is done and in which order is [`crate::erasure`]'s.
//!
//! Somebody of whom nothing is recorded is erased like everybody else: other stores may know them, and an answer that told the
//! unknown from the known would tell a person's own token nothing it may not know and a key of the site nothing at all. An
//! erasure's id is found by keys of the site it belongs to and by the person, and by nobody else.

use super::{consent::caller, event, once};
use crate::{
    app::App,
    auth::{self, Claimed},
    erasure::{
        open::{self, Opened},
        receipt::deletion_receipt,
        webhook::{self, Said},
        work,
    },
    http::{Answer, Call, json},
    lineage,
    model::{DeletionReceiptOutput, EraseInput, ErasureOutput, ErasureSummary, StoreOutput},
    platform::{DatabaseError, Platform},
    scope::Scope,
    sign,
    store::{ErasureRow, TaskRow},
};
use consentry::{
    erasure::{State, StoreState, deadline::warning, receipt, restore_horizon, task::was_cut_off},
    event::{Actor, Kind},
    problem::{Code, Problem},
    time::Timestamp,
};
use http::{HeaderValue, StatusCode};
use serde_json::json as value;
use uuid::Uuid;

const NOTE: &str = "Consent records and the audit trail are kept as proof (GDPR Art. 17(3)(b) and (e)); they hold no user id. \
Copies of the person's data in places that are not among stores are not reached. No query returns what was erased, but the \
database may hold its bytes in space it has not reused, and in backups until restore_horizon.";

const ONLY_EVIDENCE: &str = "Only the evidence kept by this service (address, user agent, country) is erased. No further store is \
connected, so copies of the person's data elsewhere are not reached by this request. Consent records and the audit trail \
are kept as proof (GDPR Art. 17(3)(b) and (e)); they hold no user id. No query returns what was erased, but the database may \
hold its bytes in space it has not reused, and in backups until restore_horizon.";

/// Of a store whose last attempt nobody ended, so that nobody could say why.
const CUT_OFF: &str = "the last attempt did not end in time; whoever made it was cut off, and another begins";

pub(super) async fn request<P: Platform>(
    app: &App<'_, P>,
    call: &Call,
    user: &str,
) -> Result<Answer, Problem> {
    let access = auth::authorise(app, call, Claimed::user(user), Scope::SubjectErase).await?;
    let EraseInput { verify } = if call.body.is_empty() { EraseInput::default() } else { call.json()? };
    // Where the person is, only their own request tells.
    let place = (access.actor == Actor::User).then_some(call);
    let regime = access.site.regime(
        place.and_then(|call| call.country.as_deref()),
        place.and_then(|call| call.region.as_deref()),
    );
    let claim = once::claim(call, &access.key, &caller(&access))?;
    let opened =
        open::open(app, &access, regime, verify, claim.as_ref()).await.map_err(|error| match error {
            DatabaseError::Duplicate("idempotency") => Problem::new(
                Code::IdempotencyKeyReused,
                "this Idempotency-Key was used with another body; use a new key for a new call",
            ),
            error => app.fault(&error),
        })?;
    let (status, erasure, replayed) = match opened {
        Opened::New(erasure) => (StatusCode::ACCEPTED, erasure, false),
        // It is known already, and nothing was accepted anew.
        Opened::Before(erasure) => (StatusCode::OK, erasure, false),
        Opened::Replayed(id) => {
            let found = app.store().erasure(id).await.map_err(|error| app.fault(&error))?;
            let missing = || DatabaseError::Unreadable("an erasure of the log is not in its table".into());
            let (_, erasure) = found.ok_or_else(|| app.fault(&missing()))?;
            (StatusCode::ACCEPTED, erasure, true)
        }
    };
    let mut answer = json(status, &output(app, &erasure).await?)?;
    if replayed {
        answer.headers_mut().insert("idempotent-replayed", HeaderValue::from_static("true"));
    }
    Ok(answer)
}

fn unknown() -> Problem {
    Problem::new(Code::NotFound, "there is no such erasure, or it is none of yours")
}

pub(super) async fn read<P: Platform>(app: &App<'_, P>, call: &Call, id: &str) -> Result<Answer, Problem> {
    let (shard, erasure, actor) = find(app, call, id).await?;
    let details = [("erasure", value!(erasure.id))];
    let told = event(app, Kind::ErasureRead, &erasure.site, Some(erasure.subject), &actor, &details);
    app.store().append(shard, vec![told.into()], None, vec![]).await.map_err(|error| app.fault(&error))?;
    json(StatusCode::OK, &output(app, &erasure).await?)
}

/// The erasure, if the caller may know of it, and who the caller is.
pub(super) async fn find<P: Platform>(
    app: &App<'_, P>,
    call: &Call,
    id: &str,
) -> Result<(usize, ErasureRow, Actor), Problem> {
    let caller = auth::authenticate(app, call, None).await?;
    caller.has(Scope::SubjectErase)?;
    let id = Uuid::try_parse(id).map_err(|_| unknown())?;
    let found = app.store().erasure(id).await.map_err(|error| app.fault(&error))?;
    let (shard, erasure) = found.ok_or_else(unknown)?;
    let mine = match caller.only() {
        Some(user) => app.site_key(&caller.site.id).subject(user) == erasure.subject,
        None => caller.site.id == erasure.site,
    };
    if mine { Ok((shard, erasure, caller.actor)) } else { Err(unknown()) }
}

/// An erasure as [`read`] tells of it, for an export.
pub(crate) async fn describe<P: Platform>(
    app: &App<'_, P>,
    id: Uuid,
) -> Result<Option<serde_json::Value>, Problem> {
    match app.store().erasure(id).await.map_err(|error| app.fault(&error))? {
        Some((_, erasure)) => Ok(Some(value!(output(app, &erasure).await?))),
        None => Ok(None),
    }
}

/// A service that was told of an erasure calls back about its one task.
pub(super) async fn call_back<P: Platform>(
    app: &App<'_, P>,
    call: &Call,
    id: &str,
    store: &str,
) -> Result<Answer, Problem> {
    let shown = auth::one_task_token(app, call).await?;
    let refused = || {
        Problem::new(
            Code::Unauthenticated,
            "send the token that came with the message, as 'Authorization: Bearer …'",
        )
    };
    let id = Uuid::try_parse(id).map_err(|_| refused())?;
    let fault = |error: DatabaseError| app.fault(&error);
    let found = app.store().erasure(id).await.map_err(fault)?;
    let Some((shard, _)) = found else { return Err(refused()) };
    let tasks = app.store().tasks(shard, id).await.map_err(fault)?;
    let row = tasks
        .into_iter()
        .find(|row| row.settings.name == store && webhook::is_token(app, &row.id, &shown))
        .ok_or_else(refused)?;
    let said: Said = call.json()?;
    let row = work::take_call_back(app, shard, row, &said).await.map_err(fault)?;
    json(StatusCode::OK, &store_output(&row, app.now))
}

/// What was removed where, signed by the key of the time at which the erasure ended: the same again whenever it is asked for, but for
/// what became of models since.
pub(super) async fn receipt<P: Platform>(app: &App<'_, P>, call: &Call, id: &str) -> Result<Answer, Problem> {
    let (shard, erasure, actor) = find(app, call, id).await?;
    let (State::Done, Some(ended)) = (erasure.state, erasure.completed_at) else {
        return Err(Problem::new(Code::Conflict, "the erasure is not done; there is a receipt once it is"));
    };
    let receipt = deletion_receipt(app, shard, &erasure, ended).await.map_err(|error| app.fault(&error))?;
    let receipt = sign::jws_at(app, ended, receipt::TYPE, &value!(receipt)).await?;
    let details = [("erasure", value!(erasure.id)), ("receipt", value!(true))];
    let told = event(app, Kind::ErasureRead, &erasure.site, Some(erasure.subject), &actor, &details);
    app.store().append(shard, vec![told.into()], None, vec![]).await.map_err(|error| app.fault(&error))?;
    json(StatusCode::OK, &DeletionReceiptOutput { receipt })
}

/// What is told of an erasure wherever it is told of.
pub(super) fn summary(erasure: &ErasureRow, now: Timestamp) -> ErasureSummary {
    ErasureSummary {
        id: erasure.id,
        state: erasure.state,
        requested_at: erasure.requested_at,
        due_at: erasure.due_at,
        completed_at: erasure.completed_at,
        restore_horizon: erasure.completed_at.filter(|_| erasure.state == State::Done).map(restore_horizon),
        deadline_warning: warning(erasure.state, erasure.due_at, now),
        ground: erasure.ground.clone(),
        extension: erasure.extension.clone(),
    }
}

pub(super) async fn output<P: Platform>(
    app: &App<'_, P>,
    erasure: &ErasureRow,
) -> Result<ErasureOutput, Problem> {
    let store = app.store();
    let shard = store.shard_of(&erasure.subject);
    let tasks = store.tasks(shard, erasure.id).await.map_err(|error| app.fault(&error))?;
    Ok(ErasureOutput {
        summary: summary(erasure, app.now),
        note: if tasks.len() > 1 { NOTE } else { ONLY_EVIDENCE },
        stores: tasks.iter().map(|row| store_output(row, app.now)).collect(),
        lineage: lineage::of_erasure(app, erasure.id).await.map_err(|error| app.fault(&error))?,
    })
}

/// What is told of a store.
pub(super) fn store_output(row: &TaskRow, now: Timestamp) -> StoreOutput {
    let TaskRow { settings, task, .. } = row;
    let waits = task.state != StoreState::Done && task.attempts > 0;
    StoreOutput {
        store: settings.name.clone(),
        kind: settings.kind,
        state: task.state,
        attempts: task.attempts,
        found: row.found,
        removed: row.removed,
        after: settings.after.clone(),
        at_work: task.state != StoreState::Done && task.leased_until > now,
        last_error: if was_cut_off(task, now) { Some(CUT_OFF.into()) } else { row.error.clone() },
        next_at: waits.then_some(task.next_at.max(task.leased_until)),
        done_at: row.done_at,
    }
}
