//! The head of each log, and the hashes of the leaves that come after it. Rows are taken apart by hand: a type for each would
//! bring several kilobytes of code.

use super::Store;
use crate::platform::{DatabaseError, Platform, Row, Statement};
use consentry::{hash::Hash, merkle::Head, time::Timestamp};

/// A checkpoint that was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SignedHead {
    pub(crate) head: Head,
    /// The signed note.
    pub(crate) note: String,
    /// The public key, as verifiers take it.
    pub(crate) key: String,
    pub(crate) signed_at: Timestamp,
}

macro_rules! insert {
    ($($conflict:literal)?) => {
        concat!(
            "INSERT INTO log_head (id, size, root, note, key, signed_at) VALUES (0, ?1, unhex(?2), ?3, ?4, ?5)",
            $($conflict)?
        )
    };
}

const KEEP: &str = insert!(
    " ON CONFLICT (id) DO UPDATE SET size = excluded.size, root = excluded.root, note = excluded.note, \
     key = excluded.key, signed_at = excluded.signed_at WHERE excluded.size > log_head.size"
);

fn insert(sql: &'static str, signed: &SignedHead, now: Timestamp) -> Statement {
    let Head { size, root } = signed.head;
    let note = signed.note.clone().into();
    Statement::new(sql, [integer(size).into(), root.into(), note, signed.key.clone().into(), now.into()])
}

/// Puts the head of the log's new name in the place of that of the old one; without one it has none yet.
pub(super) fn replace_head(signed: Option<&SignedHead>, now: Timestamp) -> Vec<Statement> {
    let mut statements = vec![Statement::new("DELETE FROM log_head", [])];
    statements.extend(signed.map(|signed| insert(insert!(), signed, now)));
    statements
}

impl<P: Platform> Store<'_, P> {
    /// The head of a log, once one was signed.
    pub(crate) async fn head(&self, shard: usize) -> Result<Option<SignedHead>, DatabaseError> {
        let sql = "SELECT size, lower(hex(root)) AS root, note, key, signed_at FROM log_head WHERE id = 0";
        let rows = self.one(shard, Statement::new(sql, [])).await?;
        let read = |row: &Row| {
            Some(SignedHead {
                head: Head { size: row["size"].as_u64()?, root: Hash::parse(row["root"].as_str()?)? },
                note: row["note"].as_str()?.into(),
                key: row["key"].as_str()?.into(),
                signed_at: Timestamp::from_ms(row["signed_at"].as_i64()?),
            })
        };
        let unreadable = || DatabaseError::Unreadable("the head of the log".into());
        rows.0.first().map(|row| read(row).ok_or_else(unreadable)).transpose()
    }

    /// Stores a head, unless one of a larger log is there already.
    pub(crate) async fn keep_head(&self, shard: usize, signed: &SignedHead) -> Result<(), DatabaseError> {
        self.one(shard, insert(KEEP, signed, self.now)).await.map(drop)
    }

    /// How many events there are from a place on, and the time of the first of them.
    pub(crate) async fn waiting(
        &self,
        shard: usize,
        size: u64,
    ) -> Result<(u64, Option<Timestamp>), DatabaseError> {
        let sql = "SELECT max(log_index) + 1 AS events, (SELECT created_at FROM events WHERE log_index = ?1) AS since FROM events";
        let rows = self.one(shard, Statement::new(sql, [integer(size).into()])).await?;
        let Some(row) = rows.0.first() else { return Ok((0, None)) };
        let events = row["events"].as_u64().unwrap_or_default();
        Ok((events.saturating_sub(size), row["since"].as_i64().map(Timestamp::from_ms)))
    }

    /// The hashes of the leaves from a place on, at most so many.
    pub(crate) async fn leaves(
        &self,
        shard: usize,
        first: u64,
        limit: u32,
    ) -> Result<Vec<Hash>, DatabaseError> {
        let sql = "SELECT log_index, lower(hex(leaf_hash)) AS leaf_hash FROM events WHERE log_index >= ?1 \
                   ORDER BY log_index LIMIT ?2";
        let params = [integer(first).into(), i64::from(limit).into()];
        let rows = self.one(shard, Statement::new(sql, params)).await?;
        let mut leaves = Vec::with_capacity(rows.0.len());
        for (index, row) in (first..).zip(&rows.0) {
            let leaf = row["leaf_hash"].as_str().and_then(Hash::parse);
            match leaf.filter(|_| row["log_index"].as_u64() == Some(index)) {
                Some(leaf) => leaves.push(leaf),
                None => return Err(DatabaseError::Unreadable(format!("event {index}"))),
            }
        }
        Ok(leaves)
    }
}

fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
