//! Runs over files, with the interpreter free meanwhile. Owns listening for Ctrl-C, and the words of JSON in which results cross;
//! what a run does is the library's.

use std::path::PathBuf;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use consentry_training::codec::Compression;
use consentry_training::filter::Options;
use consentry_training::gate::Gates;
use consentry_training::key;
use consentry_training::purge::{self as removal, Plan, plan};
use consentry_training::run::{Done, Job, Run, RunError, Target, inputs};
use consentry_training::scan::Field;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::snapshot::Snapshot;
use crate::{errors, now};

/// How long a Ctrl-C may go unheard.
const LISTEN: Duration = Duration::from_millis(50);

/// Keeps the rows of those who granted the purpose of the snapshot; what was done, as JSON.
#[pyfunction]
#[allow(
    clippy::too_many_arguments,
    clippy::needless_pass_by_value,
    reason = "the arguments of a function in Python"
)]
pub(crate) fn filter(
    py: Python<'_>,
    snapshot: &Snapshot,
    sources: Vec<PathBuf>,
    output: PathBuf,
    user_field: &str,
    quarantine: Option<PathBuf>,
    manifest: Option<PathBuf>,
    policy: Option<PathBuf>,
    strict: bool,
    compression: Option<&str>,
) -> PyResult<String> {
    snapshot.young()?;
    let field = Field::parse(user_field).ok_or_else(|| {
        PyValueError::new_err("user_field= is up to 16 keys with dots between them, such as meta.user_id")
    })?;
    let compression = match compression {
        None => None,
        Some("none") => Some(Compression::None),
        Some("gzip") => Some(Compression::Gzip),
        Some("zstd") => Some(Compression::Zstd),
        Some(_) => return Err(PyValueError::new_err("compression= is \"none\", \"gzip\" or \"zstd\"")),
    };
    let failed = |error: RunError| errors::run(&error);
    let sources = inputs(&sources).map_err(failed)?;
    let purpose = snapshot.inner.header().purpose.clone();
    let gates = match &policy {
        Some(file) => Some(Gates::open(file, now()).map_err(|error| errors::policy(file, error))?),
        None => None,
    };
    let options = Options { field, gates, strict, compression, ..Options::default() };
    let watch = options.watch.clone();
    let job = Job { quarantine, manifest, options, ..Job::new(purpose, sources, Target::at(&output), now) };

    let done = py.detach(|| {
        let run = job.begin().map_err(failed)?;
        finish(run, snapshot, &|| watch.stop())
    })?;
    let described = serde_json::json!({
        "counts": done.counts,
        "inputs": done.inputs,
        "outputs": done.outputs,
        "quarantine": done.quarantine,
    });
    Ok(described.to_string())
}

/// Signals reach Python's main thread only while it runs some Python, so the run is in another.
fn finish(run: Run, snapshot: &Snapshot, stop: &dyn Fn()) -> PyResult<Done> {
    thread::scope(|scope| {
        let (ended, end) = channel::<()>();
        let working = scope.spawn(move || {
            let done = run.finish(&snapshot.inner);
            drop(ended);
            done
        });
        let mut interrupted = None;
        while end.recv_timeout(LISTEN) == Err(RecvTimeoutError::Timeout) {
            if interrupted.is_none()
                && let Err(signal) = listen()
            {
                stop();
                interrupted = Some(signal);
            }
        }
        let done = working.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        match interrupted {
            Some(signal) => Err(signal),
            None => done.map_err(|error| errors::run(&error)),
        }
    })
}

#[allow(
    clippy::redundant_closure_for_method_calls,
    reason = "the method is not general enough in its lifetime"
)]
fn listen() -> PyResult<()> {
    Python::attach(|py| py.check_signals())
}

/// Removes users from stores, both as JSON; the report, as JSON.
#[pyfunction]
#[allow(clippy::needless_pass_by_value, reason = "the arguments of a function in Python")]
pub(crate) fn purge(
    py: Python<'_>,
    plan: &str,
    dry_run: bool,
    key_file: Option<PathBuf>,
) -> PyResult<String> {
    let wrong = |error: plan::PlanError| PyValueError::new_err(error.to_string());
    let (users, stores) = plan::read(plan.as_bytes()).map_err(wrong)?;
    let plan = Plan::new(users, stores).map_err(wrong)?;
    let key = match &key_file {
        Some(file) => Some(key::read(file).map_err(|error| errors::key_file(file, error))?.0),
        None => None,
    };
    let report =
        py.detach(|| removal::purge(&plan, &removal::Options { dry_run, key: key.as_ref(), clock: &now }));
    serde_json::to_string(&report).map_err(|error| PyValueError::new_err(error.to_string()))
}
