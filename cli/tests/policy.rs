//! `--policy` as people meet it.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod place;

use place::*;

const POLICY: &str = r#"{"reservations": {"content_usage": "usage"}, "age": {"age": "age", "minimum": 16}}"#;
const RESERVED: &str = "{\"user_id\":\"ada@example.com\",\"usage\":\"train-ai=n\"}\n";
const CHILD: &str = "{\"user_id\":\"ada@example.com\",\"age\":9}\n";

#[test]
fn rows_that_the_policy_keeps_out_are_counted_and_the_policy_is_in_the_manifest() {
    let place = Place::with_snapshot();
    place.put("policy.json", POLICY);
    place.put("rows", [ADA, RESERVED, CHILD, BOB].concat());
    let done = place.filter(&["--policy", "policy.json", "rows", "-o", "out", "--manifest", "m"], "");
    let counts = "4 rows: 1 kept, 1 without consent, 1 reserved, 1 of children, 0 quarantined\n";
    assert!(done.err.contains(counts), "{}", done.err);
    assert_eq!(place.get("out"), ADA);
    assert_eq!(place.run(&["manifest", "check", "m"]).code, 0);
    place.put("policy.json", POLICY.replace("16", "6"));
    assert_eq!(place.run(&["manifest", "check", "m"]).code, 1, "the policy is another one");
}

#[test]
fn a_policy_with_an_unknown_key_stops_the_run_before_anything_is_written() {
    let place = Place::with_snapshot();
    place.put("policy.json", POLICY.replace("minimum", "minimal"));
    let before = place.names();
    let done = place.filter(&["--policy", "policy.json", "-o", "out"], ADA);
    assert_eq!(done.code, 2);
    assert!(done.err.contains("policy.json: is no policy: unknown field `minimal`"), "{}", done.err);
    assert_eq!(place.names(), before);
}
