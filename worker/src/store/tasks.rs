//! The tasks of erasures, one a store. Which is next and what an attempt makes of one are the core's rules; here an attempt is
//! begun and ended so that of two who try at once one succeeds.

use super::{FIRST, Store};
use crate::{
    erasure::settings::{StoreKind, StoreSettings},
    platform::{DatabaseError, Param, Platform, Statement},
};
use consentry::{
    erasure::{StoreState, task::Task},
    slug::Slug,
    time::Timestamp,
};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

macro_rules! select {
    ($where:literal) => {
        concat!(
            "SELECT id, erasure, site, settings, state, attempts, next_at, leased_until, leased_by, found, removed, uncounted, \
             error, done_at, result FROM erasure_tasks ",
            $where
        )
    };
}

/// A task.
#[derive(Debug, Clone)]
pub(crate) struct TaskRow {
    pub(crate) id: String,
    pub(crate) erasure: Uuid,
    pub(crate) site: Slug,
    pub(crate) settings: StoreSettings,
    pub(crate) task: Task,
    pub(crate) leased_by: Option<String>,
    pub(crate) found: u64,
    pub(crate) removed: u64,
    /// How many attempts ended without anybody having said what they removed.
    pub(crate) uncounted: u32,
    pub(crate) error: Option<String>,
    pub(crate) done_at: Option<Timestamp>,
    pub(crate) result: Option<String>,
}

impl TaskRow {
    /// A task that nobody has begun.
    pub(crate) fn new(id: Uuid, erasure: Uuid, site: &Slug, settings: StoreSettings) -> Self {
        let task = Task {
            store: settings.name.clone(),
            after: settings.after.clone(),
            state: StoreState::Open,
            attempts: 0,
            next_at: Timestamp::UNIX_EPOCH,
            leased_until: Timestamp::UNIX_EPOCH,
        };
        Self {
            id: id.to_string(),
            erasure,
            site: site.clone(),
            settings,
            task,
            leased_by: None,
            found: 0,
            removed: 0,
            uncounted: 0,
            error: None,
            done_at: None,
            result: None,
        }
    }

    /// Whether an agent works on it, and not the edge.
    pub(crate) fn is_an_agents(&self) -> bool {
        self.settings.kind == StoreKind::Agent
    }
}

/// Stores new tasks.
pub(crate) fn save_tasks(tasks: &[TaskRow]) -> Statement {
    let rows: Vec<_> = tasks
        .iter()
        .enumerate()
        .map(|(place, row)| {
            json!([
                place,
                row.id,
                row.erasure,
                row.site.as_str(),
                row.settings.name,
                row.settings.kind.as_str(),
                json!(row.settings).to_string(),
                row.task.state.as_str()
            ])
        })
        .collect();
    Statement::new(
        "INSERT INTO erasure_tasks (place, id, erasure, site, store, kind, settings, state) \
         SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7 FROM json_each(?1)",
        [json!(rows).to_string().into()],
    )
}

/// How an attempt ended, as it is stored.
pub(crate) struct Ended<'a> {
    pub(crate) state: StoreState,
    pub(crate) next_at: Timestamp,
    pub(crate) found: u64,
    pub(crate) removed: u64,
    pub(crate) counted: bool,
    pub(crate) error: Option<&'a str>,
    pub(crate) done_at: Option<Timestamp>,
    pub(crate) result: Option<&'a str>,
}

/// Ends the attempt that `row` shows, if it is still the last one and the store wasn't given to an agent meanwhile; gives a row if so.
pub(crate) fn end_attempt(row: &TaskRow, ended: &Ended<'_>) -> Statement {
    let count = |number: u64| Param::Integer(i64::try_from(number).unwrap_or(i64::MAX).min(1 << 52));
    let text = |text: Option<&str>| text.map_or(Param::Null, Param::from);
    Statement::new(
        "UPDATE erasure_tasks SET state = ?3, next_at = ?4, leased_until = 0, found = found + ?5, removed = removed + ?6, \
         error = ?7, done_at = ?8, result = ?9, uncounted = uncounted + ?10 \
         WHERE id = ?1 AND attempts = ?2 AND kind = ?11 AND state <> 'done' RETURNING id",
        [
            row.id.as_str().into(),
            i64::from(row.task.attempts).into(),
            ended.state.as_str().into(),
            ended.next_at.into(),
            count(ended.found),
            count(ended.removed),
            text(ended.error),
            ended.done_at.map_or(Param::Null, Param::from),
            text(ended.result),
            i64::from(!ended.counted).into(),
            row.settings.kind.as_str().into(),
        ],
    )
}

