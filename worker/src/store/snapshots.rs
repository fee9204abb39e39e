//! Snapshots: which are wanted and how far they are, and reading who decided what about one purpose, in bounded pages.

use super::{FIRST, Store};
use crate::{
    platform::{DatabaseError, Param, Platform, Rows, Statement},
    snapshot::Position,
};
use consentry::{
    granted::{Key, form::from_hex},
    purpose::Purpose,
    slug::Slug,
    subject::KeyId,
    time::Timestamp,
};
use serde::Deserialize;

/// Events on a page of a walk: their lines stay well under the 2 MB that D1 allows a value.
const PAGE: i64 = if cfg!(test) { 3 } else { 10_000 };

/// How long a run has a build to itself: longer than the runtime lets one last that does not wait.
const LEASE_MS: i64 = 5 * 60_000;

/// How old a snapshot gets before it is built anew. Whoever reads one asks for the changes since, so it may be old; this bounds
/// how many those are.
const MAX_AGE_MS: i64 = 24 * 3_600_000;

/// After how long without a reader it is not built any more.
const WANTED_MS: i64 = 7 * 24 * 3_600_000;

/// The decisions about one purpose as lines ([`crate::snapshot::Said`]). The inner queries walk the index by subject and stop
/// after a page, whatever they find; only then is looked at what an event is about. The first goes on with the person in whose
/// events the page before ended.
const DECISIONS: &str = "\
SELECT count(*) || char(10) || coalesce(max(hex(subject) || printf('%016d', log_index)), '') || char(10) || \
 coalesce(group_concat(iif(purpose = ?4 AND site = ?5 AND key_id = ?6 AND log_index <= ?7, \
  lower(substr(hex(subject), 1, 32)) || ' ' || status || ' ' || created_at || ' ' || coalesce(decided_at, ''), NULL), char(10)), '') AS text \
FROM (SELECT * FROM (\
 SELECT subject, log_index, site, key_id, purpose, status, created_at, decided_at FROM events \
 WHERE purpose IS NOT NULL AND subject = unhex(?1) AND log_index > ?2 ORDER BY log_index LIMIT ?8) \
UNION ALL SELECT * FROM (\
 SELECT subject, log_index, site, key_id, purpose, status, created_at, decided_at FROM events \
 WHERE purpose IS NOT NULL AND subject > unhex(?1) AND subject < unhex(?3) ORDER BY subject, log_index LIMIT ?8) \
LIMIT ?8)";

const ERASED: &str = "\
SELECT group_concat(lower(substr(hex(subject), 1, 32)) || ' ' || at, char(10)) AS text FROM (\
 SELECT subject, at FROM erased WHERE subject >= unhex(?1) AND subject <= unhex(?2) ORDER BY subject)";

/// Where a page of a walk begins and whose decisions it is about.
pub(crate) struct Page<'a> {
    /// The subject of the last event that was read, in hexadecimal digits, and that event.
    pub(crate) subject: &'a str,
    pub(crate) log_index: i64,
    /// Behind the last subject.
    pub(crate) end: &'a str,
    pub(crate) site: &'a str,
    pub(crate) purpose: &'a Purpose,
    pub(crate) key_id: KeyId,
    /// Later events are left out.
    pub(crate) position: u64,
}

/// What a page held.
pub(crate) struct Decisions {
    /// The subject of its last event, and that event, if there is one.
    pub(crate) last: Option<(String, i64)>,
    pub(crate) lines: String,
    /// Whether no page follows.
    pub(crate) is_last: bool,
}

/// Who was erased and when, in the order of the keys.
pub(crate) type Erased = Vec<(Key, Timestamp)>;

/// The row of a snapshot.
pub(crate) struct Snapshot {
    pub(crate) site: String,
    pub(crate) purpose: String,
    pub(crate) asked_at: i64,
    pub(crate) built: String,
    pub(crate) building: String,
}

