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
