//! Erasures that the edge asks for, done beside the data unattended. Owns the order of the steps: tell what was done and not told
//! yet, take a task, purge with [`crate::purge`], write the result down, tell it. Signals, the clock, randomness and where lines go
//! belong to whoever runs it.
//!
//! Nothing is lost by a stop at any instant. A purge may be repeated; a result is on the disk before it is told, and stays there until
//! the edge took or refused it; a task that was taken and not answered is handed out again once its lease has ended. Ids of users
//! are in memory only: neither in a line, nor in the journal, nor in a report.

mod config;
mod journal;
mod key;
mod pace;
mod task;

pub use config::{Config, ConfigError};
pub use journal::JournalError;
pub use key::{KeyError, Signer};

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use consentry::hash::Hash;
use consentry::time::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::edge::{Api, ApiError};
use crate::purge::{Options, Outcome, Plan, Report, purge};
use journal::{Entry, Journal};
use task::{Task, Told};

/// Leases are made longer at least this often; the edge gives them for ten minutes.
const RENEW: Duration = Duration::from_mins(3);

/// What the machine lends an agent.
#[derive(Clone, Copy)]
pub struct Machine<'a> {
    /// The time.
    pub clock: &'a (dyn Fn() -> Timestamp + Sync),
    /// A number that others can't foresee, so that many agents don't come back at once.
    pub random: &'a (dyn Fn() -> u32 + Sync),
    /// Takes a line for whoever runs it; never with an id of a user.
    pub line: &'a (dyn Fn(&str) + Sync),
    /// Whether to end. A purge that has begun is finished first.
    pub stop: &'a AtomicBool,
}

/// Why an agent can't begin.
#[derive(Debug)]
pub enum AgentError {
    /// The address of the edge, or the file with the API key.
    Edge(ApiError),
    /// The file with the signing key.
    Key(KeyError),
    /// The folder of the journal.
    Journal(JournalError),
}

impl fmt::Display for AgentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Edge(error) => write!(f, "the edge {error}"),
            Self::Key(error) => write!(f, "the signing key {error}"),
            Self::Journal(error) => write!(f, "the journal {error}"),
        }
    }
}

impl std::error::Error for AgentError {}

/// How a run ended that does what there is and no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Everything that was asked for is done, and the edge knows.
    Done,
    /// Somebody may still be somewhere, or the edge doesn't know yet.
    Incomplete,
}

/// What a round did.
enum Round {
    /// There was nothing to do.
    Idle,
    /// A task was done and told.
    Done,
    /// A task was done in part and told, or the edge didn't take what it was told.
    Partial,
    /// The edge can't be asked now.
    Away,
}

/// An agent.
pub struct Agent<'a> {
    config: &'a Config,
    machine: Machine<'a>,
    api: Api,
    signer: Signer,
    journal: Journal,
}

impl<'a> Agent<'a> {
    /// Reads its keys and takes its journal, which one agent has at a time.
    pub fn new(config: &'a Config, machine: Machine<'a>) -> Result<Self, AgentError> {
        let api_key = key::api_key(&config.api_key_file).map_err(AgentError::Key)?;
        let api = Api::new(&config.api, &api_key).map_err(AgentError::Edge)?;
        let signer = Signer::read(&config.signing_key_file, &api_key).map_err(AgentError::Key)?;
        let journal = Journal::open(&config.state).map_err(AgentError::Journal)?;
        Ok(Self { config, machine, api, signer, journal })
    }

    /// Works until it is told to stop.
    pub fn run(&self) {
        let stores = self.config.stores.len();
        self.say(&format!("begins: {stores} stores, edge {}", self.api.url()));
        let mut failures = 0;
        while !self.stopped() {
            let wait = match self.round() {
                Round::Done => {
                    failures = 0;
                    continue;
                }
                // What was done in part the edge hands out again when it is time.
                Round::Idle | Round::Partial => {
                    failures = 0;
                    pace::poll(self.config.poll, (self.machine.random)())
                }
                Round::Away => {
                    failures += 1;
                    pace::backoff(failures, (self.machine.random)())
                }
            };
            self.rest(wait);
        }
        self.say("ends");
    }

    /// Does what there is to do now.
    pub fn once(&self) -> Ended {
        let mut ended = Ended::Done;
        while !self.stopped() {
            match self.round() {
                Round::Idle => return ended,
                Round::Done => {}
                Round::Partial => ended = Ended::Incomplete,
                Round::Away => return Ended::Incomplete,
            }
        }
        Ended::Incomplete
    }

    fn stopped(&self) -> bool {
        self.machine.stop.load(Ordering::Relaxed)
    }

    fn say(&self, line: &str) {
        (self.machine.line)(line);
    }

    fn rest(&self, wait: Duration) {
        const STEP: Duration = Duration::from_millis(200);
        let mut left = wait;
        while !left.is_zero() && !self.stopped() {
            thread::sleep(left.min(STEP));
            left = left.saturating_sub(STEP);
        }
    }

