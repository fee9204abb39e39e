//! `consentry verify log`. Owns the walk over the rows: each by itself, in its place, and all together against the checkpoints.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};

use consentry::checkpoint::Checkpoint;
use consentry::event::{Event, Kind};
use consentry::hash::Hash;
use consentry::merkle::Frontier;

use super::row::{Evidence, Row};
use super::tiles::Tiles;
use super::{Log, disproved, open, open_earlier};
use crate::failure::Failure;

pub(super) fn run(args: &Log) -> Result<String, Failure> {
    let keys = &args.trusted.keys;
    let checkpoint = open(&args.trusted.checkpoint, keys)?;
    let mut earlier = args
        .since
        .iter()
        .map(|path| Ok((path.clone(), open_earlier(path, keys, &checkpoint)?)))
        .collect::<Result<Vec<_>, Failure>>()?;
    earlier.sort_by_key(|(_, checkpoint)| checkpoint.head.size);
    earlier.push((args.trusted.checkpoint.clone(), checkpoint.clone()));
    let size = checkpoint.head.size;
    let mut tiles = args.tiles.as_deref().map(|folder| Tiles::open(folder, checkpoint.head)).transpose()?;
    if let Some(tiles) = &mut tiles {
        for (path, checkpoint) in &earlier {
            if tiles.root(checkpoint.head.size)? != checkpoint.head.root {
                return Err(disproved(path, "the log does not continue this checkpoint"));
            }
        }
        if args.rows.is_empty() {
            return Ok(format!("verified: the tiles of {size} rows"));
        }
    }
    let mut walk = Walk {
        checkpoint,
        earlier,
        tiles,
        first: None,
        next: 0,
        agreed: 0,
        tree: Frontier::default(),
        gone: HashMap::new(),
    };
    args.rows.iter().try_for_each(|path| walk.file(path))?;
    walk.end(args.rows.last().unwrap_or(&args.trusted.checkpoint))
}

struct Walk {
    checkpoint: Checkpoint,
    /// All checkpoints by size, the one that everything is held against last.
    earlier: Vec<(PathBuf, Checkpoint)>,
    tiles: Option<Tiles>,
    /// The row that was first, and the one that must come next.
    first: Option<u64>,
    next: u64,
    /// How many rows the last checkpoint agreed to.
    agreed: u64,
    tree: Frontier,
    /// The first row of each subject whose evidence is gone without a word.
    gone: HashMap<Option<Hash>, u64>,
}

impl Walk {
    fn file(&mut self, path: &Path) -> Result<(), Failure> {
        let file = File::open(path).map_err(|error| Failure::file(path, error))?;
        let mut lines = BufReader::with_capacity(1 << 18, file);
        let mut line = Vec::new();
        for number in 1_u64.. {
            line.clear();
            if lines.read_until(b'\n', &mut line).map_err(|error| Failure::file(path, error))? == 0 {
                break;
            }
            if !line.trim_ascii().is_empty() {
                self.line(&line).map_err(|wrong| match wrong {
                    Wrong::Row(wrong) => disproved(path, format_args!("line {number}: {wrong}")),
                    Wrong::Other(failure) => failure,
                })?;
            }
        }
        Ok(())
    }

    fn line(&mut self, line: &[u8]) -> Result<(), Wrong> {
        let expected = if self.tiles.is_some() && self.first.is_none() { None } else { Some(self.next) };
        let name = expected.map_or_else(|| "the first row".to_owned(), |row| format!("row {row}"));
        let row = Row::parse(&self.checkpoint.origin, line)
            .map_err(|wrong| Wrong::Row(format!("{name} {wrong}")))?;
        if expected.is_some_and(|expected| expected != row.index) {
            return Err(Wrong::Row(format!("{name} is missing: row {} is in its place", row.index)));
        }
        self.first.get_or_insert(row.index);
        self.next = row.index + 1;
        // What came after the checkpoint is not covered by it.
        if row.index >= self.checkpoint.head.size {
            return Ok(());
        }
        if let Some(tiles) = &mut self.tiles {
            if tiles.row(row.index).map_err(Wrong::Other)? != Some(row.hash) {
                return Err(Wrong::Row(format!("row {} is not the one that the log has there", row.index)));
            }
        } else {
            self.tree.push(row.hash);
            self.agree()?;
        }
        self.account(row.index, row.evidence, &row.event);
        Ok(())
    }

    /// Holds the rows so far against the checkpoints of their number.
    fn agree(&mut self) -> Result<(), Wrong> {
        let size = self.tree.size();
        for (path, checkpoint) in self.earlier.iter().filter(|(_, checkpoint)| checkpoint.head.size == size) {
            if checkpoint.head != self.tree.head() {
                let first = self.agreed;
                return Err(Wrong::Other(disproved(
                    path,
                    format_args!("rows {first} to {} are not those that it vouches for", size - 1),
                )));
            }
            self.agreed = size;
        }
        Ok(())
    }

    fn account(&mut self, index: u64, evidence: Evidence, event: &Event) {
        let subject = event.subject.map(|subject| subject.hash);
        if evidence == Evidence::Gone {
            self.gone.entry(subject).or_insert(index);
        }
        if event.kind == Kind::EvidenceRedacted {
            self.gone.remove(&subject);
        }
    }

    fn end(self, last: &Path) -> Result<String, Failure> {
        let size = self.checkpoint.head.size;
        let first = self.first.unwrap_or(0);
        let covered = self.next.min(size);
        if self.tiles.is_none() && covered < size {
            let error = format!("the rows end before row {covered}, and the checkpoint vouches for {size}");
            return Err(disproved(last, error));
        }
        if self.next >= size
            && let Some(row) = self.gone.values().min()
        {
            let error = format!("row {row} has lost its evidence, and no later row says that it was removed");
            return Err(disproved(last, error));
        }
        let after = self.next.saturating_sub(size.max(first));
        let beyond = match after {
            0 => String::new(),
            _ => format!("; {after} after the checkpoint are not covered by it"),
        };
        match covered.saturating_sub(first) {
            0 if size > 0 => Err(disproved(last, "has no row that the checkpoint vouches for")),
            rows if rows == size => Ok(format!("verified: all {size} rows{beyond}")),
            rows => Ok(format!("verified: rows {first} to {} of {size}{beyond}", first + rows - 1)),
        }
    }
}

/// What ends a walk.
enum Wrong {
    /// A row, whose line is still to be named.
    Row(String),
    Other(Failure),
}
