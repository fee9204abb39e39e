//! The work of agents, who stand beside the data that the edge can't reach: handing out tasks under a lease, and taking in signed
//! results. A task that wasn't ended when its lease is over is handed out again, to whichever agent of the store asks.

use super::{Attempt, drive, ledger};
use crate::{
    app::App,
    object::Object,
    platform::{DatabaseError, Platform},
    site::Jwk,
    store::{ErasureRow, TaskRow},
};
use base64ct::{Base64UrlUnpadded, Encoding as _};
use consentry::{
    erasure::{StoreState, task::ready},
    event::{Actor, Kind},
    hash::Hash,
    problem::{Code, Problem},
    slug::Slug,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use serde_json::json as value;
use uuid::Uuid;

/// How long an agent has a task to itself, in milliseconds.
const LEASE_MS: i64 = 600_000;

/// The longest sentence about a failure, in characters.
const SENTENCE: usize = 300;

/// From how many bytes on an id is looked for in a sentence; a shorter one is in many.
const TELLING: usize = 4;

/// What a key with the scope `erasure:work` may work on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Work {
    pub(crate) stores: Vec<String>,
    pub(crate) public_key: Object<Jwk>,
}

/// An agent, by its key.
pub(crate) struct Agent {
    pub(crate) key: Slug,
    pub(crate) site: Slug,
    pub(crate) work: Work,
}

/// A task with what an agent needs.
pub(crate) struct Handed {
    pub(crate) row: TaskRow,
    pub(crate) users: Vec<String>,
    pub(crate) due_at: Timestamp,
}

/// Hands out at most `limit` tasks of the agent's stores.
pub(crate) async fn hand_out<P: Platform>(
    app: &App<'_, P>,
    agent: &Agent,
    limit: usize,
) -> Result<Vec<Handed>, DatabaseError> {
    let store = app.store();
    let mut handed = Vec::new();
    for shard in 0..app.platform.shards() {
        for id in store.waiting_for_agents(shard, &agent.site, &agent.work.stores).await? {
            let Some(erasure) = ledger::workable(app, shard, id).await? else { continue };
            let tasks = store.tasks(shard, id).await?;
            let rules: Vec<_> = tasks.iter().map(|row| row.task.clone()).collect();
            let users = ledger::users(app, &erasure).await?;
            let mine = |row: &&TaskRow| row.is_an_agents() && agent.work.stores.contains(&row.settings.name);
            for row in ready(&rules, app.now).into_iter().filter_map(|place| tasks.get(place)).filter(mine) {
                if handed.len() == limit {
                    return Ok(handed);
                }
                let until = app.now.plus_ms(LEASE_MS);
                let taken = store.take_task(shard, row.clone(), agent.key.as_str(), until).await?;
                let Some(row) = taken else { continue };
                note(app, shard, &erasure, agent, &row).await?;
                handed.push(Handed { row, users: users.clone(), due_at: erasure.due_at });
            }
        }
    }
    Ok(handed)
}

/// The agent was told who the person is, which the log keeps.
async fn note<P: Platform>(
    app: &App<'_, P>,
    shard: usize,
    erasure: &ErasureRow,
    agent: &Agent,
    row: &TaskRow,
) -> Result<(), DatabaseError> {
    let details = [
        ("attempt", value!(row.task.attempts)),
        ("erasure", value!(erasure.id)),
        ("store", value!(row.settings.name)),
    ];
    let actor = Actor::Key(agent.key.clone());
    let told = crate::handlers::event(
        app,
        Kind::ErasureRead,
        &erasure.site,
        Some(erasure.subject),
        &actor,
        &details,
    );
    app.store().append(shard, vec![told.into()], None, vec![]).await.map(drop)
}

fn no_task() -> Problem {
    Problem::new(Code::NotFound, "there is no such task, or it is none of this key's stores")
}

fn not_yours() -> Problem {
    Problem::new(Code::Conflict, "the task is no longer this agent's; ask for tasks again")
}

async fn find<P: Platform>(app: &App<'_, P>, agent: &Agent, id: &str) -> Result<(usize, TaskRow), Problem> {
    let found = app.store().task(id).await.map_err(|error| app.fault(&error))?;
    found
        .filter(|(_, row)| {
            row.site == agent.site && row.is_an_agents() && agent.work.stores.contains(&row.settings.name)
        })
        .ok_or_else(no_task)
}

/// Keeps a task for its agent; until when.
pub(crate) async fn renew<P: Platform>(
    app: &App<'_, P>,
    agent: &Agent,
    id: &str,
) -> Result<Timestamp, Problem> {
    let (shard, row) = find(app, agent, id).await?;
    let until = app.now.plus_ms(LEASE_MS);
    let kept = app.store().keep_task(shard, &row, agent.key.as_str(), until).await;
    if kept.map_err(|error| app.fault(&error))? { Ok(until) } else { Err(not_yours()) }
}

