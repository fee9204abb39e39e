//! Fetching a snapshot from the edge, and telling it of a data set. Owns the arguments in Python's words; the rest is the library's.

use std::path::{Path, PathBuf};
use std::time::Duration;

use consentry::slug::Slug;
use consentry_training::edge::{
    Api, ApiError, Pull, PullError, Registration, pull as fetch, read_api_key, register as tell,
};
use consentry_training::key;
use pyo3::exceptions::PyValueError;
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
    let api = open(&url, &api_key_file)?;
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

/// Tells the edge of a data set. How many users have rows in it, and every model that was trained on it.
#[pyfunction]
#[allow(clippy::needless_pass_by_value, reason = "PyO3 hands over owned values")]
pub(crate) fn register(
    py: Python<'_>,
    manifest: PathBuf,
    edge: (String, PathBuf),
    dataset: &str,
    models: Vec<String>,
) -> PyResult<(u64, Vec<String>)> {
    let (url, api_key_file) = edge;
    let dataset = slug("dataset", dataset)?;
    let models = models.iter().map(|model| slug("models", model)).collect::<PyResult<Vec<_>>>()?;
    let api = open(&url, &api_key_file)?;
    let registration = Registration { api: &api, dataset: &dataset, models: &models, manifest: &manifest };
    match py.detach(|| tell(&registration)) {
        Ok(told) => Ok((told.users, told.models)),
        Err(error) => Err(errors::register(api.url(), &manifest, &error)),
    }
}

fn open(url: &str, api_key_file: &Path) -> PyResult<Api> {
    read_api_key(api_key_file)
        .and_then(|key| Api::new(url, &key))
        .map_err(|error| errors::api(url, api_key_file, error))
}

fn slug(argument: &str, text: &str) -> PyResult<Slug> {
    Slug::parse(text).ok_or_else(|| {
        let what = "names of up to 64 lower-case letters, digits and underscores, such as corpus_2026_11";
        PyValueError::new_err(format!("{argument}= takes {what}"))
    })
}
