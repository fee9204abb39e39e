//! `consentry verify`. Owns its arguments, what is read, and what is said; offline, with nothing but files. What a proof proves
//! is decided in the core.

mod export;
mod receipt;
mod row;
mod tiles;
mod walk;

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use consentry::checkpoint::Checkpoint;
use consentry::hash::Hash;
use consentry::note::VerifierKey;
use consentry::proof::{Consistency, Inclusion};
use ed25519_dalek::{Signature, VerifyingKey};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::failure::Failure;
use crate::{DONE, messages};

/// It is not what the checkpoint vouches for.
const DISPROVED: u8 = 1;

const EXIT_CODES: &str = "\
Exit codes:
  0  verified
  1  it does not verify; the first row that is wrong is named, where that can be told
  2  wrong arguments, or something that can't be read";

#[derive(Subcommand)]
pub(crate) enum Command {
    /// A checkpoint, and that the log still continues an earlier one
    #[command(after_help = EXIT_CODES)]
    Checkpoint(Continues),
    /// That a record is in the log
    #[command(after_help = EXIT_CODES)]
    Inclusion(Included),
    /// What a person was given for a decision
    ///
    /// The signature must be that of a key of the log, and the fields must make the leaf hash. With the proof that `GET
    /// /receipts/{log_index}` adds, the record is in the log under the checkpoint beside it; without, that is promised only.
    #[command(after_help = EXIT_CODES)]
    Receipt(receipt::Receipts),
    /// Rows of the log, all or some, and its tiles
    ///
    /// Rows are JSONL, each with `log_index` and either `leaf` (base64 of its bytes) or the columns of the table `events`, bytes as
    /// hexadecimal digits. Without tiles they must begin with row 0. With the column `evidence` it is also verified that no
    /// evidence was changed, nor removed without an event that says so.
    #[command(after_help = EXIT_CODES)]
    Log(Log),
    /// What a person was given by `GET /data/export/{user_id}` or `GET /audit/{user_id}`
    ///
    /// Each entry must have the leaf hash that its own fields make; with tiles, the one that stands in the log.
    #[command(after_help = EXIT_CODES)]
    Export(Exported),
}

#[derive(Args)]
pub(crate) struct Trusted {
    /// The log's public key, NAME+ID+BASE64, as `GET /log/key` gave it once. May be repeated, for a key that was replaced
    #[arg(long = "key", value_name = "KEY", value_parser = key, required = true)]
    keys: Vec<VerifierKey>,
    /// The checkpoint to hold everything against: a signed note of `GET /log/checkpoint`
    #[arg(long, value_name = "FILE")]
    checkpoint: PathBuf,
}

