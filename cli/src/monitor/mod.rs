//! `consentry monitor`. Owns its arguments, the rhythm of its looks, what is said and who is told; what a look finds is
//! [`follow`]'s.

mod follow;
mod webhook;

use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use clap::Args as ClapArgs;
use consentry_training::edge::Api;

use crate::args::duration;
use crate::failure::Failure;
use crate::names::Names;
use crate::verify::Keys;
use crate::{DONE, messages};
use follow::{Follower, Found};
use webhook::Webhook;

/// History is not what it was, or not vouched for.
const CHANGED: u8 = 1;
/// Nothing new is signed though events wait.
const STALE: u8 = 3;
/// The edge can't be asked.
const UNREACHABLE: u8 = 4;

const EXIT_CODES: &str = "\
Exit codes:
  0  all is well (with --once)
  1  history changed: what the edge shows does not continue what it showed before, or nobody who is trusted signed it
  2  wrong arguments, or a file that can't be read or written
  3  nothing new is signed though events wait (with --once)
  4  the edge can't be asked (with --once)

Without --once it goes on until history changes, and tells of everything else when it begins and when it is over.";

/// Follow a log, and raise the alarm when its history changes
///
/// Keeps the last checkpoint that it saw, and holds each new one against it: signed by a key that was given, and a log that only
/// grew. A log that was restored and goes on under another name is followed, if the last checkpoint under the old name says so.
/// Whoever runs the edge can still show another log to somebody else: several monitors in several hands tell that by comparing
/// their files.
#[derive(ClapArgs)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Args {
    /// The address of the edge, such as `https://consent.example.com`
    #[arg(long, value_name = "URL")]
    url: String,
    #[command(flatten)]
    keys: Keys,
    /// Which database's log, from 0
    #[arg(long, value_name = "N", default_value_t = 0)]
    log: u32,
    /// Where to keep the last checkpoint, a signed note as `consentry verify` takes it; what it is held against is beside it, in
    /// FILE.found, once that is something else
    #[arg(long, value_name = "FILE", default_value = "consentry.checkpoint")]
    state: PathBuf,
    /// Where to post what is found, as JSON: https, or http on this machine
    #[arg(long, value_name = "URL")]
    webhook: Option<String>,
    /// A file with the secret that signs what is posted (Standard Webhooks: `whsec_` and base64)
    #[arg(long, value_name = "FILE", requires = "webhook")]
    webhook_secret_file: Option<PathBuf>,
    /// Look once, and exit with what was found
    #[arg(long, conflicts_with = "every")]
    once: bool,
    /// How often to look
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = duration)]
    every: Duration,
    /// For how long events may wait for a checkpoint
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = duration)]
    max_delay: Duration,
}

pub(crate) fn run(args: &Args) -> Result<u8, Failure> {
    let api = Api::open(&args.url).map_err(|error| Failure::usage(format!("{} {error}", args.url)))?;
    let webhook = args.webhook.as_deref().map(|url| Webhook::new(url, args.webhook_secret_file.as_deref()));
    let webhook = webhook.transpose()?;
    let mut follower = Follower {
        names: Names { api: &api, keys: args.keys.keys()?, log: args.log },
        state: args.state.clone(),
        max_delay: args.max_delay,
    };
    let mut before: Option<Found> = None;
    loop {
        let found = follower.look()?;
        // What lasts is told when it begins, and when it is over.
        let news = before.as_ref().is_none_or(|before| before.kind() != found.kind());
        let was_well = before.as_ref().is_none_or(|before| before.code() == DONE);
        if news || matches!(found, Found::HandedOver(_)) {
            let sentence = found.sentence();
            messages::say(&format!("{}: {sentence}", args.url));
            if let Some(webhook) = webhook.as_ref().filter(|_| !found.is_well() || !was_well) {
                webhook.post(found.kind(), &args.url, &sentence, follower.held().as_deref());
            }
        }
        if let Found::Changed(_, Some(note)) = &found {
            let mut beside = args.state.clone().into_os_string();
            beside.push(".found");
            fs::write(&beside, note).map_err(|error| Failure::file(beside.as_ref(), error))?;
        }
        if args.once || found.code() == CHANGED {
            return Ok(found.code());
        }
        before = Some(found);
        thread::sleep(args.every);
    }
}

impl Found {
    /// Its name in what is posted.
    const fn kind(&self) -> &'static str {
        match self {
            Self::Well(_) => "log.well",
            Self::HandedOver(_) => "log.handed_over",
            Self::Changed(..) => "log.changed",
            Self::Stale(_) => "log.stale",
            Self::Unreachable(_) => "log.unreachable",
        }
    }

    const fn is_well(&self) -> bool {
        matches!(self, Self::Well(_))
    }

    const fn code(&self) -> u8 {
        match self {
            Self::Well(_) | Self::HandedOver(_) => DONE,
            Self::Changed(..) => CHANGED,
            Self::Stale(_) => STALE,
            Self::Unreachable(_) => UNREACHABLE,
        }
    }

    fn sentence(&self) -> String {
        match self {
            Self::Well(size) => {
                format!("all is well: the log has {size} rows and continues what was seen before")
            }
            Self::Changed(what, _) => format!("HISTORY CHANGED: {what}"),
            Self::HandedOver(what) | Self::Stale(what) | Self::Unreachable(what) => what.clone(),
        }
    }
}
