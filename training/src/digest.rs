//! SHA-256 of what passes by. Owns counting and hashing on the way; what for is up to the manifest.

use std::io::{self, Read, Write};

use consentry::hash::Hash;
use sha2::{Digest, Sha256};

/// Counts the bytes that go through, and hashes them if asked to.
pub(crate) struct Digested<T> {
    inner: T,
    bytes: u64,
    sha256: Option<Sha256>,
}

impl<T> Digested<T> {
    pub(crate) fn new(inner: T, hash: bool) -> Self {
        Self { inner, bytes: 0, sha256: hash.then(Sha256::new) }
    }

    pub(crate) const fn get_mut(&mut self) -> &mut T {
        &mut self.inner
    }

    pub(crate) fn into_inner(self) -> T {
        self.inner
    }

    pub(crate) fn so_far(&self) -> (u64, Option<Hash>) {
        (self.bytes, self.sha256.clone().map(|hasher| Hash(hasher.finalize().into())))
    }

    fn pass(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        if let Some(hasher) = &mut self.sha256 {
            hasher.update(bytes);
        }
    }
}

impl<R: Read> Read for Digested<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(bytes)?;
        self.pass(&bytes[..n]);
        Ok(n)
    }
}

impl<W: Write> Write for Digested<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.inner.write(bytes)?;
        self.pass(&bytes[..n]);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