#[derive(Args)]
pub(crate) struct Continues {
    #[command(flatten)]
    trusted: Trusted,
    /// An earlier checkpoint of the same log
    #[arg(long, value_name = "FILE", requires = "proof")]
    since: Option<PathBuf>,
    /// The proof that the one continues the other: an answer of `GET /log/proof/consistency`
    #[arg(long, value_name = "FILE", requires = "since")]
    proof: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct Included {
    #[command(flatten)]
    trusted: Trusted,
    /// The proof: an answer of `GET /log/proof/inclusion/{log_index}`
    #[arg(long, value_name = "FILE")]
    proof: PathBuf,
    /// What was recorded, with `log_index` and `leaf_hash`: an answer of the API or an export
    #[arg(value_name = "RECEIPT")]
    receipt: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct Log {
    #[command(flatten)]
    trusted: Trusted,
    /// An earlier checkpoint that the log must continue; may be repeated
    #[arg(long, value_name = "FILE")]
    since: Vec<PathBuf>,
    /// The folder that holds the log's `tile/`
    #[arg(long, value_name = "DIR")]
    tiles: Option<PathBuf>,
    /// The rows, in order
    #[arg(value_name = "ROWS", required_unless_present = "tiles")]
    rows: Vec<PathBuf>,
}

#[derive(Args)]
pub(crate) struct Exported {
    /// The log's public key; see `consentry verify checkpoint --help`
    #[arg(long = "key", value_name = "KEY", value_parser = key, requires = "checkpoint")]
    keys: Vec<VerifierKey>,
    /// The checkpoint to hold the entries against
    #[arg(long, value_name = "FILE", requires_all = ["keys", "tiles"])]
    checkpoint: Option<PathBuf>,
    /// The folder that holds the log's `tile/`
    #[arg(long, value_name = "DIR", requires = "checkpoint")]
    tiles: Option<PathBuf>,
    /// The pages, as JSON
    #[arg(value_name = "PAGE", required = true)]
    pages: Vec<PathBuf>,
}

fn key(text: &str) -> Result<VerifierKey, &'static str> {
    VerifierKey::parse(text).ok_or("a key is NAME+ID+BASE64, and its ID follows from the rest")
}

pub(crate) fn run(command: &Command) -> Result<u8, Failure> {
    let verified = match command {
        Command::Checkpoint(args) => checkpoint(args),
        Command::Inclusion(args) => inclusion(args),
        Command::Receipt(args) => receipt::run(args),
        Command::Log(args) => walk::run(args),
        Command::Export(args) => export::run(args),
    }?;
    messages::say(&verified);
    Ok(DONE)
}

fn checkpoint(args: &Continues) -> Result<String, Failure> {
    let Trusted { keys, checkpoint } = &args.trusted;
    let later = open(checkpoint, keys)?;
    let (Some(since), Some(proof)) = (&args.since, &args.proof) else {
        return Ok(format!("verified: the log has {} rows", later.head.size));
    };
    let earlier = open_earlier(since, keys, &later)?;
    let consistency: Consistency = json(proof, "is no proof of consistency")?;
    consistency.verify(earlier.head, later.head).map_err(|error| disproved(proof, error))?;
    Ok(format!("verified: the log of {} rows continues the one of {}", later.head.size, earlier.head.size))
}

fn inclusion(args: &Included) -> Result<String, Failure> {
    let Trusted { keys, checkpoint } = &args.trusted;
    let head = open(checkpoint, keys)?.head;
    let proof: Inclusion = json(&args.proof, "is no proof of inclusion")?;
    let row = proof.log_index;
    if let Some(path) = &args.receipt {
        let mut found = Vec::new();
        receipts(&json(path, "is no JSON")?, row, &mut found);
        if found.is_empty() {
            return Err(disproved(path, format_args!("says nothing of row {row}, which the proof is for")));
        }
        if found.iter().any(|hash| *hash != proof.leaf_hash) {
            return Err(disproved(path, format_args!("row {row} has another leaf hash than in the log")));
        }
    }
    proof.verify(head).map_err(|error| disproved(&args.proof, format_args!("row {row}: {error}")))?;
    Ok(format!("verified: row {row} is in the log of {} rows", head.size))
}

/// The leaf hashes that an answer of the API gives for a row, wherever in it they are.
fn receipts(value: &Value, row: u64, found: &mut Vec<Hash>) {
    match value {
        Value::Object(fields) => {
            if fields.get("log_index").and_then(Value::as_u64) == Some(row) {
                found.extend(fields.get("leaf_hash").and_then(Value::as_str).and_then(Hash::parse));
            }
            fields.values().for_each(|value| receipts(value, row, found));
        }
        Value::Array(values) => values.iter().for_each(|value| receipts(value, row, found)),
        _ => {}
    }
}

/// Reads a checkpoint that one of the keys signed.
fn open(path: &Path, keys: &[VerifierKey]) -> Result<Checkpoint, Failure> {
    let note = fs::read(path).map_err(|error| Failure::file(path, error))?;
    Checkpoint::open(&note, keys, check).map_err(|error| disproved(path, error))
}

/// Reads an earlier checkpoint of the same log.
fn open_earlier(path: &Path, keys: &[VerifierKey], later: &Checkpoint) -> Result<Checkpoint, Failure> {
    let earlier = open(path, keys)?;
    if earlier.origin != later.origin {
        return Err(disproved(path, "is of another log"));
    }
    if earlier.head.size > later.head.size {
        let (had, has) = (earlier.head.size, later.head.size);
        return Err(disproved(
            path,
            format_args!("the log had {had} rows and has {has}: row {has} is the first that is gone"),
        ));
    }
    Ok(earlier)
}

fn check(public: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    VerifyingKey::from_bytes(public)
        .is_ok_and(|key| key.verify_strict(message, &Signature::from_bytes(signature)).is_ok())
}

fn json<T: DeserializeOwned>(path: &Path, otherwise: &str) -> Result<T, Failure> {
    let text = fs::read(path).map_err(|error| Failure::file(path, error))?;
    serde_json::from_slice(&text).map_err(|_| Failure::file(path, otherwise))
}

/// A file that is not what the checkpoint vouches for.
fn disproved(path: &Path, error: impl std::fmt::Display) -> Failure {
    Failure { code: DISPROVED, message: format!("{}: {error}", path.display()) }
}
