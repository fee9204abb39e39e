//! The data directory of a Chroma that is stopped, from which texts and vectors really leave. Owns the order of steps, that
//! nobody has the directory open, and the proof by reading its bytes.
//!
//! One rename does it: the new `chroma.sqlite3` names new indexes, which Chroma makes from the queue inside when it starts,
//! and none of the old ones. Before it everything is as it was; after it the old indexes belong to nobody and are removed,
//! now or by the next purge.

mod index;
mod proof;
mod tables;

use std::collections::HashSet;
use std::ffi::CString;
use std::fs::{self, File};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::thread;
use std::time::Duration;

use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use super::report::StoreReport;
use super::{People, chroma, files, folder};
use crate::output::Output;
use proof::Traces;
use tables::{Collection, IN_USE, Result, told};

/// A data directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Directory {
    /// Where it is; `chroma.sqlite3` is in it.
    pub path: String,
    /// Which key of a record's metadata names its user.
    #[serde(default = "chroma::user_id")]
    pub user_field: String,
}

pub(super) fn purge(
    store: &Directory,
    people: &People<'_>,
    dry_run: bool,
    mut report: StoreReport,
) -> StoreReport {
    if let Err(error) = through(store, people, dry_run, &mut report) {
        report.fail(&store.path, error);
    }
    report.verified = !dry_run && report.failures.is_empty();
    report
}

fn through(store: &Directory, people: &People<'_>, dry_run: bool, report: &mut StoreReport) -> Result<()> {
    let folder = fs::canonicalize(&store.path).map_err(|error| error.to_string())?;
    let file = folder.join("chroma.sqlite3");
    if !file.is_file() {
        return Err("holds no chroma.sqlite3; name the directory that Chroma was started with".into());
    }
    if !dry_run {
        Output::clean(&folder).map_err(|error| error.to_string())?;
        if in_use(&folder) {
            return Err(IN_USE.into());
        }
    }
    let before = fs::metadata(&file).map(|file| identity(&file)).map_err(|error| error.to_string())?;
    let old = tables::open(&file, !dry_run)?;
    if !dry_run {
        tables::lock(&old)?;
    }
    let counts = tables::find(&old, &store.user_field, people)?;
    for (user, count) in counts.iter().enumerate() {
        report.found(user, *count);
    }
    let collections = tables::collections(&old, &folder)?;
    let free: i64 = old.query_row("PRAGMA freelist_count", [], |row| row.get(0)).map_err(told)?;
    let stale = collections.iter().any(|collection| collection.rebuild) || free > 0;
    if dry_run || (!stale && orphans(&old, &folder)?.is_empty()) {
        return Ok(());
    }
    let traces = Traces::of(&old, &collections, &people.ids)?;
    if stale {
        replace(&old, &file, &collections, &store.user_field, people)?;
    }
    report.removed = report.found;
    // Whoever opened the old file meanwhile would write to what is no longer there.
    let opened = holders(&HashSet::from([before]));
    drop(old);
    if opened {
        return Err(format!("{IN_USE}. It was opened meanwhile, and what that wrote is lost"));
    }
    let new = tables::open(&file, true)?;
    tables::lock(&new)?;
    sweep(&new, &folder)?;
    let rebuilt = collections.iter().filter(|collection| collection.rebuild).count();
    if rebuilt > 0 {
        report.notes.push(format!("Chroma makes {rebuilt} indexes anew when they are next used"));
    }
    prove(&new, &folder, &traces, &collections, report)?;
    if traces.are_a_sample() {
        report.notes.push(
            "the bytes of the files were searched for a sample of the texts and vectors, which were too many"
                .into(),
        );
    }
    if tables::find(&new, &store.user_field, people)?.iter().any(|count| *count > 0) {
        return Err("still has records of the users; something writes to it, stop that and try again".into());
    }
    Ok(())
}

