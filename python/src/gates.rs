//! The second gate beside consent, for rows that are dictionaries. Owns which objects of Python are which marks; the policy and what
//! a mark means are the library's.

use std::path::Path;

use consentry::gate::{Closed, Mark};
use consentry::time::Timestamp;
use consentry_training::gate;
use consentry_training::scan::Field;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDate, PyDict, PyFloat, PyInt, PyMapping, PyString};

use crate::{errors, now};

/// A policy on the day on which it was opened.
#[pyclass(frozen, module = "consentry._consentry")]
pub(crate) struct Gates {
    inner: gate::Gates,
    /// What it was made of, for another process.
    made_of: (Vec<u8>, String, i64),
}

#[pymethods]
impl Gates {
    /// From the bytes of a policy, and what to call it where it is none; ages are those at `now_ms`, or now.
    #[new]
    #[pyo3(signature = (policy, name, now_ms = None))]
    fn new(policy: Vec<u8>, name: String, now_ms: Option<i64>) -> PyResult<Self> {
        let now = now_ms.map_or_else(now, Timestamp::from_ms);
        let inner = gate::Gates::parse(&name, &policy, now)
            .map_err(|error| errors::policy(Path::new(&name), error))?;
        Ok(Self { inner, made_of: (policy, name, now.as_ms()) })
    }

    /// Why a row stays out, if it does: `reserved` or `child`.
    fn closed(&self, row: &Bound<'_, PyAny>) -> PyResult<Option<&'static str>> {
        let found: Vec<Found<'_>> =
            self.inner.fields().iter().map(|field| find(row, field)).collect::<PyResult<_>>()?;
        let closed = self.inner.closed_by(|place| found.get(place).map_or(Mark::Unreadable, Found::mark));
        Ok(closed.map(Closed::code))
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> (Bound<'py, PyAny>, (Vec<u8>, String, i64)) {
        (slf.get_type().into_any(), slf.get().made_of.clone())
    }
}

/// What stands in a field of a row.
enum Found<'py> {
    Mark(Mark<'static>),
    Text(Bound<'py, PyString>),
}

impl Found<'_> {
    fn mark(&self) -> Mark<'_> {
        match self {
            Self::Mark(mark) => *mark,
            // Half a surrogate pair is no text.
            Self::Text(text) => text.to_str().map_or(Mark::Unreadable, Mark::Text),
        }
    }
}

fn find<'py>(row: &Bound<'py, PyAny>, field: &Field) -> PyResult<Found<'py>> {
    let mut at = row.clone();
    for key in field.keys() {
        match get(&at, key)? {
            Some(value) => at = value,
            None => return Ok(Found::Mark(Mark::Absent)),
        }
    }
    found(&at)
}

fn get<'py>(at: &Bound<'py, PyAny>, key: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
    if let Ok(dictionary) = at.cast_exact::<PyDict>() {
        return dictionary.get_item(key);
    }
    match at.cast::<PyMapping>() {
        // Asked first, because some make what is missing.
        Ok(mapping) if mapping.contains(key)? => mapping.get_item(key).map(Some),
        _ => Ok(None),
    }
}

/// What JSON would have here, and what tables have in its place: dates, and NumPy's own numbers.
fn found<'py>(object: &Bound<'py, PyAny>) -> PyResult<Found<'py>> {
    if let Ok(text) = object.cast::<PyString>() {
        return Ok(Found::Text(text.clone()));
    }
    if object.cast::<PyDate>().is_ok() {
        return Ok(Found::Text(object.call_method0("isoformat")?.cast_into()?));
    }
    if object.get_type().module().is_ok_and(|module| module == "numpy")
        && object.getattr("shape").is_ok_and(|shape| shape.len().is_ok_and(|length| length == 0))
    {
        let plain = object.call_method0("item")?;
        return if plain.is_instance_of::<PyDate>() { found(&plain) } else { Ok(mark(&plain)) };
    }
    Ok(mark(object))
}

fn mark<'py>(object: &Bound<'_, PyAny>) -> Found<'py> {
    let number = |number: f64| if number.is_finite() { Mark::Number(number) } else { Mark::Unreadable };
    Found::Mark(if object.is_none() {
        Mark::Absent
    } else if let Ok(bool) = object.cast::<PyBool>() {
        Mark::Bool(bool.is_true())
    } else if object.cast::<PyInt>().is_ok() || object.cast::<PyFloat>().is_ok() {
        object.extract().map_or(Mark::Unreadable, number)
    } else {
        Mark::Unreadable
    })
}
