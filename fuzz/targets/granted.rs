//! Any bytes as the snapshot that an edge sends: what is read is what it says of itself, and people in ascending order.
#![no_main]

use std::fs::File;
use std::io::Write as _;

use consentry::granted::form::{Chain, ENTRY, FORMAT, entry, from_hex, to_hex};
use consentry_training::edge::Base;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Some(key) = std::str::from_utf8(bytes).ok().and_then(from_hex) {
        assert_eq!(to_hex(&key).as_bytes(), bytes);
    }
    let _ = Base::open(written(&[bytes]));
    // No mutation finds a digest.
    let sum = Chain::START.with(bytes).0.0;
    let sum = if bytes.is_empty() { Chain::START.0.0 } else { sum };
    let Ok(Some(mut base)) = Base::open(written(&[bytes, &sum])) else { return };
    assert_eq!(base.head.format, FORMAT);
    let people = &bytes[bytes.len() - base.count as usize * ENTRY..];
    let mut expected = people.chunks_exact(ENTRY);
    let mut last = None;
    while let Ok(Some((key, minute))) = base.person() {
        assert!(last.replace(key) < Some(key));
        assert_eq!(expected.next(), Some(&entry(&key, minute)[..]));
    }
});

fn written(parts: &[&[u8]]) -> File {
    let mut file = tempfile::tempfile().expect("a file");
    for part in parts {
        file.write_all(part).expect("room");
    }
    file
}
