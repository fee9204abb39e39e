//! Some rows of Parquet files as another file. Owns the way of a column's values and levels from one to the other.
//!
//! A value of a column is one level pair and, unless it is null, a stored value; a row is one pair, or in lists as many as follow
//! until the next that repeats nothing. Which pairs stay is therefore all there is to decide.

use std::io::Write;
use std::sync::Arc;

use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::column::writer::ColumnWriterImpl;
use parquet::data_type::{
    BoolType, ByteArrayType, DataType, DoubleType, FixedLenByteArrayType, FloatType, Int32Type, Int64Type,
    Int96Type,
};
use parquet::file::reader::FileReader as _;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::TypePtr;

use super::fault::write;
use super::like::like;
use super::{Fault, Table, read};

/// So many rows of a column are in memory at once.
const BATCH: usize = 1024;

/// A file that is being written.
pub struct Copy<W: Write + Send> {
    writer: SerializedFileWriter<W>,
    schema: TypePtr,
}

impl<W: Write + Send> Copy<W> {
    /// A file with no rows, and else like `table`.
    pub fn like(table: &Table, output: W) -> Result<Self, Fault> {
        let schema = table.metadata().file_metadata().schema_descr().root_schema_ptr();
        let properties = Arc::new(like(table.metadata()));
        let writer = SerializedFileWriter::new(output, Arc::clone(&schema), properties).map_err(write)?;
        Ok(Self { writer, schema })
    }

    /// Fails unless the columns of `table` are those of this file.
    pub fn check(&self, table: &Table) -> Result<(), Fault> {
        let same = *table.metadata().file_metadata().schema_descr().root_schema() == *self.schema;
        if same { Ok(()) } else { Err(Fault::OtherSchema) }
    }

    /// Adds the rows of one group whose place in `stay` is true, as one group; none if there are none. `stay` has a place for each
    /// row of the group.
    pub fn group(&mut self, table: &Table, group: usize, stay: &[bool]) -> Result<(), Fault> {
        if !stay.contains(&true) {
            return Ok(());
        }
        let from = table.reader.get_row_group(group).map_err(read)?;
        let mut to = self.writer.next_row_group().map_err(write)?;
        for column in 0..from.num_columns() {
            let reader = from.get_column_reader(column).map_err(read)?;
            let descriptor = table.column(column)?;
            let levels =
                Levels { present: descriptor.max_def_level(), nested: descriptor.max_rep_level() > 0 };
            let mut writer = to.next_column().map_err(write)?.ok_or(Fault::Damaged)?;
            copy(reader, &mut writer, levels, stay)?;
            writer.close().map_err(write)?;
        }
        to.close().map_err(write)?;
        Ok(())
    }

    /// Ends the file and gives back where it was written to.
    pub fn finish(self) -> Result<W, Fault> {
        self.writer.into_inner().map_err(write)
    }
}

/// What the levels of a column mean.
#[derive(Clone, Copy)]
struct Levels {
    /// The level at which a value is there.
    present: i16,
    /// Whether a row can have several.
    nested: bool,
}

fn copy(
    reader: ColumnReader,
    writer: &mut SerializedColumnWriter<'_>,
    levels: Levels,
    stay: &[bool],
) -> Result<(), Fault> {
    match reader {
        ColumnReader::BoolColumnReader(reader) => typed(reader, writer.typed::<BoolType>(), levels, stay),
        ColumnReader::Int32ColumnReader(reader) => typed(reader, writer.typed::<Int32Type>(), levels, stay),
        ColumnReader::Int64ColumnReader(reader) => typed(reader, writer.typed::<Int64Type>(), levels, stay),
        ColumnReader::Int96ColumnReader(reader) => typed(reader, writer.typed::<Int96Type>(), levels, stay),
        ColumnReader::FloatColumnReader(reader) => typed(reader, writer.typed::<FloatType>(), levels, stay),
        ColumnReader::DoubleColumnReader(reader) => typed(reader, writer.typed::<DoubleType>(), levels, stay),
        ColumnReader::ByteArrayColumnReader(reader) => {
            typed(reader, writer.typed::<ByteArrayType>(), levels, stay)
        }
        ColumnReader::FixedLenByteArrayColumnReader(reader) => {
            typed(reader, writer.typed::<FixedLenByteArrayType>(), levels, stay)
        }
    }
}

