//! Rows of those who granted a purpose, byte for byte and in order. Owns the way of a row from an input through the threads
//! to the output, the counts, and what stops a run; where inputs and outputs are is the caller's business.
//!
//! Every thread takes the next block from the reader, judges it and writes it when it is its turn. So a block stays near the
//! core that works on it, there are no more of them in memory than threads, and reading and decompressing one goes on beside
//! compressing and writing another.

mod blocks;
#[cfg(feature = "parquet")]
mod columns;
mod judge;
mod quarantine;
mod read;
mod source;
mod write;

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Write};
use std::ops::AddAssign;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use consentry::hash::Hash;
use serde::{Deserialize, Serialize};

use crate::codec::Compression;
use crate::gate::Gates;
use crate::grants::Grants;
use crate::kept::Kept;
use crate::scan::{Field, Reason};
use crate::snapshot::Refused;
use blocks::Block;
#[cfg(feature = "parquet")]
pub use columns::filter_parquet;
use judge::{Judge, judge};
use read::Reader;
pub use source::{Source, Watch};
use write::{Turns, Writer, Written};

/// How to filter.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where a row names its user.
    pub field: Field,
    /// The longest row, in bytes.
    pub max_row: usize,
    /// What keeps rows out beside consent.
    pub gates: Option<Gates>,
    /// Whether a row that can't be judged ends the run.
    pub strict: bool,
    /// How to compress the output; as the first input is if `None`.
    pub compression: Option<Compression>,
    /// Whether to hash inputs and output.
    pub digests: bool,
    /// How many threads work.
    pub threads: usize,
    /// How many bytes of rows each of them works on at a time.
    pub block: usize,
    /// To see how far the run is, and to stop it.
    pub watch: Arc<Watch>,
    /// Where to note whose rows stay.
    pub kept: Option<Arc<Kept>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            field: Field::default(),
            max_row: 64 << 20,
            gates: None,
            strict: false,
            compression: None,
            digests: false,
            threads: thread::available_parallelism().map_or(2, Into::into).max(2),
            // What is read, judged and written stays in the memory next to a core.
            block: 1 << 18,
            watch: Arc::default(),
            kept: None,
        }
    }
}

/// What became of the rows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Lines read.
    pub rows: u64,
    /// Rows of users who granted the purpose.
    pub kept: u64,
    /// Rows of users who did not.
    pub no_consent: u64,
    /// Rows of users who did, and that their owners reserved.
    #[serde(default)]
    pub reserved: u64,
    /// Rows of users who did, and are children without a parent's agreement.
    #[serde(default)]
    pub child: u64,
    /// Lines of nothing but spaces, which are left out.
    pub blank: u64,
    /// Rows that can't be judged.
    pub quarantined: u64,
    /// These by the code of their reason.
    pub reasons: BTreeMap<String, u64>,
}

impl Counts {
    /// Whether rows named users, and not one of them granted the purpose. By other ids, or by another key than the site's, it looks
    /// like this whatever anybody said.
    pub const fn of_nobody(&self) -> bool {
        self.no_consent > 0 && self.kept + self.reserved + self.child == 0
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.rows += other.rows;
        self.kept += other.kept;
        self.no_consent += other.no_consent;
        self.reserved += other.reserved;
        self.child += other.child;
        self.blank += other.blank;
        self.quarantined += other.quarantined;
        for (reason, n) in other.reasons {
            *self.reasons.entry(reason).or_default() += n;
        }
    }
}

/// Bytes that were read or written, as they are in the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stream {
    /// The path, or `-`.
    pub file: String,
    /// How many.
    pub bytes: u64,
    /// Their SHA-256, if it was asked for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sha256: Option<Hash>,
}

/// What a whole run did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// What became of the rows.
    pub counts: Counts,
    /// What was read.
    pub inputs: Vec<Stream>,
    /// How many bytes were written, and their SHA-256.
    pub written: (u64, Option<Hash>),
    /// The same of the quarantine.
    pub set_aside: Option<(u64, Option<Hash>)>,
}

/// What ends a run. Never says what stands in a row.
#[derive(Debug)]
pub enum FilterError {
    /// An input can't be read to its end.
    Input {
        /// Which.
        file: String,
        /// Why.
        error: io::Error,
    },
    /// The output can't be written.
    Output(io::Error),
    /// The quarantine can't be written.
    Quarantine(io::Error),
    /// It was told to, by [`Watch::stop`].
    Stopped,
    /// It can't be told any more who granted the purpose.
    Consents(Refused),
    /// A row can't be judged and the run is strict.
    Unjudgeable {
        /// In which input.
        file: String,
        /// In which line, from 1 on.
        line: u64,
        /// Why.
        reason: Reason,
    },
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input { file, error } => write!(f, "{file} can't be read: {error}"),
            Self::Output(error) => write!(f, "the output can't be written: {error}"),
            Self::Quarantine(error) => write!(f, "the quarantine can't be written: {error}"),
            Self::Stopped => f.write_str("stopped before the end"),
            Self::Consents(refused) => write!(f, "the record of who granted the purpose {refused}"),
            Self::Unjudgeable { file, line, reason } => {
                write!(
                    f,
                    "{file}, line {line}: the row {reason} ({}); mend it, or run without --strict",
                    reason.code()
                )
            }
        }
    }
}

impl std::error::Error for FilterError {}

/// Writes the rows of users whom `grants` knows, and to `quarantine`, if there is one, those that can't be judged.
///
/// Where one input ends without a line end and more rows follow, one is put between them.
pub fn filter<'w, W: Write + Send + 'w>(
    sources: &'w [Source],
    grants: &(impl Grants + ?Sized),
    output: W,
    quarantine: Option<&'w mut (dyn Write + Send + 'w)>,
    options: &Options,
) -> Result<(Report, W), FilterError> {
    let gone = AtomicBool::new(false);
    let reader = Reader::open(sources, options, &gone)?;
    let compression = options.compression.or(reader.compression()).unwrap_or(Compression::None);
    let writer = Writer::new(sources, options, output, compression, quarantine)?;
    let (reader, turns) = (Mutex::new(reader), Turns::new(writer));
    let next = |used| reader.lock().unwrap_or_else(PoisonError::into_inner).next(used);
    let work = || {
        let _watched = turns.watched();
        let mut with = Judge::new(options.kept.as_deref().map(Kept::notes));
        let mut used = Block::default();
        while let Some(block) = next(used) {
            match turns.write(judge(block, options, grants, &mut with), grants) {
                Some(written) => used = written,
                None => return gone.store(true, Relaxed),
            }
        }
    };
    thread::scope(|scope| {
        for _ in 1..options.threads {
            scope.spawn(work);
        }
        work();
    });
    let Written { counts, output, set_aside } = turns.finish()?;
    let inputs = reader.into_inner().unwrap_or_else(PoisonError::into_inner).finish()?;
    let report = Report { counts, inputs, written: output.so_far(), set_aside };
    Ok((report, output.into_inner()))
}
