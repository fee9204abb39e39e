//! `consentry verify log`. Owns the walk over the rows: each by itself, in its place, and all together against the checkpoints.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use consentry::checkpoint::Checkpoint;
use consentry::event::{Event, Kind};
use consentry::hash::Hash;
use consentry::merkle::Frontier;
use consentry_training::edge::Api;

use super::row::{Evidence, Row};
use super::source::{Source, edge};
use super::tiles::Tiles;
use super::{Log, disproved, open, open_earlier};
use crate::failure::Failure;
use crate::messages;
use crate::names::{Broken, Names, gone, origin};

/// The rows of an answer of an edge, at most.
const PAGE: u64 = 4096;

pub(super) fn run(args: &Log) -> Result<String, Failure> {
    let keys = args.trusted.keys()?;
    let api = args.edge.api()?;
    let held = args.checkpoint.clone().unwrap_or_else(|| PathBuf::from("the edge's checkpoint"));
    let (checkpoint, mut earlier) = match (&args.checkpoint, &api) {
        (checkpoint, Some(api)) => {
            let names = Names { api, keys, log: args.edge.log };
            followed(names, checkpoint.as_deref(), &args.since)?
        }
        (Some(path), None) => {
            let checkpoint = open(path, &keys)?;
            let earlier = |path: &PathBuf| Ok((path.clone(), open_earlier(path, &keys, &checkpoint)?));
            let earlier = args.since.iter().map(earlier).collect::<Result<_, Failure>>()?;
            (checkpoint, earlier)
        }
        (None, None) => {
            return Err(Failure::usage("name the file with the checkpoint, or the edge with --api"));
        }
    };
    earlier.sort_by_key(|(_, checkpoint)| checkpoint.head.size);
    earlier.push((held.clone(), checkpoint.clone()));
    let size = checkpoint.head.size;
    let whole = args.from.is_none() && args.to.is_none();
    let (from, to) = (args.from.unwrap_or(0), args.to.unwrap_or(size));
    if from >= to || to > size {
        return Err(Failure::usage(format!(
            "rows are from 0 on and before {size}; write --from 0 --to {size}"
        )));
    }
    let folder = args.tiles.clone().map(Source::Folder);
    let mut tiles = match (folder, &api) {
        (Some(folder), _) if whole => Some(Tiles::open(folder, checkpoint.head)?),
        (Some(folder), _) => Some(Tiles::lazy(folder, checkpoint.head)),
        (None, Some(api)) if !whole => {
            Some(Tiles::lazy(Source::Edge(api, args.edge.log, checkpoint.origin.clone()), checkpoint.head))
        }
        (None, None) if !whole => {
            return Err(Failure::usage("some rows are held against tiles; name their folder with --tiles"));
        }
        (None, _) => None,
    };
    if let Some(tiles) = &mut tiles {
        for (path, checkpoint) in &earlier {
            if tiles.root(checkpoint.head.size)? != checkpoint.head.root {
                return Err(disproved(path, "the log does not continue this checkpoint"));
            }
        }
        if args.rows.is_empty() && api.is_none() {
            return Ok(format!("verified: the tiles of {size} rows"));
        }
    }
    let mut walk = Walk {
        checkpoint,
        earlier,
        tiles,
        first: args.from,
        next: from,
        end: args.to,
        began: None,
        hidden: 0,
        agreed: 0,
        tree: Frontier::default(),
        gone: HashMap::new(),
    };
    args.rows.iter().try_for_each(|path| walk.file(path))?;
    let last = args.rows.last().cloned();
    if let (Some(api), true) = (&api, args.rows.is_empty()) {
        walk.edge(api, args.edge.log, to)?;
        return walk.end(Path::new(api.url()));
    }
    walk.end(&last.unwrap_or(held))
}

