//! Writing the file of a snapshot from keys that come in order. Owns the order of its parts, and that ends are in it only if somebody
//! has one; whose keys they are is decided before.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use consentry::granted::{file::ENDLESS, form::minute};

use super::format::{self, DIGEST, Digester, HEADER, Header, Key};

/// A file that is being written.
pub(crate) struct Writer<'a, F: Write + Seek> {
    file: BufWriter<&'a mut F>,
    header: Header,
    /// The minute as of which it is.
    now: u32,
    index: Vec<u32>,
    digester: Digester,
    count: u32,
    /// The ends so far, from the first that there is on. They come behind the index, which is known last.
    ends: Option<BufWriter<File>>,
    folder: PathBuf,
}

impl<'a, F: Write + Seek> Writer<'a, F> {
    /// Begins the file; `most` is at least the number of keys that come. Ends wait in a nameless file in `folder`.
    pub(crate) fn new(file: &'a mut F, mut header: Header, most: u64, folder: &Path) -> io::Result<Self> {
        header.bits = format::bits_for(most);
        file.seek(SeekFrom::Start(HEADER as u64))?;
        Ok(Self {
            now: minute(header.created_at),
            index: vec![0; (1 << header.bits) + 1],
            file: BufWriter::with_capacity(1 << 20, file),
            header,
            digester: Digester::default(),
            count: 0,
            ends: None,
            folder: folder.to_owned(),
        })
    }

    /// Takes the next key, which is larger than the one before, with the minute in which its yes ends; whose has ended is left out.
    pub(crate) fn push(&mut self, key: &Key, end: u32) -> io::Result<()> {
        if end <= self.now {
            return Ok(());
        }
        if self.ends.is_none() && end != ENDLESS {
            self.ends = Some(self.endless()?);
        }
        if let Some(ends) = &mut self.ends {
            ends.write_all(&end.to_le_bytes())?;
        }
        self.count =
            self.count.checked_add(1).ok_or_else(|| io::Error::other("more than 4294967295 users"))?;
        if let Some(place) = self.index.get_mut(format::prefix(key, self.header.bits) + 1) {
            *place += 1;
        }
        self.digester.update(key);
        self.file.write_all(key)
    }

    /// The ends of those who came so far.
    fn endless(&self) -> io::Result<BufWriter<File>> {
        let mut ends = BufWriter::with_capacity(1 << 18, tempfile::tempfile_in(&self.folder)?);
        for _ in 0..self.count {
            ends.write_all(&ENDLESS.to_le_bytes())?;
        }
        Ok(ends)
    }

    /// Ends the file; says how many keys are in it, and the digest of all its bytes.
    pub(crate) fn finish(mut self) -> io::Result<(u32, [u8; DIGEST])> {
        self.header.count = self.count;
        self.header.ends = self.ends.is_some();
        let mut start = 0;
        for place in self.index {
            start += place;
            self.digester.update(&start.to_le_bytes());
            self.file.write_all(&start.to_le_bytes())?;
        }
        if let Some(ends) = self.ends {
            let mut ends = ends.into_inner().map_err(io::IntoInnerError::into_error)?;
            ends.rewind()?;
            let mut buffer = vec![0; 1 << 18];
            loop {
                let read = ends.read(&mut buffer)?;
                if read == 0 {
                    break;
                }
                self.digester.update(&buffer[..read]);
                self.file.write_all(&buffer[..read])?;
            }
        }
        let header = self.header.encode();
        let digest = self.digester.finish(&header);
        self.file.write_all(&digest)?;
        let file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.rewind()?;
        file.write_all(&header)?;
        Ok((self.count, digest))
    }
}
