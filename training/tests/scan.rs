//! The scan beside `serde_json`: both must say the same of every row, well-formed or not.

mod reference;

use std::borrow::Cow;

use base64ct::{Base64, Encoding as _};
use consentry_training::scan::{Field, Way, scan, scan_by, scan_text};
use proptest::prelude::*;
use proptest::sample::select;
use reference::reference;

fn agree(row: &[u8], path: &str) -> Result<(), TestCaseError> {
    let field = Field::parse(path).ok_or_else(|| TestCaseError::fail("no path"))?;
    let expected = reference(row, path);
    for way in Way::all() {
        let scanned = scan_by(way, row, &field).map(Cow::into_owned);
        prop_assert_eq!(&scanned, &expected, "{:?}, {} in {}", way, path, String::from_utf8_lossy(row));
    }
    Ok(())
}

fn space() -> impl Strategy<Value = &'static str> {
    prop_oneof![6 => Just(""), 2 => Just(" "), 1 => select(&["\t", "\r", "  \t ", "\n", "\u{a0}", "\u{b}"][..])]
}

fn key() -> impl Strategy<Value = &'static str> {
    select(
        &[
            r#""user_id""#,
            r#""user_id""#,
            r#""user\u005fid""#,
            r#""user\u005Fid""#,
            r#""\u0075ser_id""#,
            r#""user_id ""#,
            r#""User_id""#,
            r#""user_id\\""#,
            r#""a""#,
            r#""\u0061""#,
            r#""a""#,
            r#""b""#,
            r#""text""#,
            r#""""#,
            r#""a.user_id""#,
        ][..],
    )
}

/// Pieces of strings: plain, escaped, halves of surrogate pairs, and some that break the row.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => "[a-z ,:{}\\[\\]é🦀]{0,12}",
        2 => "[ -!#-\\[\\]-~]{30,90}",
        4 => select(&[r#"\""#, r"\\", r"\/", r"\n", r"\t", r"\u00e9", r"\u0000", r"\ud83e\udd80", r"\uD83E\uDD80"][..])
            .prop_map(Into::into),
        1 => Just(r#"\"user_id\":\"x\""#.into()),
        1 => select(&[r"\ud83e", r"\udd80", r"\ud83e\u0041", r"\ud83ex", r"\ud83e\n", r"\u12", r"\uzzzz", r"\x", "\t", "\u{1}", "\u{7f}"][..])
            .prop_map(Into::into),
    ]
}

fn string() -> impl Strategy<Value = String> {
    let sound = "[a-z0-9-]{0,36}".prop_map(|text| format!("\"{text}\""));
    let any = proptest::collection::vec(piece(), 0..5).prop_map(|pieces| format!("\"{}\"", pieces.concat()));
    prop_oneof![2 => sound, 1 => any]
}

fn scalar() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => string(),
        2 => select(
            &[
                "0", "-0", "1", "-12.5", "1e5", "1E+5", "2.5e-3", "1e308", "1e309", "-1e999", "1e-999", "0e999", "0.0e1000",
                "18446744073709551616", "123456789012345678901234567890",
            ][..],
        )
        .prop_map(Into::into),
        1 => (1..400_usize, 0..120_i32).prop_map(|(digits, exponent)| format!("{}e{exponent}", "9".repeat(digits))),
        1 => (1..400_usize).prop_map(|digits| "9".repeat(digits)),
        2 => select(&["true", "false", "null"][..]).prop_map(Into::into),
        1 => select(&["01", "-", "1.", ".5", "1e", "+1", "NaN", "tru", "nulll", "'a'", "", "--1", "1e+"][..])
            .prop_map(Into::into),
    ]
}

fn object(value: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    proptest::collection::vec((space(), key(), space(), value, space()), 0..5).prop_map(|entries| {
        let entries: Vec<String> = entries
            .into_iter()
            .map(|(before, key, between, value, after)| {
                format!("{before}{key}{between}:{between}{value}{after}")
            })
            .collect();
        format!("{{{}}}", entries.join(","))
    })
}

fn value() -> impl Strategy<Value = String> {
    scalar().prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            object(inner.clone()),
            proptest::collection::vec((inner, space()), 0..4).prop_map(|items| {
                let items: Vec<String> =
                    items.into_iter().map(|(item, space)| format!("{space}{item}{space}")).collect();
                format!("[{}]", items.join(","))
            }),
        ]
    })
}

