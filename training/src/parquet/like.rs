//! How a file was written, for one that is to be like it. Owns which of its ways are kept: per column compression, dictionaries,
//! encoding, statistics and Bloom filters; per file metadata and the order of rows.

use parquet::basic::Encoding;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};
use parquet::file::properties::{
    EnabledStatistics, WriterProperties, WriterPropertiesBuilder, WriterVersion,
};

/// Ways of writing a column that its writer chose on purpose.
const CHOSEN: [Encoding; 4] = [
    Encoding::DELTA_BINARY_PACKED,
    Encoding::DELTA_LENGTH_BYTE_ARRAY,
    Encoding::DELTA_BYTE_ARRAY,
    Encoding::BYTE_STREAM_SPLIT,
];

/// The properties of a file that is like this one. Of columns the first group of rows is taken for all.
pub(super) fn like(metadata: &ParquetMetaData) -> WriterProperties {
    let file = metadata.file_metadata();
    let mut properties = WriterProperties::builder()
        // Its pages are those that every reader knows; what is in them is the same.
        .set_writer_version(WriterVersion::PARQUET_1_0)
        .set_created_by(concat!("consentry ", env!("CARGO_PKG_VERSION")).into())
        .set_key_value_metadata(file.key_value_metadata().cloned());
    if let Some(group) = metadata.row_groups().first() {
        // Leaving rows out keeps the others in order.
        properties = properties.set_sorting_columns(group.sorting_columns().cloned());
        for column in group.columns() {
            properties = column_like(properties, column);
        }
    }
    properties.build()
}

fn column_like(properties: WriterPropertiesBuilder, column: &ColumnChunkMetaData) -> WriterPropertiesBuilder {
    let path = || column.column_path().clone();
    let statistics =
        if column.statistics().is_none() { EnabledStatistics::None } else { EnabledStatistics::Page };
    let properties = properties
        .set_column_compression(path(), column.compression())
        .set_column_dictionary_enabled(path(), column.dictionary_page_offset().is_some())
        .set_column_statistics_enabled(path(), statistics)
        .set_column_bloom_filter_enabled(path(), column.bloom_filter_offset().is_some());
    match column.encodings().find(|encoding| CHOSEN.contains(encoding)) {
        Some(encoding) => properties.set_column_encoding(path(), encoding),
        None => properties,
    }
}
