//! What stands in some field of each row of a group, for a policy to look at. Owns finding the field, in structures and under a key of
//! a map, and bringing the values of its columns back to their rows; what a value means is [`super::cell`]'s.

use parquet::basic::{ConvertedType, LogicalType, Repetition};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::DataType;
use parquet::file::reader::RowGroupReader;
use parquet::schema::types::{ColumnDescriptor, Type};

use super::cell::{Cell, Kind};
use super::{Fault, Table, is_text, read};
use crate::scan::Field;

/// A field of the rows of a group, read from the first row on.
pub(super) enum Marks {
    /// The same in every row.
    All(Cell),
    /// A column of its own.
    Column(Column),
    /// A structure or a list, by one of the columns in it and the level from which on it is there: nobody can read what it is.
    Nested(Column, i16),
    /// What stands under this key of a map.
    InMap { key: String, keys: Column, values: Column },
}

impl Table {
    /// Begins to read a field of a group.
    pub(super) fn marks(&self, group: &dyn RowGroupReader, field: &Field) -> Result<Marks, Fault> {
        let descriptor = self.metadata().file_metadata().schema_descr();
        let keys: Vec<&str> = field.keys().collect();
        let present = match node(descriptor.root_schema(), &keys) {
            Node::None => return Ok(Marks::All(Cell::Absent)),
            Node::Field(present) => present,
            Node::InMap(map, depth) => {
                let (path, key) = keys.split_at(depth);
                return self.in_map(group, map, path, key);
            }
        };
        let mut columns = descriptor.columns().iter().enumerate().filter(|(_, column)| {
            let mut parts = column.path().parts().iter();
            keys.iter().all(|key| parts.next().is_some_and(|part| part == key))
        });
        let Some((place, column)) = columns.next() else { return Ok(Marks::All(Cell::Absent)) };
        if columns.any(|(_, other)| other.path() == column.path()) {
            return Ok(Marks::All(Cell::Unreadable));
        }
        let alone = column.path().parts().len() == keys.len() && column.max_rep_level() == 0;
        let column = Column::open(group, place, column)?;
        Ok(if alone { Marks::Column(column) } else { Marks::Nested(column, present) })
    }

    /// A key of a map at this path, if its keys are text and its values no structures, lists or maps.
    fn in_map(
        &self,
        group: &dyn RowGroupReader,
        map: &Type,
        path: &[&str],
        key: &[&str],
    ) -> Result<Marks, Fault> {
        let refused = || Fault::MarkInMap(map.name().into());
        let ([key], [entry]) = (key, map.get_fields()) else { return Err(refused()) };
        let [name, value] = (if entry.is_group() { entry.get_fields() } else { &[] }) else {
            return Err(refused());
        };
        let columns = self.metadata().file_metadata().schema_descr().columns();
        let column = |leaf: &Type| {
            let wanted = path.iter().copied().chain([entry.name(), leaf.name()]);
            let mut columns = columns.iter().enumerate().filter(|(_, column)| {
                column.path().parts().iter().map(String::as_str).eq(wanted.clone())
                    && column.max_rep_level() == 1
            });
            // Two of one name are told apart by nobody.
            columns.next().filter(|_| columns.next().is_none())
        };
        let ((keys, names), (values, what)) = column(name).zip(column(value)).ok_or_else(refused)?;
        if !is_text(names) {
            return Err(refused());
        }
        let (keys, values) = (Column::open(group, keys, names)?, Column::open(group, values, what)?);
        Ok(Marks::InMap { key: (*key).into(), keys, values })
    }
}

/// Where a path leads.
enum Node<'a> {
    /// To no field.
    None,
    /// To a field that is there from this level on.
    Field(i16),
    /// Into this map, by so many keys.
    InMap(&'a Type, usize),
}

fn node<'a>(root: &'a Type, keys: &[&str]) -> Node<'a> {
    let (mut at, mut level) = (root, 0);
    for (depth, key) in keys.iter().enumerate() {
        let about = at.get_basic_info();
        if at.is_group()
            && (matches!(about.logical_type_ref(), Some(LogicalType::Map))
                || matches!(about.converted_type(), ConvertedType::MAP | ConvertedType::MAP_KEY_VALUE))
        {
            return Node::InMap(at, depth);
        }
        let fields = if at.is_group() { at.get_fields() } else { &[] };
        let Some(next) = fields.iter().find(|field| field.name() == *key) else { return Node::None };
        at = next;
        level += i16::from(at.get_basic_info().repetition() != Repetition::REQUIRED);
    }
    Node::Field(level)
}

