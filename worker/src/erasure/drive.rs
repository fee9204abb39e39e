//! Going on with erasures: one after the other whatever the core says is ready, an attempt under a lease each; then what follows
//! from it for the erasure. Called by the request itself for what is quick, by the queue, and by the scheduled handler, which
//! finds what is due whether or not a queue is bound. Any number may run at once, and any may be cut off.

use super::{
    Attempt, evidence, jsonl, kv, ledger,
    settings::{StoreKind, StoreSettings},
    vectorize, webhook,
};
use crate::{
    app::App,
    lineage,
    object::Object,
    platform::{DatabaseError, Platform},
    store::{Ended, ErasureRow, TaskRow, change_erasure, note_state},
};
use consentry::{
    erasure::{
        State, StoreState, overall, restore_horizon,
        task::{after_attempt, ready, wake_at},
    },
    event::{Actor, Kind},
    slug::Slug,
    time::Timestamp,
};
use serde_json::json as value;
use uuid::Uuid;

/// How long an attempt of the edge has a task to itself, in milliseconds: longer than any takes, which for many objects is as long as
/// the platform lets a Worker run.
const fn lease_ms(kind: StoreKind) -> i64 {
    if matches!(kind, StoreKind::R2Jsonl) { 15 * 60_000 } else { 120_000 }
}

/// The most attempts in one run for one erasure.
const ATTEMPTS: usize = 20;

/// Who has what the edge works on.
const EDGE: &str = "edge";

/// The longest that a queue holds a message back, in seconds.
const LONGEST_WAKE_S: u32 = 12 * 3600;

/// Begins with a new erasure as far as that is quick: its entry in the ledger and the evidence. The rest is left to the queue
/// and the sweep, and so is whatever fails here.
pub(super) async fn begin<P: Platform>(
    app: &App<'_, P>,
    shard: usize,
    erasure: ErasureRow,
) -> Result<ErasureRow, DatabaseError> {
    if let Err(error) = run(app, shard, erasure.id, |kind| kind == StoreKind::D1Evidence).await {
        app.platform.log(&format!("erasure {}: {error:?}", erasure.id));
    }
    // What was asked for is stored, so the caller is told what is known, should the database not answer now.
    Ok(app.store().erasure_in(shard, erasure.id).await.ok().flatten().unwrap_or(erasure))
}

/// Goes on with an erasure, as far as the edge can now.
pub(crate) async fn go_on<P: Platform>(app: &App<'_, P>, id: Uuid) -> Result<(), DatabaseError> {
    match app.store().erasure(id).await? {
        Some((shard, _)) => run(app, shard, id, |_| true).await,
        None => Ok(()),
    }
}

/// Goes on with everything that is due, and with what a restore of a database took away. One that fails doesn't keep the others from
/// going on.
pub(crate) async fn sweep<P: Platform>(app: &App<'_, P>) -> Result<(), DatabaseError> {
    let mut outcome = ledger::replay(app).await;
    for shard in 0..app.platform.shards() {
        match app.store().due_erasures(shard).await {
            Ok(due) => {
                for id in due {
                    outcome = outcome.and(run(app, shard, id, |_| true).await);
                }
            }
            Err(error) => outcome = outcome.and(Err(error)),
        }
    }
    outcome
}

/// Forgets ids that nothing needs any more.
pub(crate) async fn forget<P: Platform>(app: &App<'_, P>) -> Result<(), DatabaseError> {
    // restore_horizon(ended) <= now, turned round.
    let days = restore_horizon(Timestamp::UNIX_EPOCH).as_ms();
    for shard in 0..app.platform.shards() {
        app.store().forget_users(shard, app.now.plus_ms(-days)).await?;
    }
    Ok(())
}

