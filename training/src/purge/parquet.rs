//! Rows of Parquet files. Owns which rows go; values, schema and metadata are kept by [`crate::parquet`], the rest is
//! [`super::rows`]'.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt as _;

use super::People;
use super::rows::{Form, Seen, Unjudged};
use crate::parquet::{Copy, MAGIC, Table};
use crate::scan::Field;

/// The form of such files.
pub(super) struct Tables<'p> {
    pub(super) people: &'p People<'p>,
    pub(super) field: &'p Field,
}

impl Form for Tables<'_> {
    fn read(&self, file: &File, keep: Option<&mut (dyn Write + Send)>) -> io::Result<Seen> {
        let mut begin = [0; MAGIC.len()];
        if file.read_at(&mut begin, 0)? != begin.len() || begin != *MAGIC {
            return Err(io::Error::other("is no Parquet; name files of JSON rows as jsonl:PATTERN"));
        }
        let table = Table::open(file.try_clone()?)?;
        let mut copy = keep.map(|output| Copy::like(&table, output)).transpose()?;
        let mut seen = Seen::new(self.people.ids.len());
        let mut line = 0;
        for group in 0..table.groups() {
            let mut stay = Vec::with_capacity(table.rows(group)?);
            table.ids(group, self.field, |id| {
                line += 1;
                let user = id.map(|id| self.people.place(id));
                stay.push(!matches!(user, Ok(Some(_))));
                match user {
                    Ok(Some(user)) => seen.found[user] += 1,
                    Ok(None) => seen.others += 1,
                    Err(reason) => seen.unjudged.push(Unjudged { line, reason, user: None }),
                }
            })?;
            if let Some(copy) = &mut copy {
                copy.group(&table, group, &stay)?;
            }
        }
        copy.map(Copy::finish).transpose()?;
        Ok(seen)
    }
}
