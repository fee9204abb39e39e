//! How an export of a person's data ends. Owns the forms that there are, and the digest under each: what is signed, where it
//! stands, and which bytes it covers. What stands above it is the edge's; the signature itself is made and checked by the faces.
//!
//! The digest is the last thing in the file. Everything before it is covered, byte for byte, so a file is to be kept as it came. A
//! file without one was broken off. Where a service has no key to sign with, the place is there and empty: complete, not signed.

use crate::{hash::Hash, time::Timestamp};
use alloc::{format, string::String};
use serde::{Deserialize, Serialize};

/// The type in the header of the signature (RFC 7515 § 4.1.9).
pub const TYP: &str = "export-digest+jws";

/// The longest digest that is looked for, in bytes: five times what one has.
const MAX_TRAILER: usize = 8192;

/// A form of export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// For programs; the only one that comes in pages as well.
    Json,
    /// For spreadsheets (RFC 4180).
    Csv,
    /// A page to read and print.
    Html,
    /// The first with a context, for programs that read linked data (JSON-LD 1.1).
    JsonLd,
}

impl Format {
    /// Every form.
    pub const ALL: [Self; 4] = [Self::Json, Self::Csv, Self::Html, Self::JsonLd];

    /// Its name in a query and in the digest.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Html => "html",
            Self::JsonLd => "jsonld",
        }
    }

    /// The form of a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == name)
    }

    /// Its media type, without parameters.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv => "text/csv",
            Self::Html => "text/html",
            Self::JsonLd => "application/ld+json",
        }
    }

    /// Whether a file of this form is an object in JSON, with the members that [`Self::Json`] has.
    pub const fn is_json(self) -> bool {
        matches!(self, Self::Json | Self::JsonLd)
    }

    /// What stands around the signature.
    const fn frame(self) -> (&'static str, &'static str) {
        match self {
            Self::Json | Self::JsonLd => (",\"digest\":", "}"),
            // A record like the others, with the signature in the last field.
            Self::Csv => ("digest,,,,,,,,,,,,,,,,,,,,", "\r\n"),
            Self::Html => ("<code id=\"digest\">", "</code></section></main></body></html>\n"),
        }
    }

    /// The end of a file: the signature, or its empty place.
    pub fn trailer(self, jws: Option<&str>) -> String {
        let (before, after) = self.frame();
        match jws {
            None if self.is_json() => format!("{before}null{after}"),
            Some(jws) if self.is_json() => format!("{before}\"{jws}\"{after}"),
            jws => format!("{before}{}{after}", jws.unwrap_or_default()),
        }
    }
}

/// A whole file, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sealed<'a> {
    /// The bytes that the digest covers.
    pub covered: &'a [u8],
    /// The signature, if the service had a key.
    pub jws: Option<&'a str>,
}

/// Takes a file apart; `None` if it has no end of this form: it was broken off, or written anew by something.
pub fn open(format: Format, file: &[u8]) -> Option<Sealed<'_>> {
    let (before, after) = format.frame();
    let body = file.strip_suffix(after.as_bytes())?;
    let least = body.len().saturating_sub(MAX_TRAILER);
    let at = (least..body.len()).rev().find(|at| body[*at..].starts_with(before.as_bytes()))?;
    let place = core::str::from_utf8(&body[at + before.len()..]).ok()?;
    let jws = match format {
        _ if !format.is_json() => place,
        _ if place == "null" => "",
        _ => place.strip_prefix('"')?.strip_suffix('"').filter(|jws| !jws.is_empty())?,
    };
    let is_jws = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    jws.bytes()
        .all(is_jws)
        .then(|| Sealed { covered: &body[..at], jws: Some(jws).filter(|jws| !jws.is_empty()) })
}

/// What the signature says of the file: the payload, in the form of RFC 8785.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digest {
    /// How many bytes are covered.
    pub bytes: u64,
    /// When the export was begun.
    pub exported_at: Timestamp,
    /// The form of the file.
    pub format: Format,
    /// The name of the log.
    pub log: String,
    /// SHA-256 of the bytes that are covered.
    pub sha256: Hash,
    /// The site.
    pub site: String,
    /// The keyed hash of the person.
    pub subject: Hash,
    /// The place in the log that the export goes up to.
    pub until: u64,
}

impl Digest {
    /// Whether these are the bytes that it is about.
    pub fn covers(&self, covered: &[u8]) -> bool {
        use sha2::{Digest as _, Sha256};
        self.bytes == covered.len() as u64 && self.sha256.0 == <[u8; 32]>::from(Sha256::digest(covered))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    const JWS: &str = "eyJhbGciOiJFZERTQSJ9.e30.c2ln";

    #[test]
    fn a_file_is_taken_apart_where_it_was_put_together() {
        for format in Format::ALL {
            for jws in [None, Some(JWS)] {
                let file = format!("body {}", format.trailer(jws));
                let sealed = open(format, file.as_bytes()).unwrap();
                assert_eq!(sealed, Sealed { covered: b"body ", jws }, "{format:?}");
            }
        }
    }

    #[test]
    fn a_file_that_was_broken_off_anywhere_has_no_end() {
        for format in Format::ALL {
            let file = format!("{{\"a\":1{}", format.trailer(Some(JWS)));
            for end in 0..file.len() {
                assert_eq!(open(format, &file.as_bytes()[..end]), None, "{format:?} {end}");
            }
        }
    }

    #[test]
    fn an_end_inside_the_file_is_not_its_end() {
        for format in Format::ALL {
            let body = format!("x{}y", format.trailer(Some("forged")));
            let file = format!("{body}{}", format.trailer(Some(JWS)));
            assert_eq!(open(format, file.as_bytes()).unwrap().covered, body.as_bytes());
        }
    }

    #[test]
    fn the_names_of_forms_are_read_as_they_are_written() {
        for format in Format::ALL {
            assert_eq!(Format::parse(format.as_str()), Some(format));
            assert_eq!(serde_json::to_value(format).unwrap(), format.as_str());
        }
        assert_eq!(Format::parse("xml"), None);
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_odd_to_be_looked_at(file: Vec<u8>) {
            for format in Format::ALL {
                let _ = open(format, &file);
            }
        }
    }
}
