//! Who granted a purpose, as one file. Owns opening it and the reasons to refuse it; the bytes are [`format`]'s, making one is
//! [`build`]'s, looking users up [`look`]'s.
//!
//! A snapshot is mapped, not loaded: opening it reads it once to check its digest and hashes no user. It holds no user id, only
//! the first 16 bytes of each subject.

mod build;
mod ends;
mod format;
mod index;
#[cfg(unix)]
mod log;
mod look;
mod map;
mod table;
mod write;

use std::fmt;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use consentry::{
    granted::file,
    hash::Hash,
    purpose::Purpose,
    slug::Slug,
    subject::{KeyId, SiteKey},
    time::Timestamp,
};
use memmap2::Mmap;

pub use build::{Builder, Keying};
pub use consentry::granted::{Key, file::Header};
pub use index::{Index, IndexError, write_index};
#[cfg(unix)]
pub use log::{LogError, from_log, is_database};
pub use table::{Fault, TableError, read};
pub(crate) use write::Writer;

use ends::Ends;
use format::{DIGEST, Damage, HEADER};

/// What a snapshot must be to be used.
#[derive(Clone)]
pub struct Wanted<'a> {
    /// For this purpose.
    pub purpose: &'a Purpose,
    /// Of this site, if it is said.
    pub site: Option<&'a Slug>,
    /// Not older than this, in milliseconds.
    pub max_age_ms: i64,
    /// The time. It is asked for its age, and again at every question of who granted if it says when each yes ends.
    pub clock: fn() -> Timestamp,
    /// The site's key, for one that has no key inside.
    pub key: Option<&'a SiteKey>,
}

/// Why a snapshot is refused.
#[derive(Debug)]
pub enum Refused {
    /// It can't be read.
    Io(io::Error),
    /// The file is something else.
    NotASnapshot,
    /// Of a version that this program doesn't know.
    UnknownVersion(u16),
    /// Cut short, or with other bytes than were written.
    Damaged,
    /// Of another purpose.
    OtherPurpose(Purpose),
    /// Of another site.
    OtherSite(Slug),
    /// Older than it may be, by when it was made.
    TooOld(Timestamp),
    /// Made later than now.
    FromTheFuture(Timestamp),
    /// The site's key is needed, with this id.
    KeyNeeded(KeyId),
    /// Made with another key than the one that was given.
    OtherKey(KeyId),
}

impl Refused {
    /// Stable name.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Io(_) => "snapshot_unreadable",
            Self::NotASnapshot => "not_a_snapshot",
            Self::UnknownVersion(_) => "snapshot_version_unknown",
            Self::Damaged => "snapshot_damaged",
            Self::OtherPurpose(_) => "snapshot_of_other_purpose",
            Self::OtherSite(_) => "snapshot_of_other_site",
            Self::TooOld(_) => "snapshot_too_old",
            Self::FromTheFuture(_) => "snapshot_from_the_future",
            Self::KeyNeeded(_) => "site_key_needed",
            Self::OtherKey(_) => "other_site_key",
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "can't be read: {error}"),
            Self::NotASnapshot => f.write_str("is no snapshot; make one with `consentry snapshot build`"),
            Self::UnknownVersion(version) => {
                write!(f, "has version {version}, which this program doesn't know; use a newer one")
            }
            Self::Damaged => f.write_str("is damaged or cut short; make or fetch it again"),
            Self::OtherPurpose(purpose) => {
                write!(f, "is for the purpose {purpose}; name that one, or make another")
            }
            Self::OtherSite(site) => write!(f, "is of the site {site}; name that one, or make another"),
            Self::TooOld(created_at) => {
                write!(
                    f,
                    "is from {created_at}, which is too old; make or fetch it again, or allow it with --max-age"
                )
            }
            Self::FromTheFuture(created_at) => {
                write!(f, "says it is from {created_at}, which is yet to come; set the clock of this machine")
            }
            Self::KeyNeeded(KeyId(id)) => write!(f, "needs key {id} of the site; give it with --key-file"),
            Self::OtherKey(KeyId(id)) => {
                write!(f, "was made with another key than the one given; give key {id} of its site")
            }
        }
    }
}

