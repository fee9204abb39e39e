//! What is kept beside a pulled snapshot, so that the next pull and a long run can go on from it. Owns the file
//! `NAME.edge`: a line of JSON. It can be lost: then all is fetched again.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use consentry::hash::Hash;
use serde::{Deserialize, Serialize};

use crate::snapshot::Snapshot;

/// The line. One that says more is of a program that kept ends beside the snapshot and not in it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Note {
    /// The digest of the snapshot that it lies beside.
    pub(super) digest: Hash,
    /// The tag of what the edge sent whole.
    pub(super) tag: String,
    /// The names of the logs.
    pub(super) log: String,
    /// What of them is in the snapshot.
    pub(super) position: String,
}

/// Its name beside the snapshot.
pub(super) fn name(snapshot: &Path) -> PathBuf {
    let mut name = snapshot.as_os_str().to_owned();
    name.push(".edge");
    name.into()
}

impl Note {
    /// The one beside a snapshot, if it is there and of that.
    pub(super) fn of(snapshot: &Snapshot) -> Option<Self> {
        let note: Self = serde_json::from_slice(&fs::read(name(snapshot.file())).ok()?).ok()?;
        (note.digest == snapshot.digest()).then_some(note)
    }

    /// Writes it.
    pub(super) fn write(&self, file: &mut impl Write) -> io::Result<()> {
        serde_json::to_writer(&mut *file, self)?;
        file.write_all(b"\n")
    }
}
