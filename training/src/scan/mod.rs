//! Whose row is this? Owns [`scan`], which finds the user id in one row of JSON, and the reasons for which a row can't be
//! judged. Where rows begin and end, and whether that user granted anything, is left to [`crate::filter`].
//!
//! The whole row is held to what `serde_json` accepts, so that nobody downstream can read another person out of it than was
//! found here.

mod masks;
mod simd;
mod walk;

use std::borrow::Cow;
use std::fmt;

pub use simd::Way;
use walk::Search;

/// The key under which a row names its user: one key of the row's object, or a path of keys through objects in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field(Vec<Box<str>>);

impl Field {
    /// The longest path, in keys.
    pub const MAX_KEYS: usize = 16;

    /// Parses a dotted path, such as `user_id` or `meta.author.id`; `None` if a key is empty or there are more than
    /// [`Self::MAX_KEYS`].
    pub fn parse(path: &str) -> Option<Self> {
        let keys: Vec<Box<str>> = path.split('.').map(Into::into).collect();
        (keys.len() <= Self::MAX_KEYS && keys.iter().all(|key| !key.is_empty())).then_some(Self(keys))
    }

    /// Its keys, from the outermost in.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &str> + Clone {
        self.0.iter().map(AsRef::as_ref)
    }
}

impl Default for Field {
    /// `user_id`.
    fn default() -> Self {
        Self(vec!["user_id".into()])
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("."))
    }
}

/// Why it can't be said whose row this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// No JSON (RFC 8259), or JSON with half a surrogate pair or a number beyond the largest double, which readers disagree on.
    NotJson,
    /// Objects and arrays nested more than 127 deep.
    TooDeep,
    /// Bytes that are no UTF-8.
    InvalidUtf8,
    /// A byte-order mark before the row.
    ByteOrderMark,
    /// The row names no user.
    NoId,
    /// What stands for the user id is no string.
    IdNotAString,
    /// A key on the way to the user id is there twice; readers disagree on which one holds.
    TwoIds,
    /// A string that no consent can be recorded for, such as an empty one.
    NotAnId,
    /// Longer than a row may be.
    TooLong,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 9] = [
        Self::NotJson,
        Self::TooDeep,
        Self::InvalidUtf8,
        Self::ByteOrderMark,
        Self::NoId,
        Self::IdNotAString,
        Self::TwoIds,
        Self::NotAnId,
        Self::TooLong,
    ];

    /// Its stable name.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotJson => "not_json",
            Self::TooDeep => "too_deep",
            Self::InvalidUtf8 => "invalid_utf8",
            Self::ByteOrderMark => "byte_order_mark",
            Self::NoId => "no_id",
            Self::IdNotAString => "id_not_a_string",
            Self::TwoIds => "two_ids",
            Self::NotAnId => "not_an_id",
            Self::TooLong => "too_long",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotJson => "is no JSON",
            Self::TooDeep => "is nested more than 127 deep",
            Self::InvalidUtf8 => "is no UTF-8",
            Self::ByteOrderMark => "begins with a byte-order mark",
            Self::NoId => "names no user",
            Self::IdNotAString => "has a user id that is no string",
            Self::TwoIds => "names its user twice",
            Self::NotAnId => "has a user id that no consent can be recorded for",
            Self::TooLong => "is longer than a row may be",
        })
    }
}

/// Finds the user id of a row.
///
/// Only the keys of `field` count, each in the object it belongs to: a key of that name deeper down, or inside a text, is
/// none. Escapes are undone, in keys as in the id. The id is borrowed from the row wherever nothing was escaped in it.
pub fn scan<'r>(row: &'r [u8], field: &Field) -> Result<Cow<'r, str>, Reason> {
    scan_by(Way::best(), row, field)
}

/// [`scan`] in a way of the caller's choice. All ways judge alike; tests hold them to it.
pub fn scan_by<'r>(way: Way, row: &'r [u8], field: &Field) -> Result<Cow<'r, str>, Reason> {
    id(way, text(row)?, field)
}

