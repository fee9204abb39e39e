//! The `consentry` command. Owns arguments, messages, exit codes and the clock; what is done is `consentry-training`'s. A library,
//! so that the Python package can bring the command along.
#![allow(clippy::disallowed_methods, reason = "a command on a machine has a clock and randomness")]

#[cfg(unix)]
mod agent;
mod args;
mod edge;
mod failure;
mod filter;
mod manifest;
mod messages;
mod monitor;
mod names;
mod papers;
mod progress;
#[cfg(unix)]
mod purge;
mod snapshot;
mod verify;

use std::ffi::OsString;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Parser as _;
use consentry::time::Timestamp;

use args::{Args, Command, KeyCommand, ManifestCommand, SnapshotCommand};
use failure::Failure;

/// Everything was done.
const DONE: u8 = 0;
/// Everything was done, and no row was left.
const NOTHING_KEPT: u8 = 1;
/// Wrong arguments, or something that can't be read or written.
const USAGE: u8 = 2;
/// Some input can't be judged; with `--strict` nothing was written.
const QUARANTINED: u8 = 3;
/// It can't be told who granted the purpose; nothing was written.
const CONSENT_UNAVAILABLE: u8 = 4;
/// Somebody may still be in a store.
#[cfg(unix)]
const INCOMPLETE: u8 = 5;

/// Does what the arguments say, of which the first is the name of the command; the exit code. What clap itself answers (wrong
/// arguments, `--help`) ends the process.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let done = match Args::parse_from(arguments).command {
        Command::Filter(args) => filter::run(&args),
        #[cfg(unix)]
        Command::Purge(args) => purge::run(&args),
        #[cfg(unix)]
        Command::Agent(args) => agent::run(&args),
        Command::Verify { command } => verify::run(&command),
        Command::Monitor(args) => monitor::run(&args),
        Command::Snapshot { command: SnapshotCommand::Build(args) } => snapshot::build(&args),
        Command::Snapshot { command: SnapshotCommand::Pull(args) } => edge::pull(&args),
        #[cfg(feature = "parquet")]
        Command::Snapshot { command: SnapshotCommand::Export(args) } => snapshot::export(&args),
        Command::Key { command: KeyCommand::Derive(args) } => edge::derive(&args),
        Command::Manifest { command: ManifestCommand::Check(args) } => manifest::check(&args),
        Command::Manifest { command: ManifestCommand::Find(args) } => manifest::find_user(&args),
        Command::Manifest { command: ManifestCommand::Register(args) } => manifest::register(&args),
        Command::Man { folder } => papers::man(&folder),
        Command::Completions { shell } => Ok(papers::completions(shell)),
    };
    done.unwrap_or_else(|Failure { code, message }| {
        messages::say(&message);
        code
    })
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_ms(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
