//! One look at a log. Owns holding what the edge shows against the checkpoint that was kept, across names of the log too
//! ([`crate::names`]), and keeping the new one: whole or not at all.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use consentry::checkpoint::Checkpoint;
use consentry::time::Timestamp;
use consentry_training::edge::ApiError;
use serde::Deserialize;
use tempfile::NamedTempFile;

use crate::failure::Failure;
use crate::names::{Broken, Names, changed, origin};
use crate::now;

/// What a look finds.
pub(super) enum Found {
    /// The log has so many rows and continues what was seen before.
    Well(u64),
    /// It goes on under another name, and said so.
    HandedOver(String),
    /// It does not continue what was seen before, or nobody who is trusted vouches for it; with the note that shows it.
    Changed(String, Option<Vec<u8>>),
    /// Events wait for longer than they should.
    Stale(String),
    /// The edge can't be asked.
    Unreachable(String),
}

/// Whoever follows a log.
pub(super) struct Follower<'a> {
    pub(super) names: Names<'a>,
    pub(super) state: PathBuf,
    pub(super) max_delay: Duration,
}

/// Why a look ends early.
enum End {
    Found(Found),
    Failed(Failure),
}

impl From<ApiError> for End {
    fn from(error: ApiError) -> Self {
        Self::Found(Found::Unreachable(format!("the edge {error}")))
    }
}

impl From<Broken> for End {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::Changed(what, note) => Self::Found(Found::Changed(what, Some(note))),
            Broken::Edge(error) => error.into(),
        }
    }
}

/// What the edge says of a log.
#[derive(Deserialize)]
struct State {
    waiting: u64,
    waiting_since: Option<Timestamp>,
}

impl Follower<'_> {
    /// The note that was kept, if there is one.
    pub(super) fn held(&self) -> Option<String> {
        fs::read_to_string(&self.state).ok()
    }

    /// Looks once.
    pub(super) fn look(&mut self) -> Result<Found, Failure> {
        match self.found() {
            Ok(found) | Err(End::Found(found)) => Ok(found),
            Err(End::Failed(failure)) => Err(failure),
        }
    }

    fn found(&mut self) -> Result<Found, End> {
        let held = self.kept()?;
        let note = self.names.present()?;
        let (mut before, mut told) = (held.clone(), None);
        if let (Some(known), Some(shown)) = (&held, origin(&note)) {
            let (reached, gone) = self.names.follow(known.clone(), &shown, &note)?;
            told = (reached.origin != known.origin).then(|| handed_over(known, &reached.origin, &gone));
            before = Some(reached);
        }
        let current =
            self.names.open(&note).map_err(|error| changed(format!("the checkpoint {error}"), &note))?;
        if let Some(before) = &before {
            self.names.continues(before.head, current.head, &current.origin, &note)?;
        }
        if held.as_ref() != Some(&current) {
            keep(&self.state, &note).map_err(|error| End::Failed(Failure::file(&self.state, error)))?;
        }
        let size = current.head.size;
        match told {
            Some(told) => Ok(Found::HandedOver(told)),
            None => Ok(self.stale(size)?.unwrap_or(Found::Well(size))),
        }
    }

    /// The checkpoint that was kept. The file is this machine's: it may be under a name to which the keys were followed.
    fn kept(&mut self) -> Result<Option<Checkpoint>, End> {
        let note = match fs::read(&self.state) {
            Ok(note) => note,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(End::Failed(Failure::file(&self.state, error))),
        };
        if let Some(origin) = origin(&note) {
            self.names.trust(&origin);
        }
        let opened =
            self.names.open(&note).map_err(|error| End::Failed(Failure::file(&self.state, error)))?;
        Ok(Some(opened))
    }

    /// Whether events wait for longer than they should.
    fn stale(&self, size: u64) -> Result<Option<Found>, End> {
        let state = self.names.api.fetch(&format!("/log?log={}", self.names.log))?;
        let state: State =
            serde_json::from_slice(&state).map_err(|_| ApiError::Unreadable("a state that is none"))?;
        let waited = state.waiting_since.map_or(0, |since| now().as_ms() - since.as_ms());
        let waiting =
            state.waiting > 0 && waited > i64::try_from(self.max_delay.as_millis()).unwrap_or(i64::MAX);
        Ok(waiting.then(|| {
            Found::Stale(format!(
                "STALE: the last checkpoint is of {size} rows, and {} events wait for the next one since {} s; the edge signs no longer",
                state.waiting,
                waited / 1000
            ))
        }))
    }
}

fn handed_over(known: &Checkpoint, origin: &str, gone: &[String]) -> String {
    let gone = if gone.is_empty() {
        "no row that was published is missing".into()
    } else {
        format!("these are gone: {}", gone.join(", "))
    };
    format!(
        "RESTORED: the database was set back to an earlier state, and {} goes on as {origin}, which its last checkpoint says; {gone}",
        known.origin
    )
}

/// Puts a note in the place of the one before, whole or not at all.
fn keep(path: &Path, note: &[u8]) -> io::Result<()> {
    let folder =
        path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(note)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
