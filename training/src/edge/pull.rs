//! Fetching a snapshot: whole, or what changed since the one that is there. Owns the order of the steps, holding what comes
//! against what is wanted, and putting both together into the file that the filter maps.
//!
//! Memory is bounded by what changed since the edge last built its snapshot (a day); everybody else goes from the connection
//! to the disk and from there, in order, into the file.

use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::time::Duration;

use consentry::{
    granted::{Key, form::to_hex, key_check},
    hash::Hash,
    purpose::Purpose,
    slug::Slug,
    subject::{KeyId, SiteKey},
    time::Timestamp,
};

use super::Changes;
use super::api::{Api, ApiError};
use super::base::Base;
use super::beside::{self, Note};
use crate::output::Output;
use crate::snapshot::{Header, Snapshot, Wanted, Writer};

/// What is to be fetched.
pub struct Pull<'a> {
    /// From where.
    pub api: &'a Api,
    /// Whose users.
    pub site: &'a Slug,
    /// Who granted what.
    pub purpose: &'a Purpose,
    /// The site's key with its id.
    pub key: (&'a SiteKey, KeyId),
    /// Where to put it. What is kept for the next time lies beside it, as `FILE.edge`.
    pub file: &'a Path,
    /// How long to wait for a snapshot that is still being built.
    pub wait: Duration,
    /// The time.
    pub clock: fn() -> Timestamp,
}

/// What was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pulled {
    /// How many users are in the file.
    pub users: u32,
    /// How many of them, and of those who were, changed since the snapshot of the edge or the last pull.
    pub changes: usize,
    /// Whether the whole snapshot was fetched, not only what changed.
    pub whole: bool,
    /// Up to where the log was read.
    pub position: String,
}

/// Why there is no new file. The one that was there stands.
#[derive(Debug)]
pub enum PullError {
    /// The edge can't be asked.
    Api(ApiError),
    /// A file can't be read or written.
    Io(io::Error),
    /// The snapshot was cut or changed on its way.
    Cut,
    /// The API key is another site's.
    OtherSite(String),
    /// The edge sent another purpose.
    OtherPurpose(String),
    /// The site's users are hashed by another key than the one given.
    OtherKey(u16),
    /// The log was replaced while it was read.
    OtherLog,
}

impl fmt::Display for PullError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Api(error) => write!(f, "{error}"),
            Self::Io(error) => write!(f, "can't keep the snapshot: {error}"),
            Self::Cut => f.write_str("sent a snapshot that is cut short or damaged; pull again"),
            Self::OtherSite(site) => {
                write!(
                    f,
                    "sent the users of {site}: the API key is that site's; name that site or use another key"
                )
            }
            Self::OtherPurpose(purpose) => write!(f, "sent a snapshot of {purpose}; pull again"),
            Self::OtherKey(id) => write!(
                f,
                "hashes this site's users with another key than the one in the key file; derive key {id} with the secret of \
                 this edge: consentry key derive --site SITE --key-id {id}"
            ),
            Self::OtherLog => f.write_str("has another log than a moment ago; pull again"),
        }
    }
}

impl std::error::Error for PullError {}

impl From<ApiError> for PullError {
    fn from(error: ApiError) -> Self {
        Self::Api(error)
    }
}

impl From<io::Error> for PullError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Fetches it.
pub fn pull(pull: &Pull<'_>) -> Result<Pulled, PullError> {
    // First, so that nobody waits for a download that can't be kept.
    let mut output = Output::create(pull.file)?;
    if let Some(old) = pull.old() {
        match pull.attempt(Some(old), &mut output) {
            // The log does not go on from there: its database was restored, or it is another edge.
            Err(PullError::OtherLog | PullError::Api(ApiError::Refused(422, ..))) => {}
            Ok((pulled, note)) => return pull.publish(output, &note).map(|()| pulled),
            Err(error) => return Err(error),
        }
    }
    let (pulled, note) = pull.attempt(None, &mut output)?;
    pull.publish(output, &note)?;
    Ok(pulled)
}

/// Where most people come from.
enum Most {
    Edge(Base),
    Old(Snapshot),
}

