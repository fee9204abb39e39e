//! Rows of those who granted a purpose, byte for byte and in order. Owns the way of a row from an input through the threads
//! to the output, the counts, and what stops a run; where inputs and outputs are is the caller's business.
//!
//! One thread reads and decompresses, several judge, one compresses and writes. Blocks go round the judges in turn and are
//! fetched from them in the same turn, so their order needs no book-keeping, and no more of them are in memory than the
//! channels hold.

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
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::sync_channel;
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
use judge::{Judged, judge};
use read::read;
pub use source::{Source, Watch};
use write::{Writer, Written};

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
    /// How many threads judge.
    pub judges: usize,
    /// How many bytes of rows go from hand to hand.
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
            judges: thread::available_parallelism().map_or(2, Into::into).max(2),
            block: 1 << 20,
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
pub fn filter<'w, W: Write + 'w>(
    sources: &'w [Source],
    grants: &(impl Grants + ?Sized),
    output: W,
    quarantine: Option<&'w mut (dyn Write + 'w)>,
    options: &Options,
) -> Result<(Report, W), FilterError> {
    let gone = &AtomicBool::new(false);
    thread::scope(|scope| {
        let (give_back, used) = sync_channel(4 * options.judges);
        let (mut to_judges, mut from_judges) = (Vec::new(), Vec::new());
        for _ in 0..options.judges.max(1) {
            let (to, blocks) = sync_channel::<Block>(1);
            let (done, from) = sync_channel::<Judged>(1);
            let mut notes = options.kept.as_deref().map(Kept::notes);
            scope.spawn(move || {
                for block in blocks {
                    let judged = judge(block, options, grants, &mut notes);
                    if done.send(judged).is_err() {
                        break;
                    }
                }
            });
            to_judges.push(to);
            from_judges.push(from);
        }
        let (tell, told) = sync_channel(1);
        let reader = scope.spawn(move || read(sources, options, gone, &tell, &used, &to_judges));
        // Nothing is told where the first input can't be opened, and then nothing is written either.
        let compression = options.compression.or_else(|| told.recv().ok()).unwrap_or(Compression::None);
        let written = Writer::new(sources, options, output, compression, quarantine)
            .and_then(|writer| writer.write_all(&from_judges, &give_back, grants));
        // Whoever still waits for the writer stops now.
        drop(from_judges);
        gone.store(true, Relaxed);
        let inputs = reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        let Written { counts, output, set_aside } = written?;
        let inputs = inputs?;
        let report = Report { counts, inputs, written: output.so_far(), set_aside };
        Ok((report, output.into_inner()))
    })
}
