//! `consentry purge` as people and scripts meet it: exit codes, reports, ids that never show, kills at any instant.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use flate2::write::GzEncoder;
use serde_json::Value;
use tempfile::TempDir;

const ADA: &str = "{\"user_id\":\"ada@example.com\",\"text\":\"hi\"}\n";
const BOB: &str = "{\"user_id\":\"bob@example.com\",\"text\":\"no\"}\n";

struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn put(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(name), bytes).unwrap();
    }

    fn get(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_consentry"));
        command.arg("purge").args(args).current_dir(self.0.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn run(&self, args: &[&str], input: &str) -> Done {
        let mut child = self.command(args).spawn().unwrap();
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        Done::new(&child.wait_with_output().unwrap())
    }
}

struct Done {
    code: i32,
    out: String,
    err: String,
}

impl Done {
    fn new(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        Self { code: output.status.code().unwrap(), out: text(&output.stdout), err: text(&output.stderr) }
    }

    fn report(&self) -> Value {
        serde_json::from_str(&self.out).unwrap()
    }
}

#[test]
fn a_purge_is_done_and_says_so() {
    let place = Place::new();
    place.put("a.jsonl", [ADA, BOB].concat());
    let done = place.run(&["--user", "ada@example.com", "--store", "jsonl:*.jsonl"], "");
    assert_eq!((done.code, place.get("a.jsonl").as_str()), (0, BOB), "{}", done.err);
    let report = done.report();
    assert_eq!((&report["outcome"], &report["stores"][0]["removed"]), (&"done".into(), &1.into()));
    assert!(!(done.out + &done.err).contains("ada@example.com"));
}

#[test]
fn users_come_from_a_plan_a_file_or_standard_input() {
    let plan = r#"{"users":["ada@example.com"],"stores":[{"kind":"jsonl","path":"a.jsonl"}]}"#;
    let store = r#"{"stores":[{"kind":"jsonl","path":"a.jsonl"}]}"#;
    for args in [
        &["--plan", "plan"][..],
        &["--plan", "store", "--user-file", "users"],
        &["--plan", "store", "--user-file", "-"],
    ] {
        let place = Place::new();
        place.put("a.jsonl", [ADA, BOB].concat());
        place.put("plan", plan);
        place.put("store", store);
        place.put("users", "ada@example.com\n");
        let done = place.run(args, "ada@example.com\n");
        assert_eq!((done.code, place.get("a.jsonl").as_str()), (0, BOB), "{args:?} {}", done.err);
    }
}

#[test]
fn a_partial_failure_is_exit_5_and_never_done() {
    let place = Place::new();
    place.put("a.jsonl", ADA);
    let done = place
        .run(&["--user", "ada@example.com", "--store", "jsonl:a.jsonl", "--store", "jsonl:none.jsonl"], "");
    assert_eq!((done.code, place.get("a.jsonl").as_str()), (5, ""));
    assert_eq!(done.report()["outcome"], "partial");
    assert!(done.err.contains("NOT DONE") && !done.err.contains("gone"), "{}", done.err);
}

#[test]
fn a_dry_run_changes_nothing() {
    let place = Place::new();
    place.put("a.jsonl", ADA);
    let done = place.run(&["--user", "ada@example.com", "--store", "jsonl:a.jsonl", "--dry-run"], "");
    assert_eq!((done.code, place.get("a.jsonl").as_str()), (0, ADA));
    assert_eq!(done.report()["stores"][0]["found"], 1);
}

#[test]
fn the_report_goes_to_a_file_if_asked() {
    let place = Place::new();
    place.put("a.jsonl", ADA);
    place.put("key", format!("1:{}", "07".repeat(32)));
    let args =
        ["--user", "ada@example.com", "--store", "jsonl:a.jsonl", "--report", "r", "--key-file", "key"];
    let done = place.run(&args, "");
    assert_eq!((done.code, done.out.as_str()), (0, ""));
    let report: Value = serde_json::from_str(&place.get("r")).unwrap();
    assert_eq!(report["subjects"][0].as_str().unwrap().len(), 64);
}

#[test]
fn wrong_arguments_are_exit_2_remove_nothing_and_repeat_no_id() {
    let place = Place::new();
    place.put("a.jsonl", ADA);
    place.put("plan", r#"{"users":"ada@example.com"}"#);
    for args in [
        &["--user", "ada@example.com"][..],
        &["--store", "jsonl:a.jsonl"],
        &["--user", "ada@example.com\n", "--store", "jsonl:a.jsonl"],
        &["--user", "ada@example.com", "--user", "ada@example.com", "--store", "jsonl:a.jsonl"],
        &["--user", "ada@example.com", "--store", "jsnl:a.jsonl"],
        &["--user", "ada@example.com", "--store", "ada@example.com"],
        &["--plan", "plan", "--store", "jsonl:a.jsonl"],
        &["--user", "ada@example.com", "--store", "jsonl:a.jsonl", "--report", "no/such/folder"],
    ] {
        let done = place.run(args, "");
        assert_eq!((done.code, place.get("a.jsonl").as_str()), (2, ADA), "{args:?}");
        assert!(!done.err.contains("ada@example.com") && !done.err.is_empty(), "{}", done.err);
    }
}

/// How often a purge is killed: `CONSENTRY_KILLS`, or 20 times.
fn rounds() -> u64 {
    std::env::var("CONSENTRY_KILLS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(20)
}

/// What is at a place, compressed files undone.
fn content(place: &Place) -> BTreeMap<String, Vec<u8>> {
    let files = fs::read_dir(place.0.path()).unwrap().map(|entry| entry.unwrap().path());
    let read = |path: &Path| {
        let mut bytes = Vec::new();
        let file = fs::File::open(path).unwrap();
        if path.extension().is_some_and(|end| end == "gz") {
            std::io::copy(&mut flate2::read::MultiGzDecoder::new(file), &mut bytes).unwrap();
        } else {
            std::io::copy(&mut &file, &mut bytes).unwrap();
        }
        bytes
    };
    files.map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), read(&path))).collect()
}