/// What an agent signs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Report {
    task: String,
    erasure: Uuid,
    store: String,
    attempt: u32,
    outcome: Ending,
    found: u64,
    removed: u64,
    verified: bool,
    #[allow(dead_code, reason = "it must be said; the signed text is kept whole")]
    erasure_kind: ErasureKind,
    started_at: Timestamp,
    ended_at: Timestamp,
    version: String,
    #[allow(dead_code, reason = "it must be said; the signed text is kept whole")]
    #[serde(rename = "report_sha256")]
    sha256: Hash,
    #[serde(default)]
    error: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Ending {
    Done,
    Partial,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ErasureKind {
    Physical,
    Logical,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: String,
    #[serde(default)]
    crit: Option<serde_json::Value>,
}

/// Reads a compact JWS (RFC 7515 § 7.1) that the agent's key signed.
async fn read<P: Platform>(app: &App<'_, P>, agent: &Agent, jws: &str) -> Result<Report, Problem> {
    let refuse = |detail: &str| Problem::field("result", detail);
    let parts: Vec<_> = jws.split('.').collect();
    let [header, payload, signature] = parts[..] else {
        return Err(refuse("the result must be a JWS in compact form: three parts with dots between them"));
    };
    let decode = |part: &str| {
        Base64UrlUnpadded::decode_vec(part).map_err(|_| refuse("a part is not base64url without padding"))
    };
    let (header, bytes, signature) = (decode(header)?, decode(payload)?, decode(signature)?);
    let header: Header = serde_json::from_slice(&header)
        .map_err(|_| refuse("the header must be {\"alg\":\"EdDSA\",\"kid\":\"<id of the API key>\"}"))?;
    if header.alg != "EdDSA" || header.kid != agent.key.as_str() || header.crit.is_some() {
        return Err(refuse("the header must say alg EdDSA and, as kid, the id of the API key that calls"));
    }
    let signed = jws.rsplit_once('.').map(|(signed, _)| signed).unwrap_or_default();
    let Object(key) = &agent.work.public_key;
    if app.platform.verify(key, signed.as_bytes(), &signature).await != Some(true) {
        return Err(refuse(
            "the public key that was registered with this API key doesn't verify the signature",
        ));
    }
    serde_json::from_slice(&bytes).map_err(|_| {
        refuse(
            "the payload must have task, erasure, store, attempt, outcome, found, removed, verified, erasure_kind, \
             started_at, ended_at, version, report_sha256 and at most error beside them",
        )
    })
}

/// Takes in a result. The same one again gets the same answer.
pub(crate) async fn take_in<P: Platform>(
    app: &App<'_, P>,
    agent: &Agent,
    id: &str,
    jws: &str,
) -> Result<TaskRow, Problem> {
    let (shard, row) = find(app, agent, id).await?;
    let fault = |error: DatabaseError| app.fault(&error);
    let result = read(app, agent, jws).await?;
    if row.result.as_deref() == Some(jws) {
        // The first time may have been cut off before what follows from it.
        follow(app, shard, row.erasure).await.map_err(fault)?;
        return find(app, agent, id).await.map(|(_, row)| row);
    }
    if result.task != row.id || result.erasure != row.erasure || result.store != row.settings.name {
        return Err(Problem::field(
            "result",
            "task, erasure and store must be those of the task in the path",
        ));
    }
    if row.task.state == StoreState::Done
        || row.leased_by.as_deref() != Some(agent.key.as_str())
        || result.attempt != row.task.attempts
    {
        return Err(not_yours());
    }
    let done = judged(app, row.erasure, shard, &result).await?;
    if !drive::end(app, shard, &row, &done, Some(jws)).await.map_err(fault)? {
        return Err(not_yours());
    }
    follow(app, shard, row.erasure).await.map_err(fault)?;
    find(app, agent, id).await.map(|(_, row)| row)
}

/// The result as the end of an attempt: done only where everything that was found is gone and that was verified.
async fn judged<P: Platform>(
    app: &App<'_, P>,
    erasure: Uuid,
    shard: usize,
    result: &Report,
) -> Result<Attempt, Problem> {
    let wrong = |detail: &str| Err(Problem::field("result", detail));
    if result.ended_at < result.started_at {
        return wrong("ended_at is before started_at");
    }
    if result.version.chars().count() > 64 {
        return wrong("the version has more than 64 characters");
    }
    let (found, removed) = (result.found, result.removed);
    if result.outcome == Ending::Done {
        if removed < found || !result.verified || result.error.is_some() {
            return wrong(
                "done means: all that was found is removed, that was verified, and there is no error; else say partial",
            );
        }
        return Ok(Attempt::done(found, removed));
    }
    let sentence = result.error.as_deref().unwrap_or("the agent says that it is not done");
    let fault = |error: DatabaseError| app.fault(&error);
    let users = match app.store().erasure_in(shard, erasure).await.map_err(fault)? {
        Some(erasure) => ledger::users(app, &erasure).await.map_err(fault)?,
        None => vec![],
    };
    if sentence.chars().count() > SENTENCE
        || users.iter().any(|user| user.len() >= TELLING && sentence.contains(user.as_str()))
    {
        return wrong("the error must be a sentence of at most 300 characters without the person's id");
    }
    // A store that died while it removed what was found may have removed it, and nobody will find it again.
    Ok(Attempt { counted: removed >= found, ..Attempt::failed(removed, sentence) })
}

/// What follows for the erasure from the end of an attempt.
async fn follow<P: Platform>(app: &App<'_, P>, shard: usize, id: Uuid) -> Result<(), DatabaseError> {
    let Some(erasure) = app.store().erasure_in(shard, id).await?.filter(ErasureRow::may_go_on) else {
        return Ok(());
    };
    let tasks = app.store().tasks(shard, id).await?;
    drive::settle(app, shard, erasure, &tasks).await
}

/// Takes in what a service says about the task that it was told of; where that is over, it stays as it is.
pub(crate) async fn take_call_back<P: Platform>(
    app: &App<'_, P>,
    shard: usize,
    row: TaskRow,
    said: &super::webhook::Said,
) -> Result<TaskRow, DatabaseError> {
    drive::end(app, shard, &row, &said.attempt(), None).await?;
    follow(app, shard, row.erasure).await?;
    let found = app.store().task(&row.id).await?;
    Ok(found.map_or(row, |(_, row)| row))
}
