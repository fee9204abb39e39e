//! Objects with a row of JSON a line, plain or gzip by what they hold. Each that holds rows of the person is written anew without
//! them, byte for byte otherwise, and only if nobody changed it meanwhile. A row of which it can't be said whose it is stays,
//! is counted, and keeps the store from being done: what counts as such is what the filter sets aside.
//!
//! An object's name may be a person's, so what failed is told by its number in the order of names and by the line.
//!
//! R2 takes a condition only with an object that is put at once, and of a stream only one whose length is known before. So an object goes
//! through in pieces, first to see what is whose and how long the rest is, and then, where rows go, to be written. What takes longer than a
//! Worker may is an agent's work.

use super::{
    Attempt,
    reach::{Opened, Pieces},
    settings::StoreSettings,
};
use crate::{
    app::App,
    platform::{DatabaseError, Platform},
};
use consentry::{erasure::task::Outcome, subject::UserId};
use futures_util::{StreamExt as _, TryStreamExt as _, future::ready, stream};
use serde::{
    Deserialize,
    de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor},
};
use serde_json::Value;
use std::{cell::RefCell, fmt, mem, rc::Rc};

/// The most bytes of an object. A Worker has half a minute of processor time.
const MOST: u64 = 128 << 20;

/// The most bytes of a packed one, as it is stored and unpacked: the runtime unpacks and packs without waiting for whoever reads, and a
/// Worker has 128 MB.
const MOST_PACKED: u64 = 24 << 20;

/// The most bytes of a row. It is held whole and as a value, which may take a dozen times as much.
const LONGEST: usize = 2 << 20;

/// The most keys of a path, as in the filter.
const MOST_KEYS: usize = 16;

/// The most objects of one attempt; a Worker may make a thousand calls, and each takes up to five.
const OBJECTS: usize = 180;

/// How often an object that others keep changing is read anew in one attempt.
const TRIES: usize = 3;

/// Whether a text is a dotted path that the filter would take.
pub(super) fn is_path(path: &str) -> bool {
    path.split('.').count() <= MOST_KEYS && path.split('.').all(|key| !key.is_empty())
}

/// Writes the objects anew.
pub(super) async fn attempt<P: Platform>(
    app: &App<'_, P>,
    settings: &StoreSettings,
    users: &[String],
) -> Result<Attempt, DatabaseError> {
    let path = settings.user_field.as_deref().unwrap_or("user_id").split('.').map(Into::into).collect();
    let person = Rc::new(Person { path, users: users.to_vec() });
    let prefix = settings.prefix.as_deref().unwrap_or_default();
    let mut all = Attempt::done(0, 0);
    let (mut from, mut objects, mut failed) = (None, 0, 0);
    loop {
        let page = app.platform.list_data(prefix, from).await?;
        for name in &page.names {
            objects += 1;
            if objects > OBJECTS {
                let error = "there are more objects than one attempt reads (180); give the store to an agent";
                return Ok(Attempt::failed(all.removed, error));
            }
            let one = object(app, name, &person).await?;
            all.found += one.found;
            all.removed += one.removed;
            if let Some(why) = one.error {
                failed += 1;
                all.outcome = Outcome::Failed;
                all.error.get_or_insert_with(|| format!("object {objects} in the order of names: {why}"));
            }
        }
        from = page.next;
        if from.is_none() {
            if failed > 1 {
                all.error = all.error.map(|first| format!("{first}; {} more objects failed", failed - 1));
            }
            return Ok(all);
        }
    }
}

async fn object<P: Platform>(
    app: &App<'_, P>,
    name: &str,
    person: &Rc<Person>,
) -> Result<Attempt, DatabaseError> {
    const LARGE: &str = "it is too large to be written anew at the edge (128 MiB; packed 24 MiB, also unpacked; 2 MiB a row); \
                         give the store to an agent";
    for _ in 0..TRIES {
        let Some(Opened { size, etag, pieces }) = app.platform.data(name, None).await? else {
            return Ok(Attempt::done(0, 0));
        };
        let (packed, pieces) = is_packed(pieces).await?;
        if size > most(packed) {
            return Ok(Attempt::failed(0, LARGE));
        }
        let rows = if packed { app.platform.gunzip(pieces) } else { pieces };
        let seen = Filter::of(person, most(packed));
        let read = length(without(rows, &seen)).await;
        let Filter { removed, unknown, first_unknown, too_much, .. } = *seen.borrow();
        let mut kept = match read {
            Ok(kept) => kept,
            Err(_) if too_much => return Ok(Attempt::failed(0, LARGE)),
            Err(DatabaseError::Unreadable(why)) => {
                app.platform.log(&format!("an object can't be unpacked: {why}"));
                let error = "it can't be unpacked to its end; mend it or give the store to an agent";
                return Ok(Attempt::failed(0, error));
            }
            Err(error) => return Err(error),
        };
        if removed > 0 {
            if packed {
                let Some(anew) = anew(app, name, &etag, true, person).await? else { continue };
                kept = length(anew).await?;
            }
            let Some(anew) = anew(app, name, &etag, packed, person).await? else { continue };
            if !app.platform.replace_data(name, &etag, kept, anew).await? {
                continue;
            }
        }
        return Ok(match unknown {
            0 => Attempt::done(removed, removed),
            unknown => Attempt::failed(
                removed,
                format!(
                    "of {unknown} rows, the first in line {first_unknown}, it can't be said whose they are; mend or remove them"
                ),
            ),
        });
    }
    Ok(Attempt::failed(0, "it was changed by others each time it was to be replaced"))
}

