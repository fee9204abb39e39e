//! Which visitors turned out to be which person.

use super::Store;
use crate::platform::{DatabaseError, Platform, Rows, Statement};
use consentry::{hash::Hash, subject::Subject};
use serde::Deserialize;

/// Stores that a visitor is a person; the same twice is stored once.
pub(crate) fn save_link(person: &Subject, visitor: &Subject) -> Statement {
    Statement::new(
        "INSERT INTO links (subject, visitor) VALUES (unhex(?1), unhex(?2)) ON CONFLICT DO NOTHING",
        [person.hash.into(), visitor.hash.into()],
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
}
