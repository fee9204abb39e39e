//! Reservations and ages in columns of Parquet: the outcome is that of the same row as JSON.
#![cfg(feature = "parquet")]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::fs::File;
use std::sync::Arc;

use arrow_array::builder::{Int64Builder, ListBuilder, MapBuilder, StringBuilder};
use arrow_array::types::{Decimal128Type, Int64Type};
use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float32Array, Float64Array, Int16Array, Int64Array,
    ListArray, PrimitiveArray, RecordBatch, StringArray, StructArray, TimestampMicrosecondArray,
    TimestampNanosecondArray, UInt32Array, UInt64Array, new_null_array,
};
use arrow_schema::{DataType, Field as Column};
use consentry::{subject::UserId, time::Timestamp};
use consentry_training::filter::{Counts, FilterError, Options, Source, filter_parquet};
use consentry_training::gate::Gates;
use consentry_training::scan::{Field, Value, scan_all};
use consentry_training::snapshot::Key;
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use serde_json::Value as Json;

/// What became of the rows of a table of these columns, of which `user_id` is added.
fn run(columns: Vec<(&str, ArrayRef)>, policy: &Json, now: Timestamp) -> Result<Counts, FilterError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("in");
    let rows = columns.first().map_or(1, |(_, column)| column.len());
    let users: ArrayRef = Arc::new(StringArray::from(vec!["u1"; rows]));
    // A column without nulls is one that can't have any.
    let columns = columns.into_iter().map(|(name, column)| {
        let can_be_null = column.null_count() > 0;
        (name, column, can_be_null)
    });
    let table = RecordBatch::try_from_iter_with_nullable(columns.chain([("user_id", users, true)])).unwrap();
    // Small pages, so that columns come in pieces of different lengths.
    let properties =
        WriterProperties::builder().set_data_page_row_count_limit(3).set_write_batch_size(2).build();
    let mut writer =
        ArrowWriter::try_new(File::create(&path).unwrap(), table.schema(), Some(properties)).unwrap();
    writer.write(&table).unwrap();
    writer.close().unwrap();
    let gates = Gates::parse("policy", policy.to_string().as_bytes(), now).unwrap();
    let options = Options { gates: Some(gates), ..Options::default() };
    let granted = |_: &UserId| Some(Key::default());
    let sources = [Source::File(path)];
    filter_parquet(&sources, &granted, Vec::new(), None, &options).map(|(report, _)| report.counts)
}

fn closed(counts: &Counts) -> Option<&'static str> {
    assert_eq!(counts.rows, 1);
    match (counts.kept, counts.reserved, counts.child) {
        (1, 0, 0) => None,
        (0, 1, 0) => Some("reserved"),
        (0, 0, 1) => Some("child"),
        other => unreachable!("{other:?}"),
    }
}

/// A column of one row; `None` for what Parquet has no column of.
fn column(value: &Json) -> Option<ArrayRef> {
    Some(match value {
        Json::Null => new_null_array(&DataType::Utf8, 1),
        Json::Bool(value) => Arc::new(BooleanArray::from(vec![*value])),
        Json::Number(number) => match number.as_i64() {
            Some(number) => Arc::new(Int64Array::from(vec![number])),
            None => Arc::new(Float64Array::from(vec![number.as_f64().unwrap()])),
        },
        Json::String(text) => Arc::new(StringArray::from(vec![text.as_str()])),
        // What is in a list is not looked at.
        Json::Array(_) => Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>([Some([Some(1)])])),
        Json::Object(fields) => {
            let columns = fields.iter().map(|(name, value)| {
                let column = column(value)?;
                Some((Arc::new(Column::new(name, column.data_type().clone(), true)), column))
            });
            let columns: Vec<_> = columns.collect::<Option<_>>()?;
            (!columns.is_empty()).then(|| Arc::new(StructArray::from(columns)))?
        }
    })
}

