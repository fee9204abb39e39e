//! Rows that can't be judged, as JSONL: file, line, reason and the row itself. Owns the form of these lines.

use std::io::{self, Write};

use base64ct::{Base64, Encoding as _};
use serde::Serialize;

use super::judge::Odd;
#[cfg(feature = "parquet")]
use crate::scan::Reason;

#[derive(Serialize)]
struct Entry<'a> {
    file: &'a str,
    line: u64,
    reason: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    row: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    row_base64: Option<String>,
}

/// Writes one row; as text under `row`, or, if it is none, as Base64 under `row_base64`. One that is too long is not kept.
pub(super) fn write(writer: &mut dyn Write, file: &str, line: u64, odd: &Odd) -> io::Result<()> {
    let (mut row, mut row_base64) = (None, None);
    if let Some(bytes) = &odd.bytes {
        match std::str::from_utf8(bytes) {
            Ok(text) => row = Some(text),
            Err(_) => row_base64 = Some(Base64::encode_string(bytes)),
        }
    }
    let entry = Entry { file, line, reason: odd.reason.code(), bytes: Some(odd.length), row, row_base64 };
    serde_json::to_writer(&mut *writer, &entry)?;
    writer.write_all(b"\n")
}

/// Writes where a row is that has no bytes of its own; lines are rows then.
#[cfg(feature = "parquet")]
pub(super) fn write_place(writer: &mut impl Write, file: &str, line: u64, reason: Reason) -> io::Result<()> {
    let entry = Entry { file, line, reason: reason.code(), bytes: None, row: None, row_base64: None };
    serde_json::to_writer(&mut *writer, &entry)?;
    writer.write_all(b"\n")
}
