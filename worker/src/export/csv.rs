//! The export as one table (RFC 4180), whose first column says what a record is: `export` (about the file), `event`, `notice`,
//! `erasure` and at the end `digest`.
//!
//! A spreadsheet takes a cell for a formula by how it begins, and what begins so here came from outside (a browser's name). Such a
//! cell gets an apostrophe before it, and so does one that has one already, so that nothing is lost: whoever reads the table takes
//! away one apostrophe where there is one.

use super::{About, Part, entry, json::text};
use crate::store::Stored;
use std::fmt::Write as _;

/// The names of the columns, in the first record. `consentry::export` knows how many there are.
const COLUMNS: [&str; 21] = [
    "record",
    "log_index",
    "leaf_hash",
    "id",
    "time",
    "action",
    "performed_by",
    "subject",
    "purpose",
    "status",
    "legal_basis",
    "notice_hash",
    "decided_at",
    "evidence_commitment",
    "evidence",
    "ip_address",
    "user_agent",
    "country",
    "gpc",
    "details",
    "log",
];

/// What this part of the export is.
pub(super) fn write(about: &About, part: &Part<'_>) -> String {
    let mut table = String::new();
    match part {
        Part::Head => {
            table.push_str(&COLUMNS.join(","));
            table.push_str("\r\n");
            let details = serde_json::json!({
                "user_id": about.user, "site": about.site.as_str(), "log": about.log(), "until": about.until,
                "subject_key_id": about.subject.key_id, "erased_at": about.erased_at, "linked_visitors": about.visitors,
            });
            let (subject, time) = (about.subject.hash.to_string(), about.exported_at.to_string());
            record(
                &mut table,
                &[
                    ("record", "export"),
                    ("subject", &subject),
                    ("time", &time),
                    ("details", &details.to_string()),
                ],
            );
        }
        Part::Events(events) => events.iter().for_each(|stored| event(&mut table, about, stored)),
        Part::Notices(notices) => {
            for notice in *notices {
                let hash = notice.hash.to_string();
                let words = notice.notice.as_ref().map(text).unwrap_or_default();
                record(&mut table, &[("record", "notice"), ("notice_hash", &hash), ("details", &words)]);
            }
        }
        Part::Erasure(erasure) => {
            let field = |name: &str| erasure[name].as_str().unwrap_or_default();
            record(
                &mut table,
                &[
                    ("record", "erasure"),
                    ("id", field("id")),
                    ("time", field("requested_at")),
                    ("status", field("state")),
                    ("details", &erasure.to_string()),
                ],
            );
        }
        Part::Decisions(_) | Part::AfterDecisions | Part::AfterEvents | Part::AfterNotices | Part::End => {}
    }
    table
}

fn event(table: &mut String, about: &About, stored: &Stored) {
    let entry = about.audit(stored);
    let kept = entry::kept(stored);
    let or_nothing = |value: Option<String>| value.unwrap_or_default();
    let subject = entry.subject.unwrap_or(about.subject.hash);
    record(
        table,
        &[
            ("record", "event"),
            ("log_index", &entry.log_index.to_string()),
            ("leaf_hash", &entry.leaf_hash.to_string()),
            ("id", &entry.id.to_string()),
            ("time", &entry.timestamp.to_string()),
            ("action", entry.action),
            ("performed_by", &entry.performed_by),
            ("subject", &subject.to_string()),
            ("purpose", entry.purpose.as_deref().unwrap_or_default()),
            ("status", entry.status.map(consentry::record::Status::as_str).unwrap_or_default()),
            ("legal_basis", entry.legal_basis.map(consentry::record::LegalBasis::as_str).unwrap_or_default()),
            ("notice_hash", &or_nothing(entry.notice_hash.map(|hash| hash.to_string()))),
            ("decided_at", &or_nothing(entry.decided_at.map(|time| time.to_string()))),
            ("evidence_commitment", &or_nothing(entry.evidence_commitment.map(|hash| hash.to_string()))),
            ("evidence", entry::left(stored)),
            ("ip_address", &or_nothing(kept.and_then(|kept| kept.ip_address).map(|ip| ip.to_string()))),
            ("user_agent", kept.and_then(|kept| kept.user_agent.as_deref()).unwrap_or_default()),
            ("country", kept.and_then(|kept| kept.country.as_deref()).unwrap_or_default()),
            ("gpc", &or_nothing(kept.map(|kept| kept.gpc.to_string()))),
            // As it stands in the leaf.
            ("details", &stored.event.details),
            ("log", entry.log.as_deref().unwrap_or_default()),
        ],
    );
}

/// A record with these cells in their columns.
fn record(table: &mut String, cells: &[(&str, &str)]) {
    for (at, column) in COLUMNS.iter().enumerate() {
        if at > 0 {
            table.push(',');
        }
        if let Some((_, text)) = cells.iter().find(|(name, text)| name == column && !text.is_empty()) {
            cell(table, text);
        }
    }
    table.push_str("\r\n");
}

fn cell(table: &mut String, text: &str) {
    // What spreadsheets take for the beginning of a formula, also in the wide forms of East Asian scripts.
    let guarded = text.starts_with([
        '=', '+', '-', '@', '\t', '\r', '\n', '\'', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}',
    ]);
    let guard = if guarded { "'" } else { "" };
    if guarded || text.contains([',', ';', '"', '\t', '\r', '\n', ' ']) {
        // Writing to a string can't fail.
        let _ = write!(table, "\"{guard}{}\"", text.replace('"', "\"\""));
    } else {
        table.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use consentry::export::Format;

    fn cell_of(text: &str) -> String {
        let mut table = String::new();
        cell(&mut table, text);
        table
    }

    #[test]
    fn no_cell_begins_as_a_formula() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "'=1", "=\"a\"&\"b\""] {
            assert!(cell_of(text).starts_with("\"'"), "{text}");
        }
    }

    #[test]
    fn a_cell_is_quoted_where_it_must_be() {
        assert_eq!(cell_of("plain"), "plain");
        assert_eq!(cell_of("a,b"), "\"a,b\"");
        assert_eq!(cell_of("a \"b\"\r\nc"), "\"a \"\"b\"\"\r\nc\"");
    }

    #[test]
    fn the_digest_has_as_many_fields_as_every_record() {
        let commas = |text: &str| text.matches(',').count();
        let mut table = String::new();
        record(&mut table, &[("record", "event")]);
        assert_eq!(commas(&Format::Csv.trailer(Some("a.b.c"))), commas(&table));
    }
}
