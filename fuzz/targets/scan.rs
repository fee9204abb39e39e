//! Any bytes as a row: every way of the scan says what the whole tree of `serde_json` says. The first byte chooses the field.
#![no_main]

#[path = "../../training/tests/reference/mod.rs"]
mod reference;

use std::borrow::Cow;

use consentry_training::scan::{Field, Reason, Value, Way, scan_all, scan_by};
use libfuzzer_sys::fuzz_target;

const PATHS: [&str; 4] = ["user_id", "a.user_id", "a.b.user_id", "a"];

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, row)) = bytes.split_first() else { return };
    let path = PATHS[usize::from(*choice) % PATHS.len()];
    let expected = reference::reference(row, path);
    let field = |path| Field::parse(path).expect("a path");
    for way in Way::all() {
        assert_eq!(scan_by(way, row, &field(path)).map(Cow::into_owned), expected, "{way:?}");
    }
    // Many fields in one pass are what they are alone.
    let fields = PATHS.map(field);
    if let Ok((_, values)) = scan_all(row, &field(path), &fields) {
        for (path, value) in PATHS.into_iter().zip(values) {
            let together = match value {
                Value::Text(text) => Ok(text.into_owned()),
                Value::Absent => Err(Reason::NoId),
                Value::Twice => Err(Reason::TwoIds),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::Nested => Err(Reason::IdNotAString),
            };
            assert_eq!(together, reference::reference(row, path), "{path}");
        }
    }
});
