//! The TypeScript types name what the core names.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::panic)]

use consentry::{
    checkpoint::CheckpointError,
    decision::Reason,
    jws::JwsError,
    merkle::Disproved,
    problem::Code,
    purpose::Purpose,
    receipt::ReceiptError,
    record::{LegalBasis, RecordError, Status},
    regime,
};

const TYPES: &str = include_str!("../src/types.d.ts");

/// The names in `export type NAME = "…" | "…";`.
fn union(name: &str) -> Vec<&'static str> {
    let (_, rest) = TYPES.split_once(&format!("export type {name} =")).unwrap();
    let (members, _) = rest.split_once(';').unwrap();
    members.split('|').map(|member| member.trim().trim_matches('"')).filter(|m| !m.is_empty()).collect()
}

#[test]
fn unions_are_in_step_with_the_core() {
    assert_eq!(union("Status"), Status::ALL.map(Status::as_str));
    assert_eq!(union("LegalBasis"), LegalBasis::ALL.map(LegalBasis::as_str));
    assert_eq!(union("Reason"), Reason::ALL.map(Reason::as_str));
    assert_eq!(union("Regime"), regime::ALL.iter().map(|regime| regime.code).collect::<Vec<_>>());
    let built_in = Purpose::DEFAULT.into_iter().chain([Purpose::SaleOrSharing]);
    assert_eq!(union("BuiltInPurpose"), built_in.map(|p| p.to_string()).collect::<Vec<_>>());
    let rules = [
        RecordError::IdNotV7,
        RecordError::GrantedAt,
        RecordError::RevokedAt,
        RecordError::DecidedLate,
        RecordError::WrongTime,
    ];
    let codes = [Code::InvalidField.as_str()].into_iter().chain(rules.map(RecordError::code));
    let receipts = [
        ReceiptError::Fields,
        ReceiptError::Leaf,
        ReceiptError::NoCheckpoint,
        ReceiptError::Checkpoint(CheckpointError::Text),
        ReceiptError::OtherLeaf,
        ReceiptError::Inclusion(Disproved::Root),
    ];
    let codes = codes.chain(JwsError::ALL.map(JwsError::code)).chain(receipts.map(ReceiptError::code));
    assert_eq!(union("ErrorCode"), codes.collect::<Vec<_>>());
}
