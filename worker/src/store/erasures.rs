//! Where each erasure stands. What was done is in the log; this table is for finding and following one.

use super::{FIRST, Store};
use crate::platform::{DatabaseError, Param, Platform, Rows, Statement};
use consentry::{
    erasure::State,
    hash::Hash,
    slug::Slug,
    subject::{KeyId, Subject},
    time::Timestamp,
};
use serde::Deserialize;
use std::collections::BTreeMap;
use uuid::Uuid;

/// What a [`Row`] is read from.
macro_rules! columns {
    () => {
        "id, site, lower(hex(subject)) AS subject, key_id, state, requested_at, due_at, completed_at, users, \
         revision, ledgered, regime, ground, extension"
    };
}

pub(super) use columns;

macro_rules! select {
    ($where:literal) => {
        concat!("SELECT ", columns!(), " FROM erasures ", $where)
    };
}

/// An erasure.
#[derive(Debug, Clone)]
pub(crate) struct ErasureRow {
    pub(crate) id: Uuid,
    pub(crate) site: Slug,
    pub(crate) subject: Subject,
    pub(crate) state: State,
    pub(crate) requested_at: Timestamp,
    pub(crate) due_at: Timestamp,
    pub(crate) completed_at: Option<Timestamp>,
    /// The ids by which stores know the person, as [`crate::erasure::users`] seals them.
    pub(crate) users: Option<String>,
    /// How often it was decided about.
    pub(crate) revision: u32,
    /// Whether its entry in the ledger is of this revision.
    pub(crate) ledgered: bool,
    /// The code of the regime whose deadline holds.
    pub(crate) regime: String,
    /// Why it is refused or held.
    pub(crate) ground: Option<String>,
    /// Why the deadline was extended.
    pub(crate) extension: Option<String>,
}

impl ErasureRow {
    /// Whether stores may be worked on.
    pub(crate) fn may_go_on(&self) -> bool {
        self.state.may_go_on()
    }
}

fn optional(text: Option<&String>) -> Param {
    text.map_or(Param::Null, |text| text.as_str().into())
}

/// Stores a new erasure. [`DatabaseError::Duplicate`] of `erasures` says that the person has an open one.
pub(crate) fn save_erasure(erasure: &ErasureRow) -> Statement {
    Statement::new(
        "INSERT INTO erasures (id, site, subject, key_id, state, requested_at, due_at, completed_at, users, ledgered, regime, \
         ground, extension, revision, open_for) \
         VALUES (?1, ?2, unhex(?3), ?4, ?5, ?6, ?7, NULL, ?8, ?9, ?10, ?11, ?12, ?13, unhex(?3))",
        [
            erasure.id.to_string().into(),
            erasure.site.as_str().into(),
            erasure.subject.hash.into(),
            i64::from(erasure.subject.key_id.0).into(),
            erasure.state.as_str().into(),
            erasure.requested_at.into(),
            erasure.due_at.into(),
            optional(erasure.users.as_ref()),
            i64::from(erasure.ledgered).into(),
            erasure.regime.as_str().into(),
            optional(erasure.ground.as_ref()),
            optional(erasure.extension.as_ref()),
            i64::from(erasure.revision).into(),
        ],
    )
}