/// The checkpoint to hold everything against, and earlier ones as far as they are of what it continues. Each may be under a name that the
/// log had before its database was restored: the edge is asked how it went on, and believed what those names' keys signed.
fn followed(
    mut names: Names<'_>,
    checkpoint: Option<&Path>,
    since: &[PathBuf],
) -> Result<(Checkpoint, Vec<(PathBuf, Checkpoint)>), Failure> {
    let (api, url) = (names.api, Path::new(names.api.url()));
    let broken = |path: &Path, broken| match broken {
        Broken::Changed(what, _) => disproved(path, what),
        Broken::Edge(error) => edge(api, &error),
    };
    let (path, note) = match checkpoint {
        Some(path) => (path, fs::read(path).map_err(|error| Failure::file(path, error))?),
        None => (url, names.present().map_err(|error| edge(api, &error))?),
    };
    let shown = origin(&note).unwrap_or_default();
    // Whoever has keys of a name before trusts that name's last checkpoint, and so on to the present one.
    let before: Vec<_> = names.keys.iter().map(|key| key.name().to_owned()).collect();
    if !before.contains(&shown) {
        let from = |origin: &String| Checkpoint {
            origin: origin.clone(),
            head: Frontier::default().head(),
            extensions: String::new(),
        };
        // One that leads there is enough; if none does, the last says why.
        let mut led = Ok(());
        for origin in &before {
            led = names.follow(from(origin), &shown, &note).map(drop);
            if led.is_ok() {
                break;
            }
        }
        led.map_err(|error| broken(path, error))?;
    }
    let current = names.open(&note).map_err(|error| disproved(path, error))?;
    let mut earlier = Vec::new();
    for path in since {
        let note = fs::read(path).map_err(|error| Failure::file(path, error))?;
        // It is the caller's own, and may be under a name from before the keys were fetched.
        if let Some(name) = origin(&note) {
            names.trust(&name);
        }
        let opened = names.open(&note).map_err(|error| disproved(path, error))?;
        let (reached, lost) =
            names.follow(opened, &current.origin, &note).map_err(|error| broken(path, error))?;
        if !lost.is_empty() {
            let lost = lost.join(", ");
            messages::say(&format!(
                "{}: the log was restored to an earlier state, and says so; these are gone: {lost}",
                path.display()
            ));
        }
        if let Some(gone) = gone(reached.head, current.head) {
            return Err(disproved(path, gone));
        }
        earlier.push((path.clone(), reached));
    }
    Ok((current, earlier))
}

struct Walk<'a> {
    checkpoint: Checkpoint,
    /// All checkpoints by size, the one that everything is held against last.
    earlier: Vec<(PathBuf, Checkpoint)>,
    tiles: Option<Tiles<'a>>,
    /// The row that was first, the one that must come next, and the one after the last that was asked for.
    first: Option<u64>,
    next: u64,
    end: Option<u64>,
    /// The name of the log that the last row which began one gave it.
    began: Option<String>,
    /// Of how many rows there was no more than the hash.
    hidden: u64,
    /// How many rows the last checkpoint agreed to.
    agreed: u64,
    tree: Frontier,
    /// The first row of each subject whose evidence is gone without a word.
    gone: HashMap<Option<Hash>, u64>,
}

impl Walk<'_> {
    fn file(&mut self, path: &Path) -> Result<(), Failure> {
        let file = File::open(path).map_err(|error| Failure::file(path, error))?;
        self.lines(path, BufReader::with_capacity(1 << 18, file))
    }

    /// Fetches rows up to one.
    fn edge(&mut self, api: &Api, log: u32, to: u64) -> Result<(), Failure> {
        while self.next < to {
            let (from, until) = (self.next, to.min(self.next + PAGE));
            let page = api.fetch(&format!("/log/rows?log={log}&from={from}&to={until}"));
            let page = page.map_err(|error| edge(api, &error))?;
            self.lines(Path::new(api.url()), page.as_slice())?;
            if self.next == from {
                return Err(disproved(Path::new(api.url()), format_args!("row {from} is missing")));
            }
        }
        Ok(())
    }

    fn lines(&mut self, path: &Path, mut lines: impl BufRead) -> Result<(), Failure> {
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
        let row = Row::parse(self.began.as_deref(), &self.checkpoint.origin, line)
            .map_err(|wrong| Wrong::Row(format!("{name} {wrong}")))?;
        // Of what was asked for, the file may have more.
        if self.end.is_some_and(|end| row.index >= end) || self.end.is_some() && row.index < self.next {
            return Ok(());
        }
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
        self.began = row.origin.or_else(|| self.began.take());
        match &row.event {
            Some(event) => self.account(row.index, row.evidence, event),
            None => self.hidden += 1,
        }
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
        if let Some(end) = self.end.filter(|end| covered < *end) {
            return Err(disproved(
                last,
                format_args!("row {covered} is missing: the rows end before row {end}"),
            ));
        }
        let whole = first == 0 && covered == size;
        if whole && self.began.as_ref().is_some_and(|began| *began != self.checkpoint.origin) {
            return Err(disproved(last, "the rows are of another log than the checkpoint"));
        }
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
        let hidden = match self.hidden {
            0 => String::new(),
            hidden => format!("; {hidden} of them by their hash alone"),
        };
        match covered.saturating_sub(first) {
            0 if size > 0 => Err(disproved(last, "has no row that the checkpoint vouches for")),
            rows if rows == size => Ok(format!("verified: all {size} rows{hidden}{beyond}")),
            rows => Ok(format!("verified: rows {first} to {} of {size}{hidden}{beyond}", first + rows - 1)),
        }
    }
}

/// What ends a walk.
enum Wrong {
    /// A row, whose line is still to be named.
    Row(String),
    Other(Failure),
}
