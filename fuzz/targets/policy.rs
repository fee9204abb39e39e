//! Any bytes as a policy, as a reservation and as an age: an answer, and never a panic.
#![no_main]

use consentry::gate::{Age, AgeRule, Mark, content_usage_reserved, tdm_reserved};
use consentry::time::Timestamp;
use consentry_training::gate::Gates;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let now = Timestamp::from_ms(1_800_000_000_000);
    let _ = Gates::parse("policy", bytes, now);
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mark = Mark::Text(text);
    // Nothing but a plain no is none.
    assert!(tdm_reserved(mark) || text.trim() == "0");
    let _ = content_usage_reserved(mark);
    let rule = AgeRule { minimum: 16, unknown_is_child: false };
    for age in [Age::Born(mark), Age::Years(mark)] {
        let _ = rule.closed(age, Mark::Absent, now);
    }
});