#[test]
fn a_row_of_columns_is_let_in_or_kept_out_as_the_same_row_of_json() {
    let vectors: Json = serde_json::from_str(include_str!("../../tests/vectors/gates.json")).unwrap();
    let now: Timestamp = serde_json::from_value(vectors["now"].clone()).unwrap();
    let cases = vectors["cases"].as_array().unwrap();
    let mut asked = 0;
    for case in cases {
        let (policy, row) = (&case["policy"], case["row"].as_str().unwrap());
        let gates = Gates::parse("policy", policy.to_string().as_bytes(), now).unwrap();
        let (_, values) = scan_all(row.as_bytes(), &Field::default(), gates.fields()).unwrap();
        let Json::Object(fields) = serde_json::from_str(row).unwrap() else { unreachable!() };
        let columns = fields.iter().filter(|(name, _)| *name != "user_id");
        let columns: Option<Vec<_>> =
            columns.map(|(name, value)| Some((name.as_str(), column(value)?))).collect();
        // No table that such writers make has a column twice, or a structure without fields.
        let (false, Some(columns)) = (values.contains(&Value::Twice), columns) else { continue };
        let counts = run(columns, policy, now).unwrap();
        assert_eq!(closed(&counts), case["closed"].as_str(), "{row} under {policy}");
        asked += 1;
    }
    assert!(asked * 10 > cases.len() * 9, "{asked} of {}", cases.len());
}

fn reserved(column: ArrayRef) -> (u64, u64) {
    let policy = serde_json::json!({"reservations": {"tdm_reservation": "tdm"}});
    let counts = run(vec![("tdm", column)], &policy, Timestamp::UNIX_EPOCH).unwrap();
    (counts.kept, counts.reserved)
}

#[test]
fn numbers_of_every_kind_are_numbers() {
    assert_eq!(reserved(Arc::new(Int16Array::from(vec![Some(0), Some(1), Some(-1), None]))), (2, 2));
    assert_eq!(reserved(Arc::new(UInt64Array::from(vec![0, 1, u64::MAX]))), (1, 2));
    assert_eq!(reserved(Arc::new(Float32Array::from(vec![0.0, -0.0, 1.0, f32::NAN]))), (2, 2));
    let decimals = Decimal128Array::from(vec![0, 1, -1]).with_precision_and_scale(30, 2).unwrap();
    assert_eq!(reserved(Arc::new(decimals)), (1, 2));
    let small: PrimitiveArray<Decimal128Type> = vec![0, 10].into();
    assert_eq!(reserved(Arc::new(small.with_precision_and_scale(5, 1).unwrap())), (1, 1));
}

fn children(column: ArrayRef, kind: &str) -> (u64, u64) {
    let policy = serde_json::json!({"age": {kind: "known", "minimum": 16}});
    // 15 June 2026.
    let counts = run(vec![("known", column)], &policy, Timestamp::from_ms(1_781_481_600_000)).unwrap();
    (counts.kept, counts.child)
}

#[test]
fn ages_are_numbers_without_an_end() {
    assert_eq!(children(Arc::new(UInt32Array::from(vec![15, 16, u32::MAX])), "age"), (2, 1));
    assert_eq!(
        children(Arc::new(Float64Array::from(vec![15.9, 16.0, f64::INFINITY, f64::NAN])), "age"),
        (1, 3)
    );
}

#[test]
fn dates_and_moments_are_dates_of_birth_before_and_after_1970() {
    // The day of 15 June 2010 is the 14775th.
    let days = [-20_000, 14_774, 14_775, 14_776, i32::MAX];
    assert_eq!(children(Arc::new(Date32Array::from(days.to_vec())), "birth_date"), (3, 2));
    let moments = [-1, 14_776 * 86_400_000_000 - 1, 14_776 * 86_400_000_000];
    let moments = TimestampMicrosecondArray::from(moments.to_vec());
    assert_eq!(children(Arc::new(moments), "birth_date"), (2, 1));
    let moments = TimestampNanosecondArray::from(vec![14_776 * 86_400_000_000_000 - 1]);
    assert_eq!(children(Arc::new(moments), "birth_date"), (1, 0));
}

#[test]
fn marks_stay_with_their_rows_over_pages_and_nulls() {
    let marks: Vec<Option<&str>> = (0..20_000)
        .map(|row| match row % 5 {
            0 => None,
            1 => Some("1"),
            _ => Some("0"),
        })
        .collect();
    assert_eq!(reserved(Arc::new(StringArray::from(marks))), (16_000, 4_000));
}

