//! The words of notices. They are of no person, so they are in the first database.

use super::{FIRST, Store};
use crate::{
    model::NoticeText,
    platform::{DatabaseError, Platform, Statement},
};
use consentry::{hash::Hash, slug::Slug, subject::Subject, time::Timestamp};
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;

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

    /// The words of those of the notices that are registered.
    pub(crate) async fn notices(
        &self,
        site: &Slug,
        hashes: &[Hash],
    ) -> Result<BTreeMap<Hash, NoticeText>, DatabaseError> {
        #[derive(Deserialize)]
        struct Row {
            hash: Hash,
            body: String,
        }
        let sql = "SELECT lower(hex(hash)) AS hash, body FROM notices \
            WHERE site = ?1 AND hash IN (SELECT unhex(value) FROM json_each(?2))";
        let params = [site.as_str().into(), json!(hashes).to_string().into()];
        let rows: Vec<Row> = self.one(FIRST, Statement::new(sql, params)).await?.all()?;
        let read = rows.into_iter().map(|row| {
            let words = serde_json::from_str(&row.body);
            words
                .map(|words| (row.hash, words))
                .map_err(|_| DatabaseError::Unreadable(format!("notice {}", row.hash)))
        });
        read.collect()
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
