//! Agents ask for their tasks and report on them. Who may is decided here: a key with the scope `erasure:work`, for the stores that
//! it was issued for; the work itself is [`crate::erasure::work`]'s.

use crate::{
    app::App,
    auth,
    erasure::work::{self, Agent, Handed},
    http::{Answer, Call, json},
    model::{LeaseOutput, ResultInput, TaskOutput, TasksInput, TasksOutput},
    platform::Platform,
    scope::Scope,
    store::TaskRow,
};
use consentry::{
    event::Actor,
    problem::{Code, Problem},
};
use http::StatusCode;

async fn agent<P: Platform>(app: &App<'_, P>, call: &Call) -> Result<Agent, Problem> {
    let caller = auth::authenticate(app, call, None).await?;
    caller.has(Scope::ErasureWork)?;
    let refused = || {
        Problem::new(Code::Forbidden, "this needs an API key with the scope erasure:work; a person has none")
    };
    let Actor::Key(id) = &caller.actor else { return Err(refused()) };
    let registry = app.registry().await?;
    let work = registry.key(id.as_str()).and_then(|key| key.work.clone()).ok_or_else(refused)?;
    Ok(Agent { key: id.clone(), site: caller.site.id.clone(), work })
}

pub(super) async fn tasks<P: Platform>(app: &App<'_, P>, call: &Call) -> Result<Answer, Problem> {
    let agent = agent(app, call).await?;
    let TasksInput { limit } = call.json()?;
    if !(1..=100).contains(&limit) {
        return Err(Problem::field("limit", "limit must be 1 to 100"));
    }
    let handed = work::hand_out(app, &agent, limit as usize).await.map_err(|error| app.fault(&error))?;
    let task = |Handed { row, users, due_at }| TaskOutput {
        leased_until: row.task.leased_until,
        attempt: row.task.attempts,
        store: row.settings.name,
        id: row.id,
        erasure: row.erasure,
        users,
        due_at,
    };
    json(StatusCode::OK, &TasksOutput { tasks: handed.into_iter().map(task).collect() })
}

pub(super) async fn lease<P: Platform>(app: &App<'_, P>, call: &Call, id: &str) -> Result<Answer, Problem> {
    let agent = agent(app, call).await?;
    let leased_until = work::renew(app, &agent, id).await?;
    json(StatusCode::OK, &LeaseOutput { id: id.into(), leased_until })
}

pub(super) async fn result<P: Platform>(app: &App<'_, P>, call: &Call, id: &str) -> Result<Answer, Problem> {
    let agent = agent(app, call).await?;
    let ResultInput { result } = call.json()?;
    let row: TaskRow = work::take_in(app, &agent, id, &result).await?;
    json(StatusCode::OK, &super::erasure::store_output(&row, app.now))
}
