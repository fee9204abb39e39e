//! What stands in some field of each row of a group, for a policy to look at. Owns the way from Parquet's kinds to the marks of
//! [`consentry::gate`], which is the one that the same value takes as JSON: dates are text, whatever is no number, truth or text
//! can't be read.

use chrono::DateTime;
use consentry::gate::Mark;
use parquet::basic::{ConvertedType, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::DataType;
use parquet::file::reader::RowGroupReader;
use parquet::schema::types::{ColumnDescriptor, Type};

use super::{Fault, Table, is_text, read};
use crate::scan::Field;

/// What stands in a row.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell {
    Absent,
    Bool(bool),
    Number(f64),
    Text(String),
    Unreadable,
}

impl Cell {
    pub(super) fn mark(&self) -> Mark<'_> {
        match self {
            Self::Absent => Mark::Absent,
            Self::Bool(bool) => Mark::Bool(*bool),
            Self::Number(number) => Mark::Number(*number),
            Self::Text(text) => Mark::Text(text),
            Self::Unreadable => Mark::Unreadable,
        }
    }

    /// JSON has no other numbers.
    const fn number(number: f64) -> Self {
        if number.is_finite() { Self::Number(number) } else { Self::Unreadable }
    }

    fn text(bytes: &[u8]) -> Self {
        std::str::from_utf8(bytes).map_or(Self::Unreadable, |text| Self::Text(text.into()))
    }

    /// The date of a moment, in UTC.
    fn date(seconds: i64) -> Self {
        DateTime::from_timestamp(seconds, 0)
            .map_or(Self::Unreadable, |moment| Self::Text(moment.date_naive().to_string()))
    }
}

/// What the values of a column mean.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Number,
    /// A number without a sign, of so many bits.
    Unsigned(u32),
    /// A number of so many digits behind its point.
    Decimal(i32),
    Text,
    /// Days since 1970.
    Date,
    /// So many of these are a second.
    Moment(i64),
    /// None of these.
    Other,
}

impl Kind {
    fn of(column: &ColumnDescriptor) -> Self {
        match (column.logical_type_ref(), column.converted_type()) {
            _ if is_text(column) => Self::Text,
            (Some(LogicalType::Enum), _) | (None, ConvertedType::ENUM) => Self::Text,
            (Some(LogicalType::Date), _) | (None, ConvertedType::DATE) => Self::Date,
            (Some(LogicalType::Decimal(_)), _) | (None, ConvertedType::DECIMAL) => {
                Self::Decimal(column.type_scale())
            }
            (Some(LogicalType::Timestamp(kind)), _) => Self::Moment(match kind.unit {
                TimeUnit::MILLIS => 1_000,
                TimeUnit::MICROS => 1_000_000,
                TimeUnit::NANOS => 1_000_000_000,
            }),
            (None, ConvertedType::TIMESTAMP_MILLIS) => Self::Moment(1_000),
            (None, ConvertedType::TIMESTAMP_MICROS) => Self::Moment(1_000_000),
            (Some(LogicalType::Integer(kind)), _) if !kind.is_signed => Self::unsigned(column),
            (
                None,
                ConvertedType::UINT_8
                | ConvertedType::UINT_16
                | ConvertedType::UINT_32
                | ConvertedType::UINT_64,
            ) => Self::unsigned(column),
            (Some(LogicalType::Integer(_)), _)
            | (
                None,
                ConvertedType::NONE
                | ConvertedType::INT_8
                | ConvertedType::INT_16
                | ConvertedType::INT_32
                | ConvertedType::INT_64,
            ) => Self::Number,
            _ => Self::Other,
        }
    }

    fn unsigned(column: &ColumnDescriptor) -> Self {
        Self::Unsigned(if column.physical_type() == Physical::INT32 { 32 } else { 64 })
    }

    #[allow(clippy::cast_precision_loss, reason = "as readers of JSON do with large numbers")]
    fn integer(self, value: i64) -> Cell {
        match self {
            Self::Number => Cell::Number(value as f64),
            Self::Unsigned(bits) => {
                Cell::Number((value.cast_unsigned() << (64 - bits) >> (64 - bits)) as f64)
            }
            Self::Decimal(_) => self.decimal(value.into()),
            Self::Date => value.checked_mul(86_400).map_or(Cell::Unreadable, Cell::date),
            Self::Moment(second) => Cell::date(value.div_euclid(second)),
            Self::Text | Self::Other => Cell::Unreadable,
        }
    }

