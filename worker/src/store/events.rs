//! The log: appending events and reading them back. How an event becomes a row and a row an event is in [`super::rows`].

use super::{
    Claim, Store,
    erasures::{erased_at, read_erased},
    rows::{NewEvent, Row, Stored, StoredEvidence, row},
};
use crate::platform::{DatabaseError, Param, Platform, Rows, Statement};
use consentry::{
    event::{Event, Kind},
    hash::Hash,
    history::{Entry, History},
    log::{leaf, leaf_hash},
    purpose::Purpose,
    record::Status,
    subject::Subject,
    time::Timestamp,
};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

/// One statement for any number of events: they travel as one JSON array, so that a batch of twenty decisions is no more
/// statements and parameters than one. Under a name that the log has no longer, nothing is appended: `another name` is no JSON, so
/// the whole batch fails with [`DatabaseError::Renamed`].
const APPEND: &str = "\
INSERT INTO events (log_index, id, site, kind, subject, key_id, purpose, status, legal_basis, notice_hash, created_at, \
 decided_at, actor, details, evidence_commitment, evidence, leaf_hash) \
SELECT value ->> 'log_index', value ->> 'id', value ->> 'site', value ->> 'kind', unhex(value ->> 'subject'), \
 value ->> 'key_id', value ->> 'purpose', value ->> 'status', value ->> 'legal_basis', unhex(value ->> 'notice_hash'), \
 value ->> 'created_at', value ->> 'decided_at', value ->> 'actor', value ->> 'details', \
 unhex(value ->> 'evidence_commitment'), value ->> 'evidence', unhex(value ->> 'leaf_hash') \
FROM json_each(iif(?2 = (SELECT origin FROM log_origins ORDER BY first DESC LIMIT 1), ?1, 'another name')) \
ORDER BY key RETURNING log_index, id";

/// Appends one event, at its place if it must have one.
pub(super) fn append(origin: &str, new: &NewEvent, log_index: Option<u64>) -> Statement {
    let hash = leaf_hash(&leaf(origin, &new.event));
    append_rows(origin, &json!([row(new, hash, log_index)]))
}

fn append_rows(origin: &str, rows: &Value) -> Statement {
    Statement::new(APPEND, [Param::Text(rows.to_string()), origin.into()])
}

macro_rules! select {
    ($($where:literal),+ $(,)?) => {
        concat!(
            "SELECT log_index, id, site, kind, nullif(lower(hex(subject)), '') AS subject, key_id, purpose, status, \
             legal_basis, nullif(lower(hex(notice_hash)), '') AS notice_hash, created_at, decided_at, actor, details, \
             nullif(lower(hex(evidence_commitment)), '') AS evidence_commitment, evidence, \
             lower(hex(leaf_hash)) AS leaf_hash FROM events ",
            $($where),+
        )
    };
}

const RANGE: &str = select!("WHERE log_index >= ?1 AND log_index < ?1 + ?2 ORDER BY log_index");

macro_rules! page {
    ($subjects:literal, $kinds:literal, $order:literal) => {
        concat!(
            "SELECT * FROM (",
            select!(
                "WHERE subject ",
                $subjects,
                " AND purpose IS NOT NULL AND log_index > ?2 AND log_index <= coalesce(?3, log_index)",
                $kinds,
                " ORDER BY log_index",
                $order,
                " LIMIT ?4"
            ),
            ") UNION ALL SELECT * FROM (",
            select!(
                "WHERE subject ",
                $subjects,
                " AND purpose IS NULL AND log_index > ?2 AND log_index <= coalesce(?3, log_index)",
                $kinds,
                " ORDER BY log_index",
                $order,
                " LIMIT ?4"
            ),
            ") ORDER BY log_index",
            $order,
            " LIMIT ?4"
        )
    };
}

macro_rules! pages {
    ($subjects:literal) => {
        [
            page!($subjects, " AND (?5 IS NULL OR kind IN (SELECT value FROM json_each(?5)))", ""),
            page!($subjects, " AND (?5 IS NULL OR kind IN (SELECT value FROM json_each(?5)))", " DESC"),
        ]
    };
}

/// A page of what was done about a person, oldest and newest first. Each half walks one of the two partial indexes and stops at the
/// page's size.
const PAGES: [&str; 2] = pages!("= unhex(?1)");

/// The same with the visitors that the person turned out to be. Several subjects have no common order in an index, so this
/// one sorts; it is for the few who have any.
const JOINED_PAGES: [&str; 2] =
    pages!("IN (SELECT unhex(?1) UNION SELECT visitor FROM links WHERE subject = unhex(?1))");

macro_rules! kind {
    ($subjects:literal, $kind:literal) => {
        select!(
            "WHERE subject ",
            $subjects,
            " AND purpose IS ",
            $kind,
            " AND log_index > ?2 AND log_index <= ?3 ORDER BY log_index LIMIT ?4"
        )
    };
}

