//! Objects with a row of JSON a line, plain or gzip by what they hold. Each that holds rows of the person is written anew without
//! them, byte for byte otherwise, and only if nobody changed it meanwhile. A row of which it can't be said whose it is stays,
//! is counted, and keeps the store from being done: what counts as such is what the filter sets aside.
//!
//! An object's name may be a person's, so what failed is told by its number in the order of names and by the line.
//!
//! R2 takes a condition only with an object that is put whole, so an object is held in memory; one that is too large for that
//! is an agent's work.

use super::{
    Attempt,
    reach::{Unread, Versioned},
    settings::StoreSettings,
};
use crate::{
    app::App,
    platform::{DatabaseError, Platform},
};
use consentry::{erasure::task::Outcome, subject::UserId};
use serde::{
    Deserialize,
    de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor},
};
use serde_json::Value;
use std::fmt;

/// The most bytes of an object, as it is stored and unpacked. A Worker has 128 MB, of which this is held up to three times.
const MOST: usize = 24 << 20;

/// The most keys of a path, as in the filter.
const MOST_KEYS: usize = 16;

/// The most objects of one attempt; a Worker may make a thousand calls.
const OBJECTS: usize = 300;

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
    let path: Vec<_> = settings.user_field.as_deref().unwrap_or("user_id").split('.').collect();
    let prefix = settings.prefix.as_deref().unwrap_or_default();
    let mut all = Attempt::done(0, 0);
    let (mut from, mut objects, mut failed) = (None, 0, 0);
    loop {
        let page = app.platform.list_data(prefix, from).await?;
        for name in &page.names {
            objects += 1;
            if objects > OBJECTS {
                let error = "there are more objects than one attempt reads (300); give the store to an agent";
                return Ok(Attempt::failed(all.removed, error));
            }
            let one = object(app, name, &path, users).await?;
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
    path: &[&str],
    users: &[String],
) -> Result<Attempt, DatabaseError> {
    const LARGE: &str =
        "it is too large to be written anew at the edge (24 MiB, also unpacked); give the store to an agent";
    for _ in 0..TRIES {
        let Versioned { bytes, etag } = match app.platform.data(name, MOST).await? {
            Ok(found) => found,
            Err(Unread::Gone) => return Ok(Attempt::done(0, 0)),
            Err(Unread::TooLarge) => return Ok(Attempt::failed(0, LARGE)),
        };
        let packed = bytes.starts_with(&[0x1f, 0x8b]);
        let rows = if packed {
            match app.platform.gunzip(&bytes, MOST).await {
                Some(rows) if rows.len() > MOST => return Ok(Attempt::failed(0, LARGE)),
                Some(rows) => rows,
                None => {
                    let error = "it can't be unpacked to its end; mend it or give the store to an agent";
                    return Ok(Attempt::failed(0, error));
                }
            }
        } else {
            bytes
        };
        let rewritten = without(rows, path, users);
        let written = rewritten.removed == 0 || {
            let kept = if packed { app.platform.gzip(&rewritten.kept).await } else { Some(rewritten.kept) };
            let unpacked = || DatabaseError::Objects("an object could not be packed again".into());
            app.platform.replace_data(name, &etag, kept.ok_or_else(unpacked)?).await?
        };
        if written {
            return Ok(match rewritten.unknown {
                0 => Attempt::done(rewritten.removed, rewritten.removed),
                unknown => Attempt::failed(
                    rewritten.removed,
                    format!(
                        "of {unknown} rows, the first in line {}, it can't be said whose they are; mend or remove them",
                        rewritten.first_unknown
                    ),
                ),
            });
        }
    }
    Ok(Attempt::failed(0, "it was changed by others each time it was to be replaced"))
}

struct Rewritten {
    kept: Vec<u8>,
    removed: u64,
    unknown: u64,
    /// The line of the first of these among those that are kept, from 1; 0 without any.
    first_unknown: u64,
}

/// The rows that are not of these users, with the ends of their lines.
fn without(mut rows: Vec<u8>, path: &[&str], users: &[String]) -> Rewritten {
    let (mut removed, mut unknown, mut first_unknown, mut line) = (0, 0, 0, 0);
    let (mut read, mut written) = (0, 0);
    while read < rows.len() {
        let rest = rows.get(read..).unwrap_or_default();
        let length = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |end| end + 1);
        let theirs = match rest.get(..length).and_then(|row| judge(row, path)) {
            Some(Whose::Nobody) => false,
            Some(Whose::User(user)) => users.contains(&user),
            None => {
                unknown += 1;
                if unknown == 1 {
                    first_unknown = line + 1;
                }
                false
            }
        };
        if theirs {
            removed += 1;
        } else {
            line += 1;
            rows.copy_within(read..read + length, written);
            written += length;
        }
        read += length;
    }
    rows.truncate(written);
    Rewritten { kept: rows, removed, unknown, first_unknown }
}

enum Whose {
    /// An empty line.
    Nobody,
    User(String),
}

/// Whose row it is; `None` if that can't be said. The whole row must be what `serde_json` reads into a value, as in the filter, so that
/// nobody downstream reads another person out of it.
fn judge(row: &[u8], path: &[&str]) -> Option<Whose> {
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
struct Find<'p>(&'p [&'p str]);

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
        let (key, rest) = self.0.split_first().map_or(("", &[][..]), |(key, rest)| (*key, rest));
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

    fn rewrite(rows: &str, path: &[&str]) -> (String, u64, u64) {
        let users = ["u1".to_owned(), "anonymous:x".to_owned()];
        let Rewritten { kept, removed, unknown, .. } = without(rows.into(), path, &users);
        (String::from_utf8(kept).unwrap(), removed, unknown)
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
        let line = |rows: &str| without(rows.into(), &["user_id"], &["u1".to_owned()]).first_unknown;
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
}