fn typed<T: DataType>(
    mut reader: ColumnReaderImpl<T>,
    writer: &mut ColumnWriterImpl<'_, T>,
    levels: Levels,
    mut stay: &[bool],
) -> Result<(), Fault> {
    let mut batch = Batch { definitions: Vec::new(), repetitions: Vec::new(), values: Vec::new() };
    while !stay.is_empty() {
        let wanted = &stay[..stay.len().min(BATCH)];
        let records = if wanted.contains(&true) {
            let records = batch.read(&mut reader, wanted.len())?;
            batch.retain(levels, wanted.get(..records).ok_or(Fault::Damaged)?)?;
            batch.write(writer, levels)?;
            records
        } else {
            reader.skip_records(wanted.len()).map_err(read)?
        };
        if records == 0 {
            return Err(Fault::Damaged);
        }
        stay = stay.get(records..).ok_or(Fault::Damaged)?;
    }
    Ok(())
}

struct Batch<T> {
    definitions: Vec<i16>,
    repetitions: Vec<i16>,
    values: Vec<T>,
}

impl<T: Clone> Batch<T> {
    fn read<D: DataType<T = T>>(
        &mut self,
        reader: &mut ColumnReaderImpl<D>,
        most: usize,
    ) -> Result<usize, Fault> {
        self.definitions.clear();
        self.repetitions.clear();
        self.values.clear();
        let (definitions, repetitions) = (Some(&mut self.definitions), Some(&mut self.repetitions));
        let (records, _, _) =
            reader.read_records(most, definitions, repetitions, &mut self.values).map_err(read)?;
        Ok(records)
    }

    /// Keeps the pairs and values of the rows that stay, in their order.
    fn retain(&mut self, levels: Levels, stay: &[bool]) -> Result<(), Fault> {
        let pairs = if levels.nested {
            self.repetitions.len()
        } else if levels.present > 0 {
            self.definitions.len()
        } else {
            self.values.len()
        };
        let (mut rows, mut kept, mut value, mut kept_values) = (0_usize, 0, 0, 0);
        for pair in 0..pairs {
            if !levels.nested || self.repetitions.get(pair) == Some(&0) {
                rows += 1;
            }
            let stays = rows.checked_sub(1).and_then(|row| stay.get(row)).copied().ok_or(Fault::Damaged)?;
            let present = levels.present == 0 || self.definitions.get(pair) == Some(&levels.present);
            if stays {
                if levels.present > 0 {
                    self.definitions.swap(kept, pair);
                }
                if levels.nested {
                    self.repetitions.swap(kept, pair);
                }
                if present && value < self.values.len() {
                    self.values.swap(kept_values, value);
                }
                kept += 1;
                kept_values += usize::from(present);
            }
            value += usize::from(present);
        }
        if rows != stay.len() || value != self.values.len() {
            return Err(Fault::Damaged);
        }
        self.definitions.truncate(kept);
        self.repetitions.truncate(kept);
        self.values.truncate(kept_values);
        Ok(())
    }

    fn write<D: DataType<T = T>>(
        &self,
        writer: &mut ColumnWriterImpl<'_, D>,
        levels: Levels,
    ) -> Result<(), Fault> {
        let definitions = (levels.present > 0).then_some(self.definitions.as_slice());
        let repetitions = levels.nested.then_some(self.repetitions.as_slice());
        writer.write_batch(&self.values, definitions, repetitions).map_err(write)?;
        Ok(())
    }
}