/// [`scan`] of a row that is known to be UTF-8.
pub fn scan_text<'r>(row: &'r str, field: &Field) -> Result<Cow<'r, str>, Reason> {
    if row.starts_with(MARK) {
        return Err(Reason::ByteOrderMark);
    }
    id(Way::best(), row, field)
}

/// What stands somewhere in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value<'r> {
    /// There is no such key.
    Absent,
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as it is written.
    Number(&'r str),
    /// A text, its escapes undone.
    Text(Cow<'r, str>),
    /// An object or array.
    Nested,
    /// A key on the way is there twice.
    Twice,
}

/// The user id of a row, and what stands in each of these fields, of which there are no more than 31, in their order; all in one
/// pass over the row.
pub fn scan_all<'r>(
    row: &'r [u8],
    field: &Field,
    fields: &[Field],
) -> Result<(Cow<'r, str>, Vec<Value<'r>>), Reason> {
    let row = text(row)?;
    let searches: Vec<_> = [field].into_iter().chain(fields).map(|field| Search::new(&field.0)).collect();
    let mut values = walk::walk(row, searches, Way::best())?.into_iter().map(Search::found);
    Ok((user(values.next().unwrap_or(Value::Absent))?, values.collect()))
}

/// A row as text.
fn text(row: &[u8]) -> Result<&str, Reason> {
    if row.starts_with(MARK.as_bytes()) {
        return Err(Reason::ByteOrderMark);
    }
    utf8(row).ok_or(Reason::InvalidUtf8)
}

fn id<'r>(way: Way, row: &'r str, field: &Field) -> Result<Cow<'r, str>, Reason> {
    let [search] = walk::walk(row, [Search::new(&field.0)], way)?;
    user(search.found())
}

