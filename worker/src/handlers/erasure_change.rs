//! What the site decides about an erasure: more time, a refusal, a hold, that it goes on, and that stores which failed are tried now.
//! Which may follow which is the core's rule, and of two that are decided at once one counts; a reason is one of a fixed list, because the log keeps it for ever and a
//! text could name a person.

use super::{
    erasure::{find, output},
    event,
};
use crate::{
    app::App,
    erasure::{drive::go_on, ends::Ends, ledger, settings::StoreKind},
    http::{Answer, Call, json},
    model::{ExtendInput, HoldInput, RefuseInput},
    platform::{DatabaseError, Platform, Statement},
    store::{ErasureRow, NewEvent, change_erasure, extend_erasure, goes_on, retry_tasks},
};
use consentry::{
    erasure::{Change, State, deadline::Deadline, overall, task::may_be_retried},
    event::{Actor, Kind},
    problem::{Code, Problem},
    regime::{DEFAULT, Regime},
};
use http::StatusCode;
use serde_json::{Value, json as value};

/// The erasure, for a key of its site.
async fn of_site<P: Platform>(
    app: &App<'_, P>,
    call: &Call,
    id: &str,
) -> Result<(usize, ErasureRow, Actor), Problem> {
    let (shard, erasure, actor) = find(app, call, id).await?;
    if !matches!(actor, Actor::Key(_)) {
        return Err(Problem::new(Code::Forbidden, "only a key of the site decides about an erasure"));
    }
    let erasure = ledger::caught_up(app, shard, erasure).await.map_err(|error| app.fault(&error))?;
    let erasure = erasure.ok_or_else(|| app.fault(&DatabaseError::Overtaken))?;
    Ok((shard, erasure, actor))
}

pub(super) async fn extend<P: Platform>(app: &App<'_, P>, call: &Call, id: &str) -> Result<Answer, Problem> {
    let (shard, before, actor) = of_site(app, call, id).await?;
    let ExtendInput { reason } = call.json()?;
    let mut erasure = before.clone();
    let regime = Regime::by_code(&erasure.regime).unwrap_or(&DEFAULT);
    let open = !erasure.state.is_ended();
    let longer = Deadline::of(regime).extended(erasure.requested_at, erasure.due_at, app.now);
    erasure.due_at = longer.filter(|_| open).ok_or_else(|| {
        Problem::new(
            Code::Conflict,
            "the deadline can be extended once, before it has passed, where the law of the regime knows it",
        )
    })?;
    erasure.extension = Some(reason.as_str().into());
    let details =
        [("change", value!("extend")), ("due_at", value!(erasure.due_at)), ("reason", value!(reason))];
    erasure.revision += 1;
    let more = (vec![], vec![extend_erasure(&erasure, before.revision)]);
    keep(app, shard, &actor, &erasure, &details, more).await?;
    told(app, shard, erasure).await
}

pub(super) async fn refuse<P: Platform>(app: &App<'_, P>, call: &Call, id: &str) -> Result<Answer, Problem> {
    let found = of_site(app, call, id).await?;
    let RefuseInput { ground } = call.json()?;
    let details = [("change", value!("refuse")), ("ground", value!(ground))];
    change(app, found, Change::Refuse(ground), Some(ground.as_str()), &details).await
}

pub(super) async fn hold<P: Platform>(app: &App<'_, P>, call: &Call, id: &str) -> Result<Answer, Problem> {
    let found = of_site(app, call, id).await?;
    let HoldInput { ground } = call.json()?;
    let details = [("change", value!("hold")), ("ground", value!(ground))];
    change(app, found, Change::Hold(ground), Some(ground.as_str()), &details).await
}

pub(super) async fn release<P: Platform>(app: &App<'_, P>, call: &Call, id: &str) -> Result<Answer, Problem> {
    let found = of_site(app, call, id).await?;
    change(app, found, Change::Release, None, &[("change", value!("release"))]).await
}