/// What an object is to hold; `None` if it was changed since it had this etag.
async fn anew<P: Platform>(
    app: &App<'_, P>,
    name: &str,
    etag: &str,
    packed: bool,
    person: &Rc<Person>,
) -> Result<Option<Pieces>, DatabaseError> {
    let Some(Opened { pieces, .. }) = app.platform.data(name, Some(etag)).await? else { return Ok(None) };
    let filter = Filter::of(person, most(packed));
    Ok(Some(if packed {
        app.platform.gzip(without(app.platform.gunzip(pieces), &filter))
    } else {
        without(pieces, &filter)
    }))
}

const fn most(packed: bool) -> u64 {
    if packed { MOST_PACKED } else { MOST }
}

/// Whether pieces begin as gzip does (RFC 1952 § 2.3.1), and all of them.
async fn is_packed(mut pieces: Pieces) -> Result<(bool, Pieces), DatabaseError> {
    let mut first = Vec::new();
    while first.len() < 2 {
        let Some(piece) = pieces.try_next().await? else { break };
        first.extend(piece);
    }
    Ok((first.starts_with(&[0x1f, 0x8b]), stream::once(ready(Ok(first))).chain(pieces).boxed_local()))
}

/// How many bytes they have.
async fn length(pieces: Pieces) -> Result<u64, DatabaseError> {
    pieces.try_fold(0, |sum, piece| ready(Ok(sum + piece.len() as u64))).await
}

/// What a filter keeps of rows; an error where they are too much, so that no part of an object passes for all of it.
fn without(rows: Pieces, filter: &Rc<RefCell<Filter>>) -> Pieces {
    let step = async |state: Option<(Pieces, Rc<RefCell<Filter>>)>| {
        let (mut rows, filter) = state?;
        let (kept, goes_on) = match rows.next().await {
            Some(Ok(piece)) => (filter.borrow_mut().take(&piece), true),
            Some(Err(error)) => return Some((Err(error), None)),
            None => (filter.borrow_mut().end(), false),
        };
        if filter.borrow().too_much {
            return Some((Err(DatabaseError::Objects("an object is too large".into())), None));
        }
        Some((Ok(kept), goes_on.then_some((rows, filter))))
    };
    let kept = stream::unfold(Some((rows, Rc::clone(filter))), step);
    kept.try_filter(|piece| ready(!piece.is_empty())).boxed_local()
}

/// Whose rows go.
struct Person {
    /// Where in a row the user id is.
    path: Vec<String>,
    users: Vec<String>,
}

/// Rows, as far as they were read.
struct Filter {
    person: Rc<Person>,
    /// How many bytes there may be.
    most: u64,
    /// The row that has not ended.
    rest: Vec<u8>,
    /// How many bytes were read.
    read: u64,
    /// How many rows were kept.
    line: u64,
    removed: u64,
    unknown: u64,
    /// The line of the first of these among those that are kept, from 1; 0 without any.
    first_unknown: u64,
    too_much: bool,
}