fn row() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => object(value()),
        1 => value(),
        1 => (object(value()), select(&["\u{feff}", " ", "}", "{", ",", "x", "\r", "\u{0}"][..]))
            .prop_map(|(row, more)| if more == "\u{feff}" { more.to_owned() + &row } else { row + more }),
    ]
}

fn path() -> impl Strategy<Value = &'static str> {
    select(&["user_id", "user_id", "a.user_id", "a.b.user_id", "a", "user_id.a"][..])
}

#[derive(serde::Deserialize)]
struct Rows {
    rows: Vec<Case>,
}

#[derive(serde::Deserialize)]
struct Case {
    row: Option<String>,
    row_base64: Option<String>,
    field: String,
    user_id: Option<String>,
    reason: Option<String>,
}

#[test]
fn the_rows_that_all_faces_must_judge_alike_are_judged_so() {
    let cases: Rows = serde_json::from_str(include_str!("../../tests/vectors/rows.json")).unwrap();
    for case in cases.rows {
        let bytes = match (case.row, case.row_base64) {
            (Some(text), None) => text.into_bytes(),
            (None, Some(encoded)) => Base64::decode_vec(&encoded).unwrap(),
            _ => panic!("a case has one row"),
        };
        let field = Field::parse(&case.field).unwrap();
        let expected = case.user_id.as_deref().ok_or(case.reason.as_deref().unwrap_or(""));
        let as_text = std::str::from_utf8(&bytes).ok().map(|text| scan_text(text, &field));
        let by_ways = Way::all().map(|way| scan_by(way, &bytes, &field));
        for judged in by_ways.chain(as_text).chain([scan(&bytes, &field)]) {
            let told = judged.as_deref().map_err(|reason| reason.code());
            assert_eq!(told, expected, "{}", String::from_utf8_lossy(&bytes));
        }
    }
}

/// Whatever a row has, at every distance from where the scan takes up the next bytes.
#[test]
fn a_row_is_judged_alike_wherever_its_parts_stand() {
    let parts = [
        r#""user_id":"u1""#,
        r#""user\u005fid":"u1""#,
        r#""a":"\\\"\ud83e\udd80\\","user_id":"u1""#,
        r#""a":"\ud83e\u0041","user_id":"u1""#,
        r#""a":"\\\x","user_id":"u1""#,
        "\"a\":\"\t\",\"user_id\":\"u1\"",
        "\"a\":\"é🦀\",\"user_id\":\"é\",\"b\":1e999",
    ];
    for part in parts {
        for before in (0..130).chain(980..1030) {
            for behind in [0, 64, 600] {
                let row = format!(
                    "{{\"x\":\"{}\",{part},\"y\":\"{}\"}}",
                    "x".repeat(before),
                    "\\\\".repeat(behind)
                );
                agree(row.as_bytes(), "user_id").unwrap();
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn every_generated_row_is_judged_as_serde_json_judges_it(row in row(), path in path()) {
        agree(row.as_bytes(), path)?;
    }

    #[test]
    fn so_is_every_row_with_bytes_changed_lost_or_doubled(
        row in row(), path in path(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4_u8), 1..4),
    ) {
        let mut row = row.into_bytes();
        for (place, byte, change) in changes {
            if row.is_empty() {
                break;
            }
            let at = place.index(row.len());
            match change {
                0 => row[at] = byte,
                1 => row.truncate(at),
                2 => drop(row.remove(at)),
                _ => row.insert(at, row[at]),
            }
        }
        agree(&row, path)?;
    }

    #[test]
    fn so_are_bytes_of_no_meaning(row in proptest::collection::vec(any::<u8>(), 0..60)) {
        agree(&row, "user_id")?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn so_are_long_and_deep_rows(
        row in row(), depth in 120..132_usize, object in any::<bool>(), length in 0..70_000_usize,
    ) {
        let (open, close) = if object { ("{\"a\":", "}") } else { ("[", "]") };
        let deep = format!("{}{row}{}", open.repeat(depth), close.repeat(depth));
        agree(deep.as_bytes(), "user_id")?;
        let long = format!("{{\"text\":\"{}\",\"user_id\":\"u1\",\"a\":{row}}}", "é".repeat(length));
        agree(long.as_bytes(), "user_id")?;
    }
}
