//! Rows that reservations and ages keep out, by the vectors and through the filter.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use consentry::{gate::Closed, time::Timestamp};
use consentry_training::filter::{Options, Source, filter};
use consentry_training::gate::{Gates, PolicyError};
use consentry_training::scan::{Field, Reason, Value, scan, scan_all};
use consentry_training::snapshot::Key;
use proptest::prelude::*;

#[derive(serde::Deserialize)]
struct Vectors {
    now: Timestamp,
    cases: Vec<Case>,
    refused: Vec<Refused>,
}

#[derive(serde::Deserialize)]
struct Case {
    policy: serde_json::Value,
    row: String,
    closed: Option<String>,
}

#[derive(serde::Deserialize)]
struct Refused {
    policy: String,
    error: String,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("../../tests/vectors/gates.json")).unwrap()
}

#[test]
fn every_case_is_let_in_or_kept_out_as_written() {
    let vectors = vectors();
    for Case { policy, row, closed } in vectors.cases {
        let gates = Gates::parse("policy", policy.to_string().as_bytes(), vectors.now).unwrap();
        let (_, values) = scan_all(row.as_bytes(), &Field::default(), gates.fields()).unwrap();
        assert_eq!(gates.closed(&values).map(Closed::code), closed.as_deref(), "{row}");
    }
}

#[test]
fn a_policy_that_says_nothing_or_something_else_is_refused() {
    for Refused { policy, error } in vectors().refused {
        let refused = match Gates::parse("policy", policy.as_bytes(), Timestamp::UNIX_EPOCH) {
            Ok(_) => "none",
            Err(PolicyError::Empty) => "empty",
            Err(PolicyError::Form(_)) => "form",
            Err(PolicyError::Field(_)) => "field",
            Err(PolicyError::AgeOrBirth) => "age_or_birth",
            Err(PolicyError::Io(_)) => "io",
        };
        assert_eq!(refused, error, "{policy}");
    }
}

#[test]
fn rows_are_counted_by_what_kept_them_out_and_consent_is_asked_first() {
    let folder = tempfile::tempdir().unwrap();
    let rows = folder.path().join("rows.jsonl");
    let kept = "{\"user_id\":\"yes\",\"age\":30}\n";
    let text = [
        kept,
        "{\"user_id\":\"yes\",\"tdm-reservation\":1}\n",
        "{\"user_id\":\"yes\",\"age\":3}\n",
        "{\"user_id\":\"no\",\"age\":3,\"tdm-reservation\":1}\n",
        "{\"user_id\":1,\"age\":3}\n",
        kept,
    ];
    std::fs::write(&rows, text.concat()).unwrap();
    let policy =
        br#"{"reservations":{"tdm_reservation":"tdm-reservation"},"age":{"age":"age","minimum":16}}"#;
    let gates = Gates::parse("policy", policy, Timestamp::UNIX_EPOCH).unwrap();
    let options = Options { gates: Some(gates), ..Options::default() };
    let granted = |user: &consentry::subject::UserId| (user.as_str() == "yes").then(Key::default);
    let sources = [Source::File(rows)];
    let (report, written) = filter(&sources, &granted, Vec::new(), None, &options).unwrap();
    assert_eq!(String::from_utf8(written).unwrap(), kept.repeat(2));
    let counts = report.counts;
    assert_eq!(
        (counts.rows, counts.kept, counts.no_consent, counts.reserved, counts.child, counts.quarantined),
        (6, 2, 1, 1, 1, 1)
    );
}

proptest! {
    #[test]
    fn many_fields_at_once_are_found_as_one_by_one(
        row in r#"\{("(a|b|c)":(1|null|"x"|\{("(a|b)":("y"|\{"a":"z"\}))?\}|\["a"\]),){0,4}"c":"u1"\}"#,
    ) {
        let fields = ["a", "a.a", "a.b", "b.a.a", "c", "a.c", "b"].map(|path| Field::parse(path).unwrap());
        let id = Field::parse("c").unwrap();
        let Ok((_, values)) = scan_all(row.as_bytes(), &id, &fields) else { return Ok(()) };
        for (field, value) in fields.iter().zip(values) {
            let alone = scan(row.as_bytes(), field);
            let together = match value {
                Value::Text(text) => Ok(text),
                Value::Absent => Err(Reason::NoId),
                Value::Twice => Err(Reason::TwoIds),
                _ => Err(Reason::IdNotAString),
            };
            prop_assert_eq!(together, alone, "{} in {}", field, row);
        }
    }
}
