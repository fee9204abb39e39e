//! Objects that bear a user's id in their key: embeddings, cached outputs. Owns which these are. No object of anybody else is one of them,
//! unless an id has a slash in it and so lies in a folder of another.

use super::environment;
use super::place::{Owned, can_be_asked_for};
use super::server::Server;
use crate::purge::People;
use crate::purge::plan::Named;
use crate::purge::report::StoreReport;

pub(super) fn through(
    store: &Named,
    people: &People<'_>,
    dry_run: bool,
    report: &mut StoreReport,
) -> Result<(), String> {
    let owned = Owned::parse(&store.path)?;
    let server = Server::open(owned.bucket, store.s3.as_ref(), &environment)?;
    server.refuse_if_versioned()?;
    // Once the last one is removed, nothing is there for whoever comes next.
    if let Err(note) = server.refuse_if_nothing_is_in(owned.before) {
        report.notes.push(note);
    }
    for (user, id) in people.ids.iter().enumerate() {
        if let Err(error) = one(&server, user, id, &owned.key(id), dry_run, report) {
            report.fail(owned.name(user), error);
        }
    }
    Ok(())
}

/// Removes the object of that key and those in a folder of that name, and looks again.
fn one(
    server: &Server,
    user: usize,
    id: &str,
    key: &str,
    dry_run: bool,
    report: &mut StoreReport,
) -> Result<(), String> {
    let theirs = |other: &str, _: bool| {
        other.strip_prefix(key).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let keys = server.keys(key, theirs)?;
    report.found(user, keys.len() as u64);
    if keys.is_empty() {
        return Ok(());
    }
    if id.contains('/') {
        return Err(
            "may lie in a folder of somebody else's, because the id has a slash in it; remove it by hand"
                .into(),
        );
    }
    if dry_run {
        return Ok(());
    }
    for key in &keys {
        if !can_be_asked_for(key) {
            return Err(
                "holds a key with . or .. between slashes, which can't be asked for; remove it by hand"
                    .into(),
            );
        }
        server.remove(key)?;
        report.removed += 1;
    }
    match server.keys(key, theirs)?.len() {
        0 => Ok(()),
        _ => Err("is still there; something makes it anew, stop that and try again".into()),
    }
}
