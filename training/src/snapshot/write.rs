//! Writing the file of a snapshot from keys that come in order. Owns the order of its parts; whose keys they are is decided
//! before.

use std::io::{self, BufWriter, Seek, SeekFrom, Write};

use super::format::{self, DIGEST, Digester, HEADER, Header, Key};

/// A file that is being written.
pub(crate) struct Writer<'a, F: Write + Seek> {
    file: BufWriter<&'a mut F>,
    header: Header,
    index: Vec<u32>,
    digester: Digester,
    count: u32,
}

impl<'a, F: Write + Seek> Writer<'a, F> {
    /// Begins the file; `most` is at least the number of keys that come.
    pub(crate) fn new(file: &'a mut F, mut header: Header, most: u64) -> io::Result<Self> {
        header.bits = format::bits_for(most);
        file.seek(SeekFrom::Start(HEADER as u64))?;
        Ok(Self {
            index: vec![0; (1 << header.bits) + 1],
            file: BufWriter::with_capacity(1 << 20, file),
            header,
            digester: Digester::default(),
            count: 0,
        })
    }

    /// Takes the next key, which is larger than the one before.
    pub(crate) fn push(&mut self, key: &Key) -> io::Result<()> {
        self.count =
            self.count.checked_add(1).ok_or_else(|| io::Error::other("more than 4294967295 users"))?;
        if let Some(place) = self.index.get_mut(format::prefix(key, self.header.bits) + 1) {
            *place += 1;
        }
        self.digester.update(key);
        self.file.write_all(key)
    }

    /// Ends the file; says how many keys are in it, and the digest of all its bytes.
    pub(crate) fn finish(mut self) -> io::Result<(u32, [u8; DIGEST])> {
        self.header.count = self.count;
        let mut start = 0;
        for place in self.index {
            start += place;
            self.digester.update(&start.to_le_bytes());
            self.file.write_all(&start.to_le_bytes())?;
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
