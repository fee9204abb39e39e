//! Rows of JSON in files. Owns which lines go; reading is [`crate::codec`]'s and [`crate::scan`]'s, the rest is [`super::rows`]'.
//!
//! A row stays unless it names one of the users. One that can't be judged stays too and is counted; should the id of a user
//! occur in its bytes, the purge has failed, because that row may be the user's.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, BufWriter, Read as _, Write};

use memchr::memmem::Finder;

use super::People;
use super::rows::{Form, Seen, Unjudged};
use crate::codec::{self, Encoder};
use crate::scan::{Field, Reason, scan};

/// The longest row, in bytes; a file with a longer one is left as it is.
const MAX_ROW: u64 = 1 << 30;

/// The form of such files.
pub(super) struct Lines<'p> {
    people: &'p People<'p>,
    field: &'p Field,
    finders: Vec<Vec<Finder<'static>>>,
}

impl<'p> Lines<'p> {
    pub(super) fn new(people: &'p People<'p>, field: &'p Field) -> Self {
        Self { people, field, finders: finders(&people.ids) }
    }

    /// The first user whose id is in these bytes, as it is or as JSON may write it.
    fn named_in(&self, bytes: &[u8]) -> Option<usize> {
        self.finders.iter().position(|forms| forms.iter().any(|form| form.find(bytes).is_some()))
    }
}

impl Form for Lines<'_> {
    fn read(&self, file: &File, keep: Option<&mut (dyn Write + Send)>) -> io::Result<Seen> {
        let (compression, rows) = codec::decode(file).map_err(damaged)?;
        let mut rows = BufReader::with_capacity(1 << 20, rows);
        let mut keep = keep
            .map(|writer| Encoder::new(BufWriter::with_capacity(1 << 20, writer), compression))
            .transpose()?;
        let mut seen = Seen::new(self.people.ids.len());
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
                    seen.others += 1;
                }
                Err(Reason::NotJson) if text.iter().all(u8::is_ascii_whitespace) => {}
                Err(reason) => seen.unjudged.push(Unjudged { line, reason, user: self.named_in(text) }),
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
}

fn finders(ids: &[&str]) -> Vec<Vec<Finder<'static>>> {
    let finders =
        |id: &&str| forms(id).iter().map(|form| Finder::new(form.as_bytes()).into_owned()).collect();
    ids.iter().map(finders).collect()
}

/// An id as it is, as JSON has it, and as JSON in ASCII has it: some write the digits of escapes in lower case, others in capitals.
fn forms(id: &str) -> BTreeSet<String> {
    let quoted = serde_json::Value::from(id).to_string();
    let escaped = quoted.get(1..quoted.len() - 1).unwrap_or(id);
    let ascii = |digits: fn(u16) -> String| -> String {
        let units = escaped.encode_utf16();
        units
            .map(|unit| match u8::try_from(unit) {
                Ok(byte) if byte.is_ascii() => char::from(byte).to_string(),
                _ => digits(unit),
            })
            .collect()
    };
    let (lower, upper) = (ascii(|unit| format!("\\u{unit:04x}")), ascii(|unit| format!("\\u{unit:04X}")));
    [id.to_owned(), escaped.to_owned(), lower, upper].into()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_looked_for_in_every_form_that_json_has_for_it() {
        let found = |id| forms(id).into_iter().collect::<Vec<_>>();
        assert_eq!(found("u1"), ["u1"]);
        assert_eq!(found("\"a\""), ["\"a\"", "\\\"a\\\""]);
        assert_eq!(found("é🦀"), ["\\u00E9\\uD83E\\uDD80", "\\u00e9\\ud83e\\udd80", "é🦀"]);
    }
}