#[test]
fn a_list_is_there_or_not_and_can_not_be_read() {
    let lists = [None, Some(vec![]), Some(vec![Some(0), Some(0)]), Some(vec![None])];
    let lists = ListArray::from_iter_primitive::<Int64Type, _, _>(lists.iter().cloned().cycle().take(36));
    assert_eq!(reserved(Arc::new(lists)), (9, 27));
}

type Header = (&'static str, Option<&'static str>);

/// A map of headers in every row.
fn headers(rows: &[Option<&[Header]>]) -> ArrayRef {
    let mut map = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
    for row in rows {
        for (key, value) in row.unwrap_or_default() {
            map.keys().append_value(key);
            map.values().append_option(*value);
        }
        map.append(row.is_some()).unwrap();
    }
    Arc::new(map.finish())
}

fn reserved_by(name: &str, column: ArrayRef, field: &str) -> Result<(u64, u64), String> {
    let policy = serde_json::json!({"reservations": {"content_usage": field}});
    let run = run(vec![(name, column)], &policy, Timestamp::UNIX_EPOCH);
    run.map(|counts| (counts.kept, counts.reserved)).map_err(|error| error.to_string())
}

#[test]
fn a_key_of_a_map_is_looked_at_as_a_key_of_json() {
    const NO: Header = ("Content-Usage", Some("train-ai=n"));
    const YES: Header = ("Content-Usage", Some("train-ai=y"));
    const OTHER: Header = ("Content-Type", Some("train-ai=n"));
    let rows: [(Option<&[Header]>, bool); 9] = [
        (None, false),
        (Some(&[]), false),
        (Some(&[OTHER]), false),
        (Some(&[NO]), true),
        (Some(&[OTHER, NO, OTHER]), true),
        (Some(&[YES]), false),
        (Some(&[("Content-Usage", None)]), false),
        // Readers disagree on which of the two counts.
        (Some(&[YES, YES]), true),
        (Some(&[("Content-Usage", None), YES]), true),
    ];
    for (row, is_reserved) in rows {
        let found = reserved_by("headers", headers(&[row]), "headers.Content-Usage");
        assert_eq!(found, Ok(if is_reserved { (0, 1) } else { (1, 0) }), "{row:?}");
    }
    // Over pages and batches, and in a structure.
    let many: Vec<_> = rows.iter().map(|(row, _)| *row).cycle().take(18_000).collect();
    let column = headers(&many);
    assert_eq!(reserved_by("headers", Arc::clone(&column), "headers.Content-Usage"), Ok((10_000, 8_000)));
    let field = Arc::new(Column::new("headers", column.data_type().clone(), true));
    let inside: ArrayRef = Arc::new(StructArray::from(vec![(field, column)]));
    assert_eq!(reserved_by("page", inside, "page.headers.Content-Usage"), Ok((10_000, 8_000)));
    // The map itself is there and no text.
    assert_eq!(reserved_by("headers", headers(&[None, Some(&[YES])]), "headers"), Ok((1, 1)));
}

#[test]
fn a_policy_that_looks_further_into_a_map_than_can_be_read_ends_the_run() {
    let refused = |column: ArrayRef, field: &str| {
        let said = reserved_by("headers", column, field).unwrap_err();
        assert!(said.contains("looks into headers, a map"), "{said}");
    };
    refused(headers(&[Some(&[("a", Some("b"))])]), "headers.a.b");
    let mut numbered = MapBuilder::new(None, Int64Builder::new(), StringBuilder::new());
    numbered.keys().append_value(1);
    numbered.values().append_value("train-ai=n");
    numbered.append(true).unwrap();
    refused(Arc::new(numbered.finish()), "headers.1");
    let mut lists = MapBuilder::new(None, StringBuilder::new(), ListBuilder::new(StringBuilder::new()));
    lists.keys().append_value("a");
    lists.values().values().append_value("train-ai=n");
    lists.values().append(true);
    lists.append(true).unwrap();
    refused(Arc::new(lists.finish()), "headers.a");
}
