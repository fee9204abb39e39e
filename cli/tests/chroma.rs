//! `consentry purge` of a real Chroma's files, killed at any instant. `cargo xtask test stores` installs Chroma and runs this.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

mod place;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use place::{Place, instant, kills};
use serde_json::Value;

fn script(word: &str, folder: &Path) -> String {
    let programs =
        std::env::var_os("CONSENTRY_CHROMA").expect("cargo xtask test stores says where Chroma is");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/stores/chroma.py");
    let mut python = Command::new(PathBuf::from(programs).join("python"));
    let done = python.arg(script).arg(word).arg(folder).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

fn copy(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    assert!(Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap().success());
}

/// How many of the person's records each collection has, and which of everybody else's.
fn records(folder: &Path) -> (Vec<u64>, Vec<Vec<String>>) {
    let told: Value = serde_json::from_str(&script("answers", folder)).unwrap();
    let collections = told.as_object().unwrap().values();
    let ids = |collection: &Value| {
        let records = collection["records"].as_array().unwrap();
        records.iter().map(|record| record[0].as_str().unwrap().to_owned()).collect()
    };
    collections.map(|collection| (collection["person"].as_u64().unwrap(), ids(collection))).unzip()
}

#[test]
#[ignore = "needs Chroma: cargo xtask test stores"]
fn killed_at_any_instant_a_data_directory_is_old_or_new() {
    let place = Place::new();
    let (full, folder, asked) = (place.path("full"), place.path("chroma"), place.path("asked"));
    script("fill", &full);
    copy(&full, &asked);
    let (before, others) = records(&asked);
    place.put("users", "ada@example.com\n");
    let args = ["purge", "--user-file", "users", "--store", "chroma_files:chroma"];
    for round in 0..kills().div_ceil(4) {
        copy(&full, &folder);
        let mut child = place.start(&args);
        thread::sleep(instant(round, Duration::from_millis(250)));
        child.kill().unwrap();
        child.wait().unwrap();
        copy(&folder, &asked);
        let (hers, theirs) = records(&asked);
        assert!(hers == before || hers == [0, 0, 0], "round {round}: {hers:?}");
        assert_eq!(theirs, others, "round {round}");
        let done = place.run(&args);
        assert_eq!(done.code, 0, "round {round}: {}", done.err);
        assert_eq!(script("raw", &folder).trim(), "0", "round {round}");
        assert_eq!(
            fs::read_dir(&folder).unwrap().count(),
            1,
            "round {round}: chroma.sqlite3 and nothing else"
        );
    }
}
