//! What the site decides about an erasure: more time, a refusal, a hold, and that it goes on. Which may follow which is the core's
//! rule; a reason is one of a fixed list, because the log keeps it for ever and a text could name a person.

use super::{
    erasure::{find, output},
    event,
};
use crate::{
    app::App,
    erasure::{drive::go_on, ledger},
    http::{Answer, Call, json},
    model::{ExtendInput, HoldInput, RefuseInput},
    platform::Platform,
    store::{ErasureRow, change_erasure, save_erased},
};
use consentry::{
    erasure::{Change, State, deadline::Deadline},
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
    match actor {
        Actor::Key(_) => Ok((shard, erasure, actor)),
        _ => Err(Problem::new(Code::Forbidden, "only a key of the site decides about an erasure")),
    }
}

pub(super) async fn extend<P: Platform>(app: &App<'_, P>, call: &Call, id: &str) -> Result<Answer, Problem> {
    let found = of_site(app, call, id).await?;
    let ExtendInput { reason } = call.json()?;
    let mut erasure = found.1.clone();
    let regime = Regime::by_code(&erasure.regime).unwrap_or(&DEFAULT);
    let open = !matches!(erasure.state, State::Done | State::Refused);
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
    keep(app, found, erasure, &details).await
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

async fn change<P: Platform>(
    app: &App<'_, P>,
    found: (usize, ErasureRow, Actor),
    change: Change,
    ground: Option<&str>,
    details: &[(&str, Value)],
) -> Result<Answer, Problem> {
    let mut erasure = found.1.clone();
    erasure.state = change.from(erasure.state).ok_or_else(|| {
        let detail = format!("this can't be decided about an erasure that is {}", erasure.state.as_str());
        Problem::new(Code::Conflict, detail)
    })?;
    erasure.ground = ground.map(Into::into);
    if erasure.state == State::Refused {
        erasure.completed_at = Some(app.now);
    }
    keep(app, found, erasure, details).await
}

/// Stores a change with the event that says so, and goes on where that is allowed now.
async fn keep<P: Platform>(
    app: &App<'_, P>,
    (shard, before, actor): (usize, ErasureRow, Actor),
    erasure: ErasureRow,
    details: &[(&str, Value)],
) -> Result<Answer, Problem> {
    let details = [details, &[("erasure", value!(erasure.id))]].concat();
    let changed = event(app, Kind::ErasureChanged, &erasure.site, Some(erasure.subject), &actor, &details);
    let mut after = vec![change_erasure(&erasure)];
    if erasure.state == State::Open && before.state == State::Verifying {
        // Only now it is the person who asks.
        after.push(save_erased(&erasure.subject, app.now));
    }
    let fault = |error| app.fault(&error);
    if erasure.state != State::Verifying {
        // First, so that whatever stops this call, nothing is destroyed that was not to be.
        let tasks = app.store().tasks(shard, erasure.id).await.map_err(fault)?;
        ledger::write(app, &erasure, &tasks).await.map_err(fault)?;
    }
    app.store().append(shard, vec![changed.into()], None, after).await.map_err(fault)?;
    if before.state != State::Open && erasure.state == State::Open {
        // The change is stored; what fails now is found by the sweep.
        if let Err(error) = go_on(app, erasure.id).await {
            app.platform.log(&format!("erasure {}: {error:?}", erasure.id));
        }
    }
    let erasure = app.store().erasure_in(shard, erasure.id).await.map_err(fault)?.unwrap_or(erasure);
    json(StatusCode::OK, &output(app, &erasure).await?)
}
