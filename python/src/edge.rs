//! Fetching a snapshot from the edge. Owns the arguments in Python's words; the rest is the library's.

use std::path::PathBuf;
use std::time::Duration;

use consentry_training::edge::{Api, ApiError, Pull, PullError, pull as fetch, read_api_key};
use consentry_training::key;
use pyo3::prelude::*;

use crate::{errors, now, snapshot};

/// Fetches a snapshot into a file, or brings the one there up to date. How many people are in it.
#[pyfunction]
#[allow(clippy::needless_pass_by_value, reason = "PyO3 hands over owned values")]
pub(crate) fn pull(
    py: Python<'_>,
    file: PathBuf,
    edge: (String, PathBuf),
    site: (&str, PathBuf),
    purpose: &str,
    wait_ms: u64,
) -> PyResult<u32> {
    let ((url, api_key_file), (site, key_file)) = (edge, site);
    let (site, purpose) = (snapshot::site(site)?, snapshot::purpose(purpose)?);
    let (key, id) = key::read(&key_file).map_err(|error| errors::key_file(&key_file, error))?;
    let api = read_api_key(&api_key_file)
        .and_then(|key| Api::new(&url, &key))
        .map_err(|error| errors::api(&url, &api_key_file, error))?;
    let pull = Pull {
        api: &api,
        site: &site,
        purpose: &purpose,
        key: (&key, id),
        file: &file,
        wait: Duration::from_millis(wait_ms),
        clock: now,
    };
    match py.detach(|| fetch(&pull)) {
        Ok(pulled) => Ok(pulled.users),
        Err(PullError::Io(error) | PullError::Api(ApiError::Io(error))) => Err(errors::os(&file, &error)),
        Err(error) => Err(errors::edge(api.url(), &error)),
    }
}