async fn run<P: Platform>(
    app: &App<'_, P>,
    shard: usize,
    id: Uuid,
    now_too: impl Fn(StoreKind) -> bool,
) -> Result<(), DatabaseError> {
    let store = app.store();
    let Some(erasure) = ledger::workable(app, shard, id).await? else { return Ok(()) };
    let mut tasks = store.tasks(shard, id).await?;
    // Its entry was due until now: it is new, or something was decided about it.
    if !erasure.ledgered {
        trace(app, &erasure).await;
    }
    if give_away(app, shard, &erasure.site, &tasks).await? {
        tasks = store.tasks(shard, id).await?;
    }
    for _ in 0..ATTEMPTS {
        let Some(next) = next(&tasks, app.now, &now_too) else { break };
        // Those before it may have taken long.
        let until = app.platform.now().plus_ms(lease_ms(next.settings.kind));
        if let Some(taken) = store.take_task(shard, next, EDGE, until).await? {
            attempt(app, shard, &erasure, taken).await?;
        }
        tasks = store.tasks(shard, id).await?;
    }
    settle(app, shard, erasure, &tasks).await
}

/// Gives stores in R2 to agents that are theirs by what the site says now; whether there were any. As a rule the call that said so did it;
/// this is for an erasure that was opened by what was known before, or comes back from a restore.
async fn give_away<P: Platform>(
    app: &App<'_, P>,
    shard: usize,
    site: &Slug,
    tasks: &[TaskRow],
) -> Result<bool, DatabaseError> {
    let Ok(registry) = app.registry().await else { return Ok(false) };
    let site = registry.site(site.as_str());
    let given = |store: &&StoreSettings| {
        let open =
            |row: &TaskRow| row.settings.kind == StoreKind::R2Jsonl && row.task.state != StoreState::Done;
        store.kind == StoreKind::Agent && tasks.iter().any(|row| row.settings.name == store.name && open(row))
    };
    let stores = site.iter().flat_map(|site| site.settings.stores.iter()).map(|Object(store)| store);
    let agents: Vec<_> = stores.filter(given).collect();
    if let (Some(site), false) = (&site, agents.is_empty()) {
        app.store().give_to_agents(shard, &site.id, &agents).await?;
    }
    Ok(!agents.is_empty())
}

/// Notes which data sets held rows of the person. It keeps nothing from being erased, so a failure is for whoever runs the service;
/// at the end it is done once more.
async fn trace<P: Platform>(app: &App<'_, P>, erasure: &ErasureRow) {
    let noted = async {
        let mut subjects = vec![erasure.subject];
        subjects.extend(app.store().visitors(&erasure.subject).await?);
        lineage::note(app, &erasure.site, erasure.id, &subjects).await
    };
    if let Err(error) = noted.await {
        app.platform.log(&format!("erasure {}: lineage: {error:?}", erasure.id));
    }
}

fn next(tasks: &[TaskRow], now: Timestamp, mine: &impl Fn(StoreKind) -> bool) -> Option<TaskRow> {
    let rules: Vec<_> = tasks.iter().map(|row| row.task.clone()).collect();
    let mut rows = ready(&rules, now).into_iter().filter_map(|place| tasks.get(place));
    rows.find(|row| !row.is_an_agents() && mine(row.settings.kind)).cloned()
}

async fn attempt<P: Platform>(
    app: &App<'_, P>,
    shard: usize,
    erasure: &ErasureRow,
    row: TaskRow,
) -> Result<(), DatabaseError> {
    let done = work(app, erasure, &row).await.unwrap_or_else(|error| {
        app.platform.log(&format!("erasure {}: store {}: {error:?}", erasure.id, row.settings.name));
        let why = "the store did not answer; the service's log says why";
        Attempt { counted: false, ..Attempt::failed(0, why) }
    });
    end(app, shard, &row, &done, None).await.map(drop)
}

/// Stores the end of an attempt; whether it was still the last one.
pub(super) async fn end<P: Platform>(
    app: &App<'_, P>,
    shard: usize,
    row: &TaskRow,
    done: &Attempt,
    result: Option<&str>,
) -> Result<bool, DatabaseError> {
    let mut random = [0; 4];
    app.platform.random(&mut random);
    let jitter = u32::from_le_bytes(random);
    let (state, next_at) = after_attempt(&row.task, done.outcome, app.config.pace, jitter, app.now);
    let ended = Ended {
        state,
        next_at,
        found: done.found,
        removed: done.removed,
        counted: done.counted,
        error: done.error.as_deref(),
        done_at: (state == StoreState::Done).then_some(app.now),
        result,
    };
    app.store().end_task(shard, row, &ended).await
}

