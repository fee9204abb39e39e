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
    assert_eq!(answers(folder.path()), (before, vec![0, 0, 0]));
}