/// Puts a database without the users in the place of the old one.
fn replace(
    old: &Connection,
    file: &Path,
    collections: &[Collection],
    field: &str,
    people: &People<'_>,
) -> Result<()> {
    let failed = |error: std::io::Error| format!("can't be written: {error}");
    let draft = Output::create(&file.with_file_name("chroma.sqlite3.draft")).map_err(failed)?;
    copy(old, &draft)?;
    let mut tables = tables::open(draft.path().ok_or("can't be written")?, true)?;
    tables.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF").map_err(told)?;
    tables::find(&tables, field, people)?;
    tables::rewrite(&mut tables, collections)?;
    // Copied once more, because what was removed from the draft is still in its free pages.
    let mut output = Output::create(file).map_err(failed)?;
    let held = File::open(file).map_err(failed)?;
    files::keep(&held, output.file()).map_err(failed)?;
    copy(&tables, &output)?;
    drop(tables);
    output.publish().map_err(failed)?;
    // Closing a file ends the database's locks on it, so this one stays open until it is of no use to anybody.
    drop(held);
    Ok(())
}

fn copy(from: &Connection, to: &Output) -> Result<()> {
    let path =
        to.path().and_then(Path::to_str).ok_or("has a path that is no text; move it to one that is")?;
    from.execute("VACUUM main INTO ?1", [path]).map(drop).map_err(told)
}

/// Folders of indexes that belong to no collection.
fn orphans(tables: &Connection, folder: &Path) -> Result<Vec<CString>> {
    let mut statement = tables.prepare("SELECT id FROM segments").map_err(told)?;
    let used = statement.query_map([], |row| row.get::<_, String>(0)).map_err(told)?;
    let used: HashSet<String> = used.collect::<rusqlite::Result<_>>().map_err(told)?;
    let mut orphans = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| error.to_string())? {
        let entry = entry.map_err(|error| error.to_string())?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        let id = name.len() == 36 && name.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
        let real = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if id && real && !used.contains(&name) && index::is_one(&entry.path()) {
            orphans.extend(CString::new(name));
        }
    }
    Ok(orphans)
}

fn sweep(tables: &Connection, path: &Path) -> Result<()> {
    let open = File::open(path).map_err(|error| error.to_string())?;
    for orphan in orphans(tables, path)? {
        folder::remove(&open, &orphan, 0).map_err(|error| format!("an index can't be removed: {error}"))?;
    }
    open.sync_all().map_err(|error| error.to_string())
}

/// Searches the bytes of all files.
fn prove(
    tables: &Connection,
    folder: &Path,
    traces: &Traces,
    collections: &[Collection],
    report: &mut StoreReport,
) -> Result<()> {
    let untouched = collections.iter().filter(|collection| !collection.rebuild);
    let untouched =
        untouched.map(|collection| folder.join(&collection.vectors).join("data_level0.bin")).collect();
    for file in traces.search(folder, tables, &untouched)? {
        report.fail(
            file.display().to_string(),
            "still has bytes of a user's texts or vectors; remove the file, or what it is of",
        );
    }
    Ok(())
}

/// Whether another process has a file of the directory open, as far as this system tells.
fn in_use(folder: &Path) -> bool {
    let files = proof::files(folder).unwrap_or_default();
    holders(&files.iter().filter_map(|file| fs::metadata(file).ok()).map(|file| identity(&file)).collect())
}

fn identity(file: &fs::Metadata) -> (u64, u64) {
    (file.dev(), file.ino())
}

/// A process that another thread of this one is starting holds all of our files until it becomes its own program, so it is
/// asked for a while. Whoever lets go meanwhile has written nothing: the database is locked.
fn holders(wanted: &HashSet<(u64, u64)>) -> bool {
    (0..10).all(|attempt| {
        thread::sleep(Duration::from_millis(20 * u64::from(attempt > 0)));
        held(wanted)
    })
}

fn held(wanted: &HashSet<(u64, u64)>) -> bool {
    let own = std::process::id().to_string();
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let others = processes.filter(|process| {
        let name = process.file_name();
        name != *own && name.as_encoded_bytes().iter().all(u8::is_ascii_digit)
    });
    // Those of other users can be asked by root only.
    let open =
        others.flat_map(|process| fs::read_dir(process.path().join("fd")).into_iter().flatten().flatten());
    open.filter_map(|file| fs::metadata(file.path()).ok()).any(|file| wanted.contains(&identity(&file)))
}
