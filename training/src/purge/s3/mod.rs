//! Objects in buckets that speak the interface of Amazon S3. Owns what becomes of one with rows: fetched whole into a file without a
//! name, looked through there, and put back without the users' rows only if nobody changed it meanwhile.
//!
//! Whatever kills a purge, an object is the old or the new one, and the files are gone.

mod answer;
mod credentials;
mod named;
mod object;
mod place;
mod server;

pub use place::Access;
pub(super) use place::{check, check_owned, is_in_bucket};

use object::Object;
use place::Place;
use server::{Server, is_nothing};

use super::People;
use super::plan::{Files, Named};
use super::report::StoreReport;
use super::rows::{Form, at_once, one};

/// Removes the users' rows from the objects that a pattern means.
pub(super) fn purge_rows(
    store: &Files,
    form: &dyn Form,
    dry_run: bool,
    mut report: StoreReport,
) -> StoreReport {
    let outcome = rows(store, form, dry_run, &mut report);
    ended(outcome, &store.path, dry_run, report)
}

/// Removes the objects that bear a user's id.
pub(super) fn purge_named(
    store: &Named,
    people: &People<'_>,
    dry_run: bool,
    mut report: StoreReport,
) -> StoreReport {
    let outcome = named::through(store, people, dry_run, &mut report);
    ended(outcome, &store.path, dry_run, report)
}

fn ended(outcome: Result<(), String>, path: &str, dry_run: bool, mut report: StoreReport) -> StoreReport {
    if let Err(error) = outcome {
        report.fail(path, error);
    }
    report.verified = !dry_run && report.failures.is_empty();
    report
}

fn rows(store: &Files, form: &dyn Form, dry_run: bool, report: &mut StoreReport) -> Result<(), String> {
    let place = Place::parse(&store.path)?;
    let server = Server::open(place.bucket, store.s3.as_ref(), &environment)?;
    server.refuse_if_versioned()?;
    let keys = match place.only() {
        Some(key) => vec![key.to_owned()],
        None => server.keys(place.prefix(), |key, empty| place.means(key) && !is_nothing(key, empty))?,
    };
    if keys.is_empty() {
        server.refuse_if_nothing_is_in(place.prefix())?;
        report.notes.push("the pattern matches no object, so none was looked into".into());
    }
    let mut parts: Vec<_> = keys.into_iter().map(|key| (key, report.clone())).collect();
    at_once(parts.iter_mut().collect(), |(key, part): &mut (String, StoreReport)| {
        one(&mut Object::new(&server, &place, key), form, dry_run, part);
    });
    for (_, part) in parts {
        report.add(part);
    }
    Ok(())
}

/// What a variable holds.
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