/// Lets tasks be worked on now, as far as nobody began an attempt since they were as these rows show them.
pub(crate) fn retry_tasks(rows: &[&TaskRow], now: Timestamp) -> Statement {
    let shown: Vec<_> = rows.iter().map(|row| json!([row.id, row.task.attempts])).collect();
    Statement::new(
        "UPDATE erasure_tasks SET next_at = ?2 FROM json_each(?1) AS shown WHERE erasure_tasks.id = shown.value ->> 0 \
         AND attempts = shown.value ->> 1 AND state <> 'done'",
        [json!(shown).to_string().into(), now.into()],
    )
}

impl<P: Platform> Store<'_, P> {
    /// Gives agents what is open of their stores and was the edge's in R2 until now. It keeps its place in the order, because that of the
    /// other tasks is as old.
    pub(crate) async fn give_to_agents(
        &self,
        shard: usize,
        site: &Slug,
        stores: &[&StoreSettings],
    ) -> Result<(), DatabaseError> {
        let sql = "UPDATE erasure_tasks SET kind = 'agent', next_at = 0, \
                   settings = json_set(given.value ->> 1, '$.after', json(coalesce(settings -> '$.after', '[]'))) \
                   FROM json_each(?2) AS given \
                   WHERE site = ?1 AND store = given.value ->> 0 AND kind = 'r2_jsonl' AND state <> 'done'";
        let given: Vec<_> =
            stores.iter().map(|store| json!([store.name, json!(store).to_string()])).collect();
        let given = Statement::new(sql, [site.as_str().into(), json!(given).to_string().into()]);
        self.run(shard, given).await.map(drop)
    }

    /// The tasks of an erasure: the built-in store's, then those of the others as the site lists them.
    pub(crate) async fn tasks(&self, shard: usize, erasure: Uuid) -> Result<Vec<TaskRow>, DatabaseError> {
        const ALL: &str = select!("WHERE erasure = ?1 ORDER BY place");
        let rows = self.one(shard, Statement::new(ALL, [erasure.to_string().into()])).await?;
        rows.all::<Row>()?.into_iter().map(TaskRow::try_from).collect()
    }

    /// One task, whichever database it is in.
    pub(crate) async fn task(&self, id: &str) -> Result<Option<(usize, TaskRow)>, DatabaseError> {
        const FIND: &str = select!("WHERE id = ?1");
        for shard in FIRST..self.platform.shards() {
            let rows = self.one(shard, Statement::new(FIND, [id.into()])).await?;
            if let Some(row) = rows.first::<Row>()? {
                return Ok(Some((shard, row.try_into()?)));
            }
        }
        Ok(None)
    }

    /// Begins an attempt on what `row` shows; `None` if somebody was quicker, or the erasure was kept from going on. A lease that is
    /// still there is that of an attempt which never ended.
    pub(crate) async fn take_task(
        &self,
        shard: usize,
        mut row: TaskRow,
        by: &str,
        until: Timestamp,
    ) -> Result<Option<TaskRow>, DatabaseError> {
        let sql = "UPDATE erasure_tasks SET leased_until = ?3, leased_by = ?4, attempts = attempts + 1, \
                   uncounted = uncounted + (leased_until > 0) \
                   WHERE id = ?1 AND attempts = ?2 AND kind = ?6 AND state <> 'done' AND leased_until <= ?5 \
                   AND EXISTS (SELECT 1 FROM erasures WHERE id = erasure_tasks.erasure AND erasures.state IN ('open', 'running', 'partly_done')) RETURNING id";
        let params = [
            row.id.as_str().into(),
            i64::from(row.task.attempts).into(),
            until.into(),
            by.into(),
            self.now.into(),
            row.settings.kind.as_str().into(),
        ];
        let taken = !self.one(shard, Statement::new(sql, params)).await?.0.is_empty();
        row.task.attempts += 1;
        (row.task.leased_until, row.leased_by) = (until, Some(by.into()));
        Ok(taken.then_some(row))
    }

    /// Keeps a task for whoever has it; whether they have.
    pub(crate) async fn keep_task(
        &self,
        shard: usize,
        row: &TaskRow,
        by: &str,
        until: Timestamp,
    ) -> Result<bool, DatabaseError> {
        let sql = "UPDATE erasure_tasks SET leased_until = ?3 \
                   WHERE id = ?1 AND attempts = ?2 AND state <> 'done' AND leased_by = ?4 AND leased_until > ?5 RETURNING id";
        let params = [
            row.id.as_str().into(),
            i64::from(row.task.attempts).into(),
            until.into(),
            by.into(),
            self.now.into(),
        ];
        Ok(!self.one(shard, Statement::new(sql, params)).await?.0.is_empty())
    }

    /// Ends an attempt; whether it was still the last one.
    pub(crate) async fn end_task(
        &self,
        shard: usize,
        row: &TaskRow,
        ended: &Ended<'_>,
    ) -> Result<bool, DatabaseError> {
        Ok(!self.one(shard, end_attempt(row, ended)).await?.0.is_empty())
    }

    /// Erasures with tasks of these stores of a site that an agent may begin, as far as their times say.
    pub(crate) async fn waiting_for_agents(
        &self,
        shard: usize,
        site: &Slug,
        stores: &[String],
    ) -> Result<Vec<Uuid>, DatabaseError> {
        #[derive(Deserialize)]
        struct Waiting {
            erasure: Uuid,
        }
        let sql = "SELECT DISTINCT tasks.erasure AS erasure FROM erasure_tasks AS tasks JOIN erasures ON erasures.id = tasks.erasure \
             WHERE tasks.state <> 'done' AND tasks.kind = 'agent' AND tasks.next_at <= ?1 AND tasks.leased_until <= ?1 \
             AND tasks.site = ?2 AND tasks.store IN (SELECT value FROM json_each(?3)) \
             AND erasures.state IN ('open', 'running', 'partly_done') AND erasures.ledgered = 1 ORDER BY erasure LIMIT 200";
        let params = [self.now.into(), site.as_str().into(), json!(stores).to_string().into()];
        let rows: Vec<Waiting> = self.one(shard, Statement::new(sql, params)).await?.all()?;
        Ok(rows.into_iter().map(|row| row.erasure).collect())
    }
}

