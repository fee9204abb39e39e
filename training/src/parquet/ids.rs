//! Whose the rows of a group are. Owns finding the column that names users, and reading it; beside it what a policy looks at, which
//! is [`super::marks`]'.

use consentry::gate::Mark;
use parquet::column::reader::ColumnReader;
use parquet::file::reader::FileReader as _;
use parquet::schema::types::ColumnDescriptor;

use super::cell::Cell;
use super::marks::Marks;
use super::{Fault, Table, is_text, read};
use crate::scan::{Field, Reason};

/// So many rows are read at once.
const BATCH: usize = 8192;

/// Where the rows of a table name their users.
#[derive(Clone, Copy)]
enum Place {
    /// In a column of text, the so-many-th.
    Column(usize),
    /// In no row, for a reason that is the same for all.
    None(Reason),
}

impl Table {
    /// Gives the user id of every row of a group in turn, or the reason why it has none.
    ///
    /// A field of structures is reached by a dotted path; a list is none. An id that is null, or in a structure that is, is no id.
    pub fn ids(
        &self,
        group: usize,
        field: &Field,
        mut give: impl FnMut(Result<&str, Reason>),
    ) -> Result<(), Fault> {
        self.marked_ids(group, field, &[], |id, _| give(id))
    }

    /// The same, and with each id what stands in these fields of its row, in their order. With a reason come no marks where no row
    /// can have an id.
    pub fn marked_ids(
        &self,
        group: usize,
        field: &Field,
        marked: &[Field],
        mut give: impl FnMut(Result<&str, Reason>, &[Mark<'_>]),
    ) -> Result<(), Fault> {
        let rows = self.rows(group)?;
        let column = match self.place(field) {
            Place::Column(column) => column,
            Place::None(reason) => {
                (0..rows).for_each(|_| give(Err(reason), &[]));
                return Ok(());
            }
        };
        let most = self.column(column)?.max_def_level();
        let group = self.reader.get_row_group(group).map_err(read)?;
        let ColumnReader::ByteArrayColumnReader(mut reader) =
            group.get_column_reader(column).map_err(read)?
        else {
            return Err(Fault::Damaged);
        };
        let marks = marked.iter().map(|field| self.marks(&*group, field));
        let mut marks: Vec<Marks> = marks.collect::<Result<_, _>>()?;
        let mut cells = vec![Vec::new(); marks.len()];
        let (mut levels, mut values) = (Vec::new(), Vec::new());
        let mut left = rows;
        while left > 0 {
            levels.clear();
            values.clear();
            let (records, _, _) =
                reader.read_records(left.min(BATCH), Some(&mut levels), None, &mut values).map_err(read)?;
            if records == 0 {
                return Err(Fault::Damaged);
            }
            for (marks, cells) in marks.iter_mut().zip(&mut cells) {
                marks.next(records, cells)?;
            }
            let mut texts = values.iter();
            for row in 0..records {
                let id = if levels.get(row).is_some_and(|level| *level < most) {
                    Err(Reason::NoId)
                } else {
                    let text = texts.next().ok_or(Fault::Damaged)?;
                    std::str::from_utf8(text.data()).map_err(|_| Reason::InvalidUtf8)
                };
                let in_row = cells.iter().map(|cells| cells.get(row).map_or(Mark::Unreadable, Cell::mark));
                let marks: Vec<Mark<'_>> = in_row.collect();
                give(id, &marks);
            }
            left -= records;
        }
        Ok(())
    }

    pub(super) fn column(&self, column: usize) -> Result<&ColumnDescriptor, Fault> {
        let columns = self.metadata().file_metadata().schema_descr().columns();
        columns.get(column).map(AsRef::as_ref).ok_or(Fault::Damaged)
    }

    fn place(&self, field: &Field) -> Place {
        let columns = self.metadata().file_metadata().schema_descr().columns();
        let keys = field.keys();
        let named = |parts: &[String]| parts.iter().map(String::as_str).eq(keys.clone());
        let mut found = columns.iter().enumerate().filter(|(_, column)| {
            let parts = column.path().parts();
            parts.len() >= keys.len() && named(&parts[..keys.len()])
        });
        match (found.next(), found.next()) {
            (None, _) => Place::None(Reason::NoId),
            (Some((place, column)), None)
                if column.path().parts().len() == keys.len()
                    && column.max_rep_level() == 0
                    && is_text(column) =>
            {
                Place::Column(place)
            }
            (Some((_, first)), Some((_, second))) if first.path() == second.path() => {
                Place::None(Reason::TwoIds)
            }
            _ => Place::None(Reason::IdNotAString),
        }
    }
}
