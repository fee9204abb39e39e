//! A snapshot as Parquet, for engines that join where one machine is not enough. Owns the form: `subject` of binary, the first 16
//! bytes of each subject, in ascending order (Spark reads no binary of fixed length), and `expires_at`, the minute in which the
//! person's yes ends, null where it doesn't.

use std::io::Write;
use std::sync::Arc;

use consentry::granted::file::ENDLESS;

use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, DataType, Int64Type};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

use crate::snapshot::Snapshot;

/// Keys in a group of rows: 16 MiB.
const GROUP: usize = 1 << 20;

const SCHEMA: &str =
    "message snapshot { required binary subject; optional int64 expires_at (TIMESTAMP(MILLIS, true)); }";

/// Writes everybody in the snapshot, with their ends.
pub fn write_subjects(snapshot: &Snapshot, file: impl Write + Send) -> Result<()> {
    let header = snapshot.header();
    let about = [
        ("consentry.site", header.site.to_string()),
        ("consentry.purpose", header.purpose.to_string()),
        ("consentry.created_at", header.created_at.to_string()),
        ("consentry.key_id", header.key_id.0.to_string()),
    ];
    let about = about.into_iter().map(|(name, value)| KeyValue::new(name.into(), value));
    // Random bytes neither repeat nor compress.
    let properties = WriterProperties::builder()
        .set_dictionary_enabled(false)
        .set_compression(Compression::UNCOMPRESSED)
        .set_key_value_metadata(Some(about.collect()));
    let schema = Arc::new(parse_message_type(SCHEMA)?);
    let mut writer = SerializedFileWriter::new(file, schema, Arc::new(properties.build()))?;
    let mut people = snapshot.people().peekable();
    while people.peek().is_some() {
        let (mut subjects, mut times, mut levels) = (Vec::new(), Vec::new(), Vec::new());
        for (key, end) in people.by_ref().take(GROUP) {
            subjects.push(ByteArray::from(key.to_vec()));
            levels.push(i16::from(end != ENDLESS));
            if end != ENDLESS {
                times.push(i64::from(end) * 60_000);
            }
        }
        let mut group = writer.next_row_group()?;
        column::<ByteArrayType>(&mut group, &subjects, None)?;
        column::<Int64Type>(&mut group, &times, Some(&levels))?;
        group.close()?;
    }
    writer.close().map(drop)
}

fn column<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, impl Write + Send>,
    values: &[T::T],
    levels: Option<&[i16]>,
) -> Result<()> {
    let column = group.next_column()?;
    let mut column = column.ok_or_else(|| ParquetError::General("the schema has no column".into()))?;
    column.typed::<T>().write_batch(values, levels, None)?;
    column.close()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::{Builder, Keying, Wanted};
    use consentry::{purpose::Purpose, slug::Slug, subject::UserId, time::Timestamp};
    use parquet::file::reader::{FileReader as _, SerializedFileReader};
    use parquet::record::RowAccessor as _;
    use std::fs::File;

    #[test]
    fn what_is_read_back_are_the_keys_of_the_snapshot_and_their_ends() {
        let folder = tempfile::tempdir().unwrap();
        let (path, out) = (folder.path().join("s"), folder.path().join("s.parquet"));
        let purpose = Purpose::ModelTraining;
        let site = Slug::parse("demo").unwrap();
        let keying = Keying::Inside([7; 32]);
        let mut builder = Builder::new(site, purpose.clone(), Timestamp::UNIX_EPOCH, keying, folder.path());
        for n in 0..100 {
            let user = UserId::parse(&format!("u{n}")).unwrap();
            match n % 3 {
                0 => builder.add(&user, false).unwrap(),
                1 => builder.add(&user, true).unwrap(),
                _ => builder.add_until(&user, Timestamp::from_ms(n * 60_000 + 1)).unwrap(),
            }
        }
        builder.finish(&mut File::create(&path).unwrap()).unwrap();
        let clock = || Timestamp::UNIX_EPOCH;
        let wanted = Wanted { purpose: &purpose, site: None, max_age_ms: 0, clock, key: None };
        let snapshot = Snapshot::open(&path, &wanted).unwrap();
        write_subjects(&snapshot, File::create(&out).unwrap()).unwrap();
        let reader = SerializedFileReader::new(File::open(&out).unwrap()).unwrap();
        let rows = reader.get_row_iter(None).unwrap().map(Result::unwrap);
        let found: Vec<(Vec<u8>, Option<i64>)> = rows
            .map(|row| (row.get_bytes(0).unwrap().data().to_vec(), row.get_timestamp_millis(1).ok()))
            .collect();
        let mut wanted: Vec<_> = (0..100)
            .filter(|n| n % 3 > 0)
            .map(|n| {
                let key = snapshot.key_of(&UserId::parse(&format!("u{n}")).unwrap());
                (key.to_vec(), (n % 3 == 2).then_some(n * 60_000))
            })
            .collect();
        wanted.sort_unstable();
        assert_eq!(found, wanted);
    }
}
