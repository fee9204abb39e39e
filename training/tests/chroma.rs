//! Purges of a real Chroma: over HTTP, and of its files. `cargo xtask test stores` installs it and runs these.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use consentry::subject::UserId;
use consentry::time::Timestamp;
use consentry_training::purge::report::Erasure;
use consentry_training::purge::{Options, Outcome, Plan, Report, Store, purge};
use consentry_training::scan::Field;
use serde_json::Value;
use tempfile::TempDir;

const ADA: &str = "ada@example.com";
const COLLECTIONS: [&str; 3] = ["queued", "indexed", "both"];
/// How many records of hers each collection has.
const HERS: [u64; 3] = [15, 20, 15];

/// The folder with the programs of a Python that has `chromadb`.
fn programs() -> PathBuf {
    std::env::var_os("CONSENTRY_CHROMA").expect("cargo xtask test stores says where Chroma is").into()
}

fn script(words: &[&str], folder: &Path) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/stores/chroma.py");
    let done = Command::new(programs().join("python")).arg(script).args(words).arg(folder).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

fn filled() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    script(&["fill"], folder.path());
    folder
}

/// What it answers about everybody else, and how many records of hers it has.
fn answers(folder: &Path) -> (Value, Vec<u64>) {
    let mut told: Value = serde_json::from_str(&script(&["answers"], folder)).unwrap();
    let hers = COLLECTIONS
        .map(|name| told[name].as_object_mut().unwrap().remove("person").unwrap().as_u64().unwrap());
    (told, hers.into())
}

/// The same of a copy, because to ask Chroma is to change its files.
fn answers_of_copy(folder: &Path) -> (Value, Vec<u64>) {
    let copy = tempfile::tempdir().unwrap();
    assert!(Command::new("cp").arg("-a").arg(folder.join(".")).arg(copy.path()).status().unwrap().success());
    answers(copy.path())
}

/// Whether two answers are the same, but for the last digits of numbers: a vector that was normalised and scaled back differs
/// in these.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            (one.as_f64().unwrap() - other.as_f64().unwrap()).abs() < 1e-5
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(key, one)| other.get(key).is_some_and(|other| same(one, other)))
        }
        _ => one == other,
    }
}

/// Everybody else gets the same answers, and none of hers is there.
fn assert_only_hers_are_gone(folder: &Path, before: &Value) {
    let (after, hers) = answers(folder);
    assert_eq!(hers, [0, 0, 0]);
    assert!(same(before, &after), "{before}\n{after}");
}

struct Server {
    child: Child,
    url: String,
}

impl Server {
    fn start(folder: &Path) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new(programs().join("chroma"));
        command.args(["run", "--host", "127.0.0.1", "--port", &port.to_string(), "--path"]).arg(folder);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let server = Self { child, url: format!("http://127.0.0.1:{port}") };
        for _ in 0..600 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return server;
            }
            thread::sleep(Duration::from_millis(50));
        }
        panic!("Chroma does not start");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn purged(stores: &[String], dry_run: bool) -> Report {
    let stores = stores.iter().map(|store| Store::parse(store, &Field::default()).unwrap()).collect();
    let plan = Plan::new(vec![UserId::parse("eve").unwrap(), UserId::parse(ADA).unwrap()], stores).unwrap();
    purge(&plan, &Options { dry_run, key: None, clock: &|| Timestamp::from_ms(0) })
}

#[test]
#[ignore = "needs Chroma: cargo xtask test stores"]
fn over_http_a_persons_records_are_gone_logically_and_all_others_stay() {
    let folder = filled();
    let (before, hers) = answers_of_copy(folder.path());
    assert_eq!(hers, HERS);
    let server = Server::start(folder.path());
    let stores = COLLECTIONS.map(|name| format!("chroma:{}/{name}", server.url));

    let report = purged(&stores, true);
    assert_eq!(report.outcome, Outcome::DryRun, "{report:?}");
    let report = purged(&stores, false);
    assert_eq!(report.outcome, Outcome::Done, "{report:?}");
    for (store, hers) in report.stores.iter().zip(HERS) {
        assert_eq!(
            (store.erasure, &store.found_by_user, store.removed),
            (Erasure::Logical, &vec![0, hers], hers)
        );
    }
    let report = purged(&[format!("chroma:{}/nothing", server.url)], false);
    assert_eq!(report.outcome, Outcome::Partial);
    drop(server);
    assert_only_hers_are_gone(folder.path(), &before);
}

