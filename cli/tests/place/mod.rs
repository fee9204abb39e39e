//! A folder in which the command is run, for all tests of it. Owns the rows of two users and what must hold of every message.
#![allow(dead_code, reason = "no test needs all of it")]

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use tempfile::TempDir;

pub(crate) const USERS: &str = "user_id,status\nada@example.com,granted\nbob@example.com,revoked\n";
pub(crate) const ADA: &str = "{\"user_id\":\"ada@example.com\",\"text\":\"hi\"}\n";
pub(crate) const BOB: &str = "{\"user_id\":\"bob@example.com\",\"text\":\"no\"}\n";
pub(crate) const ODD: &str = "{\"user_id\":[\"ada@example.com\"]}\n";

/// A folder in which commands are run.
pub(crate) struct Place(pub(crate) TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// One with a snapshot `s` of Ada, who granted, and Bob, who did not.
    pub(crate) fn with_snapshot() -> Self {
        let place = Self::new();
        place.put("users.csv", USERS);
        assert_eq!(place.run(&[&BUILD[..], &["users.csv"]].concat()).code, 0);
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn put(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(name), bytes).unwrap();
    }

    pub(crate) fn get(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.0.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    pub(crate) fn start(&self, args: &[&str]) -> Child {
        Command::new(env!("CARGO_BIN_EXE_consentry"))
            .args(args)
            .current_dir(self.0.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    pub(crate) fn run(&self, args: &[&str]) -> Done {
        self.run_with(args, "")
    }

    pub(crate) fn run_with(&self, args: &[&str], input: &str) -> Done {
        let mut child = self.start(args);
        // A command that reads nothing closes the pipe.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        Done::new(&child.wait_with_output().unwrap())
    }

    pub(crate) fn filter(&self, args: &[&str], input: &str) -> Done {
        self.run_with(&[&FILTER[..], args].concat(), input)
    }
}

pub(crate) const BUILD: [&str; 8] =
    ["snapshot", "build", "--purpose", "model_training", "--site", "demo", "-o", "s"];
pub(crate) const FILTER: [&str; 5] = ["filter", "--purpose", "model_training", "--snapshot", "s"];

pub(crate) struct Done {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Done {
    pub(crate) fn new(output: &Output) -> Self {
        let err = String::from_utf8(output.stderr.clone()).unwrap();
        for part in ["ada@", "bob@"] {
            assert!(!err.contains(part), "a message has a user id: {err}");
        }
        let code = output.status.code().unwrap();
        Self { code, out: String::from_utf8_lossy(&output.stdout).into(), err }
    }
}

/// How often tests kill what they run: `CONSENTRY_KILLS`, or 20 times.
pub(crate) fn kills() -> u64 {
    std::env::var("CONSENTRY_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(20)
}

/// How long to wait before a kill: spread over `most`, in an order without a pattern.
pub(crate) fn instant(round: u64, most: Duration) -> Duration {
    let share = (round * 7919 % 1000) as u32;
    most * share / 1000
}
