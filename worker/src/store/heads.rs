//! The head of each log, and the hashes of the leaves that come after it. Rows are taken apart by hand: a type for each would
//! bring several kilobytes of code.

use super::Store;
use crate::platform::{DatabaseError, Platform, Statement};
use consentry::{hash::Hash, merkle::Head};
use serde_json::Value;

/// A checkpoint that was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SignedHead {
    pub(crate) head: Head,
    /// The signed note.
    pub(crate) note: String,
    /// The public key, as verifiers take it.
    pub(crate) key: String,
}

impl<P: Platform> Store<'_, P> {
    /// The head of a log, once one was signed.
    pub(crate) async fn head(&self, shard: usize) -> Result<Option<SignedHead>, DatabaseError> {
        let sql = "SELECT size, lower(hex(root)) AS root, note, key FROM log_head WHERE id = 0";
        let rows = self.one(shard, Statement::new(sql, [])).await?;
        let read = |row: &Value| {
            Some(SignedHead {
                head: Head { size: row["size"].as_u64()?, root: Hash::parse(row["root"].as_str()?)? },
                note: row["note"].as_str()?.into(),
                key: row["key"].as_str()?.into(),
            })
        };
        let unreadable = || DatabaseError::Unreadable("the head of the log".into());
        rows.0.first().map(|row| read(row).ok_or_else(unreadable)).transpose()
    }

    /// Stores a head, unless one of a larger log is there already.
    pub(crate) async fn keep_head(&self, shard: usize, signed: &SignedHead) -> Result<(), DatabaseError> {
        let statement = Statement::new(
            "INSERT INTO log_head (id, size, root, note, key, signed_at) VALUES (0, ?1, unhex(?2), ?3, ?4, ?5) \
             ON CONFLICT (id) DO UPDATE SET size = excluded.size, root = excluded.root, note = excluded.note, \
             key = excluded.key, signed_at = excluded.signed_at WHERE excluded.size > log_head.size",
            [
                integer(signed.head.size).into(),
                signed.head.root.into(),
                signed.note.clone().into(),
                signed.key.clone().into(),
                self.now.into(),
            ],
        );
        self.one(shard, statement).await.map(drop)
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
