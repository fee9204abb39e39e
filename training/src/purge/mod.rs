//! Removing people from where their data was kept. Owns the way through a plan and the verdict on the whole; each store is a
//! module of its own, which removes, reads again, and says what failed.
//!
//! Nothing here prints or stops half-way: a store that fails says so in the [`Report`], and the others go on. Files are
//! replaced as [`crate::output`] writes them, so whatever kills a purge, each is the old or the new one.

mod chroma;
mod chroma_files;
mod files;
mod folder;
mod jsonl;
#[cfg(feature = "parquet")]
mod parquet;
#[cfg(feature = "pgvector")]
mod pgvector;
pub mod plan;
pub mod report;
mod rows;
mod s3;

use std::collections::HashMap;

use consentry::subject::{SiteKey, UserId};
use consentry::time::Timestamp;

pub use chroma::Collection;
pub use chroma_files::Directory;
use files::Names;
use plan::Files;
pub use plan::{Plan, PlanError, Store};
use report::Erasure;
pub use report::{Outcome, Report, StoreReport};
use rows::Form;
pub use s3::Access;

/// How to purge.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// Whether only to look and count.
    pub dry_run: bool,
    /// The site's key, if the report is to name subjects.
    pub key: Option<&'a SiteKey>,
    /// The time.
    pub clock: &'a dyn Fn() -> Timestamp,
}

/// Removes the users of a plan from its stores, in their order.
pub fn purge(plan: &Plan, options: &Options<'_>) -> Report {
    let started_at = (options.clock)();
    let people = People::new(plan.users());
    let names = Names::of(plan.stores());
    if !options.dry_run {
        names.clean();
    }
    let stores: Vec<_> = plan
        .stores()
        .iter()
        .map(|store| {
            let mut report = one(store, &people, &names, options.dry_run);
            report.hide(plan.users());
            report
        })
        .collect();
    let failed = stores.iter().any(|store| !store.failures.is_empty());
    let verified = stores.iter().all(|store| store.verified);
    let outcome = match (options.dry_run, failed) {
        (true, false) => Outcome::DryRun,
        (true, true) => Outcome::DryRunPartial,
        (false, false) if verified => Outcome::Done,
        (false, _) => Outcome::Partial,
    };
    let subjects = options.key.map(|key| plan.users().iter().map(|user| key.subject(user).hash).collect());
    Report {
        version: env!("CARGO_PKG_VERSION").into(),
        started_at,
        ended_at: (options.clock)(),
        outcome,
        users: plan.users().len(),
        subjects,
        stores,
    }
}

fn one(store: &Store, people: &People, names: &Names, dry_run: bool) -> StoreReport {
    let report = |place: &str, erasure| StoreReport::new(store.kind(), place, erasure, people.ids.len());
    let rows = |files: &Files, form: &dyn Form| {
        let report = report(&files.path, Erasure::Physical);
        if s3::is_in_bucket(&files.path) {
            s3::purge_rows(files, form, dry_run, report)
        } else {
            rows::purge(files, form, names, dry_run, report)
        }
    };
    match store {
        Store::Jsonl(files) => rows(files, &jsonl::Lines::new(people, &files.user_field)),
        #[cfg(feature = "parquet")]
        Store::Parquet(files) => rows(files, &parquet::Tables { people, field: &files.user_field }),
        #[cfg(not(feature = "parquet"))]
        Store::Parquet(files) => {
            let mut report = report(&files.path, Erasure::Physical);
            report.fail(&files.path, "this program was built without Parquet; use one that has it");
            report
        }
        Store::Chroma(store) => {
            chroma::purge(store, people, dry_run, report(&store.place(), Erasure::Logical))
        }
        Store::ChromaFiles(store) => {
            chroma_files::purge(store, people, dry_run, report(&store.path, Erasure::Physical))
        }
        #[cfg(feature = "pgvector")]
        Store::Pgvector(store) => {
            pgvector::purge(store, people, dry_run, report(&store.table, Erasure::Physical))
        }
        #[cfg(not(feature = "pgvector"))]
        Store::Pgvector(store) => {
            let mut report = report(&store.table, Erasure::Physical);
            report.fail(&store.table, "this program was built without PostgreSQL; use one that has it");
            report
        }
        Store::Folder(store) if s3::is_in_bucket(&store.path) => {
            s3::purge_named(store, people, dry_run, report(&store.path, Erasure::Physical))
        }
        Store::Folder(store) => folder::purge(store, people, dry_run, report(&store.path, Erasure::Physical)),
    }
}

/// The users of a plan, to be looked up.
struct People<'p> {
    ids: Vec<&'p str>,
    places: HashMap<&'p str, usize>,
}

impl<'p> People<'p> {
    fn new(users: &'p [UserId]) -> Self {
        let ids: Vec<_> = users.iter().map(UserId::as_str).collect();
        let places = ids.iter().enumerate().map(|(place, id)| (*id, place)).collect();
        Self { ids, places }
    }

    /// The place in the plan of the user with that id.
    fn place(&self, id: &str) -> Option<usize> {
        self.places.get(id).copied()
    }
}
