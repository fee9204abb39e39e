//! What is raised in Python. Owns the pairing of errors of the library with exceptions; the exceptions are defined in Python.

use std::path::Path;

use consentry_training::key::KeyFileError;
use consentry_training::snapshot::Refused;
use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::{PyErr, import_exception};

import_exception!(consentry.errors, ConsentUnavailable);

/// It can't be told who granted the purpose.
pub(crate) fn refused(path: &Path, refused: &Refused) -> PyErr {
    // The sentences speak to someone at a shell.
    let sentence = refused.to_string().replace("--max-age", "max_age=").replace("--key-file", "key_file=");
    ConsentUnavailable::new_err((refused.code(), format!("{}: {sentence}", path.display())))
}

pub(crate) fn key_file(path: &Path, error: KeyFileError) -> PyErr {
    match error {
        KeyFileError::Io(error) => match error.raw_os_error() {
            // With a number Python picks the exception's class, such as `FileNotFoundError`.
            Some(number) => PyOSError::new_err((number, error.to_string(), path.display().to_string())),
            None => PyOSError::new_err(format!("{}: {error}", path.display())),
        },
        error @ KeyFileError::NotAKey => PyValueError::new_err(format!("{}: {error}", path.display())),
    }
}