macro_rules! snapshot {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            "site || char(10) || purpose || char(10) || asked_at || char(10) || coalesce(built, '') || char(10) || \
             coalesce(building, '') AS text",
            $after
        )
    };
}

/// What every query here gives: one text, so that all of them are read by the same code.
fn text(rows: Rows) -> Result<Option<String>, DatabaseError> {
    #[derive(Deserialize)]
    struct Row {
        text: Option<String>,
    }
    Ok(rows.first::<Row>()?.and_then(|row| row.text))
}

fn unreadable() -> DatabaseError {
    DatabaseError::Unreadable("what was read for a snapshot".into())
}

fn number<T: std::str::FromStr>(text: Option<&str>) -> Result<T, DatabaseError> {
    text.and_then(|text| text.parse().ok()).ok_or_else(unreadable)
}

/// Lines of a key and a number.
fn numbered<T: std::str::FromStr>(text: &str) -> impl Iterator<Item = Result<(Key, T), DatabaseError>> + '_ {
    text.lines().map(|line| {
        let (key, rest) = line.split_once(' ').ok_or_else(unreadable)?;
        Ok((from_hex(key).ok_or_else(unreadable)?, number(Some(rest))?))
    })
}

/// Reads the row of a snapshot.
pub(crate) fn read_snapshot(site: &Slug, purpose: &Purpose) -> Statement {
    let sql = snapshot!("SELECT ", " FROM snapshots WHERE site = ?1 AND purpose = ?2");
    Statement::new(sql, [site.as_str().into(), purpose.as_str().into()])
}

/// Notes that a snapshot is wanted.
pub(crate) fn want_snapshot(site: &Slug, purpose: &Purpose, now: Timestamp) -> Statement {
    Statement::new(
        "INSERT INTO snapshots (site, purpose, asked_at) VALUES (?1, ?2, ?3) \
         ON CONFLICT (site, purpose) DO UPDATE SET asked_at = excluded.asked_at",
        [site.as_str().into(), purpose.as_str().into(), now.into()],
    )
}

/// Takes a build for one run: one that was begun, else one that is due; only that of `only`, if it is given.
pub(crate) fn claim_snapshot(now: Timestamp, only: Option<(&str, &Purpose)>) -> Statement {
    let (site, purpose) = match only {
        Some((site, purpose)) => (site.into(), purpose.as_str().into()),
        None => (Param::Null, Param::Null),
    };
    Statement::new(
        snapshot!(
            "UPDATE snapshots SET leased_until = ?2 WHERE (site, purpose) IN (SELECT site, purpose FROM snapshots \
         WHERE leased_until <= ?1 AND asked_at > ?3 AND site = coalesce(?5, site) AND purpose = coalesce(?6, purpose) \
         AND (building IS NOT NULL OR coalesce(built_at, 0) < ?4) \
         ORDER BY building IS NULL, coalesce(built_at, 0) LIMIT 1) \
         RETURNING ",
            ""
        ),
        [
            now.into(),
            now.plus_ms(LEASE_MS).into(),
            now.plus_ms(-WANTED_MS).into(),
            now.plus_ms(-MAX_AGE_MS).into(),
            site,
            purpose,
        ],
    )
}

/// Stores how far a build is, or that there is none, and gives it back.
pub(crate) fn keep_build(site: &Slug, purpose: &Purpose, building: Option<String>) -> Statement {
    Statement::new(
        "UPDATE snapshots SET building = ?3, leased_until = 0 WHERE site = ?1 AND purpose = ?2",
        [site.as_str().into(), purpose.as_str().into(), building.map_or(Param::Null, Param::from)],
    )
}

/// Stores what was built, and gives it back.
pub(crate) fn keep_built(site: &Slug, purpose: &Purpose, built_at: Timestamp, built: &str) -> Statement {
    Statement::new(
        "UPDATE snapshots SET building = NULL, leased_until = 0, built_at = ?3, built = ?4 WHERE site = ?1 AND purpose = ?2",
        [site.as_str().into(), purpose.as_str().into(), built_at.into(), built.into()],
    )
}

