//! What can go wrong with a Parquet file. Owns the sentences; none says what stands in a row.

use std::fmt;
use std::io;

use parquet::errors::ParquetError;

/// What went wrong.
#[derive(Debug)]
pub enum Fault {
    /// The file can't be read.
    Read(ParquetError),
    /// The other one can't be written.
    Write(ParquetError),
    /// It says things of itself that can't be.
    Damaged,
    /// A column of a kind that this program doesn't know.
    UnknownColumn(String),
    /// A policy looks into a map whose keys are no text, or further than to its values.
    MarkInMap(String),
    /// It comes through a pipe.
    NoFile,
    /// Its columns are not those of the file whose rows went before.
    OtherSchema,
}

impl Fault {
    /// Whether it is the fault of what is written, and not of what is read.
    pub const fn is_output(&self) -> bool {
        matches!(self, Self::Write(_))
    }
}

pub(super) const fn read(error: ParquetError) -> Fault {
    Fault::Read(error)
}

pub(super) const fn write(error: ParquetError) -> Fault {
    Fault::Write(error)
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(error) => write!(f, "it is damaged or cut short ({error}); get the whole file"),
            Self::Write(error) => write!(f, "{error}"),
            Self::Damaged => f.write_str("it is damaged; get the whole file"),
            Self::UnknownColumn(column) => {
                write!(f, "its column {column} is of a kind that this program doesn't know; use a newer one")
            }
            Self::MarkInMap(column) => {
                write!(f, "the policy looks into {column}, a map whose keys are no text or whose values are no single ones; write what it looks at as a column of its own")
            }
            Self::NoFile => f.write_str("it is Parquet, whose end must be read first; name the file instead of piping it"),
            Self::OtherSchema => f.write_str(
                "its columns are not those of the file before it; name a folder as the output, so that each gets a file of its own",
            ),
        }
    }
}

impl std::error::Error for Fault {}

impl From<Fault> for io::Error {
    /// The error of the system, where it is one, so that a closed pipe is known for what it is.
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Read(ParquetError::External(error)) | Fault::Write(ParquetError::External(error)) => {
                match error.downcast::<Self>() {
                    Ok(error) => *error,
                    Err(error) => Self::other(error),
                }
            }
            fault => Self::other(fault),
        }
    }
}
