//! `consentry verify receipt` as a person meets it who was given one: the published cases, and what may be in a file.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod place;

use consentry::jws::{compact, key_id, signing_input};
use ed25519_dalek::{Signer as _, SigningKey};
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
fn a_deletion_receipt_says_what_was_removed_in_each_store() {
    let payload = json!({
        "version": 1, "erasure": "01010101-0101-0101-0101-010101010101", "site": "demo", "subject": "02".repeat(32), "subject_key_id": 1,
        "log": "consentry.test/log/0/a", "regime": "gdpr", "requested_at": "2026-11-24T09:30:00.001Z",
        "due_at": "2026-12-24T09:30:00.001Z", "completed_at": "2026-11-24T09:31:00.001Z",
        "restore_horizon": "2026-12-24T09:31:00.001Z", "kept": "the log",
        "stores": [
            { "store": "rows", "kind": "r2_jsonl", "attempts": 1, "found": 3, "removed": 3, "counts": "exact",
              "verified": "every_row_read", "verified_at": "2026-11-24T09:30:30.001Z" },
            { "store": "crm", "kind": "webhook", "attempts": 2, "found": 1, "removed": 1, "counts": "at_least",
              "verified": "said_by_the_service", "verified_at": "2026-11-24T09:31:00.001Z" },
        ],
        "lineage": [{ "dataset": "chats", "model": "small", "state": "to_retrain" }, { "dataset": "notes" }],
    });
    let key = SigningKey::from_bytes(&[7; 32]);
    let sign = |payload: &Value| {
        let kid = key_id(&key.verifying_key().to_bytes());
        let input = signing_input(&kid, "deletion-receipt+jws", payload);
        compact(&input, &key.sign(input.as_bytes()).to_bytes())
    };
    let done = verify(&json!({ "receipt": sign(&payload) }).to_string());
    says(
        &done,
        0,
        "done at 2026-11-24T09:31:00.001Z; backups hold nothing of it from 2026-12-24T09:31:00.001Z on",
    );
    says(&done, 0, "rows (r2_jsonl): 3 removed, every_row_read at 2026-11-24T09:30:30.001Z");
    says(&done, 0, "crm (webhook): at least 1 removed, said_by_the_service");
    says(&done, 0, "data set chats, model small: to_retrain\n  data set notes, of which no model is known");
    let mut later = payload.clone();
    later["version"] = 2.into();
    says(&verify(&sign(&later)), 1, "what was signed is not of the form of a receipt, version 1");
    let forged = sign(&payload).rsplit_once('.').unwrap().0.to_owned() + "." + &"A".repeat(86);
    says(&verify(&forged), 1, "the receipt was not signed like this by the key it names");
}

#[test]
fn without_a_key_nothing_is_verified() {
    let place = Place::new();
    place.put("receipt", "x");
    assert_eq!(place.run(&["verify", "receipt", "receipt"]).code, 2);
}
