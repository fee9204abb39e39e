//! The `consentry` command as a program.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(consentry_cli::run(std::env::args_os()))
}
