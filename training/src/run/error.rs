//! What ends a run. Owns the sentences; none says what stands in a row.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::filter::FilterError;

/// Why a run did not come to its end.
#[derive(Debug)]
pub enum RunError {
    /// An input is not there.
    Missing(PathBuf),
    /// A pattern or a folder stands for no file.
    NoMatch(PathBuf),
    /// A folder that is to be read has a folder in it.
    FolderInFolder(PathBuf),
    /// Standard input has no name in a folder.
    StdinIntoFolder,
    /// Two inputs would have the same output.
    SameName(PathBuf),
    /// Standard input is named twice.
    StdinTwice,
    /// Some inputs are Parquet and others are not, and there is one output. This one is.
    TwoForms(PathBuf),
    /// An input is Parquet, and the output is to be compressed as a whole.
    CompressesParquet(PathBuf),
    /// Two outputs are one file.
    SameOutput(PathBuf),
    /// An output is an input.
    OutputIsInput(PathBuf),
    /// An output can't be made, written or given its name.
    File {
        /// Which.
        file: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Whoever read standard output went away: nobody wants more.
    ReaderGone,
    /// The filter stopped.
    Filter(FilterError),
}

impl RunError {
    /// Stable name.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Missing(_) => "input_missing",
            Self::NoMatch(_) => "input_matches_nothing",
            Self::FolderInFolder(_) => "input_folder_in_folder",
            Self::StdinIntoFolder => "stdin_into_folder",
            Self::SameName(_) => "inputs_of_one_name",
            Self::StdinTwice => "stdin_twice",
            Self::TwoForms(_) => "two_forms",
            Self::CompressesParquet(_) => "compresses_parquet",
            Self::SameOutput(_) => "outputs_are_one_file",
            Self::OutputIsInput(_) => "output_is_input",
            Self::File { .. } => "file_not_written",
            Self::ReaderGone => "reader_gone",
            Self::Filter(FilterError::Input { .. }) => "input_unreadable",
            Self::Filter(FilterError::Output(_)) => "output_not_written",
            Self::Filter(FilterError::Quarantine(_)) => "quarantine_not_written",
            Self::Filter(FilterError::Stopped) => "stopped",
            Self::Filter(FilterError::Consents(_)) => "consent_unavailable",
            Self::Filter(FilterError::Unjudgeable { .. }) => "row_unjudgeable",
        }
    }
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(file) => write!(f, "{}: there is no such file", file.display()),
            Self::NoMatch(name) => write!(f, "{}: there is no file in it to read", name.display()),
            Self::FolderInFolder(folder) => write!(
                f,
                "{}: is a folder in a folder; name the files with a pattern, such as 'data/**/*.jsonl'",
                folder.display()
            ),
            Self::StdinIntoFolder => {
                f.write_str("standard input has no name that its output could get in a folder; name a file")
            }
            Self::SameName(file) => {
                write!(f, "{}: two inputs have this name; filter them into two folders", file.display())
            }
            Self::StdinTwice => f.write_str("standard input can be read once; name `-` once"),
            Self::TwoForms(file) => write!(
                f,
                "{}: is Parquet and other inputs are not; filter them apart, or into a folder",
                file.display()
            ),
            Self::CompressesParquet(file) => write!(
                f,
                "{}: is Parquet, whose columns stay compressed as they are; leave out --compress",
                file.display()
            ),
            Self::SameOutput(file) => write!(
                f,
                "{}: output, quarantine and manifest need a file each; give them different names",
                file.display()
            ),
            Self::OutputIsInput(file) => {
                write!(f, "{}: is an input too, which would be lost; write to another file", file.display())
            }
            Self::File { file, error } => write!(f, "{}: {error}", file.display()),
            Self::ReaderGone => f.write_str("whoever read the output went away"),
            Self::Filter(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for RunError {}
