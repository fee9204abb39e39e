//! Rows in files and objects, of whatever form. Owns what becomes of each of a store: looked through, replaced if it has rows of the
//! users, looked through again; several at once. How rows are read and written is up to the form, how bytes are had and replaced to
//! the holder: a file here, an object in [`super::s3`].

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::files::{Names, expand, links, replace};
use super::plan::Files;
use super::report::{Row, StoreReport};
use crate::scan::Reason;

/// A form of files with rows.
pub(super) trait Form: Sync {
    /// Reads a file to its end; what stays goes to `keep`, if there is one, in the form of the file.
    fn read(&self, file: &File, keep: Option<&mut (dyn Write + Send)>) -> io::Result<Seen>;
}

/// What holds rows: a file, or an object in a bucket.
pub(super) trait Holder {
    /// How reports name it.
    fn name(&self) -> String;

    /// Looks through it.
    fn look(&mut self, form: &dyn Form) -> io::Result<Seen>;

    /// Puts in its place what stays, and looks through that: how many rows of the users were removed, and what is there now.
    fn rewrite(&mut self, form: &dyn Form) -> io::Result<(u64, Seen)>;
}

/// A file, by its canonical path.
struct OnDisk<'n> {
    path: PathBuf,
    names: &'n Names,
}

impl Holder for OnDisk<'_> {
    fn name(&self) -> String {
        self.path.display().to_string()
    }

    fn look(&mut self, form: &dyn Form) -> io::Result<Seen> {
        form.read(&File::open(&self.path)?, None)
    }

    fn rewrite(&mut self, form: &dyn Form) -> io::Result<(u64, Seen)> {
        let mut removed = 0;
        replace(&self.path, self.names, |file, output| {
            removed = form.read(file, Some(output))?.removed();
            Ok(())
        })?;
        Ok((removed, self.look(form)?))
    }
}

/// What is in a file.
pub(super) struct Seen {
    /// Rows by user.
    pub(super) found: Vec<u64>,
    /// Rows of others.
    pub(super) others: u64,
    pub(super) unjudged: Vec<Unjudged>,
}

impl Seen {
    pub(super) fn new(users: usize) -> Self {
        Self { found: vec![0; users], others: 0, unjudged: Vec::new() }
    }

    fn any(&self) -> bool {
        self.found.iter().any(|count| *count > 0)
    }

    /// How many rows don't stay.
    pub(super) fn removed(&self) -> u64 {
        self.found.iter().sum()
    }
}

/// A row that can't be judged.
pub(super) struct Unjudged {
    /// From 1 on.
    pub(super) line: u64,
    pub(super) reason: Reason,
    /// The user whose id is in it.
    pub(super) user: Option<usize>,
}

pub(super) fn purge(
    store: &Files,
    form: &dyn Form,
    names: &Names,
    dry_run: bool,
    mut report: StoreReport,
) -> StoreReport {
    match expand(&store.path) {
        Ok(files) => {
            if files.is_empty() {
                report.notes.push("the pattern matches no file, so none was looked into".into());
            }
            let mut parts: Vec<_> = files.into_iter().map(|file| (file, report.clone())).collect();
            let work = |(file, part): &mut (io::Result<PathBuf>, StoreReport)| match file {
                Ok(path) => one(&mut OnDisk { path: path.clone(), names }, form, dry_run, part),
                Err(error) => part.fail(&store.path, error.to_string()),
            };
            // Files with one name have nothing to do with each other; the others could be one and the same.
            let (alone, linked): (Vec<_>, Vec<_>) = parts
                .iter_mut()
                .partition(|(file, _)| file.as_ref().is_ok_and(|file| links(file) == Some(1)));
            at_once(alone, work);
            linked.into_iter().for_each(work);
            for (_, part) in parts {
                report.add(part);
            }
        }
        Err(error) => report.fail(&store.path, error),
    }
    report.verified = !dry_run && report.failures.is_empty();
    report
}

/// Does the work on all cores.
pub(super) fn at_once<T: Send>(all: Vec<T>, work: impl Fn(T) + Sync) {
    let threads = thread::available_parallelism().map_or(1, Into::into).min(all.len());
    let all = Mutex::new(all.into_iter());
    let next = || all.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work = || {
        while let Some(one) = next() {
            work(one);
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(work);
        }
        work();
    });
}

/// Removes the users from one.
pub(super) fn one(holder: &mut dyn Holder, form: &dyn Form, dry_run: bool, report: &mut StoreReport) {
    let name = holder.name();
    let mut seen = match holder.look(form) {
        Ok(seen) => seen,
        Err(error) => return report.fail(name, error.to_string()),
    };
    for (user, count) in seen.found.iter().enumerate() {
        report.found(user, *count);
    }
    if !seen.any() && seen.others == 0 && !seen.unjudged.is_empty() {
        report.fail(
            &name,
            "has not one row that can be judged; check its kind and where its rows name their users",
        );
    }
    if seen.any() && !dry_run {
        match holder.rewrite(form) {
            Ok((_, left)) if left.any() => {
                report.fail(
                    &name,
                    "still has rows of the users; something writes to it, stop that and try again",
                );
            }
            Ok((removed, left)) => {
                report.removed += removed;
                seen = left;
            }
            Err(error) => report.fail(&name, error.to_string()),
        }
    }
    for Unjudged { line, reason, user } in seen.unjudged {
        report.unjudged(Row { file: name.clone(), line, reason: reason.code().into() });
        if let Some(user) = user {
            let told = format!(
                "line {line}: the row {reason} ({}), and the id of user {user} is in it; mend the row or remove it by hand",
                reason.code()
            );
            report.fail(&name, told);
        }
    }
}
