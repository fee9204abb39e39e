//! What is said on standard error. Owns its form; that nobody listens is no error.

use std::io::Write as _;

/// Says one thing.
pub(crate) fn say(message: &str) {
    let _ = writeln!(std::io::stderr(), "consentry: {message}");
}