impl<P: Platform> Store<'_, P> {
    /// The erasure with this id, whichever database it is in.
    pub(crate) async fn erasure(&self, id: Uuid) -> Result<Option<(usize, ErasureRow)>, DatabaseError> {
        for shard in FIRST..self.platform.shards() {
            if let Some(erasure) = self.erasure_in(shard, id).await? {
                return Ok(Some((shard, erasure)));
            }
        }
        Ok(None)
    }

    /// Of these erasures those that some database has, and when each ended, if it did.
    pub(crate) async fn known_erasures(
        &self,
        ids: impl Iterator<Item = Uuid>,
    ) -> Result<BTreeMap<Uuid, Option<Timestamp>>, DatabaseError> {
        #[derive(Deserialize)]
        struct Known {
            id: Uuid,
            ended: Option<i64>,
        }
        const FIND: &str = "SELECT id, iif(state IN ('done', 'refused'), completed_at, NULL) AS ended FROM erasures \
                            WHERE id IN (SELECT value FROM json_each(?1))";
        let ids = serde_json::json!(ids.collect::<Vec<_>>()).to_string();
        let mut known = BTreeMap::new();
        for shard in FIRST..self.platform.shards() {
            let rows: Vec<Known> =
                self.one(shard, Statement::new(FIND, [ids.as_str().into()])).await?.all()?;
            known.extend(rows.into_iter().map(|row| (row.id, row.ended.map(Timestamp::from_ms))));
        }
        Ok(known)
    }

    /// The erasure with this id in one database.
    pub(crate) async fn erasure_in(
        &self,
        shard: usize,
        id: Uuid,
    ) -> Result<Option<ErasureRow>, DatabaseError> {
        const FIND: &str = select!("WHERE id = ?1");
        let rows = self.one(shard, Statement::new(FIND, [id.to_string().into()])).await?;
        rows.first::<Row>()?.map(ErasureRow::try_from).transpose()
    }

    /// The erasure of a person that is open.
    pub(crate) async fn open_erasure(&self, subject: &Subject) -> Result<Option<ErasureRow>, DatabaseError> {
        const OPEN: &str = select!("WHERE open_for = unhex(?1)");
        let rows = self.one(self.shard_of(subject), Statement::new(OPEN, [subject.hash.into()])).await?;
        rows.first::<Row>()?.map(ErasureRow::try_from).transpose()
    }

    /// Erasures of which the edge may work on something, or that wait for nothing but their end or their entry in the ledger.
    pub(crate) async fn due_erasures(&self, shard: usize) -> Result<Vec<Uuid>, DatabaseError> {
        #[derive(Deserialize)]
        struct Due {
            id: Uuid,
        }
        // Two halves, each over an index, so that those that ended are not read every minute.
        let sql = "SELECT id FROM erasures WHERE id IN (\
             SELECT id FROM erasures WHERE state IN ('open', 'running', 'partly_done') AND (\
             EXISTS (SELECT 1 FROM erasure_tasks WHERE erasure = erasures.id AND state <> 'done' AND kind <> 'agent' \
             AND next_at <= ?1 AND leased_until <= ?1) \
             OR NOT EXISTS (SELECT 1 FROM erasure_tasks WHERE erasure = erasures.id AND state <> 'done')) \
             UNION ALL SELECT id FROM erasures WHERE ledgered = 0 AND state <> 'verifying') \
             ORDER BY requested_at LIMIT 50";
        let rows: Vec<Due> = self.one(shard, Statement::new(sql, [self.now.into()])).await?.all()?;
        Ok(rows.into_iter().map(|row| row.id).collect())
    }

    /// Notes that the ledger has an erasure's entry of this revision; whether that is still the last one.
    pub(crate) async fn note_ledgered(
        &self,
        shard: usize,
        id: Uuid,
        revision: u32,
    ) -> Result<bool, DatabaseError> {
        let sql = "UPDATE erasures SET ledgered = 1 WHERE id = ?1 AND revision = ?2 RETURNING id";
        let params = [id.to_string().into(), i64::from(revision).into()];
        Ok(!self.one(shard, Statement::new(sql, params)).await?.0.is_empty())
    }

    /// When the erasure of a subject's data was last asked for, if ever.
    pub(crate) async fn erased(&self, subject: &Subject) -> Result<Option<Timestamp>, DatabaseError> {
        erased_at(self.one(self.shard_of(subject), read_erased(subject)).await?)
    }

    /// The last erasure that somebody asked for up to a moment, by its event.
    pub(crate) async fn last_erasure(
        &self,
        subject: &Subject,
        at: Timestamp,
    ) -> Result<Option<Uuid>, DatabaseError> {
        #[derive(Deserialize)]
        struct Asked {
            erasure: Option<Uuid>,
        }
        let sql = "SELECT details ->> 'erasure' AS erasure FROM events WHERE subject = unhex(?1) AND purpose IS NULL \
                   AND kind = 'erasure_requested' AND created_at <= ?2 ORDER BY log_index DESC LIMIT 1";
        let rows =
            self.one(self.shard_of(subject), Statement::new(sql, [subject.hash.into(), at.into()])).await?;
        Ok(rows.first::<Asked>()?.and_then(|asked| asked.erasure))
    }

    /// Forgets the ids of erasures that ended before a moment: those of the people and of the visitors they turned out to be.
    pub(crate) async fn forget_users(
        &self,
        shard: usize,
        ended_before: Timestamp,
    ) -> Result<(), DatabaseError> {
        let statements = [
            "UPDATE links SET visitor_id = NULL WHERE visitor_id IS NOT NULL AND subject IN (\
             SELECT subject FROM erasures WHERE users IS NOT NULL AND completed_at <= ?1 AND state IN ('done', 'refused'))",
            "UPDATE erasures SET users = NULL WHERE users IS NOT NULL AND completed_at <= ?1 AND state IN ('done', 'refused')",
        ];
        let statements = statements.map(|sql| Statement::new(sql, [ended_before.into()])).into();
        self.platform.batch(shard, statements).await.map(drop)
    }
}

/// Notes that a person's data is to be erased, last asked for at `at`: what they granted until then stands no longer
/// ([`consentry::history::ends`]). A step that is done late or again doesn't take it back.
pub(crate) fn save_erased(subject: &Subject, at: Timestamp) -> Statement {
    Statement::new(
        "INSERT INTO erased (subject, at) VALUES (unhex(?1), ?2) ON CONFLICT (subject) DO UPDATE SET at = max(at, excluded.at)",
        [subject.hash.into(), at.into()],
    )
}

