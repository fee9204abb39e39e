//! What a browser is to keep, where clocks and databases matter.

use crate::testing::Host;
use consentry::time::Timestamp;
use serde_json::{Value, json};

/// What a browser of a user is told to keep.
fn ask(host: &Host, key: &str, user: &str, choice: &str) -> Value {
    let body = json!({ "user_id": user, "choices": [choice], "purposes": ["analytics"] });
    let (status, answer) = host.call("POST", "/consent/choice", key, &body);
    assert_eq!(status, 200, "{answer}");
    answer["choice"].clone()
}

/// Has a decision about analytics recorded that the person made at a moment.
fn decide(host: &Host, key: &str, status: &str, decided_at: Option<Timestamp>, over_gpc: bool) {
    let decision =
        json!({ "purpose": "analytics", "status": status, "decided_at": decided_at, "over_gpc": over_gpc });
    let body = json!({ "user_id": "u1", "decisions": [decision] });
    assert_eq!(host.call("POST", "/consent", key, &body).0, 201);
}

fn kept(status: &str, at: Timestamp) -> String {
    format!("1 3 analytics={status}@{}", at.as_ms())
}

#[test]
fn asking_is_one_round_trip_and_one_event() {
    let (host, key) = Host::with_site(1);
    let choice = kept("granted", host.now.get());
    ask(&host, &key, "u1", &choice);
    let (batches, events) = (host.batches.get(), host.count(0, "SELECT count(*) FROM events"));
    assert_eq!(ask(&host, &key, "u1", &choice), choice);
    assert_eq!(host.batches.get() - batches, 1);
    assert_eq!(host.count(0, "SELECT count(*) FROM events") - events, 1);
}

#[test]
fn a_yes_of_a_browser_that_is_ahead_is_taken_back_by_a_no_all_the_same() {
    let (host, key) = Host::with_site(1);
    let ahead = host.now.get().plus_ms(3_600_000);
    decide(&host, &key, "granted", Some(ahead), false);
    host.now.set(host.now.get().plus_ms(60_000));
    decide(&host, &key, "revoked", None, false);
    assert_eq!(ask(&host, &key, "u1", &kept("granted", ahead)), kept("revoked", host.now.get()));
}

#[test]
fn a_yes_over_the_signal_is_kept_as_one() {
    let (host, key) = Host::with_site(1);
    let first = host.now.get();
    decide(&host, &key, "revoked", Some(first), false);
    host.now.set(first.plus_ms(60_000));
    decide(&host, &key, "granted", None, true);
    let wanted = format!("{}@gpc", kept("granted", host.now.get()));
    assert_eq!(ask(&host, &key, "u1", &kept("revoked", first)), wanted);
}

#[test]
fn an_erasure_counts_before_anything_of_it_is_done_and_although_it_is_refused() {
    let (host, key) = Host::with_site(1);
    let first = host.now.get();
    decide(&host, &key, "granted", Some(first), false);
    host.now.set(first.plus_ms(60_000));
    let wanted = format!("{}@old", kept("revoked", host.now.get()));
    host.objects_left.set(0);
    let (_, erasure) = host.call("POST", "/data/delete/u1", &key, &Value::Null);
    assert_eq!(erasure["state"], "open");
    assert_eq!(ask(&host, &key, "u1", &kept("granted", first)), wanted);
    host.objects_left.set(usize::MAX);
    host.now.set(first.plus_ms(120_000));
    let path = format!("/erasures/{}/refuse", erasure["id"].as_str().unwrap());
    host.call("POST", &path, &key, &json!({ "ground": "unfounded" }));
    assert_eq!(ask(&host, &key, "u1", &kept("granted", first)), wanted);
}

#[test]
fn storage_that_fails_keeps_nothing_from_anybody() {
    let (host, key) = Host::with_site(1);
    let choice = kept("granted", host.now.get());
    ask(&host, &key, "u1", &choice);
    host.batches_left.set(0);
    let body = json!({ "user_id": "u1", "choices": [choice] });
    let (status, problem) = host.call("POST", "/consent/choice", &key, &body);
    assert_eq!((status, problem["code"].as_str()), (503, Some("storage_unavailable")));
    assert_eq!(problem.get("choice"), None);
}
