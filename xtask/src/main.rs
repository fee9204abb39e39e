//! `cargo xtask`: every tool of the project behind one command, see `help.txt`.
//!
//! Owns: installing pinned tools, building the artefacts, the local server, the order of the checks, the bench. Leaves to
//! others: what is built and checked, which the crates and `tests/` own.
#![allow(
    clippy::disallowed_methods,
    reason = "runs on the host, which has a clock; the ban is for the wasm32 crates"
)]

mod args;
mod bench;
mod build;
mod dev;
mod edge;
mod exec;
mod packages;
mod project;
mod stamp;
mod test;
mod tools;

use std::process::ExitCode;

use args::Command;

fn main() -> ExitCode {
    let result = args::parse(lexopt::Parser::from_env()).and_then(|command| {
        exec::end_groups_on_signals()?;
        let project = project::Project::find()?;
        match command {
            Command::Help => {
                print!("{}", args::HELP);
                Ok(())
            }
            Command::Bench { subject, json } => bench::run(&project, subject, json),
            Command::Build => build::run(&project),
            Command::Dev(options) => dev::run(&project, &options),
            Command::Soak { victims, rounds } => test::soak(&project, victims, rounds),
            Command::Test(stages) => test::run(&project, &stages),
        }
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
