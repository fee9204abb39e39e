//! Purges of Parquet files: the user's rows go, and everything else is read as it was before.
#![cfg(all(unix, feature = "parquet"))]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use consentry::subject::UserId;
use consentry::time::Timestamp;
use consentry_training::purge::{Options, Outcome, Plan, Report, Store, purge};
use consentry_training::scan::Field;
use parquet::arrow::{ArrowWriter, arrow_reader::ParquetRecordBatchReaderBuilder};
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader as _, SerializedFileReader};

fn table(users: &[Option<&str>]) -> RecordBatch {
    let numbers: Int64Array = (0..).take(users.len()).map(Some).collect();
    let users: StringArray = users.iter().copied().collect();
    let columns: [(&str, ArrayRef); 2] = [("n", Arc::new(numbers)), ("user_id", Arc::new(users))];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, column)| (name, column, true))).unwrap()
}

fn put(folder: &Path, batch: &RecordBatch) -> PathBuf {
    let path = folder.join("a.parquet");
    let zstd = Compression::ZSTD(ZstdLevel::try_new(3).unwrap());
    let properties = WriterProperties::builder()
        .set_compression(zstd)
        .set_max_row_group_row_count(Some(3))
        .set_key_value_metadata(Some(vec![KeyValue::new("about".into(), "rows".to_owned())]));
    let mut writer =
        ArrowWriter::try_new(File::create(&path).unwrap(), batch.schema(), Some(properties.build())).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
    path
}

fn get(path: &Path) -> Vec<(Option<i64>, Option<String>)> {
    let reader =
        ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap().build().unwrap();
    reader
        .flat_map(|batch| {
            let batch = batch.unwrap();
            let numbers = batch.column(0).as_any().downcast_ref::<Int64Array>().unwrap().clone();
            let users = batch.column(1).as_any().downcast_ref::<StringArray>().unwrap().clone();
            let users: Vec<_> = users.iter().map(|user| user.map(str::to_owned)).collect();
            numbers.iter().collect::<Vec<_>>().into_iter().zip(users).collect::<Vec<_>>()
        })
        .collect()
}

fn purged(path: &Path, field: &str) -> Report {
    let store = Store::parse(&format!("parquet:{}", path.display()), &Field::parse(field).unwrap()).unwrap();
    let plan = Plan::new(vec![UserId::parse("ada").unwrap()], vec![store]).unwrap();
    purge(&plan, &Options { dry_run: false, key: None, clock: &|| Timestamp::from_ms(0) })
}

#[test]
fn a_users_rows_go_and_all_else_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let users =
        [Some("ada"), Some("bob"), Some("ada"), Some("eve"), Some("bob"), Some("eve"), Some("ada"), None];
    let path = put(folder.path(), &table(&users));
    let schema = |path: &Path| {
        ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap().schema().clone()
    };
    let before = schema(&path);
    let report = purged(&path, "user_id");
    let store = &report.stores[0];
    assert_eq!(report.outcome, Outcome::Done, "{report:?}");
    assert_eq!((store.found, store.removed, store.unjudged, store.unjudged_rows[0].line), (3, 3, 1, 5));
    let rows: Vec<_> = get(&path).into_iter().map(|(number, user)| (number.unwrap(), user)).collect();
    let user = |user: &str| Some(user.to_owned());
    assert_eq!(rows, [(1, user("bob")), (3, user("eve")), (4, user("bob")), (5, user("eve")), (7, None)]);
    assert_eq!(schema(&path), before);
    let reader = SerializedFileReader::new(File::open(&path).unwrap()).unwrap();
    let about = reader.metadata().file_metadata().key_value_metadata().unwrap();
    assert!(about.iter().any(|pair| pair.key == "about"));
    assert!(matches!(reader.metadata().row_group(0).column(0).compression(), Compression::ZSTD(_)));
    assert!(!fs::read(&path).unwrap().windows(3).any(|bytes| bytes == b"ada"), "not in statistics either");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_file_without_the_user_is_not_written_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = put(folder.path(), &table(&[Some("bob"), Some("eve")]));
    let before = fs::read(&path).unwrap();
    assert_eq!(purged(&path, "user_id").outcome, Outcome::Done);
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn all_rows_can_go() {
    let folder = tempfile::tempdir().unwrap();
    let path = put(folder.path(), &table(&[Some("ada"), Some("ada")]));
    assert_eq!(purged(&path, "user_id").outcome, Outcome::Done);
    assert_eq!(get(&path), []);
}

#[test]
fn a_column_that_names_nobody_is_never_called_done() {
    let folder = tempfile::tempdir().unwrap();
    let path = put(folder.path(), &table(&[Some("ada"), Some("bob")]));
    for field in ["user", "n"] {
        let report = purged(&path, field);
        assert_eq!((report.outcome, report.stores[0].unjudged), (Outcome::Partial, 2), "{field}");
    }
    fs::write(&path, "PAR1 but no more").unwrap();
    assert_eq!(purged(&path, "user_id").outcome, Outcome::Partial);
}
