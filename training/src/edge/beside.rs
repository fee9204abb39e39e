//! What is kept beside a pulled snapshot, so that the next pull and a long run can go on from it. Owns the file
//! `NAME.edge`: a line of JSON, then the people whose yes ends soon, 20 bytes each. It can be lost: then all is fetched again.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use consentry::hash::Hash;
use serde::{Deserialize, Serialize};

use crate::snapshot::{Ends, Snapshot};

/// How far ahead the ends are kept, in minutes: 40 days. A snapshot is to be pulled whole again before that is over.
pub(super) const AHEAD: u32 = 40 * 24 * 60;

/// The line.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Note {
    /// The digest of the snapshot that it lies beside.
    pub(super) digest: Hash,
    /// The tag of what the edge sent whole.
    pub(super) tag: String,
    /// The names of the logs.
    pub(super) log: String,
    /// What of them is in the snapshot.
    pub(super) position: String,
    /// Up to which minute all ends are here.
    pub(super) until: u32,
}

/// One that was read.
#[derive(Debug)]
pub(super) struct Beside {
    pub(super) note: Note,
    file: File,
    /// Where the people begin.
    start: u64,
}

/// Its name beside the snapshot.
pub(super) fn name(snapshot: &Path) -> PathBuf {
    let mut name = snapshot.as_os_str().to_owned();
    name.push(".edge");
    name.into()
}

impl Beside {
    /// The one beside a snapshot with this digest, if it is there and of that.
    pub(super) fn open(snapshot: &Path, digest: Hash) -> Option<Self> {
        let mut reader = BufReader::new(File::open(name(snapshot)).ok()?);
        let mut line = Vec::new();
        reader.by_ref().take(1 << 16).read_until(b'\n', &mut line).ok()?;
        let note: Note = serde_json::from_slice(&line).ok()?;
        let start = line.len() as u64;
        (note.digest == digest).then(|| Self { note, file: reader.into_inner(), start })
    }

    /// Everybody in it, from the first on, to be read with [`crate::snapshot::next`].
    pub(super) fn people(&mut self) -> io::Result<BufReader<&File>> {
        self.file.seek(SeekFrom::Start(self.start))?;
        Ok(BufReader::with_capacity(1 << 18, &self.file))
    }
}

/// When the yes of the people in a pulled snapshot ends, as far as it is kept beside it; nothing if nothing is there of this
/// snapshot.
pub fn ends(snapshot: &Snapshot) -> Option<Ends> {
    let beside = Beside::open(snapshot.file(), snapshot.digest())?;
    Some(Ends::of_file(beside.file, beside.start, beside.note.until))
}

/// Writes the line; the people come behind it.
pub(super) fn begin(file: &mut impl Write, note: &Note) -> io::Result<()> {
    serde_json::to_writer(&mut *file, note)?;
    file.write_all(b"\n")
}
