//! Rows of JSON in files. Owns which rows go; reading is [`crate::codec`]'s and [`crate::scan`]'s, replacing is [`super::files`]'.
//!
//! A row stays unless it names one of the users. One that can't be judged stays too and is counted; should the id of a user
//! occur in its bytes, the purge has failed, because that row may be the user's.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, Write};
use std::path::Path;

use memchr::memmem::Finder;

use super::People;
use super::files::{Names, expand, replace};
use super::plan::Files;
use super::report::{Row, StoreReport};
use crate::codec::{self, Encoder};
use crate::scan::{Field, Reason, scan};

/// The longest row, in bytes; a file with a longer one is left as it is.
const MAX_ROW: u64 = 1 << 30;

pub(super) fn purge(
    store: &Files,
    people: &People<'_>,
    names: &Names,
    dry_run: bool,
    mut report: StoreReport,
) -> StoreReport {
    let files = match expand(&store.path) {
        Ok(files) => files,
        Err(error) => {
            report.fail(&store.path, error);
            return report;
        }
    };
    let reader = Reader { people, field: &store.user_field, finders: finders(&people.ids) };
    for file in files {
        match file {
            Ok(file) => one(&file, &reader, names, dry_run, &mut report),
            Err(error) => report.fail(&store.path, error.to_string()),
        }
    }
    report.verified = !dry_run && report.failures.is_empty();
    report
}

fn one(path: &Path, reader: &Reader<'_>, names: &Names, dry_run: bool, report: &mut StoreReport) {
    let name = path.display().to_string();
    let seen = match File::open(path).and_then(|file| reader.read(&file, None)) {
        Ok(seen) => seen,
        Err(error) => return report.fail(name, error.to_string()),
    };
    for (user, count) in seen.found.iter().enumerate() {
        report.found(user, *count);
    }
    let mut left = seen.unjudged;
    if seen.found.iter().any(|count| *count > 0) && !dry_run {
        match rewrite(path, reader, names) {
            Ok((removed, unjudged)) => {
                report.removed += removed;
                left = unjudged;
            }
            Err(error) => report.fail(&name, error.to_string()),
        }
    }
    for (line, reason, user) in left {
        report.unjudged(Row { file: name.clone(), line, reason: reason.code().into() });
        if let Some(user) = user {
            report.fail(
                &name,
                format!(
                    "line {line}: the row {reason} ({}), and the id of user {user} is in it; mend the row or remove it by hand",
                    reason.code()
                ),
            );
        }
    }
}

/// Writes the file without the users' rows and reads it again. Says how many were removed and what stays unjudged.
fn rewrite(path: &Path, reader: &Reader<'_>, names: &Names) -> io::Result<(u64, Vec<Unjudged>)> {
    let mut removed = 0;
    replace(path, names, |file, output| {
        removed = reader.read(file, Some(output))?.found.iter().sum();
        Ok(())
    })?;
    let again = reader.read(&File::open(path)?, None)?;
    if again.found.iter().any(|count| *count > 0) {
        return Err(io::Error::other(
            "still has rows of the users; something writes to it, stop that and try again",
        ));
    }
    Ok((removed, again.unjudged))
}

/// The line, why, and which user's id is in it.
type Unjudged = (u64, Reason, Option<usize>);

struct Seen {
    /// Rows by user.
    found: Vec<u64>,
    unjudged: Vec<Unjudged>,
}

struct Reader<'p> {
    people: &'p People<'p>,
    field: &'p Field,
    finders: Vec<Vec<Finder<'static>>>,
}

impl Reader<'_> {
    /// Reads a file to its end; what stays goes to `keep`, if there is one, compressed as the file is.
    fn read(&self, file: &File, keep: Option<&mut dyn Write>) -> io::Result<Seen> {
        let (compression, rows) = codec::decode(file).map_err(damaged)?;
        let mut rows = BufReader::with_capacity(1 << 20, rows);
        let mut keep = keep.map(|writer| Encoder::new(writer, compression)).transpose()?;
        let mut seen = Seen { found: vec![0; self.people.ids.len()], unjudged: Vec::new() };
        let (mut row, mut line) = (Vec::new(), 0);
        loop {
            row.clear();
            rows.by_ref().take(MAX_ROW + 1).read_until(b'\n', &mut row).map_err(damaged)?;
            if row.is_empty() {
                break;
            }
            line += 1;
            if row.len() as u64 > MAX_ROW {
                return Err(io::Error::other(format!(
                    "line {line} is longer than 1 GiB, so the file was left as it is; is it JSONL?"
                )));
            }
            let text = row.strip_suffix(b"\n").unwrap_or(&row);
            match scan(text, self.field) {
                Ok(id) => {
                    if let Some(user) = self.people.place(&id) {
                        seen.found[user] += 1;
                        continue;
                    }
                }
                Err(Reason::NotJson) if text.iter().all(u8::is_ascii_whitespace) => {}
                Err(reason) => seen.unjudged.push((line, reason, self.named_in(text))),
            }
            if let Some(keep) = &mut keep {
                keep.write_all(&row)?;
            }
        }
        if let Some(keep) = keep {
            keep.finish()?.flush()?;
        }
        Ok(seen)
    }

    /// The first user whose id is in these bytes, as it is or as JSON may write it.
    fn named_in(&self, bytes: &[u8]) -> Option<usize> {
        self.finders.iter().position(|forms| forms.iter().any(|form| form.find(bytes).is_some()))
    }
}

fn finders(ids: &[&str]) -> Vec<Vec<Finder<'static>>> {
    let forms = |id: &&str| {
        let quoted = serde_json::Value::from(*id).to_string();
        let escaped = quoted.trim_matches('"').to_owned();
        let ascii: String = escaped
            .encode_utf16()
            .map(|unit| match u8::try_from(unit) {
                Ok(byte) if byte.is_ascii() => char::from(byte).to_string(),
                _ => format!("\\u{unit:04x}"),
            })
            .collect();
        let mut forms = vec![(*id).to_owned(), escaped, ascii];
        forms.dedup();
        forms.iter().map(|form| Finder::new(form.as_bytes()).into_owned()).collect()
    };
    ids.iter().map(forms).collect()
}

/// Says of a compressed file what its decoder says in words of its own.
fn damaged(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => io::Error::new(
            error.kind(),
            "is cut short, so it was left as it is; get the whole file or remove it",
        ),
        _ => error,
    }
}