/// Reads when the erasure of a person's data was last asked for, for [`erased_at`].
pub(crate) fn read_erased(subject: &Subject) -> Statement {
    Statement::new("SELECT at FROM erased WHERE subject = unhex(?1)", [subject.hash.into()])
}

/// What [`read_erased`] returned; `None` if it never was.
pub(crate) fn erased_at(rows: Rows) -> Result<Option<Timestamp>, DatabaseError> {
    #[derive(Deserialize)]
    struct Row {
        at: i64,
    }
    Ok(rows.first::<Row>()?.map(|row| Timestamp::from_ms(row.at)))
}

/// Stores where an erasure stands that is neither at its end nor kept from going on.
pub(crate) fn note_state(id: Uuid, state: State) -> Statement {
    Statement::new(
        "UPDATE erasures SET state = ?2 WHERE id = ?1 AND state IN ('open', 'running', 'partly_done')",
        [id.to_string().into(), state.as_str().into()],
    )
}

/// Stores what was decided about an erasure over the revision `over`, or that it ended; [`State::Done`] and [`State::Refused`] close
/// it. The batch fails with [`DatabaseError::Overtaken`] if that is no longer the last revision, or it was closed, or it is to be
/// kept from going on and nothing is left to do: so of an end and a hold that come together one counts and the other leaves nothing.
pub(crate) fn change_erasure(erasure: &ErasureRow, over: u32) -> Statement {
    let closed = erasure.state.is_ended();
    let stops = matches!(erasure.state, State::Refused | State::OnHold);
    Statement::new(
        "UPDATE erasures SET state = ?2, due_at = ?3, completed_at = ?4, ground = ?5, extension = ?6, \
         open_for = iif(?7, NULL, open_for), ledgered = ?11, \
         revision = iif(revision = ?8 AND state NOT IN ('done', 'refused') AND (NOT ?9 OR EXISTS (\
         SELECT 1 FROM erasure_tasks WHERE erasure = ?1 AND state <> 'done')), ?10, NULL) WHERE id = ?1",
        [
            erasure.id.to_string().into(),
            erasure.state.as_str().into(),
            erasure.due_at.into(),
            erasure.completed_at.map_or(Param::Null, Param::from),
            optional(erasure.ground.as_ref()),
            optional(erasure.extension.as_ref()),
            i64::from(closed).into(),
            i64::from(over).into(),
            i64::from(stops).into(),
            i64::from(erasure.revision).into(),
            i64::from(erasure.ledgered).into(),
        ],
    )
}

/// Stores another deadline, decided over the revision `over`; where the work stands it leaves alone. Fails as [`change_erasure`].
pub(crate) fn extend_erasure(erasure: &ErasureRow, over: u32) -> Statement {
    Statement::new(
        "UPDATE erasures SET due_at = ?2, extension = ?3, ledgered = 0, \
         revision = iif(revision = ?4 AND state NOT IN ('done', 'refused'), ?5, NULL) WHERE id = ?1",
        [
            erasure.id.to_string().into(),
            erasure.due_at.into(),
            optional(erasure.extension.as_ref()),
            i64::from(over).into(),
            i64::from(erasure.revision).into(),
        ],
    )
}

/// Changes nothing, but fails as [`change_erasure`] unless the erasure's stores may be worked on and nothing was decided about it since
/// the revision `over`.
pub(crate) fn goes_on(id: Uuid, over: u32) -> Statement {
    Statement::new(
        "UPDATE erasures SET revision = iif(revision = ?2 AND state IN ('open', 'running', 'partly_done'), revision, NULL) \
         WHERE id = ?1",
        [id.to_string().into(), i64::from(over).into()],
    )
}

/// A row of the table.
#[derive(Deserialize)]
pub(super) struct Row {
    id: Uuid,
    site: String,
    subject: Hash,
    key_id: KeyId,
    state: State,
    requested_at: i64,
    due_at: i64,
    completed_at: Option<i64>,
    users: Option<String>,
    revision: u32,
    ledgered: u8,
    regime: String,
    ground: Option<String>,
    extension: Option<String>,
}

impl TryFrom<Row> for ErasureRow {
    type Error = DatabaseError;

    fn try_from(row: Row) -> Result<Self, DatabaseError> {
        let unreadable = || DatabaseError::Unreadable(format!("erasure {}", row.id));
        Ok(Self {
            id: row.id,
            site: Slug::parse(&row.site).ok_or_else(unreadable)?,
            subject: Subject { hash: row.subject, key_id: row.key_id },
            state: row.state,
            requested_at: Timestamp::from_ms(row.requested_at),
            due_at: Timestamp::from_ms(row.due_at),
            completed_at: row.completed_at.map(Timestamp::from_ms),
            users: row.users,
            revision: row.revision,
            ledgered: row.ledgered == 1,
            regime: row.regime,
            ground: row.ground,
            extension: row.extension,
        })
    }
}
