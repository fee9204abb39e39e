//! Many inputs, each into a file of its own.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod place;

use std::fs;
use std::io::Write as _;

use place::{ADA, BOB, FILTER, ODD, Place, instant, kills};

/// A place with 30 shards in `in/`: shard n has n rows of Ada, one of Bob, and every third one that can't be judged.
fn shards() -> Place {
    let place = Place::with_snapshot();
    fs::create_dir(place.path("in")).unwrap();
    for n in 0..30 {
        place.put(&shard("in", n), rows(n));
    }
    place
}

fn rows(n: usize) -> String {
    [ADA.repeat(n), BOB.into(), if n.is_multiple_of(3) { ODD.into() } else { String::new() }].concat()
}

fn shard(folder: &str, n: usize) -> String {
    format!("{folder}/{n:02}.jsonl")
}

fn count(place: &Place, folder: &str) -> usize {
    fs::read_dir(place.path(folder)).unwrap().count()
}

#[test]
fn every_input_gets_a_file_of_its_name() {
    let place = shards();
    let done = place.filter(&["in", "-o", "out/"], "");
    assert_eq!(done.code, 3);
    assert!(done.err.contains("475 rows: 435 kept, 30 without consent, 10 quarantined"), "{}", done.err);
    for n in 0..30 {
        assert_eq!(place.get(&shard("out", n)), ADA.repeat(n));
    }
    assert_eq!(count(&place, "out"), 30);
}

#[test]
fn a_pattern_means_the_same_as_the_files_it_matches() {
    let place = shards();
    assert_eq!(place.filter(&["in/*.jsonl", "-o", "out/"], "").code, 3);
    assert_eq!(count(&place, "out"), 30);
    assert_eq!(place.filter(&["in/1?.jsonl", "-o", "one"], "").code, 3);
    assert_eq!(place.get("one"), ADA.repeat((10..20).sum()));
}

#[test]
fn the_quarantine_is_one_file_in_the_order_of_the_inputs() {
    let place = shards();
    place.filter(&["in", "-o", "out/", "--quarantine", "q"], "");
    let lines: Vec<String> = place.get("q").lines().map(|line| line[..21].to_owned()).collect();
    let expected: Vec<String> =
        (0..30).step_by(3).map(|n| format!("{{\"file\":\"in/{n:02}.jsonl\"")).collect();
    assert_eq!(lines, expected);
}

#[test]
fn the_manifest_names_every_shard() {
    let place = shards();
    place.filter(&["in", "-o", "out/", "--quarantine", "q", "--manifest", "m"], "");
    let manifest: serde_json::Value = serde_json::from_str(&place.get("m")).unwrap();
    assert_eq!(manifest["outputs"].as_array().unwrap().len(), 30);
    assert_eq!(manifest["outputs"][7]["file"], "out/07.jsonl");
    assert_eq!(manifest["counts"]["kept"], 435);
    assert_eq!(place.run(&["manifest", "check", "m"]).code, 0);
}

#[test]
fn each_shard_stays_compressed_as_it_was() {
    let place = Place::with_snapshot();
    fs::create_dir(place.path("in")).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(ADA.as_bytes()).unwrap();
    place.put("in/a", gzip.finish().unwrap());
    place.put("in/b", zstd::encode_all(ADA.as_bytes(), 1).unwrap());
    place.put("in/c", ADA);
    assert_eq!(place.filter(&["in", "-o", "out/"], "").code, 0);
    for (name, head) in [("out/a", &[0x1f, 0x8b][..]), ("out/b", &[0x28, 0xb5]), ("out/c", b"{\"")] {
        assert!(fs::read(place.path(name)).unwrap().starts_with(head), "{name}");
    }
}

#[test]
fn inputs_that_can_not_have_files_of_their_own_are_refused() {
    let place = shards();
    fs::create_dir(place.path("more")).unwrap();
    place.put("more/00.jsonl", ADA);
    for (args, message) in [
        (&["in", "more", "-o", "out/"][..], "two inputs have this name"),
        (&["-", "-o", "out/"], "standard input has no name"),
        (&["in", "-o", "in"], "is an input too"),
        (&["in/*.parquet", "-o", "out/"], "there is no file in it"),
        (&["in", "-o", "out/", "--quarantine", "out/03.jsonl"], "need a file each"),
    ] {
        let done = place.filter(args, "");
        assert_eq!(done.code, 2);
        assert!(done.err.contains(message), "{}", done.err);
        assert!(!place.path("out").exists());
    }
}

#[test]
fn shards_that_were_finished_before_a_failure_stay_and_the_next_run_writes_all() {
    let place = shards();
    place.put(&shard("in", 29), [ADA, "{"].concat());
    let done = place.filter(&["in", "-o", "out/", "--strict", "--manifest", "m"], "");
    assert_eq!(done.code, 3);
    assert!(!place.path("m").exists());
    for n in 0..30 {
        let name = place.path(&shard("out", n));
        assert!(!name.exists() || fs::read_to_string(name).unwrap() == ADA.repeat(n), "{n}");
    }
    assert_eq!(place.filter(&["in", "-o", "out", "--manifest", "m"], "").code, 3);
    assert_eq!(count(&place, "out"), 30);
    assert_eq!(place.run(&["manifest", "check", "m"]).code, 0);
}

#[test]
fn killed_at_any_moment_every_shard_is_whole_or_not_there() {
    let place = shards();
    for round in 0..kills() {
        let mut child = place.start(&[&FILTER[..], &["in", "-o", "out/", "--manifest", "m"]].concat());
        std::thread::sleep(instant(round, std::time::Duration::from_millis(60)));
        child.kill().unwrap();
        child.wait().unwrap();
        for n in 0..30 {
            let name = place.path(&shard("out", n));
            assert!(
                !name.exists() || fs::read_to_string(name).unwrap() == ADA.repeat(n),
                "round {round}, {n}"
            );
        }
        if place.path("m").exists() {
            assert_eq!(place.run(&["manifest", "check", "m"]).code, 0, "round {round}");
        }
        let _ = fs::remove_dir_all(place.path("out"));
        let _ = fs::remove_file(place.path("m"));
    }
    assert_eq!(place.filter(&["in", "-o", "out/", "--manifest", "m"], "").code, 3);
    assert_eq!(count(&place, "out"), 30);
    assert_eq!(place.names(), ["in", "m", "m.index", "out", "s", "users.csv"]);
}