impl Filter {
    fn of(person: &Rc<Person>, most: u64) -> Rc<RefCell<Self>> {
        Rc::new(RefCell::new(Self {
            person: Rc::clone(person),
            most,
            rest: Vec::new(),
            read: 0,
            line: 0,
            removed: 0,
            unknown: 0,
            first_unknown: 0,
            too_much: false,
        }))
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
        self.too_much |= self.read > self.most || self.rest.len() > LONGEST;
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
            self.too_much |= length > LONGEST;
            let theirs = match rest.get(..length).and_then(|row| judge(row, &self.person.path)) {
                Some(Whose::Nobody) => false,
                Some(Whose::User(user)) => self.person.users.contains(&user),
                None => {
                    self.unknown += 1;
                    if self.unknown == 1 {
                        self.first_unknown = self.line + 1;
                    }
                    false
                }
            };
            if theirs {
                self.removed += 1;
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

    /// What is kept of rows that come in pieces of so many bytes, and what was seen of them.
    fn read(rows: &str, path: &[&str], size: usize) -> (String, Filter) {
        let path = path.iter().map(|key| (*key).to_owned()).collect();
        let person = Person { path, users: vec!["u1".to_owned(), "anonymous:x".to_owned()] };
        let mut filter = Rc::into_inner(Filter::of(&Rc::new(person), MOST)).unwrap().into_inner();
        let mut kept: Vec<u8> = rows.as_bytes().chunks(size).flat_map(|piece| filter.take(piece)).collect();
        kept.extend(filter.end());
        (String::from_utf8(kept).unwrap(), filter)
    }

    /// The same whatever the pieces are.
    fn rewrite(rows: &str, path: &[&str]) -> (String, u64, u64) {
        let [whole, rest @ ..] = [usize::MAX, 1, 2, 7].map(|size| {
            let (kept, Filter { removed, unknown, first_unknown, .. }) = read(rows, path, size);
            (kept, removed, unknown, first_unknown)
        });
        assert!(rest.iter().all(|one| *one == whole), "{rows}");
        (whole.0, whole.1, whole.2)
    }

    #[test]
    fn rows_of_the_person_go_and_all_others_stay_byte_for_byte() {
        let rows = "{\"user_id\":\"u1\"}\n\n { \"user_id\" : \"u10\" }\r\n{\"user_id\":\"\\u0075\\u0031\",\"a\":1}\n{\"user_id\":\"u2\"}";
        let (kept, removed, unknown) = rewrite(rows, &["user_id"]);
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
            assert_eq!(rewrite(row, &["user_id"]), (row.to_owned(), 0, 1), "{row}");
        }
    }

    #[test]
    fn the_first_row_of_nobody_known_is_told_by_its_line_in_what_is_kept() {
        let line = |rows: &str| read(rows, &["user_id"], 5).1.first_unknown;
        let (mine, other) = ("{\"user_id\":\"u1\"}\n", "{\"user_id\":\"u2\"}\n");
        assert_eq!(line(&format!("{mine}{other}\n{mine}{{}}\n{other}{{}}\n")), 3);
        assert_eq!(line("{}"), 1);
        assert_eq!(line(other), 0);
    }

    #[test]
    fn the_id_may_be_deeper_down() {
        let rows = "{\"meta\":{\"id\":\"u1\"},\"id\":\"u2\"}\n{\"meta\":{\"id\":\"u2\"},\"id\":\"u1\"}\n";
        assert_eq!(rewrite(rows, &["meta", "id"]).0, "{\"meta\":{\"id\":\"u2\"},\"id\":\"u1\"}\n");
    }

    #[test]
    fn a_row_is_too_long_whatever_the_pieces_are() {
        for size in [LONGEST - 1, LONGEST, LONGEST + 1, 1 << 20, 1 << 16, usize::MAX] {
            for (end, too_much) in [("", false), ("x", true), ("\n", true), ("\n\n", true), ("x\n", true)] {
                let rows = format!("{}{end}", "x".repeat(LONGEST));
                assert_eq!(
                    read(&rows, &["user_id"], size).1.too_much,
                    too_much,
                    "{end:?} in pieces of {size}"
                );
            }
            let rows = format!("{}\n", "x".repeat(LONGEST - 1)).repeat(2);
            assert!(!read(&rows, &["user_id"], size).1.too_much, "pieces of {size}");
        }
    }

    #[test]
    fn nothing_of_an_object_that_is_too_large_passes_for_all_of_it() {
        let person = Rc::new(Person { path: vec!["user_id".into()], users: vec!["u1".into()] });
        let pieces =
            |rows: &'static str| stream::iter(rows.as_bytes().chunks(4).map(|piece| Ok(piece.to_vec())));
        for (most, enough) in [(19, true), (18, false), (3, false)] {
            let filter = Filter::of(&person, most);
            let kept = length(without(pieces("{\"user_id\":\"u1\"}\n\n\n").boxed_local(), &filter));
            let kept = futures_executor::block_on(kept);
            assert_eq!((kept.ok(), filter.borrow().too_much), (enough.then_some(2), !enough));
        }
    }
}
