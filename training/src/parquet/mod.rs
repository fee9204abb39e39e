//! Parquet files, row by row, without losing anything of their columns. Owns telling one by its content, the user ids of its
//! rows and what a policy looks at in them, and writing some of its rows to another file: same schema, same values, same metadata, row group by row group. Who stays
//! is the caller's business.
//!
//! Columns are copied as Parquet stores them, values with their levels, and never become another type on the way. So
//! whatever a program wrote (decimals, time zones, old timestamps, dictionaries, nested lists, field ids) is what the next one
//! reads. In memory are a batch of rows of one column, the page it comes from, and a bit for each row of a group.

mod cell;
mod copy;
mod fault;
mod ids;
mod like;
mod marks;
mod subjects;

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use parquet::basic::{ConvertedType, LogicalType, Type as Physical};
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::schema::types::{ColumnDescriptor, Type};

pub use copy::Copy;
pub use fault::Fault;
use fault::read;
pub use subjects::write_subjects;

/// What every Parquet file begins with.
pub(crate) const MAGIC: &[u8; 4] = b"PAR1";

/// Whether a file begins like Parquet. Only a regular file can be, because its end is read first.
pub fn is_parquet(path: &Path) -> io::Result<bool> {
    if !path.is_file() {
        return Ok(false);
    }
    let mut head = Vec::with_capacity(MAGIC.len());
    File::open(path)?.take(MAGIC.len() as u64).read_to_end(&mut head)?;
    Ok(head == MAGIC)
}

/// An open Parquet file.
pub struct Table {
    reader: SerializedFileReader<File>,
}

impl Table {
    /// Reads what the file says of itself. Refuses columns of a kind that could not be written again as they are.
    pub fn open(file: File) -> Result<Self, Fault> {
        let reader = SerializedFileReader::new(file).map_err(read)?;
        let table = Self { reader };
        match unknown(table.metadata().file_metadata().schema_descr().root_schema()) {
            Some(name) => Err(Fault::UnknownColumn(name.into())),
            None => Ok(table),
        }
    }

    /// How many groups of rows it has.
    pub fn groups(&self) -> usize {
        self.reader.num_row_groups()
    }

    /// How many rows are in a group.
    pub fn rows(&self, group: usize) -> Result<usize, Fault> {
        let rows = self.metadata().row_groups().get(group).map_or(0, RowGroupMetaData::num_rows);
        usize::try_from(rows).map_err(|_| Fault::Damaged)
    }

    /// How many bytes a group takes in the file.
    pub fn bytes(&self, group: usize) -> u64 {
        let bytes = self.metadata().row_groups().get(group).map_or(0, RowGroupMetaData::compressed_size);
        u64::try_from(bytes).unwrap_or(0)
    }

    fn metadata(&self) -> &ParquetMetaData {
        self.reader.metadata()
    }
}

/// The name of a column, or of one it is in, whose kind has no name here.
fn unknown(kind: &Type) -> Option<&str> {
    if matches!(kind.get_basic_info().logical_type_ref(), Some(LogicalType::_Unknown { .. })) {
        return Some(kind.name());
    }
    kind.is_group().then(|| kind.get_fields().iter().find_map(|field| unknown(field)))?
}

fn is_text(column: &ColumnDescriptor) -> bool {
    // Older writers know only the second of the two.
    let says = column.logical_type_ref() == Some(&LogicalType::String)
        || column.converted_type() == ConvertedType::UTF8;
    says && column.physical_type() == Physical::BYTE_ARRAY
}
