//! What ends a command. Owns the pairing of a message with an exit code; messages never say what stands in a row or a table.

use std::fmt::Display;
use std::path::Path;

use crate::{CONSENT_UNAVAILABLE, USAGE};

/// A message and an exit code.
pub(crate) struct Failure {
    pub(crate) code: u8,
    pub(crate) message: String,
}

impl Failure {
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { code: USAGE, message: message.into() }
    }

    /// A file is not as it has to be.
    pub(crate) fn file(path: &Path, error: impl Display) -> Self {
        Self::usage(format!("{}: {error}", path.display()))
    }

    /// It can't be told who granted the purpose.
    pub(crate) fn consent(path: &Path, error: impl Display) -> Self {
        Self { code: CONSENT_UNAVAILABLE, message: format!("{}: {error}", path.display()) }
    }
}
