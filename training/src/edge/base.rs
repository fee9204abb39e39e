//! The whole snapshot as the edge sends it. Owns checking that all of it came, and reading it; its form is the core's.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};

use consentry::granted::Key;
use consentry::granted::form::{Chain, ENTRY, FORMAT, Head, PIECE, parse_entry};

const DIGEST: usize = 32;

/// One that came whole.
pub struct Base {
    /// What it says of itself.
    pub head: Head,
    reader: BufReader<io::Take<File>>,
    /// How many people are in it.
    pub count: u64,
    last: Option<Key>,
}

impl Base {
    /// Checks all of it; nothing if it was cut or changed on the way, or is something else.
    pub fn open(mut file: File) -> io::Result<Option<Self>> {
        let length = file.seek(SeekFrom::End(0))?;
        let Some(content) = length.checked_sub(DIGEST as u64) else { return Ok(None) };
        file.rewind()?;
        let mut chain = Chain::START;
        let mut piece = Vec::with_capacity(PIECE);
        let mut rest = content;
        while rest > 0 {
            piece.clear();
            let read = (&file).take(rest.min(PIECE as u64)).read_to_end(&mut piece)?;
            rest -= read as u64;
            chain = chain.with(&piece);
        }
        let mut digest = [0; DIGEST];
        file.read_exact(&mut digest)?;
        if chain.0.0 != digest {
            return Ok(None);
        }
        file.rewind()?;
        let mut reader = BufReader::with_capacity(1 << 18, file.take(content));
        let mut line = Vec::new();
        reader.by_ref().take(1 << 16).read_until(b'\n', &mut line)?;
        let Ok(head) = serde_json::from_slice::<Head>(&line) else { return Ok(None) };
        let body = content - line.len() as u64;
        if head.format != FORMAT || !body.is_multiple_of(ENTRY as u64) {
            return Ok(None);
        }
        Ok(Some(Self { head, reader, count: body / ENTRY as u64, last: None }))
    }

    /// The next person with the minute in which their yes ends.
    pub fn person(&mut self) -> io::Result<Option<(Key, u32)>> {
        if self.reader.fill_buf()?.is_empty() {
            return Ok(None);
        }
        let mut entry = [0; ENTRY];
        self.reader.read_exact(&mut entry)?;
        let (key, minute) = parse_entry(&entry);
        if self.last.replace(key).is_some_and(|last| last >= key) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the snapshot is not in order"));
        }
        Ok(Some((key, minute)))
    }
}
