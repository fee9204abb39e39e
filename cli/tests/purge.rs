//! `consentry purge` as people and scripts meet it: exit codes, reports, ids that never show, kills at any instant.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod place;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::thread;
use std::time::Duration;

use flate2::write::GzEncoder;
use serde_json::Value;

use place::{ADA, BOB, Done, Place, instant, kills};

fn run(place: &Place, args: &[&str], input: &str) -> Done {
    place.run_with(&[&["purge"], args].concat(), input)
}

fn report(done: &Done) -> Value {
    serde_json::from_str(&done.out).unwrap()
}

#[test]
fn a_purge_is_done_and_says_so() {
    let place = Place::new();
    place.put("a.jsonl", [ADA, BOB].concat());
    let done = run(&place, &["--user", "ada@example.com", "--store", "jsonl:*.jsonl"], "");
    assert_eq!((done.code, place.get("a.jsonl").as_str()), (0, BOB), "{}", done.err);
    let report = report(&done);
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
        let done = run(&place, args, "ada@example.com\n");
        assert_eq!((done.code, place.get("a.jsonl").as_str()), (0, BOB), "{args:?} {}", done.err);
    }
}

#[test]
fn a_partial_failure_is_exit_5_and_never_done() {
    let place = Place::new();
    place.put("a.jsonl", ADA);
    let done = run(
        &place,
        &["--user", "ada@example.com", "--store", "jsonl:a.jsonl", "--store", "jsonl:none.jsonl"],
        "",
    );
    assert_eq!((done.code, place.get("a.jsonl").as_str()), (5, ""));
    assert_eq!(report(&done)["outcome"], "partial");
    assert!(done.err.contains("NOT DONE") && !done.err.contains("gone"), "{}", done.err);
}

#[test]
fn a_directory_of_chroma_has_an_option_of_its_own() {
    let place = Place::new();
    let done = run(&place, &["--user", "ada@example.com", "--chroma-path", "."], "");
    assert_eq!((done.code, &report(&done)["stores"][0]["kind"]), (5, &"chroma_files".into()));
    assert!(done.err.contains("holds no chroma.sqlite3"), "{}", done.err);
}

#[test]
fn a_dry_run_changes_nothing() {
    let place = Place::new();
    place.put("a.jsonl", ADA);
    let done = run(&place, &["--user", "ada@example.com", "--store", "jsonl:a.jsonl", "--dry-run"], "");
    assert_eq!((done.code, place.get("a.jsonl").as_str()), (0, ADA));
    assert_eq!(report(&done)["stores"][0]["found"], 1);
}

#[test]
fn the_report_goes_to_a_file_if_asked() {
    let place = Place::new();
    place.put("a.jsonl", ADA);
    place.put("key", format!("1:{}", "07".repeat(32)));
    let args =
        ["--user", "ada@example.com", "--store", "jsonl:a.jsonl", "--report", "r", "--key-file", "key"];
    let done = run(&place, &args, "");
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
        let done = run(&place, args, "");
        assert_eq!((done.code, place.get("a.jsonl").as_str()), (2, ADA), "{args:?}");
        assert!(!done.err.contains("ada@example.com") && !done.err.is_empty(), "{}", done.err);
    }
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
    for round in 0..kills() {
        let place = Place::new();
        for file in 0..3 {
            place.put(&format!("{file}.jsonl"), &rows);
            place.put(&format!("{file}.gz"), &gzip);
        }
        fs::hard_link(place.path("0.jsonl"), place.path("0b.jsonl")).unwrap();
        let mut child = place.start(&[&["purge"], &args[..]].concat());
        thread::sleep(instant(round, Duration::from_millis(30)));
        child.kill().unwrap();
        cut += u64::from(!child.wait().unwrap().success());
        for (name, bytes) in content(&place) {
            let whole = bytes == rows.as_bytes() || bytes == kept.as_bytes();
            assert!(whole || name.ends_with(".consentry-tmp"), "round {round}: {name}");
        }
        let done = run(&place, &args, "");
        assert_eq!(done.code, 0, "round {round}: {}", done.err);
        let after = content(&place);
        assert_eq!(after.len(), 7, "round {round}: {:?}", after.keys());
        assert!(after.values().all(|bytes| bytes == kept.as_bytes()), "round {round}");
    }
    assert!(cut > 0, "no run was killed before its end");
}

#[test]
fn a_purge_that_found_nothing_does_not_say_that_it_removed() {
    let place = Place::new();
    let done = run(&place, &["--user", "ada@example.com", "--store", "jsonl:x*.jsonl"], "");
    assert_eq!(done.code, 0);
    assert!(done.err.contains("matches no file"), "{}", done.err);
    assert!(
        done.err.contains("nothing found to remove") && !done.err.contains("1 user removed"),
        "{}",
        done.err
    );
    place.put("a.jsonl", BOB);
    let done = run(&place, &["--user", "ada@example.com", "--store", "parquet:a.jsonl"], "");
    assert_eq!(done.code, 5);
    assert!(done.err.contains("is no Parquet; name files of JSON rows as jsonl:"), "{}", done.err);
}
