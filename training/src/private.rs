//! Files with secrets, which only their owner may read.

use std::fs::File;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// What a file holds; nothing if others may read it.
pub(crate) fn read(path: &Path) -> io::Result<Option<String>> {
    let file = File::open(path)?;
    if file.metadata()?.permissions().mode() & 0o077 != 0 {
        return Ok(None);
    }
    io::read_to_string(file).map(Some)
}
