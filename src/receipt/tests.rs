use super::*;
use crate::{
    jws,
    merkle::Frontier,
    note::{Note, NoteError, Signature},
};
use alloc::string::ToString;
use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};

const LOG: &str = "consentry.test/log/0/a";

fn check(public: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    VerifyingKey::from_bytes(public).is_ok_and(|key| key.verify_strict(message, &signature.into()).is_ok())
}

fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn public() -> [u8; 32] {
    key().verifying_key().to_bytes()
}

fn event() -> Event {
    Event {
        id: Uuid::from_bytes([1; 16]),
        site: Slug::parse("demo"),
        kind: Kind::ConsentGranted,
        subject: Some(Subject { hash: Hash([2; 32]), key_id: KeyId(1) }),
        purpose: Some(Purpose::ModelTraining),
        status: Some(Status::Granted),
        legal_basis: Some(LegalBasis::Consent),
        notice_hash: Some(Hash([3; 32])),
        created_at: Timestamp::from_ms(1_795_000_000_000),
        decided_at: None,
        actor: Actor::User,
        details: r#"{"gpc":true,"notice":{"language":"de","version":2}}"#.into(),
        evidence_commitment: Some(Hash([4; 32])),
    }
}

fn signed(typ: &str, payload: &Value) -> String {
    let input = jws::signing_input(&jws::key_id(&public()), typ, payload);
    jws::compact(&input, &key().sign(input.as_bytes()).to_bytes())
}

fn proved() -> Proved {
    let receipt = Receipt::of(LOG, 1, &event()).unwrap();
    let first = Hash([9; 32]);
    let mut tree = Frontier::default();
    tree.push(first);
    tree.push(receipt.leaf_hash);
    let text = Checkpoint { origin: LOG.into(), head: tree.head(), extensions: String::new() }.to_string();
    let name = VerifierKey::new(LOG, public()).unwrap();
    let signature = Signature::new(&name, key().sign(text.as_bytes()).to_bytes());
    Proved {
        receipt: signed(TYPE, &serde_json::to_value(&receipt).unwrap()),
        inclusion: Some(Inclusion {
            log_index: 1,
            leaf_hash: receipt.leaf_hash,
            tree_size: 2,
            hashes: [first].into(),
        }),
        checkpoint: Note::new(&text, signature).map(|note| note.to_string()),
    }
}

fn verify(proved: &Proved) -> Result<Verified, ReceiptError> {
    proved.verify(&[public()], check)
}

#[test]
fn a_receipt_verifies_with_its_proof_and_without() {
    let whole = proved();
    let verified = verify(&whole).unwrap();
    assert_eq!((verified.tree_size, verified.receipt.event()), (Some(2), Some(event())));
    let promise = Proved { inclusion: None, checkpoint: None, ..whole };
    assert_eq!(verify(&promise).unwrap().tree_size, None);
}

#[test]
fn only_decisions_have_receipts() {
    assert_eq!(Receipt::of(LOG, 1, &Event { kind: Kind::ConsentRead, ..event() }), None);
}

#[test]
fn whatever_was_signed_and_is_no_true_receipt_is_named() {
    let receipt = serde_json::to_value(Receipt::of(LOG, 1, &event()).unwrap()).unwrap();
    let with = |change: fn(&mut Value)| {
        let mut payload = receipt.clone();
        change(&mut payload);
        let receipt = signed(TYPE, &payload);
        verify(&Proved { receipt, inclusion: None, checkpoint: None }).unwrap_err()
    };
    assert_eq!(with(|payload| payload["record"]["status"] = "revoked".into()), ReceiptError::Leaf);
    assert_eq!(
        with(|payload| payload["record"]["timestamp"] = "2026-01-01T00:00:00.000Z".into()),
        ReceiptError::Leaf
    );
    assert_eq!(with(|payload| payload["record"]["details"]["gpc"] = false.into()), ReceiptError::Leaf);
    assert_eq!(with(|payload| payload["log"] = "other".into()), ReceiptError::Leaf);
    assert_eq!(with(|payload| payload["version"] = 2.into()), ReceiptError::Fields);
    assert_eq!(with(|payload| payload["record"] = Value::Null), ReceiptError::Fields);
    assert_eq!(with(|payload| payload["record"]["action"] = "x".into()), ReceiptError::Fields);
    let receipt = signed("deletion-receipt+jws", &receipt);
    let other = Proved { receipt, inclusion: None, checkpoint: None };
    assert_eq!(verify(&other), Err(ReceiptError::Jws(JwsError::Type)));
}

#[test]
fn whatever_is_wrong_with_the_proof_is_named() {
    let mut wrong = proved();
    wrong.checkpoint = None;
    assert_eq!(verify(&wrong), Err(ReceiptError::NoCheckpoint));
    let mut wrong = proved();
    wrong.checkpoint = wrong.checkpoint.map(|note| note.replace("\n2\n", "\n3\n"));
    assert_eq!(verify(&wrong), Err(ReceiptError::Checkpoint(CheckpointError::Note(NoteError::Forged))));
    let with = |change: fn(&mut Inclusion)| {
        let mut wrong = proved();
        change(wrong.inclusion.as_mut().unwrap());
        verify(&wrong).unwrap_err()
    };
    assert_eq!(with(|proof| proof.log_index = 0), ReceiptError::OtherLeaf);
    assert_eq!(with(|proof| proof.leaf_hash = Hash([0; 32])), ReceiptError::OtherLeaf);
    assert_eq!(with(|proof| proof.tree_size = 1), ReceiptError::Inclusion(Disproved::Size));
    assert!(matches!(with(|proof| proof.hashes = [Hash([0; 32])].into()), ReceiptError::Inclusion(_)));
    assert_eq!(proved().verify(&[[0; 32]], check), Err(ReceiptError::Jws(JwsError::UnknownKey)));
}
