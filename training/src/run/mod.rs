//! A run from files to files: the filter with its outputs, quarantine and manifest. Owns the order of its steps: nothing gets
//! its name before everything in it is known to be good, and the manifest comes last, because it speaks of files that are
//! there. How rows are judged is [`crate::filter`]'s business; messages and exit codes are the face's.

mod error;
mod form;
mod inputs;
mod shards;
mod target;

use std::io::{self, BufWriter, Seek as _, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use consentry::{hash::Hash, purpose::Purpose, time::Timestamp};

use crate::digest::Digested;
use crate::filter::{Counts, FilterError, Options, Source, Stream};
use crate::grants::Witness;
use crate::kept::Kept;
use crate::manifest::{self, Manifest};
use crate::output::Output;

pub use error::RunError;
pub use inputs::inputs;
pub use target::Target;
use target::{OneStream, Sink};

/// What is to be done.
#[derive(Clone, Debug)]
pub struct Job {
    /// What the rows are to be used for.
    pub purpose: Purpose,
    /// What to read, in this order.
    pub inputs: Vec<Source>,
    /// Where rows go that stay. In a folder every input gets an output of its own, under its name; each is whole or not there, and
    /// those that were finished stay when the run fails.
    pub output: Target,
    /// Where rows go that can't be judged; they are left out and counted if `None`.
    pub quarantine: Option<PathBuf>,
    /// Where to say what was done. Beside it, under its name with `.index` behind it, goes the index of users whose rows stayed.
    pub manifest: Option<PathBuf>,
    /// How to filter. [`Options::digests`] is set where there is a manifest.
    pub options: Options,
    /// The time.
    pub clock: fn() -> Timestamp,
}

impl Job {
    /// Rows from `inputs` to `output`, with nothing else to write.
    pub fn new(purpose: Purpose, inputs: Vec<Source>, output: Target, clock: fn() -> Timestamp) -> Self {
        let options = Options::default();
        Self { purpose, inputs, output, quarantine: None, manifest: None, options, clock }
    }

    /// Checks inputs and outputs and takes the outputs' places, before anything is asked of consent: so what a killed run left
    /// there is gone whatever comes of this one.
    pub fn begin(mut self) -> Result<Run, RunError> {
        let started_at = (self.clock)();
        target::check_inputs(&self.inputs)?;
        form::check(&self)?;
        let outputs = self.output.files(&self)?;
        let index = self.manifest.as_deref().and_then(manifest::index_of);
        let extra = [&self.quarantine, &self.manifest, &index].into_iter().flatten();
        target::check_outputs(&self.inputs, outputs.iter().chain(extra))?;
        self.options.digests |= self.manifest.is_some();
        let sink = self.output.create(outputs)?;
        let quarantine = self.quarantine.as_deref().map(create_private).transpose()?.map(BufWriter::new);
        let manifest = self.manifest.as_deref().map(create).transpose()?;
        let index = match index {
            Some(path) => Some((create_private(&path)?, path)),
            None => None,
        };
        Ok(Run { job: self, started_at, sink, quarantine, manifest, index })
    }
}

/// A job that has its places. Dropped, it leaves nothing behind.
#[derive(Debug)]
pub struct Run {
    job: Job,
    started_at: Timestamp,
    sink: Sink,
    quarantine: Option<BufWriter<Output>>,
    manifest: Option<Output>,
    index: Option<(Output, PathBuf)>,
}

/// What a run did.
#[derive(Clone, Debug)]
pub struct Done {
    /// What became of the rows.
    pub counts: Counts,
    /// What was read.
    pub inputs: Vec<Stream>,
    /// What was written.
    pub outputs: Vec<Stream>,
    /// Where the rows are that can't be judged, if they were kept.
    pub quarantine: Option<Stream>,
}

impl Run {
    /// When it began.
    pub const fn started_at(&self) -> Timestamp {
        self.started_at
    }

    /// Does it.
    pub fn finish(self, witness: &(impl Witness + ?Sized)) -> Result<Done, RunError> {
        let Self { mut job, started_at, sink, mut quarantine, manifest, index } = self;
        let kept = index.as_ref().map(|(_, path)| Arc::new(kept(&job, started_at, witness, path)));
        job.options.kept.clone_from(&kept);
        let (done, sink) = match sink {
            Sink::Shards(outputs) => (shards(&job, &outputs, quarantine.as_mut(), witness)?, None),
            Sink::One(stream) => {
                let (done, stream) = whole(&job, stream, quarantine.as_mut(), witness)?;
                (done, Some(stream))
            }
        };
        witness.trusted().map_err(|refused| RunError::Filter(FilterError::Consents(refused)))?;

        if let (Some(writer), Some(path)) = (quarantine, &job.quarantine) {
            let output = writer.into_inner().map_err(|error| file(path)(error.into_error()))?;
            output.publish().map_err(file(path))?;
        }
        if let (Some(OneStream::File(output)), Target::File(path)) = (sink, &job.output) {
            output.publish().map_err(file(path))?;
        }
        job.options.kept = None;
        let index = match (index, kept.and_then(Arc::into_inner)) {
            (Some((output, path)), Some(kept)) => {
                Some(write_index(kept, output, &path).map_err(file(&path))?)
            }
            _ => None,
        };
        if let (Some(output), Some(path)) = (manifest, &job.manifest) {
            let described = Manifest { index, ..described(&job, started_at, &done, witness) };
            write(&described, output).map_err(file(path))?;
        }
        Ok(done)
    }
}

/// All inputs into one stream, which is yet to get its name.
fn whole(
    job: &Job,
    stream: OneStream,
    quarantine: Option<&mut BufWriter<Output>>,
    witness: &(impl Witness + ?Sized),
) -> Result<(Done, OneStream), RunError> {
    let set_aside = quarantine.map(|writer| writer as &mut (dyn Write + Send));
    let to_stdout = matches!(stream, OneStream::Stdout(_));
    let (report, stream) =
        form::pass(&job.inputs, witness, stream, set_aside, &job.options).map_err(|error| match error {
            FilterError::Output(error) if to_stdout && error.kind() == io::ErrorKind::BrokenPipe => {
                RunError::ReaderGone
            }
            error => RunError::Filter(error),
        })?;
    let name = match &job.output {
        Target::File(path) => Some(path.as_path()),
        Target::Stdout | Target::Folder(_) => None,
    };
    let done = Done {
        counts: report.counts,
        inputs: report.inputs,
        outputs: vec![named(name, report.written)],
        quarantine: report.set_aside.map(|written| named(job.quarantine.as_deref(), written)),
    };
    Ok((done, stream))
}

/// Every input into an output of its own.
fn shards(
    job: &Job,
    outputs: &[PathBuf],
    quarantine: Option<&mut BufWriter<Output>>,
    witness: &(impl Witness + ?Sized),
) -> Result<Done, RunError> {
    let mut quarantine = quarantine.map(|writer| Digested::new(writer, job.options.digests));
    let reports = shards::filter_all(job, outputs, quarantine.as_mut(), witness)?;
    let mut done = Done {
        counts: Counts::default(),
        inputs: Vec::new(),
        outputs: Vec::new(),
        quarantine: quarantine.map(|writer| named(job.quarantine.as_deref(), writer.so_far())),
    };
    for (report, output) in reports.into_iter().zip(outputs) {
        done.counts += report.counts;
        done.inputs.extend(report.inputs);
        done.outputs.push(named(Some(output), report.written));
    }
    Ok(done)
}

fn kept(job: &Job, started_at: Timestamp, witness: &(impl Witness + ?Sized), index: &Path) -> Kept {
    let site = witness.consents(started_at).site;
    Kept::new(site, job.purpose.clone(), started_at, witness.keying(), folder_of(index))
}

fn write_index(kept: Kept, mut output: Output, path: &Path) -> io::Result<Stream> {
    kept.write(&mut output)?;
    output.file().rewind()?;
    let mut whole = Digested::new(output.file(), true);
    io::copy(&mut whole, &mut io::sink())?;
    let written = whole.so_far();
    output.publish()?;
    Ok(named(Some(path), written))
}

fn create_private(path: &Path) -> Result<Output, RunError> {
    Output::create_private(path).map_err(file(path))
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn create(path: &Path) -> Result<Output, RunError> {
    Output::create(path).map_err(file(path))
}

fn file(path: &Path) -> impl FnOnce(io::Error) -> RunError {
    |error| RunError::File { file: path.to_owned(), error }
}

fn named(path: Option<&Path>, (bytes, sha256): (u64, Option<Hash>)) -> Stream {
    Stream { file: path.map_or("-".into(), |path| path.display().to_string()), bytes, sha256 }
}

fn described(job: &Job, started_at: Timestamp, done: &Done, witness: &(impl Witness + ?Sized)) -> Manifest {
    let done = done.clone();
    Manifest {
        version: env!("CARGO_PKG_VERSION").into(),
        started_at,
        ended_at: (job.clock)(),
        purpose: job.purpose.clone(),
        user_field: job.options.field.to_string(),
        snapshot: witness.consents(started_at),
        policy: job.options.gates.as_ref().map(|gates| gates.file().clone()),
        inputs: done.inputs,
        outputs: done.outputs,
        quarantine: done.quarantine,
        index: None,
        counts: done.counts,
    }
}

fn write(manifest: &Manifest, mut output: Output) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut output, manifest)?;
    output.write_all(b"\n")?;
    output.publish()
}
