//! Which data sets hold rows of a person. Owns asking the index beside a manifest, and refusing one that isn't its own; a
//! manifest without an answer is an error, never a no.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use consentry::subject::{SiteKey, UserId};

use crate::manifest::{Held, Manifest, hold_at, index_of};
use crate::snapshot::{Index, IndexError};

/// Why a manifest gives no answer.
#[derive(Debug)]
pub enum FindError {
    /// It can't be read.
    Io(io::Error),
    /// The file is something else.
    NotAManifest,
    /// It was written without an index, by an older version or into a pipe.
    NoIndex,
    /// The index beside it is not the one it was written with.
    OtherIndex(PathBuf),
    /// The index beside it can't be asked.
    Index(PathBuf, IndexError),
}

impl fmt::Display for FindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "can't be read: {error}"),
            Self::NotAManifest => {
                f.write_str("is no manifest; name a file that `consentry filter --manifest` wrote")
            }
            Self::NoIndex => f.write_str("has no index, so nobody can be found by it; run the filter again"),
            Self::OtherIndex(path) => {
                write!(f, "was not written with the index {}; run the filter again", path.display())
            }
            Self::Index(path, error) => write!(f, "has an index, {}, that {error}", path.display()),
        }
    }
}

impl std::error::Error for FindError {}

/// Reads a manifest.
pub fn read(path: &Path) -> Result<Manifest, FindError> {
    let file = File::open(path).map_err(FindError::Io)?;
    serde_json::from_reader(BufReader::new(file)).map_err(|error| match error.io_error_kind() {
        Some(kind) => FindError::Io(kind.into()),
        None => FindError::NotAManifest,
    })
}

/// The manifest, if the run it tells of kept rows of this user. An index without a key inside needs that of its site.
pub fn find(path: &Path, user: &UserId, key: Option<&SiteKey>) -> Result<Option<Manifest>, FindError> {
    let manifest = read(path)?;
    let stream = manifest.index.as_ref().ok_or(FindError::NoIndex)?;
    let beside = index_of(path).ok_or(FindError::NoIndex)?;
    match hold_at(stream, &beside) {
        Held::Same => {}
        Held::Unreadable(error) => return Err(FindError::Index(beside, IndexError::Io(error))),
        Held::Changed | Held::Unknown => return Err(FindError::OtherIndex(beside)),
    }
    let index = Index::open(&beside, key).map_err(|error| FindError::Index(beside, error))?;
    Ok(index.holds(user).then_some(manifest))
}

/// The manifests in a folder, by name; and what should be one, because it has an index or can't be read.
pub fn manifests_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if !path.is_file() {
            continue;
        }
        if path.extension() == Some(OsStr::new("index")) {
            found.insert(path.with_extension(""));
        // What is none is told by its first object, so the folder may hold the data too.
        } else if !matches!(read(&path), Err(FindError::NotAManifest)) {
            found.insert(path);
        }
    }
    Ok(found.into_iter().collect())
}
