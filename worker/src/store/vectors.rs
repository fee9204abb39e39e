//! Which vectors were made of whose data. Each is in the database of its subject.

use super::Store;
use crate::platform::{DatabaseError, Param, Platform, Rows, Statement};
use consentry::{hash::Hash, subject::Subject, time::Timestamp};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Subjects with the ids of their vectors.
pub(crate) type Vectors<'a> = BTreeMap<Hash, Vec<&'a str>>;

/// Whose data was erased and who granted nothing since: [`consentry::history::ends`], in SQL so that it holds at the moment of the write.
macro_rules! erased {
    ($subject:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM erased WHERE erased.subject = ",
            $subject,
            " AND NOT EXISTS (SELECT 1 FROM events WHERE events.subject = erased.subject AND purpose IS NOT NULL \
             AND status = 'granted' AND min(created_at, coalesce(decided_at, created_at)) > erased.at))"
        )
    };
}

fn params(vectors: &Vectors<'_>, store: &str) -> [Param; 2] {
    [serde_json::json!(vectors).to_string().into(), store.into()]
}

/// Stores vectors, but none of subjects that [`read_refused`] gives.
pub(crate) fn save_vectors(vectors: &Vectors<'_>, store: &str, now: Timestamp) -> Statement {
    const SAVE: &str = concat!(
        "INSERT INTO vectors (subject, store, id, noted_at) SELECT unhex(p.key), ?2, i.value, ?3 \
         FROM json_each(?1) p, json_each(p.value) i WHERE NOT ",
        erased!("unhex(p.key)"),
        " ON CONFLICT DO UPDATE SET noted_at = excluded.noted_at"
    );
    let [vectors, store] = params(vectors, store);
    Statement::new(SAVE, [vectors, store, now.into()])
}

/// Reads which of the subjects have no vectors because their data was erased, for [`refused`].
pub(crate) fn read_refused(vectors: &Vectors<'_>) -> Statement {
    const READ: &str =
        concat!("SELECT p.key AS subject FROM json_each(?1) p WHERE ", erased!("unhex(p.key)"));
    let [vectors, _] = params(vectors, "");
    Statement::new(READ, [vectors])
}

/// What [`read_refused`] returned.
pub(crate) fn refused(rows: Rows) -> Result<Vec<Hash>, DatabaseError> {
    #[derive(Deserialize)]
    struct Row {
        subject: Hash,
    }
    Ok(rows.all::<Row>()?.into_iter().map(|row| row.subject).collect())
}

/// Forgets vectors that are gone.
pub(crate) fn forget_vectors(vectors: &Vectors<'_>, store: &str) -> Statement {
    let sql = "DELETE FROM vectors WHERE store = ?2 AND (subject, id) IN \
        (SELECT unhex(p.key), i.value FROM json_each(?1) p, json_each(p.value) i)";
    Statement::new(sql, params(vectors, store))
}

/// A vector.
#[derive(Debug, Deserialize)]
pub(crate) struct Vector {
    pub(crate) id: String,
    /// In milliseconds.
    pub(crate) noted_at: i64,
}

impl<P: Platform> Store<'_, P> {
    /// Vectors of a subject in a store, those that have been there longest first.
    pub(crate) async fn vectors(
        &self,
        subject: &Subject,
        store: &str,
        limit: usize,
    ) -> Result<Vec<Vector>, DatabaseError> {
        let sql = "SELECT id, noted_at FROM vectors WHERE subject = unhex(?1) AND store = ?2 ORDER BY noted_at, id LIMIT ?3";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let params = [subject.hash.into(), store.into(), limit.into()];
        self.one(self.shard_of(subject), Statement::new(sql, params)).await?.all()
    }

    /// How many vectors a subject has, by store.
    pub(crate) async fn vector_counts(&self, subject: &Subject) -> Result<Vec<(String, u64)>, DatabaseError> {
        #[derive(Deserialize)]
        struct Row {
            store: String,
            count: u64,
        }
        let sql = "SELECT store, count(*) AS count FROM vectors WHERE subject = unhex(?1) GROUP BY store";
        let rows = self.one(self.shard_of(subject), Statement::new(sql, [subject.hash.into()])).await?;
        Ok(rows.all::<Row>()?.into_iter().map(|row| (row.store, row.count)).collect())
    }
}
