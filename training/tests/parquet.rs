//! Parquet beside a plain loop over rows: same rows, same order, same values, whatever the groups, pages and nesting.
#![cfg(feature = "parquet")]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use arrow_array::builder::{BooleanBuilder, Int32Builder, ListBuilder, StringBuilder, StructBuilder};
use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field as Column, Fields};
use consentry::subject::UserId;
use consentry_training::filter::{Counts, FilterError, Options, Report, Source, filter, filter_parquet};
use consentry_training::parquet::is_parquet;
use consentry_training::scan::Field;
use consentry_training::snapshot::Key;
use parquet::arrow::{ArrowWriter, arrow_reader::ParquetRecordBatchReaderBuilder};
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;
use proptest::prelude::*;

fn granted(user: &UserId) -> Option<Key> {
    user.as_str().starts_with("yes").then_some([0; 16])
}

#[derive(Clone, Debug)]
struct Row {
    user: Option<&'static str>,
    tags: Option<Vec<Option<String>>>,
    meta: Option<(Option<Vec<i32>>, Option<bool>)>,
}

fn table(rows: &[Row]) -> RecordBatch {
    let users: StringArray = rows.iter().map(|row| row.user).collect();
    let numbers: Int64Array = (0..).take(rows.len()).map(Some).collect();
    let mut tags = ListBuilder::new(StringBuilder::new());
    let inner = Arc::new(Column::new_list_field(DataType::Int32, true));
    let fields = Fields::from(vec![
        Column::new("inner", DataType::List(inner), true),
        Column::new("flag", DataType::Boolean, true),
    ]);
    let builders: Vec<Box<dyn arrow_array::builder::ArrayBuilder>> =
        vec![Box::new(ListBuilder::new(Int32Builder::new())), Box::new(BooleanBuilder::new())];
    let mut meta = StructBuilder::new(fields, builders);
    for row in rows {
        tags.append_option(row.tags.clone());
        let (inner, flag) = row.meta.clone().unwrap_or_default();
        let inner = inner.map(|list| list.into_iter().map(Some));
        meta.field_builder::<ListBuilder<Int32Builder>>(0).unwrap().append_option(inner);
        meta.field_builder::<BooleanBuilder>(1).unwrap().append_option(flag);
        meta.append(row.meta.is_some());
    }
    let columns: [(&str, ArrayRef); 4] = [
        ("n", Arc::new(numbers)),
        ("tags", Arc::new(tags.finish())),
        ("user_id", Arc::new(users)),
        ("meta", Arc::new(meta.finish())),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, column)| (name, column, name != "n")))
        .unwrap()
}

fn write(path: &Path, table: &RecordBatch, properties: WriterProperties) {
    let mut writer =
        ArrowWriter::try_new(File::create(path).unwrap(), table.schema(), Some(properties)).unwrap();
    writer.write(table).unwrap();
    writer.close().unwrap();
}

/// All rows of a file as one batch each, and the number of its row groups.
fn read(path: &Path) -> (Vec<RecordBatch>, usize) {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap();
    let groups = reader.metadata().num_row_groups();
    let mut rows = Vec::new();
    for batch in reader.build().unwrap() {
        let batch = batch.unwrap();
        rows.extend((0..batch.num_rows()).map(|row| batch.slice(row, 1)));
    }
    (rows, groups)
}

fn run(files: &[&Path], output: &Path, options: &Options) -> Result<(Report, String), FilterError> {
    let sources: Vec<Source> = files.iter().map(|file| Source::File((*file).into())).collect();
    let mut quarantine = Vec::new();
    let (report, _) =
        filter_parquet(&sources, &granted, File::create(output).unwrap(), Some(&mut quarantine), options)?;
    Ok((report, String::from_utf8(quarantine).unwrap()))
}

fn plain(user: Option<&'static str>) -> Row {
    Row { user, tags: None, meta: None }
}

fn row() -> impl Strategy<Value = Row> {
    let user = prop::sample::select(vec![Some("yes"), Some("yes, too"), Some("no"), None, Some("")]);
    let tags = prop::option::of(prop::collection::vec(prop::option::of("[a-c]{0,3}"), 0..4));
    let inner = prop::option::of(prop::collection::vec(any::<i32>(), 0..4));
    let meta = prop::option::of((inner, prop::option::of(any::<bool>())));
    (user, tags, meta).prop_map(|(user, tags, meta)| Row { user, tags, meta })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn whatever_the_groups_and_pages_it_does_what_a_loop_over_rows_does(
        mut rows in prop::collection::vec(row(), 1..60), times in prop::sample::select(vec![1_usize, 40]),
        group in 1..3000_usize, page in 1..2000_usize, dictionary in any::<bool>(),
    ) {
        // More than are read at once.
        rows = vec![rows; times].concat();
        let folder = tempfile::tempdir().unwrap();
        let (input, output) = (folder.path().join("in"), folder.path().join("out"));
        let properties = WriterProperties::builder()
            .set_max_row_group_row_count(Some(group))
            .set_data_page_row_count_limit(page)
            .set_write_batch_size(page)
            .set_dictionary_enabled(dictionary)
            .build();
        write(&input, &table(&rows), properties);
        let (report, quarantine) = run(&[&input], &output, &Options::default()).unwrap();

        let (before, groups) = read(&input);
        let (after, groups_left) = read(&output);
        let stays = |row: &Row| row.user.is_some_and(|user| user.starts_with("yes"));
        let expected: Vec<RecordBatch> =
            before.into_iter().zip(&rows).filter(|(_, row)| stays(row)).map(|(batch, _)| batch).collect();
        prop_assert!(after == expected);
        prop_assert!(groups_left <= groups);
        let odd: Vec<String> = (1..).zip(&rows).filter_map(|(n, row)| match row.user {
            None => Some(format!("\"line\":{n},\"reason\":\"no_id\"}}")),
            Some("") => Some(format!("\"line\":{n},\"reason\":\"not_an_id\"}}")),
            Some(_) => None,
        }).collect();
        prop_assert_eq!(quarantine.lines().count(), odd.len());
        for (line, odd) in quarantine.lines().zip(&odd) {
            prop_assert!(line.ends_with(odd), "{} {}", line, odd);
        }
        let Counts { rows: all, kept, no_consent, quarantined, .. } = report.counts;
        prop_assert_eq!((all, kept), (rows.len() as u64, expected.len() as u64));
        prop_assert_eq!(all, kept + no_consent + quarantined);
    }
}

