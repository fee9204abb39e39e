//! Many inputs, each with an output of its own in one folder. Owns the threads that filter several at once, the names in the
//! folder, and the order of the quarantine; each shard is whole or not there, and stays when a later one fails.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Seek as _, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;

use tempfile::SpooledTempFile;

use super::{Job, RunError, file, folder_of, form};
use crate::digest::Digested;
use crate::filter::{FilterError, Options, Report};
use crate::grants::Witness;
use crate::output::Output;

/// So many shards may be done before the one whose quarantine is to be written next.
const AHEAD: usize = 64;
/// A shard's quarantine stays in memory up to so many bytes.
const SPOOL: usize = 1 << 16;

/// The outputs in the folder, in the order of the inputs.
pub(super) fn names(job: &Job, folder: &Path) -> Result<Vec<PathBuf>, RunError> {
    let mut seen = BTreeSet::new();
    let mut outputs = Vec::new();
    for input in &job.inputs {
        let name = input.path().and_then(Path::file_name).ok_or(RunError::StdinIntoFolder)?;
        if !seen.insert(name) {
            return Err(RunError::SameName(folder.join(name)));
        }
        outputs.push(folder.join(name));
    }
    Ok(outputs)
}

/// Makes the folder if need be, and removes what killed runs left in it.
pub(super) fn prepare(folder: &Path) -> Result<(), RunError> {
    if !folder.is_dir() {
        fs::create_dir(folder).map_err(file(folder))?;
    }
    Output::clean(folder).map_err(file(folder))
}

/// Filters every input into the output at its place; gives the reports in that order.
pub(super) fn filter_all(
    job: &Job,
    outputs: &[PathBuf],
    mut quarantine: Option<&mut Digested<impl Write>>,
    witness: &(impl Witness + ?Sized),
) -> Result<Vec<Report>, RunError> {
    let at_once = job.options.threads.clamp(1, outputs.len().max(1));
    let options = Options { threads: (job.options.threads / at_once).max(1), ..job.options.clone() };
    let spool = job.quarantine.as_deref().map(folder_of);
    let (give, work) = mpsc::channel::<usize>();
    let work = Mutex::new(work);
    let (tell, told) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..at_once {
            let (work, tell, options) = (&work, tell.clone(), &options);
            scope.spawn(move || {
                loop {
                    let next = work.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok(shard) = next else { break };
                    let done = one(job, shard, &outputs[shard], spool, options, witness);
                    if tell.send((shard, done)).is_err() {
                        break;
                    }
                }
            });
        }
        drop(tell);
        let done = in_order(outputs.len(), &give, &told, |spooled| match quarantine.as_mut() {
            Some(quarantine) => append(spooled, quarantine),
            None => Ok(()),
        });
        if done.is_err() {
            // The others need not come to their ends.
            job.options.watch.stop();
        }
        drop(give);
        done
    })
}

type Shard = (Report, Option<SpooledTempFile>);

/// Gives out the shards and takes what became of them, as long as none fails.
fn in_order(
    count: usize,
    give: &mpsc::Sender<usize>,
    told: &mpsc::Receiver<(usize, Result<Shard, RunError>)>,
    mut append: impl FnMut(SpooledTempFile) -> io::Result<()>,
) -> Result<Vec<Report>, RunError> {
    let mut reports = Vec::new();
    let mut waiting = BTreeMap::new();
    let mut given = 0;
    while reports.len() < count {
        while given < count.min(reports.len() + AHEAD) && give.send(given).is_ok() {
            given += 1;
        }
        // Fails only if the threads are gone, and then joining them says why.
        let Ok((shard, done)) = told.recv() else { break };
        waiting.insert(shard, done?);
        while let Some((report, spooled)) = waiting.remove(&reports.len()) {
            if let Some(spooled) = spooled {
                append(spooled).map_err(|error| RunError::Filter(FilterError::Quarantine(error)))?;
            }
            reports.push(report);
        }
    }
    Ok(reports)
}

fn one(
    job: &Job,
    shard: usize,
    output: &Path,
    spool: Option<&Path>,
    options: &Options,
    witness: &(impl Witness + ?Sized),
) -> Result<Shard, RunError> {
    let mut spooled = spool.map(|folder| tempfile::spooled_tempfile_in(SPOOL, folder));
    let set_aside = spooled.as_mut().map(|spooled| spooled as &mut (dyn Write + Send));
    let inputs = &job.inputs[shard..=shard];
    let into = Output::create_in_clean(output).map_err(file(output))?;
    let (report, into) =
        form::pass(inputs, witness, into, set_aside, options).map_err(|error| match error {
            FilterError::Output(error) => file(output)(error),
            error => RunError::Filter(error),
        })?;
    witness.trusted().map_err(|refused| RunError::Filter(FilterError::Consents(refused)))?;
    into.publish().map_err(file(output))?;
    Ok((report, spooled))
}

fn append(mut spooled: SpooledTempFile, quarantine: &mut impl Write) -> io::Result<()> {
    spooled.rewind()?;
    io::copy(&mut spooled, quarantine).map(drop)
}
