//! What is kept and how. Owns every SQL statement. Rules are the core's; this module turns their values into rows and back.
//!
//! A person's events are all in one database, chosen by the first byte of the keyed hash; with one database, as by
//! default, that is always the first. Sites and keys are in the first.

mod erasure_list;
mod erasures;
mod events;
mod heads;
mod idempotency;
mod lineage;
mod links;
mod notices;
mod origins;
mod rows;
mod settings;
mod snapshots;
mod tasks;
mod used_links;
mod vectors;

pub(crate) use erasure_list::{Listed, Place, Wanted, listed, read_list};
pub(crate) use erasures::{
    ErasureRow, change_erasure, erased_at, extend_erasure, goes_on, note_state, read_erased, save_erased,
    save_erasure,
};
pub(crate) use events::{
    Of, Paging, count_evidence, history, read_consent, read_events, read_history, read_page, read_range,
    redact, stored,
};
pub(crate) use heads::SignedHead;
pub(crate) use idempotency::{Claim, First};
pub(crate) use lineage::{
    Change, ChunkRow, DatasetRow, change_model, forget_chunks, save_chunk, save_dataset, save_model,
    save_standing, seal_dataset,
};
pub(crate) use links::{read_visitors, save_link, visitors};
pub(crate) use notices::save_notice;
pub(crate) use origins::{Named, name_at, names, present, read_names};
pub(crate) use rows::{NewEvent, Stored, StoredEvidence};
pub(crate) use settings::{save_key, save_site, withdraw_key};
pub(crate) use snapshots::{
    Changed, Erased, Page, Since, Snapshot, changed, claim_snapshot, keep_build, keep_built, read_changes,
    read_snapshot, want_snapshot,
};
pub(crate) use used_links::use_link;
pub(crate) use vectors::{Vector, Vectors, forget_vectors, read_refused, refused, save_vectors};

pub(crate) use tasks::{Ended, TaskRow, retry_tasks, save_tasks};

use crate::{
    cache::Cache,
    platform::{DatabaseError, Platform, Rows, Statement},
};
use consentry::{subject::Subject, time::Timestamp};

/// The database that holds sites, keys and everything that is about no person.
pub(crate) const FIRST: usize = 0;

/// All databases of a deployment.
pub(crate) struct Store<'a, P> {
    pub(crate) platform: &'a P,
    pub(crate) cache: &'a Cache,
    pub(crate) log_host: &'a str,
    pub(crate) now: Timestamp,
}

impl<P: Platform> Store<'_, P> {
    /// The database that holds the events of a person.
    pub(crate) fn shard_of(&self, subject: &Subject) -> usize {
        usize::from(subject.hash.0[0]) % self.platform.shards()
    }

    /// Whether the first database answers.
    pub(crate) async fn ping(&self) -> Result<(), DatabaseError> {
        self.one(FIRST, Statement::new("SELECT count(*) FROM sites", [])).await.map(drop)
    }

    async fn one(&self, shard: usize, statement: Statement) -> Result<Rows, DatabaseError> {
        Ok(self.platform.batch(shard, vec![statement]).await?.pop().unwrap_or_default())
    }
}