/// What [`ERASED`] returned.
fn erased(rows: Rows) -> Result<Erased, DatabaseError> {
    let text = text(rows)?.unwrap_or_default();
    numbered(&text).map(|row| row.map(|(key, at)| (key, Timestamp::from_ms(at)))).collect()
}

impl<P: Platform> Store<'_, P> {
    /// Runs one statement for what it does.
    pub(crate) async fn run(&self, shard: usize, statement: Statement) -> Result<(), DatabaseError> {
        self.one(shard, statement).await.map(drop)
    }

    /// The row that a statement on the first database gives, if it gives one.
    pub(crate) async fn first_row(&self, statement: Statement) -> Result<Option<Snapshot>, DatabaseError> {
        let Some(text) = text(self.one(FIRST, statement).await?)? else { return Ok(None) };
        let mut parts = text.splitn(5, '\n').map(String::from);
        let mut next = || parts.next().ok_or_else(unreadable);
        Ok(Some(Snapshot {
            site: next()?,
            purpose: next()?,
            asked_at: number(Some(&next()?))?,
            built: next()?,
            building: next()?,
        }))
    }

    /// Where the logs end.
    pub(crate) async fn end(&self) -> Result<Position, DatabaseError> {
        let mut ends = Vec::new();
        for shard in FIRST..self.platform.shards() {
            let sql = "SELECT coalesce(max(log_index), 0) || '' AS text FROM events";
            let end = text(self.one(shard, Statement::new(sql, [])).await?)?;
            ends.push(number(end.as_deref())?);
        }
        Ok(Position(ends))
    }

    /// The names of the logs.
    pub(crate) async fn origins(&self) -> Result<String, DatabaseError> {
        let mut origins = Vec::new();
        for shard in FIRST..self.platform.shards() {
            origins.push(self.origin(shard).await?);
        }
        Ok(origins.join(" "))
    }

    /// A page of decisions, and who of those on it was erased.
    pub(crate) async fn decisions(
        &self,
        shard: usize,
        page: &Page<'_>,
    ) -> Result<(Decisions, Erased), DatabaseError> {
        let params: [Param; 8] = [
            page.subject.into(),
            page.log_index.into(),
            page.end.into(),
            page.purpose.as_str().into(),
            page.site.into(),
            i64::from(page.key_id.0).into(),
            Param::Integer(i64::try_from(page.position).unwrap_or(i64::MAX)),
            PAGE.into(),
        ];
        let read = text(self.one(shard, Statement::new(DECISIONS, params)).await?)?.ok_or_else(unreadable)?;
        let mut parts = read.splitn(3, '\n');
        let is_last = number::<i64>(parts.next())? < PAGE;
        let last = match parts.next().and_then(|last| last.split_at_checked(64)) {
            Some((subject, log_index)) => Some((subject.to_owned(), number(Some(log_index))?)),
            None => None,
        };
        let lines = parts.next().unwrap_or_default().to_owned();
        let upto = last.as_ref().map_or(page.subject, |(subject, _)| subject);
        let rows = self.one(shard, Statement::new(ERASED, [page.subject.into(), upto.into()])).await?;
        Ok((Decisions { last, lines, is_last }, erased(rows)?))
    }
}

/// Events about one purpose or an erasure, after one place and up to another.
macro_rules! seen {
    ($rest:literal) => {
        concat!(
            "WITH seen AS (SELECT log_index, subject FROM events WHERE log_index > ?1 AND log_index <= ?2 AND site = ?3 \
             AND key_id = ?5 AND (purpose = ?4 OR kind IN ('erasure_requested', 'evidence_redacted')) \
             ORDER BY log_index LIMIT ?6) ",
            $rest
        )
    };
}

const CHANGED: &str = seen!(
    "SELECT count(*) || char(10) || coalesce(max(log_index), 0) || char(10) || (SELECT max(log_index) FROM events) || char(10) || \
     coalesce((SELECT group_concat(lower(substr(hex(subject), 1, 32)) || ' ' || last, char(10)) FROM \
      (SELECT subject, max(log_index) AS last FROM seen GROUP BY subject)), '') AS text FROM seen"
);