/// Has the stores that failed tried now. It is decided over a revision as the others are, so that of a hold and a retry that come at
/// once one counts, but makes none: nothing about the erasure changes that its ledger would have to know.
pub(super) async fn retry<P: Platform>(app: &App<'_, P>, call: &Call, id: &str) -> Result<Answer, Problem> {
    let (shard, erasure, actor) = of_site(app, call, id).await?;
    let refuse = |detail: String| Err(Problem::new(Code::Conflict, detail));
    if !erasure.state.may_go_on() {
        let then = if erasure.state.is_ended() { "" } else { "; release it first" };
        return refuse(format!("no store of an erasure that is {} is tried{then}", erasure.state.as_str()));
    }
    let tasks = app.store().tasks(shard, erasure.id).await.map_err(|error| app.fault(&error))?;
    let failed: Vec<_> = tasks
        .iter()
        .filter(|row| may_be_retried(&row.task, row.settings.kind == StoreKind::Webhook, app.now))
        .collect();
    if failed.is_empty() {
        return refuse("no store of it failed that nobody is at work on, so there is nothing to try".into());
    }
    let stores: Vec<_> = failed.iter().map(|row| &row.settings.name).collect();
    let details = [("change", value!("retry")), ("stores", value!(stores))];
    let after = vec![goes_on(erasure.id, erasure.revision), retry_tasks(&failed, app.now)];
    keep(app, shard, &actor, &erasure, &details, (vec![], after)).await?;
    let done = go_on(app, erasure.id).await;
    answer(app, shard, erasure, done).await
}

async fn change<P: Platform>(
    app: &App<'_, P>,
    (shard, before, actor): (usize, ErasureRow, Actor),
    change: Change,
    ground: Option<&str>,
    details: &[(&str, Value)],
) -> Result<Answer, Problem> {
    let tasks = app.store().tasks(shard, before.id).await.map_err(|error| app.fault(&error))?;
    let stores: Vec<_> = tasks.iter().map(|row| row.task.state).collect();
    let mut erasure = before.clone();
    erasure.state = change.from(before.state, &stores).ok_or_else(|| {
        let detail = match overall(&stores) {
            State::Done => "this can't be decided any more: every store is done".to_owned(),
            _ => format!("this can't be decided about an erasure that is {}", before.state.as_str()),
        };
        Problem::new(Code::Conflict, detail)
    })?;
    erasure.ground = ground.map(Into::into);
    if erasure.state == State::Refused {
        erasure.completed_at = Some(app.now);
    }
    erasure.revision += 1;
    erasure.ledgered = false;
    let fault = |error| app.fault(&error);
    let asks = change == Change::Release
        && app.store().erased(&before.subject).await.map_err(fault)? < Some(before.requested_at);
    // Only now it is the person who asks.
    let ends =
        if asks { Some(Ends::read(app, &erasure, &actor, app.now).await.map_err(fault)?) } else { None };
    let (events, marks) = ends.as_ref().map(|ends| ends.here(app)).unwrap_or_default();
    let after = [change_erasure(&erasure, before.revision)].into_iter().chain(marks).collect();
    keep(app, shard, &actor, &erasure, details, (events, after)).await?;
    if let Some(ends) = &ends {
        ends.elsewhere(app).await;
    }
    told(app, shard, erasure).await
}

/// Stores a change with the event that says so, and what else belongs into that transaction.
async fn keep<P: Platform>(
    app: &App<'_, P>,
    shard: usize,
    actor: &Actor,
    erasure: &ErasureRow,
    details: &[(&str, Value)],
    (events, after): (Vec<NewEvent>, Vec<Statement>),
) -> Result<(), Problem> {
    let details = [details, &[("erasure", value!(erasure.id))]].concat();
    let changed = event(app, Kind::ErasureChanged, &erasure.site, Some(erasure.subject), actor, &details);
    let events = [changed.into()].into_iter().chain(events).collect();
    app.store().append(shard, events, None, after).await.map_err(|error| app.fault(&error)).map(drop)
}

/// Has the change written to the ledger, goes on where that is allowed now, and answers. The change is stored, and with it that its
/// entry is due, so whatever fails of the rest is found by the sweep.
async fn told<P: Platform>(app: &App<'_, P>, shard: usize, erasure: ErasureRow) -> Result<Answer, Problem> {
    let done = match erasure.state {
        State::Open => go_on(app, erasure.id).await,
        State::Verifying => Ok(()),
        _ => ledger::write(app, shard, erasure.id).await.map(drop),
    };
    answer(app, shard, erasure, done).await
}

/// The erasure as it stands after what followed at once from the change. If that failed, it is done by the sweep.
async fn answer<P: Platform>(
    app: &App<'_, P>,
    shard: usize,
    erasure: ErasureRow,
    done: Result<(), DatabaseError>,
) -> Result<Answer, Problem> {
    if let Err(error) = done {
        app.platform.log(&format!("erasure {}: {error:?}", erasure.id));
    }
    let found = app.store().erasure_in(shard, erasure.id).await.map_err(|error| app.fault(&error))?;
    json(StatusCode::OK, &output(app, &found.unwrap_or(erasure)).await?)
}
