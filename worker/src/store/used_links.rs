//! Links to a person's own page that were used. A row costs one write and is kept until the link itself has expired.

use super::Store;
use crate::platform::{DatabaseError, Platform, Statement};
use consentry::{hash::Hash, time::Timestamp};

/// Uses a link; the batch that it is in fails with [`DatabaseError::Duplicate`] if it was used before.
pub(crate) fn use_link(key: Hash, expires_at: Timestamp) -> Statement {
    let sql = "INSERT INTO used_links (key, expires_at) VALUES (unhex(?1), ?2)";
    Statement::new(sql, [key.into(), expires_at.into()])
}

impl<P: Platform> Store<'_, P> {
    /// Forgets links that nobody can use any more.
    pub(crate) async fn forget_expired_links(&self) -> Result<(), DatabaseError> {
        for shard in 0..self.platform.shards() {
            let sql = "DELETE FROM used_links WHERE expires_at <= ?1";
            self.one(shard, Statement::new(sql, [self.now.into()])).await?;
        }
        Ok(())
    }
}