/// What is found where the user id should be, as one.
fn user(value: Value<'_>) -> Result<Cow<'_, str>, Reason> {
    match value {
        Value::Text(id) => Ok(id),
        Value::Absent => Err(Reason::NoId),
        Value::Twice => Err(Reason::TwoIds),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Nested => Err(Reason::IdNotAString),
    }
}

/// The byte-order mark.
const MARK: &str = "\u{feff}";

/// The bytes as text. Rows in one block are looked at together, which is faster than one by one.
pub fn utf8(bytes: &[u8]) -> Option<&str> {
    if cfg!(feature = "plain") {
        std::str::from_utf8(bytes).ok()
    } else {
        simdutf8::basic::from_utf8(bytes).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(row: &str) -> Result<String, Reason> {
        scan(row.as_bytes(), &Field::default()).map(Cow::into_owned)
    }

    fn found_at(path: &str, row: &str) -> Result<String, Reason> {
        scan(row.as_bytes(), &Field::parse(path).unwrap()).map(Cow::into_owned)
    }

    #[test]
    fn the_id_is_found_wherever_it_stands_in_the_row() {
        for row in [
            r#"{"user_id":"u1"}"#,
            r#" { "text" : "a" , "user_id" : "u1" , "n" : [1, {"x": -0.5e+3}] } "#,
            "{\"user_id\":\"u1\"}\r",
        ] {
            assert_eq!(found(row), Ok("u1".into()), "{row}");
        }
    }

    #[test]
    fn an_id_without_escapes_is_borrowed() {
        let id = scan(br#"{"user_id":"u1"}"#, &Field::default());
        assert!(matches!(id, Ok(Cow::Borrowed("u1"))));
    }

    #[test]
    fn escapes_are_undone_in_the_key_and_in_the_id() {
        assert_eq!(found(r#"{"user\u005fid":"u\u0031\n\ud83e\udd80"}"#), Ok("u1\n🦀".into()));
    }

    #[test]
    fn a_nested_key_is_not_the_rows() {
        assert_eq!(found(r#"{"a":{"user_id":"x"},"b":[{"user_id":"y"}],"user_id":"u1"}"#), Ok("u1".into()));
        assert_eq!(found(r#"{"a":{"user_id":"x"}}"#), Err(Reason::NoId));
        assert_eq!(found(r#"[{"user_id":"x"}]"#), Err(Reason::NoId));
    }

    #[test]
    fn a_key_inside_a_text_is_none() {
        assert_eq!(found(r#"{"text":"\"user_id\":\"x\""}"#), Err(Reason::NoId));
        assert_eq!(found(r#"{"text":"user_id"}"#), Err(Reason::NoId));
    }

    #[test]
    fn a_path_leads_through_objects_only() {
        assert_eq!(
            found_at("a.b", r#"{"b":"x","c":{"b":"y"},"a":{"c":{"b":"z"},"b":"u1"}}"#),
            Ok("u1".into())
        );
        assert_eq!(found_at("a.b", r#"{"a":[{"b":"x"}]}"#), Err(Reason::NoId));
        assert_eq!(found_at("a.b", r#"{"a.b":"x"}"#), Err(Reason::NoId));
        assert_eq!(found_at("a.b", r#"{"x":{"a":{"b":"x"}}}"#), Err(Reason::NoId));
    }

    #[test]
    fn a_row_with_a_key_of_the_path_twice_names_two_users() {
        assert_eq!(found(r#"{"user_id":"u1","user_id":"u2"}"#), Err(Reason::TwoIds));
        assert_eq!(found(r#"{"user_id":"u1","user\u005fid":"u1"}"#), Err(Reason::TwoIds));
        assert_eq!(found(r#"{"user_id":null,"user_id":"u2"}"#), Err(Reason::TwoIds));
        assert_eq!(found_at("a.b", r#"{"a":{"b":"u1"},"a":{}}"#), Err(Reason::TwoIds));
        assert_eq!(found(r#"{"a":1,"a":2,"user_id":"u1"}"#), Ok("u1".into()));
    }

    #[test]
    fn an_id_that_is_no_string_is_said_to_be_none() {
        for value in ["null", "1", "true", "[\"u1\"]", "{\"user_id\":\"u1\"}"] {
            assert_eq!(found(&format!("{{\"user_id\":{value}}}")), Err(Reason::IdNotAString), "{value}");
        }
    }

    #[test]
    fn a_row_broken_behind_its_id_is_no_json() {
        for rest in
            ["", "]", ",}", "} x", "}{", "}\u{0}", ",\"a\":01}", ",\"a\":\"\t\"}", ",\"a\":\"\\x\"}", ",a:1}"]
        {
            assert_eq!(found(&format!("{{\"user_id\":\"u1\"{rest}")), Err(Reason::NotJson), "{rest}");
        }
    }

    #[test]
    fn half_a_surrogate_pair_or_an_endless_number_makes_no_json() {
        for value in [r#""\ud83e""#, r#""\udd80""#, r#""\ud83e\u0041""#, "1e999", "-1e309"] {
            assert_eq!(
                found(&format!("{{\"a\":{value},\"user_id\":\"u1\"}}")),
                Err(Reason::NotJson),
                "{value}"
            );
        }
    }

    #[test]
    fn nesting_has_an_end() {
        let nested =
            |depth| format!("{{\"user_id\":\"u1\",\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(found(&nested(126)), Ok("u1".into()));
        assert_eq!(found(&nested(127)), Err(Reason::TooDeep));
    }

    #[test]
    fn bytes_that_are_no_text_have_reasons_of_their_own() {
        let scan = |row: &'static [u8]| scan(row, &Field::default());
        assert_eq!(scan(b"\xef\xbb\xbf{\"user_id\":\"u1\"}"), Err(Reason::ByteOrderMark));
        assert_eq!(scan(b"{\"user_id\":\"u1\",\"a\":\"\xff\"}"), Err(Reason::InvalidUtf8));
        assert_eq!(scan("{\"user_id\":\"u1\",\"a\":\"\u{feff}\"}".as_bytes()), Ok("u1".into()));
    }

    #[test]
    fn a_path_has_keys() {
        for bad in ["", ".", "a.", ".a", "a..b", &["a"; 17].join(".")] {
            assert_eq!(Field::parse(bad), None, "{bad:?}");
        }
    }
}