#[test]
fn killed_at_any_instant_every_file_is_old_or_new() {
    let rows: String = (0..600).map(|row| if row % 3 == 0 { ADA } else { BOB }).collect();
    let kept: String = (0..600).filter(|row| row % 3 != 0).map(|_| BOB).collect();
    let mut gzip = GzEncoder::new(Vec::new(), flate2::Compression::new(1));
    gzip.write_all(rows.as_bytes()).unwrap();
    let gzip = gzip.finish().unwrap();
    let args = ["--user", "ada@example.com", "--store", "jsonl:*.jsonl", "--store", "jsonl:*.gz"];
    let mut cut = 0;
    for round in 0..rounds() {
        let place = Place::new();
        for file in 0..3 {
            place.put(&format!("{file}.jsonl"), &rows);
            place.put(&format!("{file}.gz"), &gzip);
        }
        fs::hard_link(place.path("0.jsonl"), place.path("0b.jsonl")).unwrap();
        let mut child = place.command(&args).spawn().unwrap();
        // Spread over what a whole run takes, in an order without a pattern.
        thread::sleep(Duration::from_micros(round * 7919 % 30_000));
        child.kill().unwrap();
        cut += u64::from(!child.wait().unwrap().success());
        for (name, bytes) in content(&place) {
            let whole = bytes == rows.as_bytes() || bytes == kept.as_bytes();
            assert!(whole || name.ends_with(".consentry-tmp"), "round {round}: {name}");
        }
        let done = place.run(&args, "");
        assert_eq!(done.code, 0, "round {round}: {}", done.err);
        let after = content(&place);
        assert_eq!(after.len(), 7, "round {round}: {:?}", after.keys());
        assert!(after.values().all(|bytes| bytes == kept.as_bytes()), "round {round}");
    }
    assert!(cut > 0, "no run was killed before its end");
}
