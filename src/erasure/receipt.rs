//! What is left of an erasure that is done: signed JSON that says per store what was removed, how that was verified and when, and
//! until when backups may hold it. Owns the fields of a deletion receipt, version 1, and verifying one; the signature's form is
//! [`crate::jws`]'s.
//!
//! It never holds a user id: the person is the keyed hash that the log has for them.

use alloc::{string::String, vec::Vec};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::{hash::Hash, jws::Jws, receipt::ReceiptError, subject::KeyId, time::Timestamp};

/// The type of the signed JSON.
pub const TYPE: &str = "deletion-receipt+jws";

/// The form that is written here.
pub const VERSION: u8 = 1;

/// What is signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeletionReceipt {
    /// Of which form it is; [`VERSION`].
    pub version: u8,
    /// The erasure.
    pub erasure: Uuid,
    /// The site.
    pub site: String,
    /// The keyed hash that stands for the person.
    pub subject: Hash,
    /// Which of the site's keys made it.
    pub subject_key_id: KeyId,
    /// The name of the log that the erasure's events are in.
    pub log: String,
    /// The code of the regime whose deadline held.
    pub regime: String,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// Until when it had to be done.
    pub due_at: Timestamp,
    /// When it was done.
    pub completed_at: Timestamp,
    /// From when on backups hold nothing of it either.
    pub restore_horizon: Timestamp,
    /// What stays, and on which ground.
    pub kept: String,
    /// Every store that was declared.
    pub stores: Vec<Removal>,
    /// The data sets and models that held rows of the person, as `GET /erasures/{id}` has them.
    pub lineage: Vec<Value>,
}

/// What was done in one store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removal {
    /// Its name.
    pub store: String,
    /// What kind of store it is.
    pub kind: String,
    /// How many attempts it took.
    pub attempts: u32,
    /// How many items of the person were found.
    pub found: u64,
    /// How many were removed.
    pub removed: u64,
    /// What those numbers are.
    pub counts: Counts,
    /// How it was looked at that nothing is left.
    pub verified: String,
    /// When.
    pub verified_at: Timestamp,
    /// What an agent signed about it: a JWS by the key that it is registered with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
}

/// What numbers of a store are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Counts {
    /// Every item was counted.
    Exact,
    /// An attempt was cut off, and nobody knows what it removed.
    AtLeast,
}

impl DeletionReceipt {
    /// Reads one in compact form. `keys` are the service's public keys; `check` says whether a public key made the signature (its
    /// third argument) over a message.
    pub fn verify(
        text: &str,
        keys: &[[u8; 32]],
        check: impl Fn(&[u8; 32], &[u8], &[u8; 64]) -> bool,
    ) -> Result<Self, ReceiptError> {
        let jws = Jws::parse(text.trim()).map_err(ReceiptError::Jws)?;
        jws.verify(TYPE, keys, check).map_err(ReceiptError::Jws)?;
        let receipt: Self = serde_json::from_slice(&jws.payload).map_err(|_| ReceiptError::Fields)?;
        if receipt.version == VERSION { Ok(receipt) } else { Err(ReceiptError::Fields) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jws::{self, JwsError};
    use alloc::{format, string::ToString as _, vec};
    use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
    use serde_json::json;

    fn check(public: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
        VerifyingKey::from_bytes(public)
            .is_ok_and(|key| key.verify_strict(message, &signature.into()).is_ok())
    }

    fn public() -> [u8; 32] {
        SigningKey::from_bytes(&[7; 32]).verifying_key().to_bytes()
    }

    fn signed(typ: &str, payload: &Value) -> String {
        let input = jws::signing_input(&jws::key_id(&public()), typ, payload);
        jws::compact(&input, &SigningKey::from_bytes(&[7; 32]).sign(input.as_bytes()).to_bytes())
    }

    fn receipt() -> DeletionReceipt {
        let at = Timestamp::from_ms(1_795_000_000_000);
        DeletionReceipt {
            version: VERSION,
            erasure: Uuid::from_bytes([1; 16]),
            site: "demo".into(),
            subject: Hash([2; 32]),
            subject_key_id: KeyId(1),
            log: "consentry.test/log/0/a".into(),
            regime: "gdpr".into(),
            requested_at: at,
            due_at: at.plus_ms(3),
            completed_at: at.plus_ms(1),
            restore_horizon: at.plus_ms(2),
            kept: "the log".into(),
            stores: vec![Removal {
                store: "rows".into(),
                kind: "r2_jsonl".into(),
                attempts: 2,
                found: 3,
                removed: 3,
                counts: Counts::AtLeast,
                verified: "every_row_read".into(),
                verified_at: at,
                result: None,
            }],
            lineage: vec![json!({ "dataset": "d" })],
        }
    }

    fn verify(text: &str) -> Result<DeletionReceipt, ReceiptError> {
        DeletionReceipt::verify(text, &[public()], check)
    }

    #[test]
    fn what_was_signed_is_what_is_read() {
        let payload = serde_json::to_value(receipt()).unwrap();
        assert_eq!(payload["stores"][0]["counts"], "at_least");
        assert_eq!(verify(&format!(" {}\n", signed(TYPE, &payload))), Ok(receipt()));
    }

    #[test]
    fn whatever_is_wrong_is_named() {
        let payload = serde_json::to_value(receipt()).unwrap();
        let refused = |text: &str| verify(text).unwrap_err();
        let with = |name: &str, value: Value| {
            let mut changed = payload.clone();
            changed[name] = value;
            refused(&signed(TYPE, &changed))
        };
        assert_eq!(with("version", 2.into()), ReceiptError::Fields);
        assert_eq!(with("stores", json!([{}])), ReceiptError::Fields);
        assert_eq!(with("completed_at", Value::Null), ReceiptError::Fields);
        let other = signed("consent-receipt+jws", &payload);
        assert_eq!(refused(&other), ReceiptError::Jws(JwsError::Type));
        let good = signed(TYPE, &payload);
        let forged = DeletionReceipt::verify(&good, &[public()], |_, _, _| false);
        assert_eq!(forged, Err(ReceiptError::Jws(JwsError::Forged)));
        let unknown = DeletionReceipt::verify(&good, &[[0; 32]], check);
        assert_eq!(unknown, Err(ReceiptError::Jws(JwsError::UnknownKey)));
        assert_eq!(
            refused("x").to_string(),
            "the receipt is not signed JSON in the compact form; give it as it was received"
        );
    }
}
