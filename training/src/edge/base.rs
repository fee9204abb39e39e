//! The whole snapshot as the edge sends it. Owns checking that all of it came, and reading it; its form is that of
//! `worker/src/snapshot`: a line of JSON, 20 bytes a person in ascending order, 32 bytes of digest.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};

use consentry::granted::{KEY, Key};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

/// The form that is understood.
const FORMAT: &str = "consentry-granted/1";
const PIECE: usize = 5 << 20;
const DIGEST: usize = 32;
pub(super) const ENTRY: usize = KEY + 4;

/// What it says of itself.
#[derive(Deserialize)]
pub(super) struct Head {
    format: String,
    pub(super) site: String,
    pub(super) purpose: String,
    pub(super) key_id: u16,
    pub(super) key_check: String,
    pub(super) log: String,
    pub(super) position: String,
}

/// One that came whole.
pub(super) struct Base {
    pub(super) head: Head,
    reader: BufReader<io::Take<File>>,
    /// How many people are in it.
    pub(super) count: u64,
    last: Option<Key>,
}

impl Base {
    /// Checks all of it; nothing if it was cut or changed on the way, or is something else.
    pub(super) fn open(mut file: File) -> io::Result<Option<Self>> {
        let length = file.seek(SeekFrom::End(0))?;
        let Some(content) = length.checked_sub(DIGEST as u64) else { return Ok(None) };
        file.rewind()?;
        let mut chain = [0; DIGEST];
        let mut piece = Vec::with_capacity(PIECE);
        let mut rest = content;
        while rest > 0 {
            piece.clear();
            let read = (&file).take(rest.min(PIECE as u64)).read_to_end(&mut piece)?;
            rest -= read as u64;
            chain = Sha256::new().chain_update(chain).chain_update(&piece).finalize().into();
        }
        let mut digest = [0; DIGEST];
        file.read_exact(&mut digest)?;
        if chain != digest {
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
    pub(super) fn next(&mut self) -> io::Result<Option<(Key, u32)>> {
        let Some((key, minute)) = next(&mut self.reader)? else { return Ok(None) };
        if self.last.replace(key).is_some_and(|last| last >= key) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the snapshot is not in order"));
        }
        Ok(Some((key, minute)))
    }
}

/// Reads an entry; nothing at the end.
pub(super) fn next(reader: &mut impl BufRead) -> io::Result<Option<(Key, u32)>> {
    if reader.fill_buf()?.is_empty() {
        return Ok(None);
    }
    let (mut key, mut minute) = ([0; KEY], [0; 4]);
    reader.read_exact(&mut key)?;
    reader.read_exact(&mut minute)?;
    Ok(Some((key, u32::from_le_bytes(minute))))
}
