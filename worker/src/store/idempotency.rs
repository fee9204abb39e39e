//! Keys that make a repeated call safe (draft-ietf-httpapi-idempotency-key-header). A key is claimed in the transaction
//! that stores the events, so there is no moment in which a call is half known; what is kept points at the events, and the
//! first answer is made from them again.

use super::{Store, Stored};
use crate::platform::{DatabaseError, Param, Platform, Statement};
use consentry::{hash::Hash, time::Timestamp};
use serde::Deserialize;

/// How long a key is remembered, in milliseconds.
const LIFETIME_MS: i64 = 24 * 60 * 60 * 1000;

/// A caller's wish that this call happen once.
#[derive(Debug)]
pub(crate) struct Claim {
    /// Keyed hash over caller, route and key.
    pub(crate) key: Hash,
    /// Keyed hash of the body.
    pub(crate) body: Hash,
}

/// What became of the call that claimed a key first.
#[derive(Debug)]
pub(crate) enum First {
    /// It had the same body; these are its events.
    Same(Vec<Stored>),
    /// It had another body.
    Other,
    /// Nothing is known of it any more.
    Forgotten,
}

impl Claim {
    /// Forgets the key if its time is over, then claims it for the `count` events that were inserted just before.
    pub(super) fn statements(&self, count: usize, now: Timestamp) -> [Statement; 2] {
        let count = Param::Integer(i64::try_from(count).unwrap_or(i64::MAX));
        [
            Statement::new(
                "DELETE FROM idempotency WHERE key = unhex(?1) AND expires_at <= ?2",
                [self.key.into(), now.into()],
            ),
            Statement::new(
                "INSERT INTO idempotency (key, body_hash, first_index, count, expires_at) \
                 VALUES (unhex(?1), unhex(?2), last_insert_rowid() - ?3 + 1, ?3, ?4)",
                [self.key.into(), self.body.into(), count, now.plus_ms(LIFETIME_MS).into()],
            ),
        ]
    }
}

impl<P: Platform> Store<'_, P> {
    /// What the first call with this key was.
    pub(crate) async fn first_call(&self, shard: usize, claim: &Claim) -> Result<First, DatabaseError> {
        #[derive(Deserialize)]
        struct Row {
            body_hash: Hash,
            first_index: u64,
            count: u64,
        }
        let sql = "SELECT lower(hex(body_hash)) AS body_hash, first_index, count FROM idempotency WHERE key = unhex(?1)";
        let row: Option<Row> = self.one(shard, Statement::new(sql, [claim.key.into()])).await?.first()?;
        match row {
            None => Ok(First::Forgotten),
            Some(row) if row.body_hash != claim.body => Ok(First::Other),
            Some(row) => Ok(First::Same(self.range(shard, row.first_index, row.count).await?)),
        }
    }

    /// Forgets keys whose time is over.
    pub(crate) async fn forget_expired_keys(&self) -> Result<(), DatabaseError> {
        for shard in 0..self.platform.shards() {
            let sql = "DELETE FROM idempotency WHERE expires_at <= ?1";
            self.one(shard, Statement::new(sql, [self.now.into()])).await?;
        }
        Ok(())
    }
}
