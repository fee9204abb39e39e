//! A snapshot as Parquet, for engines that join where one machine is not enough. Owns the form: `subject` of binary, the first 16
//! bytes of each subject, in ascending order (Spark reads no binary of fixed length), and `expires_at`, the minute in which the
//! person's yes ends, null where no end is known. Up to when ends are known is said beside the schema.

use std::io::{self, BufRead, Write};
use std::sync::Arc;

use consentry::time::Timestamp;

use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, DataType, Int64Type};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

use crate::snapshot::{Ends, Key, Snapshot, next};

/// Keys in a group of rows: 16 MiB.
const GROUP: usize = 1 << 20;

const SCHEMA: &str =
    "message snapshot { required binary subject; optional int64 expires_at (TIMESTAMP(MILLIS, true)); }";

/// Writes everybody in the snapshot, with the ends that are known. Without a list of these the column has none, and what stood when the
/// snapshot was made is all that can be said.
pub fn write_subjects(snapshot: &Snapshot, ends: Option<Ends>, file: impl Write + Send) -> Result<()> {
    let header = snapshot.header();
    let known_until = match &ends {
        None => Some(header.created_at),
        Some(ends) => ends.until().map(|minute| Timestamp::from_ms(ms(minute))),
    };
    let about = [
        ("consentry.site", Some(header.site.to_string())),
        ("consentry.purpose", Some(header.purpose.to_string())),
        ("consentry.created_at", Some(header.created_at.to_string())),
        ("consentry.key_id", Some(header.key_id.0.to_string())),
        ("consentry.expires_at_known_until", known_until.map(|time| time.to_string())),
    ];
    let about = about.into_iter().filter_map(|(name, value)| Some(KeyValue::new(name.into(), value?)));
    // Random bytes neither repeat nor compress.
    let properties = WriterProperties::builder()
        .set_dictionary_enabled(false)
        .set_compression(Compression::UNCOMPRESSED)
        .set_key_value_metadata(Some(about.collect()));
    let schema = Arc::new(parse_message_type(SCHEMA)?);
    let mut writer = SerializedFileWriter::new(file, schema, Arc::new(properties.build()))?;
    let mut ends = ends.map(Ends::read).transpose()?;
    let mut coming = following(&mut ends)?;
    for keys in snapshot.keys().chunks(GROUP) {
        let values: Vec<ByteArray> = keys.iter().map(|key| ByteArray::from(key.to_vec())).collect();
        let (mut times, mut levels) = (Vec::new(), Vec::with_capacity(keys.len()));
        for key in keys {
            let end = coming.filter(|(next, _)| next == key).map(|(_, end)| end);
            levels.push(i16::from(end.is_some()));
            if let Some(end) = end {
                times.push(ms(end));
                coming = following(&mut ends)?;
            }
        }
        let mut group = writer.next_row_group()?;
        column::<ByteArrayType>(&mut group, &values, None)?;
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

fn following(ends: &mut Option<impl BufRead>) -> io::Result<Option<(Key, u32)>> {
    ends.as_mut().map_or(Ok(None), next)
}

fn ms(minute: u32) -> i64 {
    i64::from(minute) * 60_000
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
        let mut ends = Ends::new(folder.path()).unwrap();
        builder.finish_with(&mut File::create(&path).unwrap(), &mut ends).unwrap();
        let now = Timestamp::UNIX_EPOCH;
        let wanted = Wanted { purpose: &purpose, site: None, max_age_ms: 0, now, key: None };
        let snapshot = Snapshot::open(&path, &wanted).unwrap();
        write_subjects(&snapshot, Some(ends), File::create(&out).unwrap()).unwrap();
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