    fn round(&self) -> Round {
        // First, so that a task whose result is here isn't done a second time.
        let entries = match self.journal.entries() {
            Ok(entries) => entries,
            Err(error) => {
                self.say(&format!("the journal {error}"));
                return Round::Away;
            }
        };
        for entry in entries {
            match self.tell(&entry) {
                Round::Away => return Round::Away,
                _ => self.settle(&entry),
            }
        }
        let task = match task::take(&self.api) {
            Ok(Some(task)) => task,
            Ok(None) => return Round::Idle,
            Err(error) => {
                self.say(&format!("can't ask for tasks: the edge {error}"));
                return Round::Away;
            }
        };
        self.say(&format!("{task}: taken, due {}", task.due_at));
        let (result, partial) = self.work(&task);
        let entry = Entry { task: task.id.clone(), attempt: task.attempt, result: self.signer.sign(&result) };
        if let Err(error) = self.journal.keep(&entry) {
            // It is told all the same; if that fails too, the task is handed out again.
            self.say(&format!("{task}: the result can't be kept: the journal {error}"));
        }
        match self.tell(&entry) {
            Round::Away => Round::Away,
            told => {
                self.settle(&entry);
                if partial { Round::Partial } else { told }
            }
        }
    }

    fn tell(&self, entry: &Entry) -> Round {
        let name = format!("task {}, attempt {}", entry.task, entry.attempt);
        match task::tell(&self.api, entry) {
            Told::Taken => {
                self.say(&format!("{name}: told"));
                Round::Done
            }
            Told::Refused(error) => {
                self.say(&format!(
                    "{name}: the edge didn't take the result and hands it out again if it is open: {error}"
                ));
                Round::Partial
            }
            Told::Later(error) => {
                self.say(&format!("{name}: can't be told now, and is kept: the edge {error}"));
                Round::Away
            }
        }
    }

    fn settle(&self, entry: &Entry) {
        if let Err(error) = self.journal.settle(entry) {
            // Telling it again changes nothing.
            self.say(&format!("task {}: the journal {error}", entry.task));
        }
    }

    /// Purges, and says what that did; and whether it was done only in part.
    fn work(&self, task: &Task) -> (serde_json::Value, bool) {
        let started_at = (self.machine.clock)();
        let stores = self.config.stores.get(&task.store);
        let plan = match (stores, task.users()) {
            (None, _) => Err("this agent's configuration has no such store; add it"),
            (_, None) => Err("the task names a user by what is no user id"),
            (Some(stores), Some(users)) => {
                Plan::new(users, stores.clone()).map_err(|_| "the task names no user, or one of them twice")
            }
        };
        match plan {
            Err(why) => {
                self.say(&format!("{task}: {why}"));
                let times = (started_at, (self.machine.clock)());
                (task.failed(why, times), true)
            }
            Ok(plan) => {
                let report = self.purge(task, &plan);
                let (bytes, digest) = written(&report);
                let kept = self.journal.report(&task.id, task.attempt, &bytes);
                if let Err(error) = kept {
                    self.say(&format!("{task}: the report can't be kept: the journal {error}"));
                }
                let partial = report.outcome != Outcome::Done;
                let found: u64 = report.stores.iter().map(|store| store.found).sum();
                let removed: u64 = report.stores.iter().map(|store| store.removed).sum();
                let end = if partial { "done in part; the report says why" } else { "done" };
                self.say(&format!("{task}: {found} found, {removed} removed, {end}"));
                (task.result(&report, digest), partial)
            }
        }
    }

    /// Purges while a thread makes the lease longer.
    fn purge(&self, task: &Task, plan: &Plan) -> Report {
        let (done, ended) = mpsc::channel::<()>();
        thread::scope(|scope| {
            scope.spawn(move || {
                let every = task.renew_every((self.machine.clock)(), RENEW);
                while let Err(RecvTimeoutError::Timeout) = ended.recv_timeout(every) {
                    match task::renew(&self.api, task) {
                        Ok(()) => {}
                        Err(ApiError::Refused(status, ..)) => {
                            // What was begun is finished: half a purge helps nobody, and two of them do no harm.
                            self.say(&format!("{task}: the lease is lost ({status}); the purge goes on"));
                            return;
                        }
                        Err(error) => {
                            self.say(&format!("{task}: the lease can't be made longer: the edge {error}"));
                        }
                    }
                }
            });
            let report = purge(plan, &Options { dry_run: false, key: None, clock: &self.machine.clock });
            drop(done);
            report
        })
    }
}

/// A report as it lies on the disk, and its digest.
fn written(report: &Report) -> (Vec<u8>, Hash) {
    let bytes = serde_json::to_vec_pretty(report).unwrap_or_default();
    let digest = Hash(Sha256::digest(&bytes).into());
    (bytes, digest)
}
