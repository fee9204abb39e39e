//! `consentry agent`. Owns its arguments, signals, the clock and where its lines go; what it does is the library's.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::{Args as ClapArgs, Subcommand};
use consentry::jws::jwk;
use consentry_training::agent::{Agent, AgentError, Config, Ended, Machine, Signer};

use crate::args::EXIT_CODES;
use crate::failure::Failure;
use crate::{DONE, INCOMPLETE, messages, now};

/// Do the erasures that the edge asks for, beside the data
///
/// Takes tasks of the stores that its configuration names, purges as `consentry purge` does, and tells the edge what that did, signed.
/// Goes on after a crash or while the edge is away. SIGTERM ends it once the purge that has begun is finished, a second one at
/// once, which harms nothing: the task is handed out again.
#[derive(ClapArgs)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true, after_help = EXIT_CODES)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// What to do, as JSON: `{"api": "https://…", "api_key_file": "…", "signing_key_file": "…", "state": "FOLDER", "stores":
    /// {"NAME": [{"kind": "jsonl", "path": "data/*.jsonl"}]}}`; stores are written as in a plan of `consentry purge`, under the names
    /// that the site's settings have
    #[arg(long, value_name = "FILE", required = true)]
    config: Option<PathBuf>,
    /// Do what there is to do now, and end
    #[arg(long)]
    once: bool,
}

#[derive(Subcommand)]
enum Command {
    Keygen(Keygen),
}

/// Make the key that an agent signs its results with
///
/// Prints the public half as a JWK, for whoever issues the agent's API key: it is its `public_key`.
#[derive(ClapArgs)]
struct Keygen {
    /// Where to write the key; there must be no such file yet
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

pub(crate) fn run(args: &Args) -> Result<u8, Failure> {
    match (&args.command, &args.config) {
        (Some(Command::Keygen(args)), _) => keygen(args),
        (None, Some(path)) => {
            let config = Config::read(path).map_err(|error| Failure::file(path, error))?;
            work(&config, args.once)
        }
        (None, None) => Err(Failure::usage("name the configuration with --config")),
    }
}

fn work(config: &Config, once: bool) -> Result<u8, Failure> {
    static STOP: AtomicBool = AtomicBool::new(false);
    let handled = ctrlc::set_handler(|| {
        if STOP.swap(true, Ordering::Relaxed) {
            process::exit(INCOMPLETE.into());
        }
    });
    handled.map_err(|error| Failure::usage(format!("can't listen for signals: {error}")))?;
    let machine = Machine { clock: &now, random: &random, line: &messages::say, stop: &STOP };
    let agent = Agent::new(config, machine).map_err(|error: AgentError| Failure::usage(error.to_string()))?;
    if !once {
        agent.run();
        return Ok(DONE);
    }
    Ok(match agent.once() {
        Ended::Done => DONE,
        Ended::Incomplete => INCOMPLETE,
    })
}

/// What is only to spread calls may fail to be random.
fn random() -> u32 {
    getrandom::u32().unwrap_or_default()
}

fn keygen(args: &Keygen) -> Result<u8, Failure> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|error| Failure::usage(format!("no random numbers: {error}")))?;
    let (line, public) = Signer::make(seed);
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&args.output);
    let written = file.and_then(|mut file| {
        file.write_all(line.as_bytes())?;
        file.sync_all()
    });
    written.map_err(|error| Failure::file(&args.output, error))?;
    // Whoever reads it along has it; a closed pipe leaves the key where it is.
    let _ = writeln!(std::io::stdout(), "{}", jwk(&public));
    messages::say(&format!("the key is in {}; its public half is printed", args.output.display()));
    Ok(DONE)
}
