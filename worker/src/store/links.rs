//! Which visitors turned out to be which person.

use super::Store;
use crate::platform::{DatabaseError, Platform, Statement};
use consentry::{
    hash::Hash,
    subject::{KeyId, Subject},
};
use serde::Deserialize;

/// Stores that a visitor is a person; the same twice is stored once.
pub(crate) fn save_link(person: &Subject, visitor: &Subject) -> Statement {
    Statement::new(
        "INSERT INTO links (subject, visitor) VALUES (unhex(?1), unhex(?2)) ON CONFLICT DO NOTHING",
        [person.hash.into(), visitor.hash.into()],
    )
}

impl<P: Platform> Store<'_, P> {
    /// The visitors that are a person; they have keyed hashes by the same key.
    pub(crate) async fn visitors(&self, person: &Subject) -> Result<Vec<Subject>, DatabaseError> {
        #[derive(Deserialize)]
        struct Row {
            visitor: Hash,
        }
        let sql = "SELECT lower(hex(visitor)) AS visitor FROM links WHERE subject = unhex(?1)";
        let rows = self.one(self.shard_of(person), Statement::new(sql, [person.hash.into()])).await?;
        let key_id: KeyId = person.key_id;
        Ok(rows.all::<Row>()?.into_iter().map(|row| Subject { hash: row.visitor, key_id }).collect())
    }
}