impl std::error::Error for Refused {}

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<Damage> for Refused {
    fn from(damage: Damage) -> Self {
        match damage {
            Damage::NotASnapshot => Self::NotASnapshot,
            Damage::UnknownVersion(version) => Self::UnknownVersion(version),
            Damage::Damaged => Self::Damaged,
        }
    }
}

/// A snapshot that may be used.
pub struct Snapshot {
    file: PathBuf,
    map: Mmap,
    header: Header,
    key: SiteKey,
    /// Where the index begins.
    index: usize,
    /// Until when each yes stands, if any ends.
    ends: Option<Ends>,
    digest: Hash,
}

impl Snapshot {
    /// How far the clocks of two machines may be apart, in milliseconds.
    const CLOCK_SKEW_MS: i64 = 5 * 60_000;

    /// Opens the file and checks all of it: whole, and what is wanted.
    pub fn open(path: &Path, wanted: &Wanted<'_>) -> Result<Self, Refused> {
        let snapshot = Self::load(path, file::SNAPSHOT, |header| Self::check(header, wanted))?;
        let lengths = snapshot.header.lengths().filter(|_| snapshot.header.ends);
        let start = lengths.map(|lengths| snapshot.index + lengths.index);
        Ok(Self { ends: start.map(|start| Ends { start, clock: wanted.clock }), ..snapshot })
    }

    /// Opens a file of this form that begins with `magic`, whole; ends that are in it are not looked at.
    fn load(
        path: &Path,
        magic: [u8; 8],
        key: impl FnOnce(&Header) -> Result<SiteKey, Refused>,
    ) -> Result<Self, Refused> {
        let map = map::map(&File::open(path)?)?;
        let mut head = map.get(..HEADER.min(map.len())).unwrap_or_default().to_vec();
        if !head.starts_with(&magic) {
            return Err(Refused::NotASnapshot);
        }
        head[..magic.len()].copy_from_slice(&file::SNAPSHOT);
        let header = Header::decode(&head)?;
        let lengths = header.lengths().ok_or(Damage::Damaged)?;
        if map.len() != lengths.whole {
            return Err(Refused::Damaged);
        }
        let (content, digest) = map.split_at(lengths.whole - DIGEST);
        let body = &content[HEADER..];
        let threads = std::thread::available_parallelism().map_or(1, Into::into);
        let computed = format::digest(&head, body, threads);
        if computed != digest {
            return Err(Refused::Damaged);
        }
        let key = key(&header)?;
        let (file, index, digest) = (path.to_owned(), HEADER + lengths.keys, Hash(computed));
        Ok(Self { file, map, header, key, index, ends: None, digest })
    }

    fn check(header: &Header, wanted: &Wanted<'_>) -> Result<SiteKey, Refused> {
        if header.purpose != *wanted.purpose {
            return Err(Refused::OtherPurpose(header.purpose.clone()));
        }
        if wanted.site.is_some_and(|site| header.site != *site) {
            return Err(Refused::OtherSite(header.site.clone()));
        }
        let age = (wanted.clock)().as_ms() - header.created_at.as_ms();
        if age > wanted.max_age_ms {
            return Err(Refused::TooOld(header.created_at));
        }
        if age < -Self::CLOCK_SKEW_MS {
            return Err(Refused::FromTheFuture(header.created_at));
        }
        Self::key(header, wanted.key)
    }

    /// The key that made it: the one inside, or the one given if it is the right one.
    fn key(header: &Header, given: Option<&SiteKey>) -> Result<SiteKey, Refused> {
        let key = match (header.key_inside, given) {
            (Some(bytes), _) => SiteKey::from_bytes(header.key_id, bytes),
            (None, Some(key)) => key.clone(),
            (None, None) => return Err(Refused::KeyNeeded(header.key_id)),
        };
        if format::key_check(&key) == header.key_check {
            Ok(key)
        } else {
            Err(Refused::OtherKey(header.key_id))
        }
    }

    /// The file it was opened from.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// What it says of itself.
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// The digest of all its bytes, by which one snapshot is told from another.
    pub const fn digest(&self) -> Hash {
        self.digest
    }

    /// The key that made it, for another file about the same users.
    pub fn keying(&self) -> Keying {
        match self.header.key_inside {
            Some(bytes) => Keying::Inside(bytes),
            None => Keying::Site(self.key.clone(), self.header.key_id),
        }
    }
}
