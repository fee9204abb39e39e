//! Where each erasure stands. What was done is in the log; this table is for finding and following one.

use super::{FIRST, Store};
use crate::platform::{DatabaseError, Param, Platform, Statement};
use consentry::{
    erasure::{State, StoreReport},
    hash::Hash,
    slug::Slug,
    subject::{KeyId, Subject},
    time::Timestamp,
};
use serde::Deserialize;
use uuid::Uuid;

macro_rules! select {
    ($where:literal) => {
        concat!(
            "SELECT id, site, lower(hex(subject)) AS subject, key_id, state, requested_at, due_at, completed_at, stores \
             FROM erasures ",
            $where
        )
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
    pub(crate) stores: Vec<StoreReport>,
}

/// Stores a new erasure.
pub(crate) fn save_erasure(erasure: &ErasureRow) -> Statement {
    Statement::new(
        "INSERT INTO erasures (id, site, subject, key_id, state, requested_at, due_at, completed_at, stores) \
         VALUES (?1, ?2, unhex(?3), ?4, ?5, ?6, ?7, ?8, ?9)",
        [
            erasure.id.to_string().into(),
            erasure.site.as_str().into(),
            erasure.subject.hash.into(),
            i64::from(erasure.subject.key_id.0).into(),
            erasure.state.as_str().into(),
            erasure.requested_at.into(),
            erasure.due_at.into(),
            erasure.completed_at.map_or(Param::Null, Param::from),
            serde_json::json!(erasure.stores).to_string().into(),
        ],
    )
}

impl<P: Platform> Store<'_, P> {
    /// The erasure with this id, whichever database it is in.
    pub(crate) async fn erasure(&self, id: Uuid) -> Result<Option<(usize, ErasureRow)>, DatabaseError> {
        const FIND: &str = select!("WHERE id = ?1");
        for shard in FIRST..self.platform.shards() {
            let rows = self.one(shard, Statement::new(FIND, [id.to_string().into()])).await?;
            if let Some(row) = rows.first::<Row>()? {
                return Ok(Some((shard, row.try_into()?)));
            }
        }
        Ok(None)
    }

    /// Erasures that were begun before a moment and have not ended.
    pub(crate) async fn unfinished(
        &self,
        shard: usize,
        before: Timestamp,
    ) -> Result<Vec<ErasureRow>, DatabaseError> {
        const UNFINISHED: &str =
            select!("WHERE state = 'running' AND requested_at < ?1 ORDER BY requested_at LIMIT 100");
        let rows = self.one(shard, Statement::new(UNFINISHED, [before.into()])).await?;
        rows.all::<Row>()?.into_iter().map(ErasureRow::try_from).collect()
    }
}

/// Stores how an erasure ended.
pub(crate) fn update_erasure(erasure: &ErasureRow) -> Statement {
    Statement::new(
        "UPDATE erasures SET state = ?2, completed_at = ?3, stores = ?4 WHERE id = ?1",
        [
            erasure.id.to_string().into(),
            erasure.state.as_str().into(),
            erasure.completed_at.map_or(Param::Null, Param::from),
            serde_json::json!(erasure.stores).to_string().into(),
        ],
    )
}

#[derive(Deserialize)]
struct Row {
    id: Uuid,
    site: String,
    subject: Hash,
    key_id: KeyId,
    state: State,
    requested_at: i64,
    due_at: i64,
    completed_at: Option<i64>,
    stores: String,
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
            stores: serde_json::from_str(&row.stores).map_err(|_| unreadable())?,
        })
    }
}