fn hits(folder: &Path) -> u64 {
    script(&["raw"], folder).trim().parse().unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn files_store(folder: &Path) -> [String; 1] {
    [format!("chroma_files:{}", folder.display())]
}

#[test]
#[ignore = "needs Chroma: cargo xtask test stores"]
fn neither_texts_nor_vectors_stay_in_the_files_and_all_other_answers_are_the_same() {
    let folder = filled();
    let (before, hers) = answers_of_copy(folder.path());
    assert_eq!(hers, HERS);
    assert!(hits(folder.path()) > 50, "the search finds what is there");
    let orphan = folder.path().join("00000000-0000-4000-a000-000000000000");
    std::fs::create_dir(&orphan).unwrap();
    std::fs::write(orphan.join("data_level0.bin"), ADA).unwrap();

    let report = purged(&files_store(folder.path()), true);
    assert_eq!((report.outcome, report.stores[0].found), (Outcome::DryRun, 50), "{report:?}");
    let report = purged(&files_store(folder.path()), false);
    assert_eq!(report.outcome, Outcome::Done, "{report:?}");
    let store = &report.stores[0];
    assert_eq!((store.erasure, &store.found_by_user, store.removed), (Erasure::Physical, &vec![0, 50], 50));
    assert_eq!((hits(folder.path()), orphan.exists()), (0, false));
    assert_eq!(names(folder.path()), ["chroma.sqlite3"]);

    assert_only_hers_are_gone(folder.path(), &before);
    assert_eq!(hits(folder.path()), 0, "after Chroma has made its indexes anew");
    assert_only_hers_are_gone(folder.path(), &before);
}

#[test]
#[ignore = "needs Chroma: cargo xtask test stores"]
fn what_was_deleted_over_http_leaves_the_files_too() {
    let folder = filled();
    let server = Server::start(folder.path());
    let stores = COLLECTIONS.map(|name| format!("chroma:{}/{name}", server.url));
    assert_eq!(purged(&stores, false).outcome, Outcome::Done);
    let report = purged(&files_store(folder.path()), false);
    assert_eq!((report.outcome, report.stores[0].removed), (Outcome::Partial, 0), "while a server runs");
    drop(server);
    let (before, _) = answers_of_copy(folder.path());
    assert!(hits(folder.path()) > 50, "it was a logical deletion");
    assert_eq!(purged(&files_store(folder.path()), false).outcome, Outcome::Done);
    assert_eq!(hits(folder.path()), 0);
    assert_only_hers_are_gone(folder.path(), &before);
}

#[test]
#[ignore = "needs Chroma: cargo xtask test stores"]
fn a_directory_can_be_used_and_purged_again() {
    let folder = filled();
    assert_eq!(purged(&files_store(folder.path()), false).outcome, Outcome::Done);
    let inode = |folder: &Path| {
        std::os::unix::fs::MetadataExt::ino(&folder.join("chroma.sqlite3").metadata().unwrap())
    };
    let before = inode(folder.path());
    let report = purged(&files_store(folder.path()), false);
    assert_eq!((report.outcome, report.stores[0].found), (Outcome::Done, 0));
    assert_eq!(inode(folder.path()), before, "nothing was left to do");
    script(&["add"], folder.path());
    let (told, hers) = answers_of_copy(folder.path());
    assert_eq!(hers, vec![1, 1, 1]);
    assert_eq!(purged(&files_store(folder.path()), false).outcome, Outcome::Done);
    assert_only_hers_are_gone(folder.path(), &told);
    assert_eq!(hits(folder.path()), 0);
}

#[test]
#[ignore = "needs Chroma: cargo xtask test stores"]
fn what_is_no_directory_of_chroma_is_told() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(purged(&files_store(folder.path()), false).outcome, Outcome::Partial);
    std::fs::write(folder.path().join("chroma.sqlite3"), "nonsense").unwrap();
    assert_eq!(purged(&files_store(folder.path()), false).outcome, Outcome::Partial);
    assert_eq!(std::fs::read(folder.path().join("chroma.sqlite3")).unwrap(), b"nonsense");
}
