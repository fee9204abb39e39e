//! Parquet through the command: told by content, kept as Parquet, and apart from rows of JSON.
#![cfg(feature = "parquet")]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod place;

use std::fs::{self, File};
use std::process::{Command, Stdio};
use std::sync::Arc;

use arrow_array::{RecordBatch, StringArray};
use parquet::arrow::{ArrowWriter, arrow_reader::ParquetRecordBatchReader};

use place::{ADA, Done, FILTER, Place};

/// A place with `in/rows` (Ada, Bob and nobody, as Parquet) and `in/json` (Ada).
fn mixed() -> Place {
    let place = Place::with_snapshot();
    fs::create_dir(place.path("in")).unwrap();
    let users = StringArray::from(vec![Some("ada@example.com"), Some("bob@example.com"), None]);
    let table = RecordBatch::try_from_iter([("user_id", Arc::new(users) as _)]).unwrap();
    let file = File::create(place.path("in/rows")).unwrap();
    let mut writer = ArrowWriter::try_new(file, table.schema(), None).unwrap();
    writer.write(&table).unwrap();
    writer.close().unwrap();
    place.put("in/json", ADA);
    place
}

fn rows(place: &Place, name: &str) -> usize {
    let reader = ParquetRecordBatchReader::try_new(File::open(place.path(name)).unwrap(), 100).unwrap();
    reader.map(|batch| batch.unwrap().num_rows()).sum()
}

#[test]
fn parquet_stays_parquet_and_its_rows_are_counted_with_the_others() {
    let place = mixed();
    let done = place.filter(&["in", "-o", "out/", "--quarantine", "q", "--manifest", "m"], "");
    assert_eq!(done.code, 3);
    assert!(done.err.contains("4 rows: 2 kept, 1 without consent, 1 quarantined (1 no_id)"), "{}", done.err);
    assert_eq!((rows(&place, "out/rows"), place.get("out/json")), (1, ADA.into()));
    assert_eq!(place.get("q"), "{\"file\":\"in/rows\",\"line\":3,\"reason\":\"no_id\"}\n");
    assert_eq!(place.run(&["manifest", "check", "m"]).code, 0);
    assert_eq!(place.run(&["manifest", "find", "--user", "ada@example.com", "m"]).code, 0);
    assert_eq!(place.run(&["manifest", "find", "--user", "bob@example.com", "m"]).code, 1);
}

#[test]
fn several_files_become_one() {
    let place = mixed();
    assert_eq!(place.filter(&["in/rows", "in/rows", "-o", "out"], "").code, 3);
    assert_eq!(rows(&place, "out"), 2);
}

#[test]
fn what_can_not_be_done_with_parquet_is_said_before_anything_is_written() {
    let place = mixed();
    let before = place.names();
    for (args, message) in [
        (&["in", "-o", "out"][..], "is Parquet and other inputs are not"),
        (&["in/rows", "-o", "out", "--compress", "gzip"], "leave out --compress"),
    ] {
        let done = place.filter(args, "");
        assert_eq!(done.code, 2);
        assert!(done.err.contains(message), "{}", done.err);
        assert_eq!(place.names(), before);
    }
}

#[test]
fn parquet_through_a_pipe_is_refused_with_the_way_out() {
    let place = mixed();
    let mut child = place.start(&FILTER);
    let bytes = fs::read(place.path("in/rows")).unwrap();
    let _ = std::io::Write::write_all(&mut child.stdin.take().unwrap(), &bytes);
    let done = Done::new(&child.wait_with_output().unwrap());
    assert_eq!((done.code, done.out.as_str()), (2, ""));
    assert!(done.err.contains("name the file instead of piping it"), "{}", done.err);
}

#[test]
fn parquet_can_go_to_standard_output() {
    let place = mixed();
    let out = File::create(place.path("out")).unwrap();
    let status = Command::new(env!("CARGO_BIN_EXE_consentry"))
        .args(FILTER)
        .arg("in/rows")
        .current_dir(place.0.path())
        .stdout(out)
        .stderr(Stdio::null())
        .status();
    assert_eq!((status.unwrap().code(), rows(&place, "out")), (Some(3), 1));
}
