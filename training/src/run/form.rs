//! Rows of JSON or of Parquet. Owns telling which the inputs are, by content, and the way that each goes.

use std::io::Write;

use super::{Job, RunError, Target};
use crate::filter::{FilterError, Options, Report, Source, filter};
use crate::grants::Grants;

/// Both forms can't go into one output, and what Parquet's columns are compressed with is kept.
pub(super) fn check(job: &Job) -> Result<(), RunError> {
    let mut files = job.inputs.iter().filter(|input| is_parquet(input));
    let Some(first) = files.next().and_then(Source::path) else { return Ok(()) };
    if job.options.compression.is_some() {
        return Err(RunError::CompressesParquet(first.to_owned()));
    }
    let into_one = !matches!(job.output, Target::Folder(_));
    if into_one && 1 + files.count() < job.inputs.len() {
        return Err(RunError::TwoForms(first.to_owned()));
    }
    Ok(())
}

/// The filter for whatever the inputs are.
pub(super) fn pass<'w, W: Write + Send + 'w>(
    inputs: &'w [Source],
    grants: &(impl Grants + ?Sized),
    output: W,
    quarantine: Option<&'w mut (dyn Write + Send + 'w)>,
    options: &Options,
) -> Result<(Report, W), FilterError> {
    #[cfg(feature = "parquet")]
    if inputs.first().is_some_and(is_parquet) {
        return crate::filter::filter_parquet(inputs, grants, output, quarantine, options);
    }
    filter(inputs, grants, output, quarantine, options)
}

/// What can't be read is told where it is read.
#[cfg(feature = "parquet")]
fn is_parquet(input: &Source) -> bool {
    input.path().is_some_and(|path| crate::parquet::is_parquet(path).unwrap_or(false))
}

#[cfg(not(feature = "parquet"))]
const fn is_parquet(_: &Source) -> bool {
    false
}
