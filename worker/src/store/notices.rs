//! The words of notices. They are of no person, so they are in the first database.

use super::{FIRST, Store};
use crate::platform::{DatabaseError, Platform, Statement};
use consentry::{hash::Hash, slug::Slug, subject::Subject, time::Timestamp};
use serde::Deserialize;

/// Stores a notice; the same one twice is stored once.
pub(crate) fn save_notice(site: &Slug, hash: Hash, body: &str, now: Timestamp) -> Statement {
    Statement::new(
        "INSERT INTO notices (site, hash, body, created_at) VALUES (?1, unhex(?2), ?3, ?4) ON CONFLICT DO NOTHING",
        [site.as_str().into(), hash.into(), body.into(), now.into()],
    )
}

impl<P: Platform> Store<'_, P> {
    /// The words of a notice, as JSON.
    pub(crate) async fn notice(&self, site: &Slug, hash: Hash) -> Result<Option<String>, DatabaseError> {
        #[derive(Deserialize)]
        struct Row {
            body: String,
        }
        let sql = "SELECT body FROM notices WHERE site = ?1 AND hash = unhex(?2)";
        let rows = self.one(FIRST, Statement::new(sql, [site.as_str().into(), hash.into()])).await?;
        Ok(rows.first::<Row>()?.map(|row| row.body))
    }

    /// Whether a person decided anything by the notice with this hash.
    pub(crate) async fn decided_by(&self, person: &Subject, hash: Hash) -> Result<bool, DatabaseError> {
        // `purpose IS NOT NULL` picks the partial index with the person's decisions.
        let sql = "SELECT 1 FROM events \
            WHERE subject = unhex(?1) AND purpose IS NOT NULL AND notice_hash = unhex(?2) LIMIT 1";
        let statement = Statement::new(sql, [person.hash.into(), hash.into()]);
        Ok(!self.one(self.shard_of(person), statement).await?.0.is_empty())
    }
}