impl Pull<'_> {
    /// The snapshot that is there, if it can be gone on from.
    fn old(&self) -> Option<(Snapshot, Note)> {
        let wanted = Wanted {
            purpose: self.purpose,
            site: Some(self.site),
            max_age_ms: i64::MAX,
            clock: self.clock,
            key: Some(self.key.0),
        };
        let snapshot = Snapshot::open(self.file, &wanted).ok()?;
        let note = Note::of(&snapshot)?;
        Some((snapshot, note))
    }

    fn attempt(
        &self,
        old: Option<(Snapshot, Note)>,
        output: &mut Output,
    ) -> Result<(Pulled, Note), PullError> {
        let folder = self.file.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        let mut download = BufWriter::new(tempfile::tempfile_in(folder)?);
        let tag = old.as_ref().map(|(_, note)| note.tag.clone());
        let (most, tag, log, position) = match (self.fetch(tag.as_deref(), &mut download)?, old) {
            (Some(tag), _) => {
                let file = download.into_inner().map_err(io::IntoInnerError::into_error)?;
                let base = Base::open(file)?.ok_or(PullError::Cut)?;
                self.check(&base)?;
                let (log, position) = (base.head.log.clone(), base.head.position.clone());
                (Most::Edge(base), tag, log, position)
            }
            (None, Some((snapshot, Note { tag, log, position, .. }))) => {
                (Most::Old(snapshot), tag, log, position)
            }
            (None, None) => return Err(ApiError::Unreadable("304 where nothing was known").into()),
        };
        let as_of = (self.clock)();
        let mut changes = Changes::new();
        let page = self.api.changes(self.purpose, &position, &mut changes)?;
        if page.log != log {
            return Err(PullError::OtherLog);
        }
        if page.site != self.site.as_str() {
            return Err(PullError::OtherSite(page.site));
        }
        let whole = matches!(most, Most::Edge(_));
        let header = Header::of_site(
            (self.site.clone(), self.purpose.clone()),
            as_of,
            page.position.parse().ok(),
            self.key,
        );
        let (users, digest) = write(most, &changes, header, output.file(), folder)?;
        let note = Note { digest: Hash(digest), tag, log, position: page.position.clone() };
        Ok((Pulled { users, changes: changes.len(), whole, position: page.position }, note))
    }

    /// Waits for a snapshot that is being built, and where too much is asked.
    fn fetch(&self, tag: Option<&str>, file: &mut impl Write) -> Result<Option<String>, ApiError> {
        let mut left = self.wait;
        loop {
            match self.api.whole(self.purpose, tag, file) {
                Err(ApiError::NotBuilt(seconds) | ApiError::Later(seconds)) if !left.is_zero() => {
                    let wait = Duration::from_secs(seconds.clamp(1, 60)).min(left);
                    std::thread::sleep(wait);
                    left -= wait;
                }
                done => return done,
            }
        }
    }

    fn check(&self, base: &Base) -> Result<(), PullError> {
        let head = &base.head;
        if head.site != self.site.as_str() {
            return Err(PullError::OtherSite(head.site.clone()));
        }
        if head.purpose != *self.purpose {
            return Err(PullError::OtherPurpose(head.purpose.to_string()));
        }
        if head.key_check != to_hex(&key_check(self.key.0)) || head.key_id != self.key.1 {
            return Err(PullError::OtherKey(head.key_id.0));
        }
        Ok(())
    }

    fn publish(&self, output: Output, note: &Note) -> Result<(), PullError> {
        let mut beside = Output::create(&beside::name(self.file))?;
        note.write(&mut beside)?;
        // Should it end between the two, the digest in the note is of another file, and the next pull fetches all.
        output.publish()?;
        beside.publish()?;
        Ok(())
    }
}

/// Puts together who stood and what changed, both in order.
fn write(
    most: Most,
    changes: &Changes,
    header: Header,
    file: &mut File,
    folder: &Path,
) -> io::Result<(u32, [u8; 32])> {
    let count = match &most {
        Most::Edge(base) => base.count,
        Most::Old(snapshot) => u64::from(snapshot.header().count),
    };
    file.set_len(0)?;
    let mut writer = Writer::new(file, header, count + changes.len() as u64, folder)?;
    let mut coming = changes.iter().peekable();
    let mut merge = |key: &Key, end: u32| -> io::Result<()> {
        while let Some((new, end)) = coming.next_if(|(new, _)| *new < key) {
            end.map_or(Ok(()), |end| writer.push(new, end))?;
        }
        match coming.next_if(|(new, _)| *new == key) {
            Some((_, new)) => new.map_or(Ok(()), |end| writer.push(key, end)),
            None => writer.push(key, end),
        }
    };
    match most {
        Most::Edge(mut base) => {
            while let Some((key, end)) = base.person()? {
                merge(&key, end)?;
            }
        }
        Most::Old(snapshot) => snapshot.people().try_for_each(|(key, end)| merge(key, end))?,
    }
    for (new, end) in coming {
        end.map_or(Ok(()), |end| writer.push(new, end))?;
    }
    writer.finish()
}
