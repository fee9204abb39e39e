//! A snapshot as Parquet, for engines that join where one machine is not enough. Owns the form: one column `subject` of binary,
//! the first 16 bytes of each subject, in ascending order. (Spark reads no binary of fixed length.)

use std::io::Write;
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use crate::snapshot::Snapshot;

/// Keys in a group of rows: 16 MiB.
const GROUP: usize = 1 << 20;

/// Writes everybody in the snapshot.
pub fn write_subjects(snapshot: &Snapshot, file: impl Write + Send) -> Result<()> {
    let header = snapshot.header();
    let about = [
        ("consentry.site", header.site.to_string()),
        ("consentry.purpose", header.purpose.to_string()),
        ("consentry.created_at", header.created_at.to_string()),
        ("consentry.key_id", header.key_id.0.to_string()),
    ];
    let about = about.map(|(name, value)| KeyValue::new(name.into(), value)).to_vec();
    // Random bytes neither repeat nor compress.
    let properties = WriterProperties::builder()
        .set_dictionary_enabled(false)
        .set_compression(Compression::UNCOMPRESSED)
        .set_key_value_metadata(Some(about));
    let schema = Arc::new(parse_message_type("message snapshot { required binary subject; }")?);
    let mut writer = SerializedFileWriter::new(file, schema, Arc::new(properties.build()))?;
    for keys in snapshot.keys().chunks(GROUP) {
        let values: Vec<ByteArray> = keys.iter().map(|key| ByteArray::from(key.to_vec())).collect();
        let mut group = writer.next_row_group()?;
        let column = group.next_column()?;
        let mut column = column.ok_or_else(|| ParquetError::General("the schema has no column".into()))?;
        column.typed::<ByteArrayType>().write_batch(&values, None, None)?;
        column.close()?;
        group.close()?;
    }
    writer.close().map(drop)
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
    fn what_is_read_back_are_the_keys_of_the_snapshot() {
        let folder = tempfile::tempdir().unwrap();
        let (path, out) = (folder.path().join("s"), folder.path().join("s.parquet"));
        let purpose = Purpose::ModelTraining;
        let site = Slug::parse("demo").unwrap();
        let keying = Keying::Inside([7; 32]);
        let mut builder = Builder::new(site, purpose.clone(), Timestamp::UNIX_EPOCH, keying, folder.path());
        for n in 0..100 {
            builder.add(&UserId::parse(&format!("u{n}")).unwrap(), n % 3 > 0).unwrap();
        }
        builder.finish(&mut File::create(&path).unwrap()).unwrap();
        let now = Timestamp::UNIX_EPOCH;
        let wanted = Wanted { purpose: &purpose, site: None, max_age_ms: 0, now, key: None };
        let snapshot = Snapshot::open(&path, &wanted).unwrap();
        write_subjects(&snapshot, File::create(&out).unwrap()).unwrap();
        let reader = SerializedFileReader::new(File::open(&out).unwrap()).unwrap();
        let rows = reader.get_row_iter(None).unwrap();
        let found: Vec<Vec<u8>> =
            rows.map(|row| row.unwrap().get_bytes(0).unwrap().data().to_vec()).collect();
        let keys: Vec<Vec<u8>> = snapshot.keys().iter().map(|key| key.to_vec()).collect();
        assert_eq!((found.len(), found), (66, keys));
    }
}
