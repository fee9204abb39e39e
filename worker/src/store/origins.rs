//! The names of the logs. Owns starting a log, starting it anew under another name, and which names a log had; what a name
//! stands for is in [`crate::tree`].
//!
//! A database has one log, whose events are counted through. A name ends when the database was restored to an earlier state: what was
//! published under it can't be taken back, so the log goes on under another one, with the events that are left.

use super::{Store, events::append, heads::replace_head};
use crate::{
    platform::{DatabaseError, Param, Platform, Rows, Statement},
    store::SignedHead,
};
use consentry::event::{Actor, Event, Kind};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const ORIGINS: &str = "SELECT first, origin, kept FROM log_origins ORDER BY first";

/// A name that a log has or had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Named {
    /// The event that began it; the leaves from it on hold the name.
    pub(crate) first: u64,
    /// The name.
    #[serde(rename(serialize = "log"))]
    pub(crate) origin: String,
    /// How many of the events before it are also the first ones of the log before.
    pub(crate) kept: u64,
}

/// The name that the leaf of an event holds.
pub(crate) fn name_at(names: &[Named], log_index: u64) -> &str {
    let found = names.iter().rev().find(|name| name.first <= log_index);
    found.map(|name| name.origin.as_str()).unwrap_or_default()
}

/// The name that a log has now.
pub(crate) fn present(names: &[Named]) -> &str {
    names.last().map(|name| name.origin.as_str()).unwrap_or_default()
}

/// Reads all names that a log had, for [`names`].
pub(crate) fn read_names() -> Statement {
    Statement::new(ORIGINS, [])
}

/// What [`read_names`] returned, the present name last. More than one means that the database was restored.
pub(crate) fn names(rows: Rows) -> Result<Vec<Named>, DatabaseError> {
    rows.all()
}

impl<P: Platform> Store<'_, P> {
    /// The name of the log in a database. The first call that finds a database without one starts its log.
    pub(crate) async fn origin(&self, shard: usize) -> Result<String, DatabaseError> {
        if let Some(origin) = self.cache.origins.borrow().get(&shard) {
            return Ok(origin.clone());
        }
        let origin = match self.names(shard).await?.pop() {
            Some(named) => named.origin,
            None => self.start(shard).await?,
        };
        self.cache.origins.borrow_mut().insert(shard, origin.clone());
        Ok(origin)
    }

    /// All names that a log had, as [`names`] says.
    pub(crate) async fn names(&self, shard: usize) -> Result<Vec<Named>, DatabaseError> {
        names(self.one(shard, read_names()).await?)
    }

    /// A name that no log had: a database that was restored or emptied holds another log.
    pub(crate) fn new_origin(&self, shard: usize) -> String {
        format!("{}/log/{shard}/{}", self.log_host, self.new_id())
    }

    async fn start(&self, shard: usize) -> Result<String, DatabaseError> {
        let origin = self.new_origin(shard);
        let event = self.of_the_log(Kind::LogStarted, Actor::System, &json!({ "origin": origin }));
        let name = Statement::new(
            "INSERT INTO log_origins (first, origin, kept) VALUES (0, ?1, 0)",
            [origin.as_str().into()],
        );
        let first = append(&origin, &event.into(), Some(0));
        match self.platform.batch(shard, vec![name, first]).await {
            Ok(_) => Ok(origin),
            // Somebody else was quicker; their name stands.
            Err(DatabaseError::Duplicate(_)) => {
                self.names(shard).await?.pop().map(|named| named.origin).ok_or_else(|| {
                    DatabaseError::Unreadable("the log has no name; apply the migrations".into())
                })
            }
            Err(error) => Err(error),
        }
    }

    /// Lets the log go on under another name, whose head is that of the events it has `kept`; `details` are those of the event that
    /// says so. [`DatabaseError::Duplicate`] if it has this name already.
    pub(crate) async fn restart(
        &self,
        shard: usize,
        (origin, kept): (&str, u64),
        details: &Value,
        head: Option<&SignedHead>,
    ) -> Result<Named, DatabaseError> {
        let event = self.of_the_log(Kind::LogRestarted, Actor::Admin, details);
        let name = Statement::new(
            "INSERT INTO log_origins (first, origin, kept) SELECT max(log_index) + 1, ?1, ?2 FROM events \
             RETURNING first, origin, kept",
            [origin.into(), Param::Integer(i64::try_from(kept).unwrap_or(i64::MAX))],
        );
        let mut statements = vec![name, append(origin, &event.into(), None)];
        statements.extend(replace_head(head, self.now));
        let begun = self.platform.batch(shard, statements).await?.into_iter().next().unwrap_or_default();
        self.cache.origins.borrow_mut().remove(&shard);
        begun.first()?.ok_or_else(|| DatabaseError::Unreadable("a name that has begun nowhere".into()))
    }

    fn of_the_log(&self, kind: Kind, actor: Actor, details: &Value) -> Event {
        Event {
            id: self.new_id(),
            site: None,
            kind,
            subject: None,
            purpose: None,
            status: None,
            legal_basis: None,
            notice_hash: None,
            created_at: self.now,
            decided_at: None,
            actor,
            details: details.to_string(),
            evidence_commitment: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leaf_holds_the_name_that_the_log_had_when_it_came() {
        let at = |first, origin: &str| Named { first, origin: origin.into(), kept: 0 };
        let names = [at(0, "a"), at(7, "b")];
        assert_eq!([0, 6, 7, 100].map(|index| name_at(&names, index)), ["a", "a", "b", "b"]);
        assert_eq!(name_at(&[], 0), "");
    }
}
