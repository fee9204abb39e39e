//! Erasing a person's data from every store that a site declares. Owns how an erasure is opened, driven and ended, what is done
//! in each kind of store, and what the edge reaches for it outside of its databases ([`reach`]). Which task is next, what an
//! attempt makes of it and by when all must be done are the core's rules; the SQL is [`crate::store`]'s; who may ask, the
//! handlers'.
//!
//! The order is always the same, so that a stop anywhere leaves something to go on with: the request and its tasks are stored;
//! its entry is written to the ledger in R2, which a restore of the database doesn't roll back; then stores are worked on, each
//! attempt under a lease and safe to repeat; when all are done the end is recorded in the log.

mod address;
pub(crate) mod drive;
pub(crate) mod ends;
mod evidence;
mod jsonl;
mod kv;
pub(crate) mod ledger;
pub(crate) mod open;
pub(crate) mod reach;
pub(crate) mod receipt;
mod rows;
pub(crate) mod settings;
pub(crate) mod users;
mod vectorize;
pub(crate) mod webhook;
pub(crate) mod work;

use consentry::erasure::task::Outcome;

/// The store that is built in: the evidence that the databases keep beside consent.
pub(crate) const EVIDENCE: &str = "d1_evidence";

/// What an attempt did.
pub(crate) struct Attempt {
    pub(crate) outcome: Outcome,
    /// How many items of the person there were, of those that no other attempt counts.
    pub(crate) found: u64,
    /// How many of them are gone.
    pub(crate) removed: u64,
    /// Why not all; never with a user id.
    pub(crate) error: Option<String>,
    /// Whether the two numbers are all of it; not, if the store failed in the middle.
    pub(crate) counted: bool,
}

impl Attempt {
    /// All of it is gone, and that was looked at.
    pub(crate) const fn done(found: u64, removed: u64) -> Self {
        Self { outcome: Outcome::Done, found, removed, error: None, counted: true }
    }

    /// It has to be tried again. What is left is found by the next attempt, and counts there.
    pub(crate) fn failed(removed: u64, error: impl Into<String>) -> Self {
        Self { outcome: Outcome::Failed, found: removed, removed, error: Some(error.into()), counted: true }
    }
}
