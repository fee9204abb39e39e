//! Where a run reads and writes. Owns the rules that keep inputs and outputs apart, and what becomes of the output.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::{RunError, create};
use crate::filter::Source;
use crate::output::Output;

/// Where rows go that stay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Standard output.
    Stdout,
    /// One file.
    File(PathBuf),
}

impl Target {
    /// The file, if it is one.
    pub(super) fn file(&self) -> Option<&Path> {
        match self {
            Self::Stdout => None,
            Self::File(path) => Some(path),
        }
    }

    pub(super) fn create(&self) -> Result<Sink, RunError> {
        Ok(match self {
            Self::Stdout => Sink::Stdout(io::stdout()),
            Self::File(path) => Sink::File(create(path)?),
        })
    }
}

/// An open target.
#[derive(Debug)]
pub(super) enum Sink {
    File(Output),
    Stdout(io::Stdout),
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::File(output) => output.write(bytes),
            Self::Stdout(output) => output.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::File(output) => output.flush(),
            Self::Stdout(output) => output.flush(),
        }
    }
}

/// Every input is there, and standard input no more than once.
pub(super) fn check_inputs(inputs: &[Source]) -> Result<(), RunError> {
    if inputs.iter().filter(|input| **input == Source::Stdin).count() > 1 {
        return Err(RunError::StdinTwice);
    }
    match inputs.iter().find_map(|input| input.path().filter(|path| !path.exists())) {
        Some(missing) => Err(RunError::Missing(missing.to_owned())),
        None => Ok(()),
    }
}

/// No output is another output or an input, under whatever name.
pub(super) fn check_outputs<'p>(
    inputs: &[Source],
    outputs: impl Iterator<Item = &'p Path>,
) -> Result<(), RunError> {
    let mut read: Vec<Place> = inputs.iter().filter_map(Source::path).filter_map(place).collect();
    read.sort();
    let mut written = Vec::new();
    for output in outputs {
        let Some(place) = place(output) else { continue };
        if read.binary_search(&place).is_ok() {
            return Err(RunError::OutputIsInput(output.to_owned()));
        }
        if written.contains(&place) {
            return Err(RunError::SameOutput(output.to_owned()));
        }
        written.push(place);
    }
    Ok(())
}

/// What tells a file from others, whatever names and links lead to it.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// A file that is there: device and number.
    #[cfg(unix)]
    There(u64, u64),
    /// A file that is not there yet, or one on a system without such numbers.
    Named(PathBuf),
}

/// `None` for what is no file, such as a pipe or a terminal, and for what can't be written anyway.
fn place(path: &Path) -> Option<Place> {
    match fs::metadata(path) {
        Ok(kept) if !kept.is_file() => None,
        #[cfg(unix)]
        Ok(kept) => {
            use std::os::unix::fs::MetadataExt as _;
            Some(Place::There(kept.dev(), kept.ino()))
        }
        #[cfg(not(unix))]
        Ok(_) => fs::canonicalize(path).ok().map(Place::Named),
        Err(_) => {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            let folder = fs::canonicalize(folder.unwrap_or(Path::new("."))).ok()?;
            Some(Place::Named(folder.join(path.file_name()?)))
        }
    }
}
