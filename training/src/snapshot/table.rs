//! Tables of what users said. Owns reading CSV and JSONL of `user_id` and `status`, plain, gzip or zstd, into a
//! [`Builder`]. What can't be read is an error that names the line: half a list of refusals would be worse than none.

use std::fmt;
use std::io::{self, BufRead, BufReader, Read};

use consentry::{purpose::Purpose, record::Status, subject::UserId, time::Timestamp};

use super::build::Builder;
use crate::codec;

/// Why a table can't be taken in. Never says what stands in it.
#[derive(Debug)]
pub enum TableError {
    /// It can't be read, or the snapshot not be written.
    Io(io::Error),
    /// The first line of a CSV names no such column.
    NoColumn(&'static str),
    /// A line is not what it should be.
    Line {
        /// Which, from 1 on.
        line: u64,
        /// What is wrong with it.
        fault: Fault,
    },
}

/// What can be wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// No CSV record with as many fields as the first line, or no JSON object with text for `user_id` and `status`.
    NotARow,
    /// The user id breaks a rule of the core.
    UserId,
    /// The status is none.
    Status,
    /// The purpose is none.
    Purpose,
    /// The end is no time.
    ExpiresAt,
}

impl fmt::Display for TableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "{error}"),
            Self::NoColumn(name) => {
                write!(f, "has no column {name}; name the columns in the first line: user_id,status")
            }
            Self::Line { line, fault } => {
                let what = match fault {
                    Fault::NotARow => "is no row of the table; write user_id and status as text",
                    Fault::UserId => "has no user id of 1 to 256 bytes without control characters",
                    Fault::Status => "has another status than granted, revoked or pending",
                    Fault::Purpose => "has a purpose that is no name, such as model_training",
                    Fault::ExpiresAt => {
                        "has an expires_at that is no time; write it as RFC 3339 does, such as 2027-01-31T00:00:00Z"
                    }
                };
                write!(f, "line {line} {what}")
            }
        }
    }
}

impl std::error::Error for TableError {}

impl From<io::Error> for TableError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Columns in the order of [`take`]'s texts. The last two need not be there.
const COLUMNS: [&str; 4] = ["user_id", "status", "purpose", "expires_at"];

#[derive(serde::Deserialize)]
struct Row {
    user_id: String,
    status: String,
    purpose: Option<String>,
    expires_at: Option<String>,
}

/// Takes in a whole table: CSV with a first line of names, or JSONL.
///
/// Rows that name another purpose are left out, grants whose `expires_at` has passed count as none. Other columns mean nothing.
pub fn read(source: impl Read + Send, builder: &mut Builder) -> Result<(), TableError> {
    let (_, reader) = codec::decode(source)?;
    let mut reader = BufReader::with_capacity(1 << 16, reader);
    let first = reader.fill_buf()?.iter().find(|byte| !byte.is_ascii_whitespace()).copied();
    if first == Some(b'{') { read_jsonl(reader, builder) } else { read_csv(reader, builder) }
}

fn read_jsonl(mut reader: impl BufRead, builder: &mut Builder) -> Result<(), TableError> {
    let mut text = Vec::new();
    let mut line = 0;
    while reader.read_until(b'\n', &mut text)? > 0 {
        line += 1;
        if !text.trim_ascii().is_empty() {
            let row: Row = serde_json::from_slice(&text)
                .map_err(|_| TableError::Line { line, fault: Fault::NotARow })?;
            let texts =
                [Some(&*row.user_id), Some(&row.status), row.purpose.as_deref(), row.expires_at.as_deref()];
            take(texts, builder, line)?;
        }
        text.clear();
    }
    Ok(())
}

fn read_csv(reader: impl Read, builder: &mut Builder) -> Result<(), TableError> {
    let mut reader = csv::Reader::from_reader(reader);
    let names = reader.headers().map_err(|error| fault(error, 1))?;
    let places = COLUMNS.map(|column| names.iter().position(|name| name == column));
    for (column, place) in COLUMNS.into_iter().zip(places).take(2) {
        place.ok_or(TableError::NoColumn(column))?;
    }
    let mut record = csv::StringRecord::new();
    loop {
        let line = reader.position().line();
        if !reader.read_record(&mut record).map_err(|error| fault(error, line))? {
            return Ok(());
        }
        let line = record.position().map_or(line, csv::Position::line);
        let [user, status, purpose, expires_at] = places.map(|place| place.and_then(|n| record.get(n)));
        // An empty end is none, an empty purpose is not every purpose.
        take([user, status, purpose, expires_at.filter(|text| !text.is_empty())], builder, line)?;
    }
}

fn fault(error: csv::Error, line: u64) -> TableError {
    let line = error.position().map_or(line, csv::Position::line);
    match error.into_kind() {
        csv::ErrorKind::Io(error) => TableError::Io(error),
        _ => TableError::Line { line, fault: Fault::NotARow },
    }
}

fn take(texts: [Option<&str>; 4], builder: &mut Builder, line: u64) -> Result<(), TableError> {
    let wrong = |fault| TableError::Line { line, fault };
    let [user, status, purpose, expires_at] = texts;
    let user = user.and_then(|text| UserId::parse(text).ok()).ok_or(wrong(Fault::UserId))?;
    let status = status.and_then(Status::parse).ok_or(wrong(Fault::Status))?;
    if let Some(text) = purpose
        && Purpose::parse(text).ok_or(wrong(Fault::Purpose))? != *builder.purpose()
    {
        return Ok(());
    }
    let end = match expires_at {
        Some(text) => Some(text.parse::<Timestamp>().map_err(|_| wrong(Fault::ExpiresAt))?),
        None => None,
    };
    match (status, end) {
        (Status::Granted, Some(end)) => builder.add_until(&user, end)?,
        (Status::Granted, None) => builder.add(&user, true)?,
        (Status::Revoked | Status::Pending, _) => builder.add(&user, false)?,
    }
    Ok(())
}
