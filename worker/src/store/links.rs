//! Which visitors turned out to be which person.

use super::Store;
use crate::platform::{DatabaseError, Platform, Rows, Statement};
use consentry::{hash::Hash, subject::Subject};
use serde::Deserialize;

/// Stores that a visitor is a person, with the visitor's id as [`crate::erasure::users`] seals it; the same twice is stored once.
pub(crate) fn save_link(person: &Subject, visitor: &Subject, sealed: String) -> Statement {
    Statement::new(
        "INSERT INTO links (subject, visitor, visitor_id) VALUES (unhex(?1), unhex(?2), ?3) \
         ON CONFLICT DO UPDATE SET visitor_id = excluded.visitor_id",
        [person.hash.into(), visitor.hash.into(), sealed.into()],
    )
}

/// Reads the visitors that are a person, for [`visitors`].
pub(crate) fn read_visitors(person: &Subject) -> Statement {
    let sql = "SELECT lower(hex(visitor)) AS visitor FROM links WHERE subject = unhex(?1)";
    Statement::new(sql, [person.hash.into()])
}

/// What [`read_visitors`] returned. Visitors have keyed hashes by the same key as the person.
pub(crate) fn visitors(person: &Subject, rows: Rows) -> Result<Vec<Subject>, DatabaseError> {
    #[derive(Deserialize)]
    struct Row {
        visitor: Hash,
    }
    let key_id = person.key_id;
    Ok(rows.all::<Row>()?.into_iter().map(|row| Subject { hash: row.visitor, key_id }).collect())
}

impl<P: Platform> Store<'_, P> {
    /// The visitors that are a person.
    pub(crate) async fn visitors(&self, person: &Subject) -> Result<Vec<Subject>, DatabaseError> {
        visitors(person, self.one(self.shard_of(person), read_visitors(person)).await?)
    }

    /// The visitors that are a person and whose ids are kept, with the sealed ids.
    pub(crate) async fn visitor_ids(
        &self,
        person: &Subject,
    ) -> Result<Vec<(Subject, String)>, DatabaseError> {
        #[derive(Deserialize)]
        struct Row {
            visitor: Hash,
            visitor_id: String,
        }
        let sql = "SELECT lower(hex(visitor)) AS visitor, visitor_id FROM links \
                   WHERE subject = unhex(?1) AND visitor_id IS NOT NULL";
        let rows: Vec<Row> =
            self.one(self.shard_of(person), Statement::new(sql, [person.hash.into()])).await?.all()?;
        let subject = |hash| Subject { hash, key_id: person.key_id };
        Ok(rows.into_iter().map(|row| (subject(row.visitor), row.visitor_id)).collect())
    }
}
