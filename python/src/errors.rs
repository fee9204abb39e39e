//! What is raised in Python. Owns the pairing of errors of the library with exceptions; the exceptions are defined in Python.

use std::io;
use std::path::Path;

use consentry_training::edge::{ApiError, PullError, RegisterError};
use consentry_training::filter::FilterError;
use consentry_training::find::FindError;
use consentry_training::gate::PolicyError;
use consentry_training::key::KeyFileError;
use consentry_training::run::RunError;
use consentry_training::snapshot::Refused;
use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::{PyErr, import_exception};

import_exception!(consentry.errors, ConsentUnavailable);
import_exception!(consentry.errors, NotRegistered);
import_exception!(consentry.errors, RunFailed);
import_exception!(consentry.errors, UnjudgeableRow);

/// It can't be told who granted the purpose.
pub(crate) fn refused(path: &Path, refused: &Refused) -> PyErr {
    ConsentUnavailable::new_err((refused.code(), format!("{}: {}", path.display(), sentence(refused))))
}

/// A run did not come to its end.
pub(crate) fn run(error: &RunError) -> PyErr {
    match error {
        RunError::Filter(FilterError::Consents(refused)) => {
            ConsentUnavailable::new_err((refused.code(), sentence(error)))
        }
        RunError::Filter(FilterError::Unjudgeable { reason, .. }) => {
            UnjudgeableRow::new_err((reason.code(), sentence(error)))
        }
        _ => RunFailed::new_err((error.code(), sentence(error))),
    }
}

/// The sentences of the library speak to someone at a shell.
fn sentence(error: &impl ToString) -> String {
    let arguments = [("--max-age", "max_age="), ("--key-file", "key_file="), ("--strict", "strict=True")];
    arguments.into_iter().fold(error.to_string(), |text, (option, argument)| text.replace(option, argument))
}

pub(crate) fn key_file(path: &Path, error: KeyFileError) -> PyErr {
    match error {
        KeyFileError::Io(error) => os(path, &error),
        error @ KeyFileError::NotAKey => PyValueError::new_err(format!("{}: {error}", path.display())),
    }
}

pub(crate) fn policy(path: &Path, error: PolicyError) -> PyErr {
    match error {
        PolicyError::Io(error) => os(path, &error),
        error => PyValueError::new_err(format!("{}: {error}", path.display())),
    }
}

/// An edge can't be asked with these arguments.
pub(crate) fn api(url: &str, key_file: &Path, error: ApiError) -> PyErr {
    match error {
        ApiError::KeyFile(error) => os(key_file, &error),
        ApiError::NoApiKey => PyValueError::new_err(format!("{}: {error}", key_file.display())),
        error => PyValueError::new_err(format!("{url} {error}")),
    }
}

/// The edge gave no snapshot.
pub(crate) fn edge(url: &str, error: &PullError) -> PyErr {
    ConsentUnavailable::new_err(("edge_unavailable", format!("{url} {error}")))
}

/// The edge doesn't know of the data set.
pub(crate) fn register(url: &str, manifest: &Path, error: &RegisterError) -> PyErr {
    let refused = |code| NotRegistered::new_err((code, format!("{} {error}", manifest.display())));
    match error {
        RegisterError::Manifest(FindError::Io(error)) => os(manifest, error),
        RegisterError::Index(index, error) => os(index, error),
        RegisterError::Manifest(FindError::NotAManifest) => refused("not_a_manifest"),
        RegisterError::Manifest(_) => refused("no_index"),
        RegisterError::OwnKey => refused("own_key"),
        RegisterError::Api(ApiError::Refused(..)) => {
            NotRegistered::new_err(("edge_refused", format!("{url} {error}")))
        }
        RegisterError::Api(_) => NotRegistered::new_err(("edge_unavailable", format!("{url} {error}"))),
    }
}

pub(crate) fn os(path: &Path, error: &io::Error) -> PyErr {
    match error.raw_os_error() {
        // With a number Python picks the exception's class, such as `FileNotFoundError`.
        Some(number) => PyOSError::new_err((number, error.to_string(), path.display().to_string())),
        None => PyOSError::new_err(format!("{}: {error}", path.display())),
    }
}