    fn float(self, value: f64) -> Cell {
        if matches!(self, Self::Number) { Cell::number(value) } else { Cell::Unreadable }
    }

    fn bytes(self, bytes: &[u8]) -> Cell {
        match self {
            Self::Text => Cell::text(bytes),
            Self::Decimal(_) if (1..=16).contains(&bytes.len()) => {
                // Big-endian, in two's complement.
                let sign = if bytes[0] & 0x80 == 0 { 0 } else { -1_i128 };
                self.decimal(bytes.iter().fold(sign, |value, byte| value << 8 | i128::from(*byte)))
            }
            _ => Cell::Unreadable,
        }
    }

    #[allow(clippy::cast_precision_loss, reason = "as readers of JSON do with large numbers")]
    fn decimal(self, value: i128) -> Cell {
        let Self::Decimal(scale) = self else { return Cell::Unreadable };
        Cell::number(value as f64 / 10_f64.powi(scale))
    }
}

/// A field of the rows of a group, read from the first row on.
pub(super) enum Marks {
    /// The same in every row.
    All(Cell),
    Column {
        reader: Box<ColumnReader>,
        /// What its values mean; `None` where the field is a structure or a list, and this is one of the columns in it.
        kind: Option<Kind>,
        /// The level from which on the field is there.
        present: i16,
    },
}

impl Table {
    /// Begins to read a field of a group.
    pub(super) fn marks(&self, group: &dyn RowGroupReader, field: &Field) -> Result<Marks, Fault> {
        let descriptor = self.metadata().file_metadata().schema_descr();
        let keys: Vec<&str> = field.keys().collect();
        let mut columns = descriptor.columns().iter().enumerate().filter(|(_, column)| {
            let mut parts = column.path().parts().iter();
            keys.iter().all(|key| parts.next().is_some_and(|part| part == key))
        });
        let Some(node) = node(descriptor.root_schema(), &keys)? else {
            return Ok(Marks::All(Cell::Absent));
        };
        let Some((place, column)) = columns.next() else { return Ok(Marks::All(Cell::Absent)) };
        if columns.any(|(_, other)| other.path() == column.path()) {
            return Ok(Marks::All(Cell::Unreadable));
        }
        let alone = column.path().parts().len() == keys.len() && column.max_rep_level() == 0;
        let reader = Box::new(group.get_column_reader(place).map_err(read)?);
        Ok(Marks::Column { reader, kind: alone.then(|| Kind::of(column)), present: node })
    }
}

/// The level from which on the field of this path is there; `None` if there is no such field.
fn node(root: &Type, keys: &[&str]) -> Result<Option<i16>, Fault> {
    let (mut at, mut level) = (root, 0);
    for key in keys {
        let about = at.get_basic_info();
        let is_map = matches!(about.logical_type_ref(), Some(LogicalType::Map))
            || matches!(about.converted_type(), ConvertedType::MAP | ConvertedType::MAP_KEY_VALUE);
        if is_map {
            // As JSON it would be an object, and its keys would be looked at.
            return Err(Fault::MarkInMap(at.name().into()));
        }
        let fields = if at.is_group() { at.get_fields() } else { &[] };
        let Some(next) = fields.iter().find(|field| field.name() == *key) else { return Ok(None) };
        at = next;
        level += i16::from(at.get_basic_info().repetition() != Repetition::REQUIRED);
    }
    Ok(Some(level))
}

