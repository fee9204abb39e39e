//! What an agent did and the edge may not know yet. Owns the folder: `results/` with what is to be told, `reports/` with what each
//! purge did, `lock`. There is no id of a user in any of them.

use std::fmt;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::output::Output;

/// Why a journal can't be used.
#[derive(Debug)]
pub enum JournalError {
    /// Something in it can't be read or written.
    Io(PathBuf, io::Error),
    /// Another agent has it.
    Taken(PathBuf),
    /// A file in it is something else.
    Unreadable(PathBuf),
}

impl fmt::Display for JournalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(path, error) => write!(f, "{} can't be read or written: {error}", path.display()),
            Self::Taken(path) => {
                write!(f, "{} is another agent's; give each a folder of its own as `state`", path.display())
            }
            Self::Unreadable(path) => {
                write!(
                    f,
                    "{} is no result of an agent; remove it, and its task is handed out again",
                    path.display()
                )
            }
        }
    }
}

impl std::error::Error for JournalError {}

/// A result that is to be told.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) task: String,
    pub(super) attempt: u32,
    /// Signed.
    pub(super) result: String,
}

/// An open journal, which no other agent opens meanwhile.
pub(super) struct Journal {
    results: PathBuf,
    reports: PathBuf,
    _lock: File,
}

impl Journal {
    pub(super) fn open(folder: &Path) -> Result<Self, JournalError> {
        let (results, reports) = (folder.join("results"), folder.join("reports"));
        for folder in [&results, &reports] {
            fs::create_dir_all(folder).map_err(|error| JournalError::Io(folder.clone(), error))?;
        }
        let name = folder.join("lock");
        let failed = |error| JournalError::Io(name.clone(), error);
        let lock = File::options().create(true).append(true).open(&name).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { results, reports, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(JournalError::Taken(folder.to_owned())),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    /// Everything that is to be told.
    pub(super) fn entries(&self) -> Result<Vec<Entry>, JournalError> {
        let failed = |error| JournalError::Io(self.results.clone(), error);
        let mut entries = Vec::new();
        for file in fs::read_dir(&self.results).map_err(failed)? {
            let path = file.map_err(failed)?.path();
            if path.extension().is_some_and(|end| end == "json") {
                let bytes = fs::read(&path).map_err(|error| JournalError::Io(path.clone(), error))?;
                entries.push(serde_json::from_slice(&bytes).map_err(|_| JournalError::Unreadable(path))?);
            }
        }
        Ok(entries)
    }

    /// Writes a result down. It is on the disk when this returns.
    pub(super) fn keep(&self, entry: &Entry) -> Result<(), JournalError> {
        let bytes = serde_json::to_vec(entry).unwrap_or_default();
        write(&self.result(entry), &bytes)
    }

    /// The edge knows, or will not.
    pub(super) fn settle(&self, entry: &Entry) -> Result<(), JournalError> {
        let path = self.result(entry);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(JournalError::Io(path, error)),
            _ => Ok(()),
        }
    }

    /// Keeps what a purge did.
    pub(super) fn report(&self, task: &str, attempt: u32, bytes: &[u8]) -> Result<(), JournalError> {
        write(&self.reports.join(format!("{task}-{attempt}.json")), bytes)
    }

    fn result(&self, entry: &Entry) -> PathBuf {
        self.results.join(format!("{}-{}.json", entry.task, entry.attempt))
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), JournalError> {
    let written = Output::create_private(path).and_then(|mut output| {
        output.write_all(bytes)?;
        output.publish()
    });
    written.map_err(|error| JournalError::Io(path.to_owned(), error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(attempt: u32) -> Entry {
        Entry { task: "t1".into(), attempt, result: "a.b.c".into() }
    }

    #[test]
    fn a_result_stays_until_it_is_settled() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(folder.path()).unwrap();
        journal.keep(&entry(1)).unwrap();
        journal.keep(&entry(2)).unwrap();
        drop(journal);
        let journal = Journal::open(folder.path()).unwrap();
        assert_eq!(journal.entries().unwrap().len(), 2);
        journal.settle(&entry(1)).unwrap();
        journal.settle(&entry(1)).unwrap();
        let left = journal.entries().unwrap();
        assert_eq!((left.len(), left[0].attempt, left[0].result.as_str()), (1, 2, "a.b.c"));
    }

    #[test]
    fn a_journal_is_one_agents_and_what_is_none_of_its_files_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(folder.path()).unwrap();
        assert!(matches!(Journal::open(folder.path()), Err(JournalError::Taken(_))));
        fs::write(folder.path().join("results/x.json"), "half").unwrap();
        assert!(matches!(journal.entries(), Err(JournalError::Unreadable(_))));
    }
}
