//! A snapshot in Python's hands. Owns the check of its age at every question: what was young enough when it was opened may be
//! too old an hour later.

use std::path::PathBuf;

use consentry::{purpose::Purpose, slug::Slug, subject::UserId};
use consentry_training::key;
use consentry_training::snapshot::{self, Refused, Wanted};
use numpy::{IntoPyArray as _, PyArray1, PyReadonlyArray2};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::arrow::{self, Made};
use crate::errors;
use crate::ids::{Bytes, Utf32};
use crate::judge::{Counted, Ids, Verdict, bools, judge};
use crate::key::SiteKey;
use crate::now;
use crate::objects::judge_objects;

/// Whether a consent could be recorded for this text at all.
#[pyfunction]
pub(crate) fn is_user_id(text: &Bound<'_, PyString>) -> bool {
    user(text).is_some()
}

pub(crate) fn purpose(text: &str) -> PyResult<Purpose> {
    Purpose::parse(text).ok_or_else(|| {
        PyValueError::new_err(
            "purpose= is a name of up to 64 lower-case letters, digits and underscores, such as model_training",
        )
    })
}

pub(crate) fn site(text: &str) -> PyResult<Slug> {
    Slug::parse(text).ok_or_else(|| {
        PyValueError::new_err("site= is a name of up to 64 lower-case letters, digits and underscores")
    })
}

/// Half a surrogate pair is in no id.
fn user(text: &Bound<'_, PyString>) -> Option<UserId> {
    UserId::parse(text.to_str().ok()?).ok()
}

/// Who granted a purpose; `consentry.Snapshot` is its face.
#[pyclass(frozen, module = "consentry._consentry")]
pub(crate) struct Snapshot {
    pub(crate) inner: snapshot::Snapshot,
    path: PathBuf,
    max_age_ms: i64,
}

#[pymethods]
#[allow(clippy::needless_pass_by_value, reason = "PyO3 hands over owned values")]
impl Snapshot {
    /// Opens a file, checks all of it, and reads the site's key if one is named.
    #[new]
    fn new(
        py: Python<'_>,
        path: PathBuf,
        purpose: &str,
        site: Option<&str>,
        key_file: Option<PathBuf>,
        max_age_ms: i64,
    ) -> PyResult<Self> {
        let purpose = self::purpose(purpose)?;
        let site = site.map(self::site).transpose()?;
        let key = match &key_file {
            Some(file) => Some(key::read(file).map_err(|error| errors::key_file(file, error))?.0),
            None => None,
        };
        let wanted =
            Wanted { purpose: &purpose, site: site.as_ref(), max_age_ms, clock: now, key: key.as_ref() };
        let opened = py.detach(|| snapshot::Snapshot::open(&path, &wanted));
        let inner = opened.map_err(|error| errors::refused(&path, &error))?;
        Ok(Self { inner, path, max_age_ms })
    }

    #[getter]
    fn site(&self) -> &str {
        self.inner.header().site.as_str()
    }

    #[getter]
    fn purpose(&self) -> String {
        self.inner.header().purpose.to_string()
    }

    /// Milliseconds since 1970.
    #[getter]
    fn created_at_ms(&self) -> i64 {
        self.inner.header().created_at.as_ms()
    }

    #[getter]
    fn log_position(&self) -> Option<u64> {
        self.inner.header().log_position
    }

    #[getter]
    fn key_id(&self) -> u16 {
        self.inner.header().key_id.0
    }

    #[getter]
    fn users(&self) -> u32 {
        self.inner.header().count
    }

    #[getter]
    fn digest(&self) -> String {
        self.inner.digest().to_string()
    }

    /// The key by which its users are hashed.
    fn key(&self) -> SiteKey {
        self.inner.keying().into()
    }

    /// Whether this user granted the purpose; a text that is no user id did not.
    fn holds(&self, text: &Bound<'_, PyString>) -> PyResult<bool> {
        self.young()?;
        Ok(user(text).is_some_and(|user| self.inner.holds(&user)))
    }

    /// The mask of a column that speaks Arrow.
    fn arrow(&self, py: Python<'_>, column: &Bound<'_, PyAny>) -> PyResult<(Made, Counted)> {
        self.young()?;
        let chunks = arrow::chunks(column)?;
        let (mask, tally) = py.detach(|| arrow::mask(&chunks, &self.inner)).map_err(|other| {
            PyTypeError::new_err(format!(
                "mask() takes a column of text, and this one is of the Arrow type {other}; cast it"
            ))
        })?;
        Ok((mask, tally.counted()))
    }

    /// The mask of a matrix with an id of UTF-32 a row.
    fn utf32<'py>(&self, py: Python<'py>, matrix: PyReadonlyArray2<'py, u32>) -> PyResult<Masked<'py>> {
        self.dense(py, &Utf32(matrix.as_array()))
    }

    /// The mask of a matrix with an id of UTF-8 a row.
    fn utf8<'py>(&self, py: Python<'py>, matrix: PyReadonlyArray2<'py, u8>) -> PyResult<Masked<'py>> {
        self.dense(py, &Bytes(matrix.as_array()))
    }

    /// The mask of a list or a tuple of anything.
    fn list(&self, list: &Bound<'_, PyAny>) -> PyResult<(Vec<bool>, Counted)> {
        self.young()?;
        let (mask, tally) = bools(judge_objects(list, &self.inner)?);
        Ok((mask, tally.counted()))
    }

    /// The mask of an array of anything.
    fn objects<'py>(&self, array: &Bound<'py, PyAny>) -> PyResult<Masked<'py>> {
        self.young()?;
        let (mask, tally) = bools(judge_objects(array, &self.inner)?);
        Ok((mask.into_pyarray(array.py()), tally.counted()))
    }

    /// A number for each place of a list of anything, in the order of [`Verdict`].
    fn verdicts<'py>(&self, list: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyArray1<u8>>> {
        self.young()?;
        let verdicts = judge_objects(list, &self.inner)?;
        let numbers: Vec<u8> = verdicts.into_iter().map(Verdict::number).collect();
        Ok(numbers.into_pyarray(list.py()))
    }
}

type Masked<'py> = (Bound<'py, PyArray1<bool>>, Counted);

impl Snapshot {
    /// Still young enough to be asked.
    pub(crate) fn young(&self) -> PyResult<()> {
        let created_at = self.inner.header().created_at;
        if now().as_ms() - created_at.as_ms() > self.max_age_ms {
            return Err(errors::refused(&self.path, &Refused::TooOld(created_at)));
        }
        Ok(())
    }

    fn dense<'py>(&self, py: Python<'py>, ids: &(impl Ids + Send)) -> PyResult<Masked<'py>> {
        self.young()?;
        let (mask, tally) = py.detach(|| bools(judge(ids, &self.inner)));
        Ok((mask.into_pyarray(py), tally.counted()))
    }
}
