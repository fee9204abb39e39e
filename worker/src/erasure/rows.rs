//! Rows of JSON, a line each, as they come in pieces, and which of them are a person's. A row of which it can't be said whose it is stays and is
//! counted: what counts as such is what the filter of training data sets aside.

use super::reach::Pieces;
use crate::platform::DatabaseError;
use consentry::subject::UserId;
use futures_util::{StreamExt as _, TryStreamExt as _, future::ready, stream};
use serde::{
    Deserialize,
    de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor},
};
use serde_json::Value;
use std::{cell::RefCell, fmt, mem, rc::Rc};

/// The most bytes of a row. It is held whole and as a value, which may take a dozen times as much.
const LONGEST: usize = 2 << 20;

/// The most keys of a path, as in the filter.
const MOST_KEYS: usize = 16;

/// Whether a text is a dotted path that the filter would take.
pub(super) fn is_path(path: &str) -> bool {
    path.split('.').count() <= MOST_KEYS && path.split('.').all(|key| !key.is_empty())
}

/// What a filter keeps of rows that come in pieces; an error where they are too much, so that no part of an object passes for all of it.
pub(super) fn without(rows: Pieces, filter: &Rc<RefCell<Filter>>) -> Pieces {
    let step = async |state: Option<(Pieces, Rc<RefCell<Filter>>)>| {
        let (mut rows, filter) = state?;
        let (kept, goes_on) = match rows.next().await {
            Some(Ok(piece)) => (filter.borrow_mut().take(&piece), true),
            Some(Err(error)) => return Some((Err(error), None)),
            None => (filter.borrow_mut().end(), false),
        };
        if filter.borrow().seen.too_much {
            return Some((Err(DatabaseError::Objects("an object is too large".into())), None));
        }
        Some((Ok(kept), goes_on.then_some((rows, filter))))
    };
    let kept = stream::unfold(Some((rows, Rc::clone(filter))), step);
    kept.try_filter(|piece| ready(!piece.is_empty())).boxed_local()
}

/// Whose rows go.
pub(super) struct Person {
    /// Where in a row the user id is.
    path: Vec<String>,
    users: Vec<String>,
}

impl Person {
    /// `path` is dotted.
    pub(super) fn new(path: &str, users: &[String]) -> Self {
        Self { path: path.split('.').map(Into::into).collect(), users: users.to_vec() }
    }
}

/// What was seen of rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) removed: u64,
    /// How many there are of which it can't be said whose they are.
    pub(super) unknown: u64,
    /// The line of the first of these among those that are kept, from 1; 0 without any.
    pub(super) first_unknown: u64,
    /// Whether they are more than is read, or one is too long.
    pub(super) too_much: bool,
}

/// Rows, as far as they were read.
pub(super) struct Filter {
    person: Rc<Person>,
    /// How many bytes there may be.
    most: u64,
    /// The row that has not ended.
    rest: Vec<u8>,
    /// How many bytes were read.
    read: u64,
    /// How many rows were kept.
    line: u64,
    pub(super) seen: Seen,
}

impl Filter {
    pub(super) fn of(person: &Rc<Person>, most: u64) -> Rc<RefCell<Self>> {
        let (person, seen) = (Rc::clone(person), Seen::default());
        Rc::new(RefCell::new(Self { person, most, rest: Vec::new(), read: 0, line: 0, seen }))
    }

    /// What it keeps of the rows that end in this piece.
    fn take(&mut self, piece: &[u8]) -> Vec<u8> {
        self.read += piece.len() as u64;
        let ended = piece.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let (whole, rest) = piece.split_at_checked(ended).unwrap_or_default();
        let kept = if whole.is_empty() {
            Vec::new()
        } else {
            self.rest.extend(whole);
            self.end()
        };
        self.rest.extend(rest);
        self.seen.too_much |= self.read > self.most || self.rest.len() > LONGEST;
        kept
    }

    /// What it keeps of the rows that were not told of yet; byte for byte, with the ends of their lines.
    fn end(&mut self) -> Vec<u8> {
        let mut rows = mem::take(&mut self.rest);
        let (mut read, mut written) = (0, 0);
        while read < rows.len() {
            let rest = rows.get(read..).unwrap_or_default();
            let length = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |end| end + 1);
            // Also of a row that ended in the piece in which it began to be too long: what is too much must not depend on the pieces.
            self.seen.too_much |= length > LONGEST;
            let theirs = match rest.get(..length).and_then(|row| judge(row, &self.person.path)) {
                Some(Whose::Nobody) => false,
                Some(Whose::User(user)) => self.person.users.contains(&user),
                None => {
                    self.seen.unknown += 1;
                    if self.seen.unknown == 1 {
                        self.seen.first_unknown = self.line + 1;
                    }
                    false
                }
            };
            if theirs {
                self.seen.removed += 1;
            } else {
                self.line += 1;
                rows.copy_within(read..read + length, written);
                written += length;
            }
            read += length;
        }
        rows.truncate(written);
        rows
    }
}

enum Whose {
    /// An empty line.
    Nobody,
    User(String),
}

/// Whose row it is; `None` if that can't be said. The whole row must be what `serde_json` reads into a value, as in the filter, so that
/// nobody downstream reads another person out of it.
fn judge(row: &[u8], path: &[String]) -> Option<Whose> {
    let text = std::str::from_utf8(row).ok()?;
    if text.trim_ascii().is_empty() {
        return Some(Whose::Nobody);
    }
    serde_json::from_str::<Value>(text).ok()?;
    let user = Find(path).deserialize(&mut serde_json::Deserializer::from_str(text)).ok()??;
    UserId::parse(&user).ok()?;
    Some(Whose::User(user))
}