const DECIDED: &str = seen!(
    "SELECT count(*) || char(10) || coalesce(group_concat(line, char(10)), '') AS text FROM (\
     SELECT lower(substr(hex(subject), 1, 32)) || ' ' || status || ' ' || created_at || ' ' || coalesce(decided_at, '') AS line \
     FROM events WHERE purpose IS NOT NULL AND subject IN (SELECT subject FROM seen) AND purpose = ?4 AND site = ?3 AND key_id = ?5 \
     ORDER BY subject, log_index LIMIT ?7)"
);

const CHANGED_ERASED: &str = seen!(
    "SELECT group_concat(lower(substr(hex(subject), 1, 32)) || ' ' || at, char(10)) AS text FROM (\
     SELECT subject, at FROM erased WHERE subject IN (SELECT subject FROM seen) ORDER BY subject)"
);

/// Events that are looked at for changes in one call.
const SCAN: u64 = if cfg!(test) { 50 } else { 100_000 };

/// Decisions that are read for the people who changed.
const MAX_DECISIONS: u64 = if cfg!(test) { 40 } else { 20_000 };

/// Whose changes are asked for, after which event.
#[derive(Clone, Copy)]
pub(crate) struct Since<'a> {
    pub(crate) log_index: u64,
    pub(crate) site: &'a Slug,
    pub(crate) purpose: &'a Purpose,
    pub(crate) key_id: KeyId,
    /// The most events to find.
    pub(crate) limit: u64,
}

/// Who changed, and all that they decided.
pub(crate) struct Changed {
    /// Up to which event was looked.
    pub(crate) position: u64,
    /// Where the log ends.
    pub(crate) end: u64,
    /// Each person with their last event.
    pub(crate) people: Vec<(Key, u64)>,
    /// Their decisions; `None` if they are too many to read at once.
    pub(crate) lines: Option<String>,
    pub(crate) erased: Erased,
}

/// Reads what changed, for [`changed`].
pub(crate) fn read_changes(since: &Since<'_>) -> Vec<Statement> {
    let integer = |value: u64| Param::Integer(i64::try_from(value).unwrap_or(i64::MAX));
    [CHANGED, DECIDED, CHANGED_ERASED]
        .into_iter()
        .map(|sql| {
            let params = [
                integer(since.log_index),
                integer(since.log_index + SCAN),
                since.site.as_str().into(),
                since.purpose.as_str().into(),
                i64::from(since.key_id.0).into(),
                integer(since.limit),
                integer(MAX_DECISIONS + 1),
            ];
            let used = if sql == DECIDED { 7 } else { 6 };
            Statement::new(sql, params.into_iter().take(used))
        })
        .collect()
}

/// What [`read_changes`] returned.
pub(crate) fn changed(
    since: &Since<'_>,
    rows: impl IntoIterator<Item = Rows>,
) -> Result<Changed, DatabaseError> {
    let mut rows = rows.into_iter();
    let mut next = || rows.next().unwrap_or_default();
    let seen = text(next())?.ok_or_else(unreadable)?;
    let decided = text(next())?.ok_or_else(unreadable)?;
    let erased = erased(next())?;
    let mut parts = seen.splitn(4, '\n');
    let events: u64 = number(parts.next())?;
    let last: u64 = number(parts.next())?;
    let end: u64 = number(parts.next())?;
    let people = numbered(parts.next().unwrap_or_default()).collect::<Result<_, _>>()?;
    let (count, lines) = decided.split_once('\n').ok_or_else(unreadable)?;
    let few = number::<u64>(Some(count))? <= MAX_DECISIONS;
    Ok(Changed {
        position: if events >= since.limit { last } else { end.min(since.log_index + SCAN) },
        end,
        people,
        lines: few.then(|| lines.to_owned()),
        erased,
    })
}
