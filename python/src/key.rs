//! A site's key in Python's hands, for engines that join. Owns giving the subjects of a column of ids.

use std::path::PathBuf;

use consentry::subject::{self, KeyId};
use consentry_training::key;
use consentry_training::snapshot::Keying;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};

use crate::arrow::{self, Made};
use crate::errors;
use crate::objects::subjects_of_objects;

/// The key by which users are hashed; `consentry.SiteKey` is its face.
#[pyclass(frozen, module = "consentry._consentry")]
pub(crate) struct SiteKey(subject::SiteKey, KeyId);

#[pymethods]
impl SiteKey {
    /// Reads a key file.
    #[new]
    #[allow(clippy::needless_pass_by_value, reason = "PyO3 hands over owned values")]
    fn new(path: PathBuf) -> PyResult<Self> {
        let (key, id) = key::read(&path).map_err(|error| errors::key_file(&path, error))?;
        Ok(Self(key, id))
    }

    #[getter]
    fn key_id(&self) -> u16 {
        self.1.0
    }

    /// The subjects of a column that speaks Arrow.
    fn arrow(&self, py: Python<'_>, column: &Bound<'_, PyAny>) -> PyResult<Made> {
        let chunks = arrow::chunks(column)?;
        py.detach(|| arrow::subjects(&chunks, &self.0)).map_err(|other| {
            PyTypeError::new_err(format!(
                "subjects() takes a column of text, and this one is of the Arrow type {other}; cast it"
            ))
        })
    }

    /// The subjects of a list, a tuple or an array of anything.
    fn list<'py>(&self, column: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyList>> {
        let subjects = subjects_of_objects(column, &self.0)?;
        let py = column.py();
        PyList::new(py, subjects.iter().map(|subject| subject.map(|key| PyBytes::new(py, &key))))
    }
}

impl From<Keying> for SiteKey {
    fn from(keying: Keying) -> Self {
        match keying {
            Keying::Site(key, id) => Self(key, id),
            Keying::Inside(bytes) => Self(subject::SiteKey::from_bytes(KeyId(0), bytes), KeyId(0)),
        }
    }
}
