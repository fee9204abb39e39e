//! A file as memory. Owns the one unsafe call of this crate.

use std::fs::File;
use std::io;

use memmap2::Mmap;

/// Maps the whole of a file that nobody changes in place.
#[allow(
    unsafe_code,
    reason = "the bytes could change under a reader if somebody wrote into the file; snapshots are only ever replaced by \
              renaming, every read of one is checked against its bounds, and what is read is bytes, for which any value is sound"
)]
pub(super) fn map(file: &File) -> io::Result<Mmap> {
    // SAFETY: see the reason above.
    unsafe { Mmap::map(file) }
}
