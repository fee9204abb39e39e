//! `consentry verify receipt`. Owns what counts as a receipt in a file and which keys there are; what a receipt proves is decided
//! in the core ([`consentry::receipt`] of a decision, [`consentry::erasure::receipt`] of an erasure).

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use consentry::erasure::receipt::{self as deletion, Counts, DeletionReceipt};
use consentry::jws::{Jws, public_of};
use consentry::note::VerifierKey;
use consentry::receipt::{Proved, ReceiptError, Verified};
use serde::Deserialize as _;
use serde_json::Value;

use super::{check, disproved, json, key};
use crate::failure::Failure;

#[derive(Args)]
#[group(required = true, multiple = true, id = "keys_of_the_log")]
pub(crate) struct Keys {
    /// The public keys as `GET /.well-known/jwks.json` gave them once
    #[arg(long, value_name = "FILE")]
    jwks: Option<PathBuf>,
    /// A public key as `GET /log/key` gave it once, NAME+ID+BASE64; may be repeated
    #[arg(long = "key", value_name = "KEY", value_parser = key)]
    keys: Vec<VerifierKey>,
}

#[derive(Args)]
pub(crate) struct Receipts {
    #[command(flatten)]
    keys: Keys,
    /// Receipts: answers of the API to a decision, of `GET /receipts/{log_index}` or of `GET /erasures/{id}/receipt`, as JSON, or the
    /// signed text alone
    #[arg(value_name = "RECEIPT", required = true)]
    receipts: Vec<PathBuf>,
}

pub(super) fn run(args: &Receipts) -> Result<String, Failure> {
    let keys = args.keys.read()?;
    let mut said = Vec::new();
    for path in &args.receipts {
        let text = fs::read_to_string(path).map_err(|error| Failure::file(path, error))?;
        let mut found = Vec::new();
        if text.trim_start().starts_with(['{', '[']) {
            let value: Value = serde_json::from_str(&text).map_err(|_| Failure::file(path, "is no JSON"))?;
            collect(&value, path, &mut found)?;
        } else {
            found.push(Proved { receipt: text.trim().to_owned(), inclusion: None, checkpoint: None });
        }
        if found.is_empty() {
            return Err(Failure::file(path, "holds no receipt"));
        }
        for proved in found {
            said.push(verified(&proved, &keys).map_err(|error| disproved(path, error))?);
        }
    }
    Ok(said.join("\n"))
}

/// What a receipt says that verifies, whichever of the two it is.
fn verified(proved: &Proved, keys: &[[u8; 32]]) -> Result<String, ReceiptError> {
    if Jws::parse(proved.receipt.trim()).is_ok_and(|jws| jws.typ == deletion::TYPE) {
        return DeletionReceipt::verify(&proved.receipt, keys, check).map(|erased| erasure(&erased));
    }
    proved.verify(keys, check).map(|verified| sentence(&verified))
}

impl Keys {
    fn read(&self) -> Result<Vec<[u8; 32]>, Failure> {
        let mut keys: Vec<_> = self.keys.iter().map(|key| *key.public()).collect();
        if let Some(path) = &self.jwks {
            let set: Value = json(path, "is no JWK set")?;
            let listed = set["keys"].as_array().ok_or_else(|| Failure::file(path, "is no JWK set"))?;
            keys.extend(listed.iter().filter_map(public_of));
        }
        Ok(keys)
    }
}

/// Every receipt in an answer of the API, wherever in it they are.
fn collect(value: &Value, path: &Path, found: &mut Vec<Proved>) -> Result<(), Failure> {
    match value {
        Value::Object(fields) if fields.get("receipt").is_some_and(Value::is_string) => {
            let proved = Proved::deserialize(value)
                .map_err(|_| disproved(path, "has a receipt whose proof is not of the form of one"))?;
            found.push(proved);
            Ok(())
        }
        Value::Object(fields) => fields.values().try_for_each(|value| collect(value, path, found)),
        Value::Array(values) => values.iter().try_for_each(|value| collect(value, path, found)),
        _ => Ok(()),
    }
}

fn sentence(verified: &Verified) -> String {
    let receipt = &verified.receipt;
    let record = &receipt.record;
    let what = format!("{} of {} at {}", record.status.as_str(), record.purpose, record.timestamp);
    let row = receipt.log_index;
    match verified.tree_size {
        Some(size) => format!("verified: {what}, row {row} in the log of {size} rows"),
        None => format!(
            "verified: {what}, signed and not proved to be in the log; it promises row {row} by {}",
            receipt.included_by
        ),
    }
}

/// What was erased, a line for each store.
fn erasure(receipt: &DeletionReceipt) -> String {
    let mut said = format!(
        "verified: erasure {} of subject {} of {}, asked for at {}, done at {}; backups hold nothing of it from {} on",
        receipt.erasure,
        receipt.subject,
        receipt.site,
        receipt.requested_at,
        receipt.completed_at,
        receipt.restore_horizon
    );
    for store in &receipt.stores {
        let least = if store.counts == Counts::AtLeast { "at least " } else { "" };
        let _ = write!(
            said,
            "\n  {} ({}): {least}{} removed, {} at {}",
            store.store, store.kind, store.removed, store.verified, store.verified_at
        );
    }
    for standing in &receipt.lineage {
        let text = |name: &str| standing[name].as_str();
        let _ = write!(said, "\n  data set {}, ", text("dataset").unwrap_or_default());
        let _ = match (text("model"), text("state")) {
            (Some(model), Some(state)) => write!(said, "model {model}: {state}"),
            _ => write!(said, "of which no model is known"),
        };
    }
    said
}
