//! The names that a log had: a database that was restored goes on under another, which the last checkpoint of the old one names. Owns
//! following them at an edge, and holding a larger tree against a smaller one; what is kept and what is said of it is the caller's.

use consentry::checkpoint::{Checkpoint, CheckpointError};
use consentry::handover::Handover;
use consentry::merkle::Head;
use consentry::note::{Note, VerifierKey};
use consentry::proof::Consistency;
use consentry_training::edge::{Api, ApiError};

use crate::verify::check;

/// Names that are followed; more are no log that somebody runs.
const MOST_NAMES: usize = 100;

/// Why a log could not be followed.
pub(crate) enum Broken {
    /// It does not continue what was seen before, or nobody who is trusted vouches for it; with the note that shows it.
    Changed(String, Vec<u8>),
    /// The edge can't be asked.
    Edge(ApiError),
}

impl From<ApiError> for Broken {
    fn from(error: ApiError) -> Self {
        Self::Edge(error)
    }
}

pub(crate) fn changed(what: impl Into<String>, note: &[u8]) -> Broken {
    Broken::Changed(what.into(), note.to_vec())
}

/// A log at an edge, and who is trusted to sign for it.
pub(crate) struct Names<'a> {
    pub(crate) api: &'a Api,
    pub(crate) keys: Vec<VerifierKey>,
    pub(crate) log: u32,
}

impl Names<'_> {
    /// The present checkpoint, before anything is believed.
    pub(crate) fn present(&self) -> Result<Vec<u8>, ApiError> {
        self.api.fetch(&format!("/log/checkpoint?log={}", self.log))
    }

    /// A checkpoint that one of the keys signed.
    pub(crate) fn open(&self, note: &[u8]) -> Result<Checkpoint, CheckpointError> {
        Checkpoint::open(note, &self.keys, check)
    }

    /// Trusts the keys for another name of the log too.
    pub(crate) fn trust(&mut self, origin: &str) {
        let renamed: Vec<_> =
            self.keys.iter().filter_map(|key| VerifierKey::new(origin, *key.public())).collect();
        for key in renamed {
            if !self.keys.contains(&key) {
                self.keys.push(key);
            }
        }
    }

    /// From an earlier checkpoint to the beginning of the log under the name that the edge shows now; and which rows that were
    /// published are not in it. The keys are trusted for each name that one which they vouch for names.
    pub(crate) fn follow(
        &mut self,
        mut before: Checkpoint,
        shown: &str,
        note: &[u8],
    ) -> Result<(Checkpoint, Vec<String>), Broken> {
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
    pub(crate) fn continues(
        &self,
        earlier: Head,
        later: Head,
        origin: &str,
        note: &[u8],
    ) -> Result<(), Broken> {
        if let Some(gone) = gone(earlier, later) {
            return Err(changed(gone, note));
        }
        let (had, has) = (earlier.size, later.size);
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
}

/// That a log lost rows, if it has fewer than before.
pub(crate) fn gone(earlier: Head, later: Head) -> Option<String> {
    let (had, has) = (earlier.size, later.size);
    (has < had).then(|| format!("the log had {had} rows and has {has}: row {has} is the first that is gone"))
}

/// The name of the log that a note says it is of, before anything is believed.
pub(crate) fn origin(note: &[u8]) -> Option<String> {
    Note::parse(note).ok()?.text().split_once('\n').map(|(origin, _)| origin.to_owned())
}