const DECISIONS: [&str; 2] =
    [kind!("= unhex(?1)", "NOT NULL"), kind!("IN (SELECT unhex(value) FROM json_each(?1))", "NOT NULL")];

const OTHERS: [&str; 2] =
    [kind!("= unhex(?1)", "NULL"), kind!("IN (SELECT unhex(value) FROM json_each(?1))", "NULL")];

const EVERYTHING: [&str; 2] =
    [page!("= unhex(?1)", "", ""), page!("IN (SELECT unhex(value) FROM json_each(?1))", "", "")];

const CONSENT: &str = select!("WHERE subject = unhex(?1) AND purpose IS NOT NULL ORDER BY log_index");

const HISTORY: &str = "SELECT log_index, purpose, status, created_at, decided_at, \
 details ->> 'over_gpc' AS over_gpc FROM events \
 WHERE subject = unhex(?1) AND purpose IS NOT NULL";

/// What an append did.
#[derive(Debug)]
pub(crate) struct Appended {
    /// The events in their places.
    pub(crate) events: Vec<Stored>,
    /// What each statement after them returned.
    pub(crate) after: Vec<Rows>,
}

#[derive(Deserialize)]
struct Place {
    log_index: u64,
    id: Uuid,
}

impl<P: Platform> Store<'_, P> {
    /// Appends events in one transaction with the statements after them. With a claim on an idempotency key that is taken,
    /// nothing is stored and the error is [`DatabaseError::Duplicate`].
    pub(crate) async fn append(
        &self,
        shard: usize,
        events: Vec<NewEvent>,
        claim: Option<&Claim>,
        after: Vec<Statement>,
    ) -> Result<Appended, DatabaseError> {
        let (mut leaves, mut own) = (Vec::new(), 1);
        let mut attempt = async || {
            let origin = self.origin(shard).await?;
            leaves = events.iter().map(|new| leaf_hash(&leaf(&origin, &new.event))).collect();
            let rows = events.iter().zip(&leaves).map(|(new, hash)| row(new, *hash, None)).collect();
            let mut statements = vec![append_rows(&origin, &rows)];
            // Straight after the events: it takes their place from last_insert_rowid().
            statements.extend(claim.into_iter().flat_map(|claim| claim.statements(events.len(), self.now)));
            own = statements.len();
            statements.extend(after.iter().cloned());
            self.platform.batch(shard, statements).await
        };
        let mut results = attempt().await;
        if results == Err(DatabaseError::Renamed) {
            // Another isolate began a new name.
            self.cache.origins.borrow_mut().remove(&shard);
            results = attempt().await;
        }
        let mut results = results?.into_iter();
        let places: Vec<Place> = results.next().unwrap_or_default().all()?;
        let events = events
            .into_iter()
            .zip(leaves)
            .map(|(new, leaf_hash)| {
                let place = places.iter().find(|place| place.id == new.event.id);
                let place = place
                    .ok_or_else(|| DatabaseError::Unreadable("an appended event has no place".into()))?;
                let evidence = new.evidence.map_or(StoredEvidence::None, StoredEvidence::Kept);
                Ok(Stored { log_index: place.log_index, leaf_hash, event: new.event, evidence })
            })
            .collect::<Result<_, DatabaseError>>()?;
        Ok(Appended { events, after: results.skip(own - 1).collect() })
    }

    /// Appends the event of a read and gives what the statement then reads.
    pub(crate) async fn append_then_read(
        &self,
        shard: usize,
        event: Event,
        read: Statement,
    ) -> Result<(Stored, Rows), DatabaseError> {
        let mut appended = self.append(shard, vec![event.into()], None, vec![read]).await?;
        match (appended.events.pop(), appended.after.pop()) {
            (Some(stored), Some(rows)) => Ok((stored, rows)),
            _ => Err(DatabaseError::Unreadable("a read returned nothing".into())),
        }
    }

    /// The events from a place on.
    pub(crate) async fn range(
        &self,
        shard: usize,
        first: u64,
        count: u64,
    ) -> Result<Vec<Stored>, DatabaseError> {
        stored(self.one(shard, read_range(first, count)).await?)
    }

    /// A `UUIDv7` (RFC 9562 § 5.7) of the call's time.
    pub(crate) fn new_id(&self) -> Uuid {
        let mut random = [0; 10];
        self.platform.random(&mut random);
        uuid::Builder::from_unix_timestamp_millis(self.now.as_ms().unsigned_abs(), &random).into_uuid()
    }
}

/// Reads the events from a place on, for [`stored`].
pub(crate) fn read_range(first: u64, count: u64) -> Statement {
    Statement::new(RANGE, [integer(first), integer(count)])
}

/// Reads the decisions of a person and whether they were erased, for [`history`].
pub(crate) fn read_history(subject: &Subject) -> Vec<Statement> {
    vec![Statement::new(HISTORY, [subject.hash.into()]), read_erased(subject)]
}

