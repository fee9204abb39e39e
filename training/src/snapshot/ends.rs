//! When the yes of each person in a snapshot ends. Owns a list of these in the order of their keys, [`ENTRY`] bytes each, which is
//! made while a snapshot is written: the form of a snapshot has no place for it.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Seek, SeekFrom, Write};
use std::path::Path;

use consentry::granted::{
    Key,
    form::{ENTRY, entry, parse_entry},
};

/// The list of one snapshot. Whoever is in the snapshot and not in it has a yes without a known end.
pub struct Ends {
    people: BufWriter<File>,
    /// Where they begin.
    start: u64,
    /// Up to which minute since 1970 all ends are in it, if not all of them are.
    until: Option<u32>,
}

impl Ends {
    /// An empty one, in a nameless file in `folder`.
    pub fn new(folder: &Path) -> io::Result<Self> {
        Ok(Self { people: BufWriter::new(tempfile::tempfile_in(folder)?), start: 0, until: None })
    }

    /// One that is in a file from byte `start` on.
    pub(crate) fn of_file(file: File, start: u64, until: u32) -> Self {
        Self { people: BufWriter::new(file), start, until: Some(until) }
    }

    /// Takes in the next person with the minute in which their yes ends.
    pub(crate) fn push(&mut self, key: &Key, minute: u32) -> io::Result<()> {
        put(&mut self.people, key, minute)
    }

    /// Up to which minute since 1970 all ends are in it, if not all of them are.
    pub const fn until(&self) -> Option<u32> {
        self.until
    }

    /// Everybody in it, as [`consentry::granted::form::entry`] writes them.
    pub fn read(self) -> io::Result<BufReader<File>> {
        let mut file = self.people.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.seek(SeekFrom::Start(self.start))?;
        Ok(BufReader::with_capacity(1 << 18, file))
    }
}

/// Writes a person.
pub(crate) fn put(file: &mut impl Write, key: &Key, minute: u32) -> io::Result<()> {
    file.write_all(&entry(key, minute))
}

/// Reads a person; nothing at the end.
pub(crate) fn next(reader: &mut impl BufRead) -> io::Result<Option<(Key, u32)>> {
    if reader.fill_buf()?.is_empty() {
        return Ok(None);
    }
    let mut entry = [0; ENTRY];
    reader.read_exact(&mut entry)?;
    Ok(Some(parse_entry(&entry)))
}