impl Marks {
    /// Puts what stands in the next rows in place of what `cells` holds.
    pub(super) fn next(&mut self, rows: usize, cells: &mut Vec<Cell>) -> Result<(), Fault> {
        cells.clear();
        match self {
            Self::All(cell) => cells.resize(rows, cell.clone()),
            Self::Column(column) => cells.extend(column.next(rows)?.into_iter().map(|slot| slot.cell)),
            Self::Nested(column, present) => {
                // The first place of a row tells of all of it.
                let firsts = column.next(rows)?.into_iter().filter(|slot| slot.is_first);
                cells.extend(
                    firsts.map(|first| if first.level >= *present { Cell::Unreadable } else { Cell::Absent }),
                );
            }
            Self::InMap { key, keys, values } => {
                let (names, values) = (keys.next(rows)?, values.next(rows)?);
                if names.len() != values.len() {
                    return Err(Fault::Damaged);
                }
                let mut found = false;
                for (name, value) in names.into_iter().zip(values) {
                    if name.is_first {
                        cells.push(Cell::Absent);
                        found = false;
                    }
                    if matches!(&name.cell, Cell::Text(text) if text == key) {
                        // A key that is there twice is as in JSON.
                        let cell = if found { Cell::Unreadable } else { value.cell };
                        *cells.last_mut().ok_or(Fault::Damaged)? = cell;
                        found = true;
                    }
                }
            }
        }
        if cells.len() == rows { Ok(()) } else { Err(Fault::Damaged) }
    }
}

/// A column of a group.
pub(super) struct Column {
    reader: Box<ColumnReader>,
    kind: Kind,
    /// The level of a value that is there.
    full: i16,
}

/// A place of a column: a value, or that there is none.
struct Slot {
    /// Whether it is the first of its row.
    is_first: bool,
    level: i16,
    cell: Cell,
}

impl Column {
    fn open(group: &dyn RowGroupReader, place: usize, column: &ColumnDescriptor) -> Result<Self, Fault> {
        let reader = Box::new(group.get_column_reader(place).map_err(read)?);
        Ok(Self { reader, kind: Kind::of(column), full: column.max_def_level() })
    }

    /// All places of the next rows.
    fn next(&mut self, rows: usize) -> Result<Vec<Slot>, Fault> {
        let (kind, full) = (self.kind, self.full);
        match &mut *self.reader {
            ColumnReader::BoolColumnReader(reader) => slots(reader, full, rows, |value| Cell::Bool(*value)),
            ColumnReader::Int32ColumnReader(reader) => {
                slots(reader, full, rows, |value| kind.integer((*value).into()))
            }
            ColumnReader::Int64ColumnReader(reader) => {
                slots(reader, full, rows, |value| kind.integer(*value))
            }
            ColumnReader::Int96ColumnReader(reader) => {
                slots(reader, full, rows, |value| Cell::date(value.to_seconds()))
            }
            ColumnReader::FloatColumnReader(reader) => {
                slots(reader, full, rows, |value| kind.float((*value).into()))
            }
            ColumnReader::DoubleColumnReader(reader) => slots(reader, full, rows, |value| kind.float(*value)),
            ColumnReader::ByteArrayColumnReader(reader) => {
                slots(reader, full, rows, |value| kind.bytes(value.data()))
            }
            ColumnReader::FixedLenByteArrayColumnReader(reader) => {
                slots(reader, full, rows, |value| kind.bytes(value.data()))
            }
        }
    }
}

fn slots<T: DataType>(
    reader: &mut ColumnReaderImpl<T>,
    full: i16,
    rows: usize,
    cell: impl Fn(&T::T) -> Cell,
) -> Result<Vec<Slot>, Fault> {
    let (mut levels, mut repeated, mut values) = (Vec::new(), Vec::new(), Vec::new());
    let (mut slots, mut left) = (Vec::with_capacity(rows), rows);
    while left > 0 {
        levels.clear();
        repeated.clear();
        values.clear();
        let (records, _, places) =
            reader.read_records(left, Some(&mut levels), Some(&mut repeated), &mut values).map_err(read)?;
        if records == 0 {
            return Err(Fault::Damaged);
        }
        let mut values = values.iter();
        for place in 0..places {
            // A column that never lacks a value, or never has two in a row, has no such levels.
            let level = levels.get(place).copied().unwrap_or(full);
            let cell = if level == full { cell(values.next().ok_or(Fault::Damaged)?) } else { Cell::Absent };
            let is_first = repeated.get(place).is_none_or(|level| *level == 0);
            slots.push(Slot { is_first, level, cell });
        }
        left = left.checked_sub(records).ok_or(Fault::Damaged)?;
    }
    Ok(slots)
}
