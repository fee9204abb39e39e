//! Where a run reads and writes. Owns the rules that keep inputs and outputs apart, and what becomes of the output.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::{self, Path, PathBuf};

use super::{Job, RunError, create, shards};
use crate::filter::Source;
use crate::output::Output;

/// Where rows go that stay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Standard output.
    Stdout,
    /// One file.
    File(PathBuf),
    /// A folder, made if it isn't there: a file for each input, under its name.
    Folder(PathBuf),
}

impl Target {
    /// What a path means: a folder if it is one or ends like one, else a file.
    pub fn at(path: &Path) -> Self {
        let ends =
            path.as_os_str().as_encoded_bytes().last().is_some_and(|byte| path::is_separator((*byte).into()));
        if ends || path.is_dir() { Self::Folder(path.to_owned()) } else { Self::File(path.to_owned()) }
    }

    /// The files that will be written.
    pub(super) fn files(&self, job: &Job) -> Result<Vec<PathBuf>, RunError> {
        match self {
            Self::Stdout => Ok(Vec::new()),
            Self::File(path) => Ok(vec![path.clone()]),
            Self::Folder(path) => shards::names(job, path),
        }
    }

    pub(super) fn create(&self, outputs: Vec<PathBuf>) -> Result<Sink, RunError> {
        Ok(match self {
            Self::Stdout => Sink::One(OneStream::Stdout(io::stdout())),
            Self::File(path) => Sink::One(OneStream::File(create(path)?)),
            Self::Folder(path) => {
                shards::prepare(path)?;
                Sink::Shards(outputs)
            }
        })
    }
}

/// An open target.
#[derive(Debug)]
pub(super) enum Sink {
    One(OneStream),
    /// The outputs at the places of their inputs.
    Shards(Vec<PathBuf>),
}

#[derive(Debug)]
pub(super) enum OneStream {
    File(Output),
    Stdout(io::Stdout),
}

impl Write for OneStream {
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
    outputs: impl Iterator<Item = &'p PathBuf>,
) -> Result<(), RunError> {
    let read: BTreeSet<Place> = inputs.iter().filter_map(Source::path).filter_map(place).collect();
    let mut written = BTreeSet::new();
    for output in outputs {
        let Some(place) = place(output) else { continue };
        if read.contains(&place) {
            return Err(RunError::OutputIsInput(output.clone()));
        }
        if !written.insert(place) {
            return Err(RunError::SameOutput(output.clone()));
        }
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
            let folder = folder.unwrap_or(Path::new("."));
            // The folder may be one that the run is yet to make.
            let folder = fs::canonicalize(folder).or_else(|_| path::absolute(folder)).ok()?;
            Some(Place::Named(folder.join(path.file_name()?)))
        }
    }
}
