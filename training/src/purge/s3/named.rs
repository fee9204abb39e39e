//! Objects that bear a user's id in their key: embeddings, cached outputs. Owns which these are; whatever the id, no object of anybody
//! else is one of them.

use super::place::can_be_asked_for;
use super::server::Server;
use super::{environment, place::Owned};
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
    for (user, id) in people.ids.iter().enumerate() {
        let Some(key) = owned.key(id) else {
            report.notes.push(format!(
                "the id of user {user} can't be part of a key's last part, so nothing here is taken for theirs"
            ));
            continue;
        };
        if let Err(error) = one(&server, user, &key, dry_run, report) {
            report.fail(owned.name(&key), error);
        }
    }
    Ok(())
}

/// Removes the object of that key and those in a folder of that name, and looks again.
fn one(
    server: &Server,
    user: usize,
    key: &str,
    dry_run: bool,
    report: &mut StoreReport,
) -> Result<(), String> {
    let theirs =
        |other: &str| other.strip_prefix(key).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let keys = server.keys(key, theirs)?;
    report.found(user, keys.len() as u64);
    if dry_run || keys.is_empty() {
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
