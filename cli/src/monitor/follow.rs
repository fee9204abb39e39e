//! One look at a log. Owns holding what the edge shows against the checkpoint that was kept, across names of the log too, and
//! keeping the new one: whole or not at all.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use consentry::checkpoint::{Checkpoint, CheckpointError};
use consentry::handover::Handover;
use consentry::merkle::Head;
use consentry::note::{Note, VerifierKey};
use consentry::proof::Consistency;
use consentry::time::Timestamp;
use consentry_training::edge::{Api, ApiError};
use serde::Deserialize;
use tempfile::NamedTempFile;

use crate::failure::Failure;
use crate::now;
use crate::verify::check;

/// Names that one look follows; more are no log that somebody runs.
const MOST_NAMES: usize = 100;

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
pub(super) struct Follower {
    pub(super) api: Api,
    pub(super) keys: Vec<VerifierKey>,
    pub(super) log: u32,
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

fn changed(what: impl Into<String>, note: &[u8]) -> End {
    End::Found(Found::Changed(what.into(), Some(note.to_vec())))
}

/// What the edge says of a log.
#[derive(Deserialize)]
struct State {
    waiting: u64,
    waiting_since: Option<Timestamp>,
}

impl Follower {
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
        let note = self.api.fetch(&format!("/log/checkpoint?log={}", self.log))?;
        let (mut before, mut told) = (held.clone(), None);
        if let (Some(known), Some(shown)) = (&held, origin(&note)) {
            let (reached, gone) = self.follow(known.clone(), &shown, &note)?;
            told = (reached.origin != known.origin).then(|| handed_over(known, &reached.origin, &gone));
            before = Some(reached);
        }
        let current = self.open(&note).map_err(|error| changed(format!("the checkpoint {error}"), &note))?;
        if let Some(before) = &before {
            self.continues(before.head, current.head, &current.origin, &note)?;
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
            self.trust(&origin);
        }
        let opened = self.open(&note).map_err(|error| End::Failed(Failure::file(&self.state, error)))?;
        Ok(Some(opened))
    }

    fn open(&self, note: &[u8]) -> Result<Checkpoint, CheckpointError> {
        Checkpoint::open(note, &self.keys, check)
    }

    /// Trusts the keys for another name of the log too.
    fn trust(&mut self, origin: &str) {
        let renamed: Vec<_> =
            self.keys.iter().filter_map(|key| VerifierKey::new(origin, *key.public())).collect();
        for key in renamed {
            if !self.keys.contains(&key) {
                self.keys.push(key);
            }
        }
    }

    /// From the checkpoint that was kept to the beginning of the log under the name that the edge shows now; and which rows that
    /// were published are not in it.
    fn follow(
        &mut self,
        mut before: Checkpoint,
        shown: &str,
        note: &[u8],
    ) -> Result<(Checkpoint, Vec<String>), End> {
        let mut gone = Vec::new();
        for _ in 0..MOST_NAMES {
            if before.origin == shown {
                return Ok((before, gone));
            }
            let name = before.origin.clone();
            let path = format!("/log/checkpoint?log={}&origin={name}", self.log);
            let last = match self.api.fetch(&path) {
                Err(ApiError::Refused(404, ..)) => {
                    return Err(changed(
                        format!("another log is in the place of {name}, and nothing says why"),
                        note,
                    ));
                }
                read => read?,
            };
            let text = format!("the last checkpoint of {name}");
            let closed = self.open(&last).map_err(|error| changed(format!("{text} {error}"), &last))?;
            if closed.origin != name {
                return Err(changed(format!("{text} is of another log"), &last));
            }
            self.continues(before.head, closed.head, &name, &last)?;
            let Some(Handover { origin, kept }) = Handover::parse(&closed.extensions) else {
                return Err(changed(
                    format!("another log is in the place of {name}, which does not name it"),
                    note,
                ));
            };
            // The rows that went on are the first of those that were published.
            self.continues(kept, closed.head, &name, &last)?;
            if kept.size < closed.head.size {
                gone.push(format!("rows {} to {} of {name}", kept.size, closed.head.size - 1));
            }
            self.trust(&origin);
            before = Checkpoint { origin, head: kept, extensions: String::new() };
        }
        Err(changed("the log had too many names to be one", note))
    }

    /// Holds a larger tree against an earlier one.
    fn continues(&self, earlier: Head, later: Head, origin: &str, note: &[u8]) -> Result<(), End> {
        let (had, has) = (earlier.size, later.size);
        if has < had {
            return Err(changed(
                format!("the log had {had} rows and has {has}: row {has} is the first that is gone"),
                note,
            ));
        }
        let hashes = if had == 0 || had == has {
            Vec::new()
        } else {
            let path = format!("/log/proof/consistency?log={}&from={had}&to={has}&origin={origin}", self.log);
            let proof = self.api.fetch(&path)?;
            let proof: Option<Consistency> = serde_json::from_slice(&proof).ok();
            let proof = proof.filter(|proof| (proof.from, proof.to) == (had, has));
            proof.ok_or(ApiError::Unreadable("a proof that is none"))?.hashes
        };
        let proof = Consistency { from: had, to: has, hashes };
        proof.verify(earlier, later).map_err(|error| {
            let what = format!(
                "the log of {has} rows does not continue the one of {had} that was seen before ({error})"
            );
            changed(what, note)
        })
    }

    /// Whether events wait for longer than they should.
    fn stale(&self, size: u64) -> Result<Option<Found>, End> {
        let state = self.api.fetch(&format!("/log?log={}", self.log))?;
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

/// The name of the log that a note says it is of, before anything is believed.
fn origin(note: &[u8]) -> Option<String> {
    Note::parse(note).ok()?.text().split_once('\n').map(|(origin, _)| origin.to_owned())
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