/// Finds the string at a path; an error if a key on the way is there twice.
struct Find<'p>(&'p [String]);

impl<'de> DeserializeSeed<'de> for Find<'_> {
    type Value = Option<String>;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        if self.0.is_empty() {
            String::deserialize(deserializer).map(Some)
        } else {
            deserializer.deserialize_map(self)
        }
    }
}

impl<'de> Visitor<'de> for Find<'_> {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        let (key, rest) = self.0.split_first().map_or(("", &[][..]), |(key, rest)| (key.as_str(), rest));
        while let Some(name) = map.next_key::<String>()? {
            if name != key {
                map.next_value::<IgnoredAny>()?;
            } else if found.is_some() {
                return Err(serde::de::Error::custom("twice"));
            } else {
                found = Some(map.next_value_seed(Find(rest))?);
            }
        }
        Ok(found.flatten())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(path: &str) -> Rc<Person> {
        Rc::new(Person::new(path, &["u1".to_owned(), "anonymous:x".to_owned()]))
    }

    /// What is kept of rows that come in pieces of so many bytes, and what was seen of them.
    fn read(rows: &str, path: &str, size: usize) -> (String, Seen) {
        let filter = Filter::of(&person(path), u64::MAX);
        let mut filter = filter.borrow_mut();
        let mut kept: Vec<u8> = rows.as_bytes().chunks(size).flat_map(|piece| filter.take(piece)).collect();
        kept.extend(filter.end());
        (String::from_utf8(kept).unwrap(), filter.seen)
    }

    /// The same whatever the pieces are.
    fn rewrite(rows: &str, path: &str) -> (String, u64, u64) {
        let [whole, rest @ ..] = [usize::MAX, 1, 2, 7].map(|size| read(rows, path, size));
        assert!(rest.iter().all(|one| *one == whole), "{rows}");
        (whole.0, whole.1.removed, whole.1.unknown)
    }

    #[test]
    fn rows_of_the_person_go_and_all_others_stay_byte_for_byte() {
        let rows = "{\"user_id\":\"u1\"}\n\n { \"user_id\" : \"u10\" }\r\n{\"user_id\":\"\\u0075\\u0031\",\"a\":1}\n{\"user_id\":\"u2\"}";
        let (kept, removed, unknown) = rewrite(rows, "user_id");
        assert_eq!(kept, "\n { \"user_id\" : \"u10\" }\r\n{\"user_id\":\"u2\"}");
        assert_eq!((removed, unknown), (2, 0));
    }

    #[test]
    fn a_row_of_which_it_can_not_be_said_whose_it_is_stays_and_is_counted() {
        for row in [
            "{\"user_id\":1}",
            "{\"user_id\":null}",
            "{}",
            "[\"u1\"]",
            "u1",
            "{\"user_id\":\"u1\",\"user_id\":\"u2\"}",
            "{\"user_id\":\"u2\",\"user_id\":\"u1\"}",
            "{\"user_id\":\"u1\"",
            "{\"user_id\":\"u1\"} x",
            "{\"user_id\":\"u1\",\"a\":\"\\ud800\"}",
            "{\"user_id\":\"\"}",
            "{\"a\":{\"user_id\":\"u1\"}}",
            "\u{feff}{\"user_id\":\"u1\"}",
        ] {
            assert_eq!(rewrite(row, "user_id"), (row.to_owned(), 0, 1), "{row}");
        }
    }

    #[test]
    fn the_first_row_of_nobody_known_is_told_by_its_line_in_what_is_kept() {
        let line = |rows: &str| read(rows, "user_id", 5).1.first_unknown;
        let (mine, other) = ("{\"user_id\":\"u1\"}\n", "{\"user_id\":\"u2\"}\n");
        assert_eq!(line(&format!("{mine}{other}\n{mine}{{}}\n{other}{{}}\n")), 3);
        assert_eq!(line("{}"), 1);
        assert_eq!(line(other), 0);
    }

    #[test]
    fn the_id_may_be_deeper_down() {
        let rows = "{\"meta\":{\"id\":\"u1\"},\"id\":\"u2\"}\n{\"meta\":{\"id\":\"u2\"},\"id\":\"u1\"}\n";
        assert_eq!(rewrite(rows, "meta.id").0, "{\"meta\":{\"id\":\"u2\"},\"id\":\"u1\"}\n");
    }

    #[test]
    fn a_row_is_too_long_whatever_the_pieces_are() {
        for size in [LONGEST - 1, LONGEST, LONGEST + 1, 1 << 20, 1 << 16, usize::MAX] {
            for (end, too_much) in [("", false), ("x", true), ("\n", true), ("\n\n", true), ("x\n", true)] {
                let rows = format!("{}{end}", "x".repeat(LONGEST));
                assert_eq!(read(&rows, "user_id", size).1.too_much, too_much, "{end:?} in pieces of {size}");
            }
            let rows = format!("{}\n", "x".repeat(LONGEST - 1)).repeat(2);
            assert!(!read(&rows, "user_id", size).1.too_much, "pieces of {size}");
        }
    }

    #[test]
    fn nothing_of_an_object_that_is_too_large_passes_for_all_of_it() {
        let pieces =
            |rows: &'static str| stream::iter(rows.as_bytes().chunks(4).map(|piece| Ok(piece.to_vec())));
        for (most, enough) in [(19, true), (18, false), (3, false)] {
            let filter = Filter::of(&person("user_id"), most);
            let kept = super::super::jsonl::length(without(
                pieces("{\"user_id\":\"u1\"}\n\n\n").boxed_local(),
                &filter,
            ));
            let kept = futures_executor::block_on(kept);
            assert_eq!((kept.ok(), filter.borrow().seen.too_much), (enough.then_some(2), !enough));
        }
    }
}