/// The store as the site describes it now, so that a mistake can be mended; as it did then, if it is gone or another.
async fn settings<P: Platform>(app: &App<'_, P>, row: &TaskRow) -> StoreSettings {
    let kept = &row.settings;
    let registry = app.registry().await.ok();
    let site = registry.and_then(|registry| registry.site(row.site.as_str()));
    let stores = site.iter().flat_map(|site| site.settings.stores.iter());
    let mut same = stores.filter(|Object(store)| store.name == kept.name && store.kind == kept.kind);
    same.next().map_or_else(|| kept.clone(), |Object(store)| store.clone())
}

async fn work<P: Platform>(
    app: &App<'_, P>,
    erasure: &ErasureRow,
    row: &TaskRow,
) -> Result<Attempt, DatabaseError> {
    if row.settings.kind == StoreKind::D1Evidence {
        return evidence::attempt(app, erasure, row.task.attempts <= 1).await;
    }
    let users = ledger::users(app, erasure).await?;
    let settings = settings(app, row).await;
    match settings.kind {
        StoreKind::Kv => kv::attempt(app, &settings, &users, row.task.state == StoreState::Verifying).await,
        StoreKind::R2Jsonl => jsonl::attempt(app, &settings, &users).await,
        StoreKind::Vectorize => vectorize::attempt(app, erasure, row, &settings).await,
        StoreKind::Webhook => webhook::attempt(app, erasure, row, &settings, &users).await,
        StoreKind::Agent | StoreKind::D1Evidence => Ok(Attempt::failed(0, "this is not the edge's work")),
    }
}

/// What follows for the erasure: its state, its end, and when to go on.
pub(super) async fn settle<P: Platform>(
    app: &App<'_, P>,
    shard: usize,
    erasure: ErasureRow,
    tasks: &[TaskRow],
) -> Result<(), DatabaseError> {
    let states: Vec<_> = tasks.iter().map(|row| row.task.state).collect();
    let state = overall(&states);
    if state == State::Done {
        return finish(app, shard, erasure, tasks).await;
    }
    if state != erasure.state {
        app.store().run(shard, note_state(erasure.id, state)).await?;
    }
    let rules: Vec<_> = tasks.iter().map(|row| row.task.clone()).collect();
    let mine = |store: &str| tasks.iter().any(|row| row.task.store == store && !row.is_an_agents());
    if let Some(at) = wake_at(&rules, |task| mine(&task.store)) {
        let left = (at.as_ms() - app.now.as_ms()).max(0);
        let seconds = u32::try_from((left + 999) / 1000).unwrap_or(u32::MAX).min(LONGEST_WAKE_S);
        app.platform.wake(&erasure.id.to_string(), seconds).await;
    }
    Ok(())
}

/// Records the end, once however many come to it at the same time and only if nobody decided otherwise meanwhile, and in the ledger.
async fn finish<P: Platform>(
    app: &App<'_, P>,
    shard: usize,
    mut erasure: ErasureRow,
    tasks: &[TaskRow],
) -> Result<(), DatabaseError> {
    let over = erasure.revision;
    erasure.revision += 1;
    erasure.ledgered = false;
    erasure.state = State::Done;
    erasure.completed_at = Some(app.now);
    let stores: Vec<_> = tasks
        .iter()
        .map(|row| value!({ "store": row.settings.name, "state": row.task.state, "removed": row.removed }))
        .collect();
    let details = [("erasure", value!(erasure.id)), ("stores", value!(stores))];
    let subject = Some(erasure.subject);
    let ended =
        crate::handlers::event(app, Kind::DataDeleted, &erasure.site, subject, &Actor::System, &details);
    match app.store().append(shard, vec![ended.into()], None, vec![change_erasure(&erasure, over)]).await {
        Ok(_) => {
            // Once more, for what was registered or linked meanwhile.
            trace(app, &erasure).await;
            ledger::write(app, shard, erasure.id).await.map(drop)
        }
        // Somebody else ended or held it, or gave it more time; then the sweep ends it.
        Err(DatabaseError::Overtaken) => Ok(()),
        Err(error) => Err(error),
    }
}
