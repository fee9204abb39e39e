//! The published cases of `tests/vectors/` on the native core.
#![cfg(feature = "full")]
#![allow(clippy::unwrap_used, clippy::panic)]

mod agreement;

#[test]
fn leaves_have_the_published_bytes_and_hashes() {
    agreement::leaves_have_the_published_bytes_and_hashes();
}

#[test]
fn evidence_has_the_published_commitments() {
    agreement::evidence_has_the_published_commitments();
}

#[test]
fn people_have_the_published_hashes_and_ids() {
    agreement::people_have_the_published_hashes_and_ids();
}

#[test]
fn records_are_normalised_or_refused_with_the_published_code() {
    agreement::records_are_normalised_or_refused_with_the_published_code();
}

#[test]
fn what_holds_now_is_as_published() {
    agreement::what_holds_now_is_as_published();
}

#[test]
fn decisions_are_as_published() {
    agreement::decisions_are_as_published();
}

/// The same cases in a browser are in `js/tests/vectors.rs`, on the command line in `cli/tests/receipt.rs`.
#[test]
fn receipts_verify_or_are_refused_with_the_published_code() {
    let document: serde_json::Value = serde_json::from_str(include_str!("vectors/receipt.json")).unwrap();
    let keys = document["jwks"]["keys"].as_array().unwrap().iter().filter_map(consentry::jws::public_of);
    let keys: Vec<_> = keys.collect();
    for case in document["cases"].as_array().unwrap() {
        let proved: consentry::receipt::Proved = serde_json::from_value(case["proved"].clone()).unwrap();
        let verified = proved.verify(&keys, |public, message, signature| {
            let key = ed25519_dalek::VerifyingKey::from_bytes(public).unwrap();
            key.verify_strict(message, &signature.into()).is_ok()
        });
        match verified {
            Ok(verified) => assert_eq!(serde_json::json!(verified.tree_size), case["tree_size"], "{case}"),
            Err(error) => assert_eq!(error.code(), case["error"], "{case}"),
        }
    }
}
