//! `consentry verify receipt` as a person meets it who was given one: the published cases, and what may be in a file.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod place;

use place::*;
use serde_json::{Value, json};

fn published() -> Value {
    serde_json::from_str(include_str!("../../tests/vectors/receipt.json")).unwrap()
}

fn verify(file: &str) -> Done {
    let place = Place::new();
    place.put("keys", published()["jwks"].to_string());
    place.put("receipt", file);
    place.run(&["verify", "receipt", "--jwks", "keys", "receipt"])
}

#[track_caller]
fn says(done: &Done, code: i32, words: &str) {
    assert!(done.code == code && done.err.contains(words), "{}: {}", done.code, done.err);
}

#[test]
fn the_published_cases_verify_or_not_as_published() {
    for case in published()["cases"].as_array().unwrap() {
        let done = verify(&case["proved"].to_string());
        let expected = match &case.get("tree_size") {
            Some(Value::Null) => (0, "it promises row 1 by 2026-11-25T09:30:00.001Z"),
            Some(_) => {
                (0, "granted of model_training at 2026-11-24T09:30:00.001Z, row 1 in the log of 2 rows")
            }
            None => (1, "receipt: "),
        };
        says(&done, expected.0, expected.1);
    }
}

#[test]
fn what_is_wrong_is_named() {
    let cases = published()["cases"].clone();
    let about = |name: &str| {
        let case = cases.as_array().unwrap().iter().find(|case| case["name"] == name).unwrap();
        verify(&case["proved"].to_string())
    };
    says(&about("a changed signature"), 1, "was not signed like this by the key it names");
    says(&about("signed fields that do not make the leaf hash"), 1, "do not make the leaf hash");
    says(&about("a proof that leads elsewhere"), 1, "the proof of inclusion does not hold");
    says(
        &about("a changed checkpoint"),
        1,
        "the checkpoint has a signature that the key it names did not make",
    );
}

#[test]
fn a_receipt_is_found_in_an_answer_and_may_stand_alone() {
    let receipt = published()["cases"][0]["proved"]["receipt"].clone();
    let answer = json!({ "user_id": "u1", "records": [{ "receipt": receipt }, { "receipt": receipt }] });
    assert_eq!(verify(&answer.to_string()).err.matches("verified: ").count(), 2);
    says(&verify(receipt.as_str().unwrap()), 0, "signed and not proved to be in the log");
    says(&verify("{}"), 2, "holds no receipt");
    says(&verify("{"), 2, "is no JSON");
}

#[test]
fn without_a_key_nothing_is_verified() {
    let place = Place::new();
    place.put("receipt", "x");
    assert_eq!(place.run(&["verify", "receipt", "receipt"]).code, 2);
}
