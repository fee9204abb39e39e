//! Whose rows a run kept, as one file beside its manifest. Owns that file; gathering those users is [`crate::kept`]'s.
//!
//! Its form is a snapshot's with other first bytes, so that neither is taken for the other: who granted something is not whose
//! rows are somewhere. It is exact but for two users of one key, of whom there are none: keys are 128 bits of a keyed hash.

use std::fmt;
use std::io::{self, Seek, Write};
use std::path::Path;

use consentry::granted::file::INDEX;
use consentry::subject::{KeyId, SiteKey, UserId};

use super::{Builder, Header, Refused, Snapshot};

/// Writes the index of the users in `builder` from the beginning of `file` on; says how many they are.
pub fn write_index(builder: Builder, file: &mut (impl Write + Seek)) -> io::Result<u32> {
    let count = builder.finish(file)?;
    file.rewind()?;
    file.write_all(&INDEX)?;
    Ok(count)
}

/// An open index.
pub struct Index(Snapshot);

impl Index {
    /// Opens the file and checks all of it. Without a key inside it needs that of its site.
    pub fn open(path: &Path, key: Option<&SiteKey>) -> Result<Self, IndexError> {
        // Whose rows were kept doesn't end.
        let key =
            |header: &Header| if header.ends { Err(Refused::Damaged) } else { Snapshot::key(header, key) };
        Snapshot::load(path, INDEX, key).map(Self).map_err(Into::into)
    }

    /// What it says of itself.
    pub const fn header(&self) -> &Header {
        self.0.header()
    }

    /// Whether rows of this user were kept.
    pub fn holds(&self, user: &UserId) -> bool {
        self.0.holds(user)
    }
}

/// Why an index can't be asked.
#[derive(Debug)]
pub enum IndexError {
    /// It can't be read.
    Io(io::Error),
    /// The file is something else.
    NotAnIndex,
    /// Of a version that this program doesn't know.
    UnknownVersion(u16),
    /// Cut short, or with other bytes than were written.
    Damaged,
    /// The site's key is needed, with this id.
    KeyNeeded(KeyId),
    /// Made with another key than the one that was given.
    OtherKey(KeyId),
}

impl From<Refused> for IndexError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Io(error) => Self::Io(error),
            Refused::UnknownVersion(version) => Self::UnknownVersion(version),
            Refused::Damaged => Self::Damaged,
            Refused::KeyNeeded(id) => Self::KeyNeeded(id),
            Refused::OtherKey(id) => Self::OtherKey(id),
            _ => Self::NotAnIndex,
        }
    }
}

impl fmt::Display for IndexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "can't be read: {error}"),
            Self::NotAnIndex => f.write_str("is no index; name what `consentry filter --manifest` wrote"),
            Self::UnknownVersion(version) => {
                write!(f, "has version {version}, which this program doesn't know; use a newer one")
            }
            Self::Damaged => f.write_str("is damaged or cut short; run the filter again"),
            Self::KeyNeeded(KeyId(id)) => write!(f, "needs key {id} of the site; give it with --key-file"),
            Self::OtherKey(KeyId(id)) => {
                write!(f, "was made with another key than the one given; give key {id} of its site")
            }
        }
    }
}

impl std::error::Error for IndexError {}