impl Marks {
    /// Puts what stands in the next rows in place of what `cells` holds.
    pub(super) fn next(&mut self, rows: usize, cells: &mut Vec<Cell>) -> Result<(), Fault> {
        cells.clear();
        let (reader, kind, present) = match self {
            Self::All(cell) => {
                cells.resize(rows, cell.clone());
                return Ok(());
            }
            Self::Column { reader, kind, present } => (reader, *kind, *present),
        };
        let Some(kind) = kind else { return nested(reader, present, rows, cells) };
        match &mut **reader {
            ColumnReader::BoolColumnReader(reader) => {
                each(reader, present, rows, cells, |value| Cell::Bool(*value))
            }
            ColumnReader::Int32ColumnReader(reader) => {
                each(reader, present, rows, cells, |value| kind.integer((*value).into()))
            }
            ColumnReader::Int64ColumnReader(reader) => {
                each(reader, present, rows, cells, |value| kind.integer(*value))
            }
            ColumnReader::Int96ColumnReader(reader) => {
                each(reader, present, rows, cells, |value| Cell::date(value.to_seconds()))
            }
            ColumnReader::FloatColumnReader(reader) => {
                each(reader, present, rows, cells, |value| kind.float((*value).into()))
            }
            ColumnReader::DoubleColumnReader(reader) => {
                each(reader, present, rows, cells, |value| kind.float(*value))
            }
            ColumnReader::ByteArrayColumnReader(reader) => {
                each(reader, present, rows, cells, |value| kind.bytes(value.data()))
            }
            ColumnReader::FixedLenByteArrayColumnReader(reader) => {
                each(reader, present, rows, cells, |value| kind.bytes(value.data()))
            }
        }
    }
}

/// A structure or a list: there or not, and never readable.
fn nested(reader: &mut ColumnReader, present: i16, rows: usize, cells: &mut Vec<Cell>) -> Result<(), Fault> {
    match reader {
        ColumnReader::BoolColumnReader(reader) => there(reader, present, rows, cells),
        ColumnReader::Int32ColumnReader(reader) => there(reader, present, rows, cells),
        ColumnReader::Int64ColumnReader(reader) => there(reader, present, rows, cells),
        ColumnReader::Int96ColumnReader(reader) => there(reader, present, rows, cells),
        ColumnReader::FloatColumnReader(reader) => there(reader, present, rows, cells),
        ColumnReader::DoubleColumnReader(reader) => there(reader, present, rows, cells),
        ColumnReader::ByteArrayColumnReader(reader) => there(reader, present, rows, cells),
        ColumnReader::FixedLenByteArrayColumnReader(reader) => there(reader, present, rows, cells),
    }
}

/// A value or nothing in every row.
fn each<T: DataType>(
    reader: &mut ColumnReaderImpl<T>,
    present: i16,
    rows: usize,
    cells: &mut Vec<Cell>,
    cell: impl Fn(&T::T) -> Cell,
) -> Result<(), Fault> {
    let (mut levels, mut values) = (Vec::new(), Vec::new());
    while cells.len() < rows {
        levels.clear();
        values.clear();
        let wanted = rows - cells.len();
        let (records, _, _) =
            reader.read_records(wanted, Some(&mut levels), None, &mut values).map_err(read)?;
        if records == 0 {
            return Err(Fault::Damaged);
        }
        let mut values = values.iter();
        for row in 0..records {
            let is_there = levels.get(row).is_none_or(|level| *level >= present);
            cells.push(if is_there { cell(values.next().ok_or(Fault::Damaged)?) } else { Cell::Absent });
        }
    }
    Ok(())
}

/// Whether something is there in every row; what, nobody can read.
fn there<T: DataType>(
    reader: &mut ColumnReaderImpl<T>,
    present: i16,
    rows: usize,
    cells: &mut Vec<Cell>,
) -> Result<(), Fault> {
    let (mut levels, mut repeated, mut values) = (Vec::new(), Vec::new(), Vec::new());
    while cells.len() < rows {
        levels.clear();
        repeated.clear();
        values.clear();
        let wanted = rows - cells.len();
        let (records, _, pairs) =
            reader.read_records(wanted, Some(&mut levels), Some(&mut repeated), &mut values).map_err(read)?;
        if records == 0 {
            return Err(Fault::Damaged);
        }
        let before = cells.len();
        // The first pair of a row tells of all of it.
        for pair in (0..pairs).filter(|pair| repeated.get(*pair).is_none_or(|level| *level == 0)) {
            let is_there = levels.get(pair).is_none_or(|level| *level >= present);
            cells.push(if is_there { Cell::Unreadable } else { Cell::Absent });
        }
        if cells.len() != before + records {
            return Err(Fault::Damaged);
        }
    }
    Ok(())
}
