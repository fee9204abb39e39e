//! `consentry._consentry`: what Python can't do itself. Owns the crossing of the border, the clock, and the look-up of whole
//! columns on all cores; what users see, with its types and its words, is in the Python beside it.
#![allow(clippy::disallowed_methods, reason = "Python runs on a machine that has a clock")]

mod arrow;
mod edge;
mod errors;
mod gates;
mod ids;
mod judge;
mod key;
mod objects;
mod run;
mod snapshot;

use std::ffi::OsString;
use std::time::{SystemTime, UNIX_EPOCH};

use consentry::time::Timestamp;
use pyo3::prelude::*;

/// The module as Python loads it.
#[pymodule(name = "_consentry")]
fn contents(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<snapshot::Snapshot>()?;
    module.add_class::<key::SiteKey>()?;
    module.add_class::<arrow::Made>()?;
    module.add_class::<gates::Gates>()?;
    module.add_function(wrap_pyfunction!(snapshot::is_user_id, module)?)?;
    module.add_function(wrap_pyfunction!(main, module)?)?;
    module.add_function(wrap_pyfunction!(edge::pull, module)?)?;
    module.add_function(wrap_pyfunction!(edge::register, module)?)?;
    module.add_function(wrap_pyfunction!(run::filter, module)?)?;
    module.add_function(wrap_pyfunction!(run::purge, module)?)
}

/// The command `consentry`; its exit code.
#[pyfunction]
fn main(py: Python<'_>, arguments: Vec<OsString>) -> u8 {
    py.detach(|| consentry_cli::run(arguments))
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_ms(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