#[test]
fn compression_metadata_and_field_ids_stay() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("in"), folder.path().join("out"));
    let schema = table(&[plain(Some("yes"))]);
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_column_compression(ColumnPath::from("n"), Compression::ZSTD(ZstdLevel::default()))
        .set_key_value_metadata(Some(vec![parquet::file::metadata::KeyValue::new(
            "of".into(),
            "us".to_owned(),
        )]))
        .build();
    write(&input, &schema, properties);
    run(&[&input], &output, &Options::default()).unwrap();
    let open = |path| ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap();
    let (before, after) = (open(&input), open(&output));
    assert_eq!(before.parquet_schema().root_schema(), after.parquet_schema().root_schema());
    assert_eq!(before.schema(), after.schema());
    let (before, after) = (before.metadata(), after.metadata());
    assert_eq!(before.file_metadata().key_value_metadata(), after.file_metadata().key_value_metadata());
    for (before, after) in before.row_group(0).columns().iter().zip(after.row_group(0).columns()) {
        assert_eq!(before.compression(), after.compression());
    }
}

#[test]
fn a_user_field_that_is_no_text_is_told_row_by_row() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("in"), folder.path().join("out"));
    write(&input, &table(&[plain(Some("yes"))]), WriterProperties::new());
    for (path, reason) in [
        ("n", "id_not_a_string"),
        ("meta", "id_not_a_string"),
        ("tags", "id_not_a_string"),
        ("tags.list.item", "id_not_a_string"),
        ("user", "no_id"),
        ("user_id.x", "no_id"),
    ] {
        let options = Options { field: Field::parse(path).unwrap(), ..Options::default() };
        let (report, quarantine) = run(&[&input], &output, &options).unwrap();
        assert_eq!(report.counts.kept, 0, "{path}");
        assert!(quarantine.contains(reason), "{path}: {quarantine}");
    }
}

#[test]
fn files_of_the_same_columns_become_one_and_others_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let [one, two, other, output] = ["1", "2", "3", "out"].map(|name| folder.path().join(name));
    write(&one, &table(&[plain(Some("yes")), plain(Some("no"))]), WriterProperties::new());
    write(&two, &table(&[plain(Some("yes"))]), WriterProperties::new());
    write(&other, &table(&[plain(Some("yes"))]).project(&[2]).unwrap(), WriterProperties::new());
    run(&[&one, &two], &output, &Options::default()).unwrap();
    assert_eq!(read(&output).0.len(), 2);
    let error = run(&[&one, &other], &output, &Options::default()).unwrap_err();
    assert!(error.to_string().contains("columns are not those"), "{error}");
}

#[test]
fn strict_stops_at_the_first_row_without_an_id() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("in"), folder.path().join("out"));
    write(&input, &table(&[plain(Some("yes")), plain(None)]), WriterProperties::new());
    let options = Options { strict: true, ..Options::default() };
    let error = run(&[&input], &output, &options).unwrap_err();
    assert!(matches!(error, FilterError::Unjudgeable { line: 2, .. }));
}

#[test]
fn a_file_that_is_cut_short_ends_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("in"), folder.path().join("out"));
    write(&input, &table(&[plain(Some("yes"))]), WriterProperties::new());
    let whole = fs::read(&input).unwrap();
    for end in [4, 20, whole.len() / 2, whole.len() - 1] {
        fs::write(&input, &whole[..end]).unwrap();
        assert!(is_parquet(&input).unwrap());
        let error = run(&[&input], &output, &Options::default()).unwrap_err();
        assert!(error.to_string().contains("damaged or cut short"), "{error}");
    }
}

#[test]
fn rows_of_parquet_are_never_taken_for_rows_of_json() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("in");
    write(&input, &table(&[plain(Some("yes"))]), WriterProperties::new());
    let error = filter(&[Source::File(input)], &granted, Vec::new(), None, &Options::default()).unwrap_err();
    assert!(error.to_string().contains("it is Parquet"), "{error}");
}
