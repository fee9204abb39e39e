//! A snapshot straight from the log of an edge: its database as a file of SQLite, which is what D1 is on a developer's machine
//! and in an export. Owns reading it; who is in a snapshot decides the core, as on the edge.
//!
//! The database holds no user id and no key, so the site's key has to be given, and nothing here can tell a wrong one: its
//! users are then simply not found, and a run that finds nobody says so.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _, Seek, Write};
use std::path::Path;

use consentry::{
    granted::{Key, form::minute, granted_until},
    history::{Fold, Folds, OutOfOrder},
    purpose::Purpose,
    record::Status,
    regime::Regime,
    slug::Slug,
    subject::{KeyId, SiteKey},
    time::Timestamp,
};
use rusqlite::{Connection, OpenFlags, OptionalExtension as _};

use super::format::Header;
use super::write::Writer;

/// Why a log can't be read.
#[derive(Debug)]
pub enum LogError {
    /// The database can't be read, or is not that of an edge.
    Database(rusqlite::Error),
    /// It knows no such site.
    NoSite,
    /// An event is not what it should be.
    Event,
    /// Its events do not come in the order of its index.
    Order,
    /// The snapshot can't be written.
    Io(io::Error),
}

impl fmt::Display for LogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Database(error) => {
                write!(f, "can't be read as the database of an edge with all of its migrations: {error}")
            }
            Self::NoSite => f.write_str("knows no such site; name one that its edge has"),
            Self::Event => f.write_str("has an event that is none of an edge"),
            Self::Order => f.write_str("has a damaged index; take the database from its edge again"),
            Self::Io(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for LogError {}

impl From<rusqlite::Error> for LogError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

impl From<io::Error> for LogError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Whether a file is a database of SQLite.
pub fn is_database(path: &Path) -> io::Result<bool> {
    let mut magic = Vec::new();
    File::open(path)?.take(16).read_to_end(&mut magic)?;
    Ok(magic == b"SQLite format 3\0")
}

/// The decisions in the order of the index by subject, each with the time at which the person's erasure was asked for.
const DECISIONS: &str = "SELECT substr(events.subject, 1, 16), status, created_at, decided_at, erased.at FROM events \
 LEFT JOIN erased ON erased.subject = events.subject \
 WHERE purpose IS NOT NULL AND purpose = ?1 AND site = ?2 AND key_id = ?3 ORDER BY events.subject, log_index";

/// A subject, and when the person's erasure was asked for.
type Person = (Key, Option<Timestamp>);

/// Writes the snapshot from the beginning of `file` on; says how many users are in it. All of it is as of one moment. What is known last
/// waits in a nameless file in `folder`.
pub fn from_log(
    path: &Path,
    (site, purpose): (Slug, Purpose),
    now: Timestamp,
    (key, key_id): (&SiteKey, KeyId),
    file: &mut (impl Write + Seek),
    folder: &Path,
) -> Result<u32, LogError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    let reading = connection.transaction()?;
    let regime = regime(&reading, &site)?;
    let (position, most): (Option<i64>, i64) = reading.query_row(
        "SELECT (SELECT max(log_index) FROM events), (SELECT count(*) FROM events WHERE purpose IS NOT NULL)",
        [],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let header = Header::of_site(
        (site.clone(), purpose.clone()),
        now,
        position.and_then(|last| last.try_into().ok()),
        (key, key_id),
    );
    let mut writer = Writer::new(file, header, most.unsigned_abs(), folder)?;
    let mut close = |person: Option<(Person, Fold)>| match person {
        Some(((key, erased), fold)) => {
            match granted_until(fold.current(), erased, purpose.kind(), regime, now) {
                Some(end) => writer.push(&key, minute(end)),
                None => Ok(()),
            }
        }
        None => Ok(()),
    };
    let mut folds = Folds::default();
    let mut statement = reading.prepare(DECISIONS)?;
    let mut rows =
        statement.query(rusqlite::params![purpose.as_str(), site.as_str(), i64::from(key_id.0)])?;
    while let Some(row) = rows.next()? {
        let time = |ms: Option<i64>| ms.map(Timestamp::from_ms);
        let person: Person = (row.get(0)?, time(row.get(4)?));
        let status = Status::parse(row.get_ref(1)?.as_str().map_err(|_| LogError::Event)?);
        let (created_at, decided_at) = (Timestamp::from_ms(row.get(2)?), time(row.get(3)?));
        let closed = folds.add(person, status.ok_or(LogError::Event)?, created_at, decided_at, false);
        close(closed.map_err(|OutOfOrder| LogError::Order)?)?;
    }
    close(folds.open)?;
    Ok(writer.finish()?.0)
}

/// The regime for people of whom is not known where they are, as on the edge.
fn regime(connection: &Connection, site: &Slug) -> Result<&'static Regime, LogError> {
    let settings: Option<String> = connection
        .query_row("SELECT settings FROM sites WHERE id = ?1", [site.as_str()], |row| row.get(0))
        .optional()?;
    let settings: serde_json::Value =
        serde_json::from_str(&settings.ok_or(LogError::NoSite)?).map_err(|_| LogError::NoSite)?;
    Ok(Regime::of_site(settings["regime"].as_str(), None, None))
}