/// Reads the whole events of a person's decisions, for [`stored`].
pub(crate) fn read_consent(subject: &Subject) -> Statement {
    Statement::new(CONSENT, [subject.hash.into()])
}

/// Which page of a person's events is read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Paging {
    /// Whether the newest come first.
    pub(crate) newest_first: bool,
    /// Only events after this place.
    pub(crate) after: Option<u64>,
    /// Only events up to this place.
    pub(crate) until: Option<u64>,
    /// At most so many.
    pub(crate) limit: u64,
    /// Only events of these kinds; all if it is empty.
    pub(crate) kinds: Vec<Kind>,
}

/// Reads a page of the events about a person; with `joined`, of those about the visitors that the person turned out to be as well,
/// as far as they are in the same database.
pub(crate) fn read_page(joined: bool, subject: &Subject, paging: &Paging) -> Statement {
    let Paging { newest_first, after, until, limit, kinds } = paging;
    let [oldest, newest] = if joined { JOINED_PAGES } else { PAGES };
    let kinds = if kinds.is_empty() {
        Param::Null
    } else {
        json!(kinds.iter().map(|kind| kind.as_str()).collect::<Vec<_>>()).to_string().into()
    };
    Statement::new(
        if *newest_first { newest } else { oldest },
        [
            subject.hash.into(),
            after.map_or(Param::Integer(-1), integer),
            until.map_or(Param::Null, integer),
            integer(*limit),
            kinds,
        ],
    )
}

/// Which events are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Of {
    /// Decisions of the person.
    Decisions,
    /// Everything else that was done.
    Others,
    /// Both.
    All,
}

/// Reads at most `limit` events about a person and these visitors, after one place and up to another.
pub(crate) fn read_events(
    of: Of,
    subject: &Subject,
    visitors: &[Hash],
    after: Option<u64>,
    until: u64,
    limit: u64,
) -> Statement {
    let [alone, joined] = match of {
        Of::Decisions => DECISIONS,
        Of::Others => OTHERS,
        Of::All => EVERYTHING,
    };
    let after = after.map_or(Param::Integer(-1), integer);
    let (sql, subjects) = if visitors.is_empty() {
        (alone, subject.hash.into())
    } else {
        let all: Vec<_> = [&subject.hash].into_iter().chain(visitors).collect();
        (joined, json!(all).to_string().into())
    };
    Statement::new(sql, [subjects, after, integer(until), integer(limit)])
}

/// Removes the evidence of everything about a person.
pub(crate) fn redact(subject: &Subject) -> Vec<Statement> {
    // Twice, so that each walks one of the partial indexes.
    [
        "UPDATE events SET evidence = NULL WHERE subject = unhex(?1) AND purpose IS NOT NULL AND evidence IS NOT NULL",
        "UPDATE events SET evidence = NULL WHERE subject = unhex(?1) AND purpose IS NULL AND evidence IS NOT NULL",
    ]
    .map(|sql| Statement::new(sql, [subject.hash.into()]))
    .into()
}

/// Counts the pieces of evidence that are kept about a person, as `count`.
pub(crate) fn count_evidence(subject: &Subject) -> Statement {
    let sql = "SELECT count(*) AS count FROM (\
        SELECT 1 FROM events WHERE subject = unhex(?1) AND purpose IS NOT NULL AND evidence IS NOT NULL UNION ALL \
        SELECT 1 FROM events WHERE subject = unhex(?1) AND purpose IS NULL AND evidence IS NOT NULL)";
    Statement::new(sql, [subject.hash.into()])
}

/// What [`read_history`] returned.
pub(crate) fn history(rows: Vec<Rows>) -> Result<History, DatabaseError> {
    #[derive(Deserialize)]
    struct Row {
        log_index: u64,
        purpose: Purpose,
        status: Status,
        created_at: i64,
        decided_at: Option<i64>,
        over_gpc: Option<u8>,
    }
    let [entries, erased] = <[Rows; 2]>::try_from(rows)
        .map_err(|_| DatabaseError::Unreadable("a history is not what two statements return".into()))?;
    let entries = entries.all::<Row>()?.into_iter();
    let history = History::new(
        entries
            .map(|row| Entry {
                log_index: row.log_index,
                purpose: row.purpose,
                status: row.status,
                created_at: Timestamp::from_ms(row.created_at),
                decided_at: row.decided_at.map(Timestamp::from_ms),
                over_gpc: row.over_gpc == Some(1),
            })
            .collect(),
    );
    Ok(history.erased(erased_at(erased)?))
}

/// What [`read_page`] returned.
pub(crate) fn stored(rows: Rows) -> Result<Vec<Stored>, DatabaseError> {
    rows.all::<Row>()?.into_iter().map(Stored::try_from).collect()
}

fn integer(value: u64) -> Param {
    Param::Integer(i64::try_from(value).unwrap_or(i64::MAX))
}