#[derive(Deserialize)]
struct Row {
    id: String,
    erasure: Uuid,
    site: String,
    settings: String,
    state: StoreState,
    attempts: u32,
    next_at: i64,
    leased_until: i64,
    leased_by: Option<String>,
    found: u64,
    removed: u64,
    uncounted: u32,
    error: Option<String>,
    done_at: Option<i64>,
    result: Option<String>,
}

impl TryFrom<Row> for TaskRow {
    type Error = DatabaseError;

    fn try_from(row: Row) -> Result<Self, DatabaseError> {
        let unreadable = || DatabaseError::Unreadable(format!("a task of erasure {}", row.erasure));
        let settings: StoreSettings = serde_json::from_str(&row.settings).map_err(|_| unreadable())?;
        Ok(Self {
            site: Slug::parse(&row.site).ok_or_else(unreadable)?,
            task: Task {
                store: settings.name.clone(),
                after: settings.after.clone(),
                state: row.state,
                attempts: row.attempts,
                next_at: Timestamp::from_ms(row.next_at),
                leased_until: Timestamp::from_ms(row.leased_until),
            },
            id: row.id,
            erasure: row.erasure,
            settings,
            leased_by: row.leased_by,
            found: row.found,
            removed: row.removed,
            uncounted: row.uncounted,
            error: row.error,
            done_at: row.done_at.map(Timestamp::from_ms),
            result: row.result,
        })
    }
}
