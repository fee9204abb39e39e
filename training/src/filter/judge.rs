//! Which rows of a block stay. Owns the verdict on each row; whose it is comes from [`crate::scan`], who granted from
//! the caller, what else keeps a row out from [`crate::gate`].

use std::ops::Range;

use consentry::{gate::Closed, subject::UserId};

use super::Options;
use super::blocks::Block;
use crate::grants::{Grants, Together};
use crate::kept::Notes;
use crate::scan::{Reason, scan, scan_all, scan_text, utf8};

/// A row that can't be judged.
pub(super) struct Odd {
    /// Which row of its block, from 0 on.
    pub(super) row: u64,
    pub(super) reason: Reason,
    /// The row without its line end; `None` if it is too long to keep.
    pub(super) bytes: Option<Vec<u8>>,
    /// Its length in bytes.
    pub(super) length: u64,
}

/// A block after its rows were judged.
#[derive(Default)]
pub(super) struct Judged {
    /// Holds the rows that stay, and only those.
    pub(super) block: Block,
    /// How many lines it had.
    pub(super) rows: u64,
    pub(super) kept: u64,
    pub(super) refused: u64,
    pub(super) reserved: u64,
    pub(super) child: u64,
    pub(super) blank: u64,
    pub(super) odd: Vec<Odd>,
}

/// What one thread judges with, block after block.
#[derive(Default)]
pub(super) struct Judge<'k> {
    /// Whose rows are where: asked of all together, once they are known.
    together: Together<(Range<usize>, Option<Closed>)>,
    /// The rows that stay, neighbours as one piece.
    stay: Vec<Range<usize>>,
    notes: Option<Notes<'k>>,
}

impl<'k> Judge<'k> {
    /// One that notes whose rows stay, if there is where.
    pub(super) fn new(notes: Option<Notes<'k>>) -> Self {
        Self { notes, ..Self::default() }
    }
}

/// Moves the rows that stay to the front of the block.
pub(super) fn judge(
    mut block: Block,
    options: &Options,
    grants: &(impl Grants + ?Sized),
    Judge { together, stay, notes }: &mut Judge<'_>,
) -> Judged {
    let mut judged = Judged::default();
    if let Some(length) = block.too_long {
        judged.rows = 1;
        judged.odd.push(Odd { row: 0, reason: Reason::TooLong, bytes: None, length });
    }
    let bytes = block.rows();
    // If all of it is UTF-8, so is every row, because a line end is never a part of another character.
    let text = utf8(bytes);
    let mut start = 0;
    while start < bytes.len() {
        let line_end = memchr::memchr(b'\n', &bytes[start..]).map(|length| start + length);
        let (end, next) = line_end.map_or((bytes.len(), bytes.len()), |end| (end, end + 1));
        let row = &bytes[start..end];
        match look(row, text.and_then(|text| text.get(start..end)), options) {
            Seen::Users(user, closed) => {
                together.add(user, (start..next, closed));
            }
            Seen::Blank => judged.blank += 1,
            Seen::Odd(reason) => judged.odd.push(Odd {
                row: judged.rows,
                reason,
                bytes: (reason != Reason::TooLong).then(|| row.to_vec()),
                length: row.len() as u64,
            }),
        }
        judged.rows += 1;
        start = next;
    }
    stay.clear();
    together.ask(grants, |(place, closed), granted| match (granted, closed) {
        (None, _) => judged.refused += 1,
        (Some(_), Some(Closed::Reserved)) => judged.reserved += 1,
        (Some(_), Some(Closed::Child)) => judged.child += 1,
        (Some(key), None) => {
            judged.kept += 1;
            if let Some(notes) = notes {
                notes.add(key);
            }
            match stay.last_mut() {
                Some(last) if last.end == place.start => last.end = place.end,
                _ => stay.push(place),
            }
        }
    });
    block.keep(stay.drain(..));
    judged.block = block;
    judged
}

/// What a row is by itself.
enum Seen {
    /// This user's; stays out for this reason whatever they granted.
    Users(UserId, Option<Closed>),
    /// Nothing but spaces: no row, nobody's.
    Blank,
    Odd(Reason),
}

/// `text` is the row, if it is known to be UTF-8.
fn look(row: &[u8], text: Option<&str>, options: &Options) -> Seen {
    let Options { field, gates, max_row, .. } = options;
    if row.len() > *max_row {
        return Seen::Odd(Reason::TooLong);
    }
    let found = match (gates, text) {
        (Some(gates), _) => {
            scan_all(row, field, gates.fields()).map(|(id, values)| (id, gates.closed(&values)))
        }
        (None, Some(text)) => scan_text(text, field).map(|id| (id, None)),
        (None, None) => scan(row, field).map(|id| (id, None)),
    };
    match found {
        Ok((id, closed)) => {
            UserId::parse(&id).map_or(Seen::Odd(Reason::NotAnId), |user| Seen::Users(user, closed))
        }
        Err(Reason::NotJson) if row.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r')) => Seen::Blank,
        Err(reason) => Seen::Odd(reason),
    }
}
