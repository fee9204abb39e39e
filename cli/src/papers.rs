//! `consentry man` and `consentry completions`. Owns nothing of what they say: that is in the definitions of the arguments.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::DONE;
use crate::args::Args;
use crate::failure::Failure;

/// Writes a page for each command.
pub(crate) fn man(folder: &Path) -> Result<u8, Failure> {
    let failed = |error| Failure::file(folder, error);
    fs::create_dir_all(folder).map_err(failed)?;
    clap_mangen::generate_to(Args::command(), folder).map_err(failed)?;
    Ok(DONE)
}

/// Prints what a shell needs to complete arguments.
pub(crate) fn completions(shell: Shell) -> u8 {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "consentry", &mut script);
    // Whoever went away wants no more of it.
    let _ = io::stdout().write_all(&script);
    DONE
}
