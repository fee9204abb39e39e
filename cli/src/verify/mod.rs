//! `consentry verify`. Owns its arguments, what is read, and what is said; offline, with nothing but files. What a proof proves
//! is decided in the core.

mod digest;
mod export;
mod receipt;
mod row;
mod source;
mod tiles;
mod walk;

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use consentry::checkpoint::Checkpoint;
use consentry::handover::Handover;
use consentry::hash::Hash;
use consentry::note::VerifierKey;
use consentry::proof::{Consistency, Inclusion};
use consentry_training::edge::{Api, read_api_key};
use ed25519_dalek::{Signature, VerifyingKey};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::failure::Failure;
use crate::{DONE, messages};
use source::Source;
use tiles::Tiles;

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
    /// What a person was given for a decision, or what is left of an erasure
    ///
    /// The signature must be that of a key of the log, and the fields must make the leaf hash. With the proof that `GET
    /// /receipts/{log_index}` adds, the record is in the log under the checkpoint beside it; without, that is promised only. Of a
    /// deletion receipt the signature is verified, and what was removed in each store is said.
    #[command(after_help = EXIT_CODES)]
    Receipt(receipt::Receipts),
    /// Rows of the log, all or some, and its tiles
    ///
    /// Rows are JSONL, each with `log_index` and `leaf` (base64 of its bytes), the columns of the table `events`, bytes as
    /// hexadecimal digits, or no more than `leaf_hash`. Without tiles they must begin with row 0. With --api they are fetched from an
    /// edge, with --from and --to only some. With the column `evidence` it is also verified that no
    /// evidence was changed, nor removed without an event that says so.
    #[command(after_help = EXIT_CODES)]
    Log(Log),
    /// What a person was given by `GET /data/export/{user_id}` or `GET /audit/{user_id}`
    ///
    /// Its bytes must be those that its digest is over; with a key or `--jwks`, the service must have signed that. Keep the file as it
    /// came. Of JSON, each entry must have the leaf hash that its own fields make; with tiles, the one that stands in the log.
    #[command(after_help = EXIT_CODES)]
    Export(Exported),
}

#[derive(Args)]
pub(crate) struct Trusted {
    #[command(flatten)]
    keys: Keys,
    /// The checkpoint to hold everything against: a signed note of `GET /log/checkpoint`
    #[arg(long, value_name = "FILE")]
    checkpoint: PathBuf,
}

/// Who is trusted to sign for a log.
#[derive(Args)]
pub(crate) struct Keys {
    /// The log's public key, NAME+ID+BASE64, as `GET /log/key` gave it once. May be repeated, for a key that was replaced
    #[arg(long = "key", value_name = "KEY", value_parser = key, required_unless_present = "key_file")]
    keys: Vec<VerifierKey>,
    /// A file with such keys, a line each, as `GET /log/key` gave them once
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
}

impl Keys {
    /// All of them.
    pub(crate) fn keys(&self) -> Result<Vec<VerifierKey>, Failure> {
        let mut keys = self.keys.clone();
        if let Some(path) = &self.key_file {
            let text = fs::read_to_string(path).map_err(|error| Failure::file(path, error))?;
            for line in text.lines().filter(|line| !line.trim().is_empty()) {
                keys.push(key(line.trim()).map_err(|error| Failure::file(path, error))?);
            }
        }
        if keys.is_empty() {
            return Err(Failure::usage("no key was given, so there is nobody to trust"));
        }
        Ok(keys)
    }
}

#[derive(Args)]
pub(crate) struct Continues {
    #[command(flatten)]
    trusted: Trusted,
    /// An earlier checkpoint of the same log, or the last one under the name that it had before its database was restored
    #[arg(long, value_name = "FILE")]
    since: Option<PathBuf>,
    /// The proof that the one continues the other: an answer of `GET /log/proof/consistency`
    #[arg(long, value_name = "FILE", requires = "since")]
    proof: Option<PathBuf>,
    /// In the place of a proof: the folder that holds the log's `tile/`
    #[arg(long, value_name = "DIR", requires = "since", conflicts_with = "proof")]
    tiles: Option<PathBuf>,
    /// With --tiles: the folder of the tiles as they were at the earlier checkpoint, to find the first row that differs
    #[arg(long, value_name = "DIR", requires = "tiles")]
    since_tiles: Option<PathBuf>,
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
    trusted: Keys,
    /// The checkpoint to hold everything against: a signed note of `GET /log/checkpoint`; with --api the present one by default
    #[arg(long, value_name = "FILE", required_unless_present = "api")]
    checkpoint: Option<PathBuf>,
    /// An earlier checkpoint that the log must continue; may be repeated. With --api also one from before the database was restored,
    /// under the name that the log had then
    #[arg(long, value_name = "FILE")]
    since: Vec<PathBuf>,
    /// The folder that holds the log's `tile/`
    #[arg(long, value_name = "DIR")]
    tiles: Option<PathBuf>,
    #[command(flatten)]
    edge: Edge,
    /// The first row, if not all are to be verified
    #[arg(long, value_name = "ROW")]
    from: Option<u64>,
    /// The row after the last
    #[arg(long, value_name = "ROW")]
    to: Option<u64>,
    /// The rows, in order; with --api they are fetched
    #[arg(value_name = "ROWS", required_unless_present_any = ["tiles", "api"])]
    rows: Vec<PathBuf>,
}

#[derive(Args)]
pub(crate) struct Edge {
    /// The address of the edge, such as `https://consent.example.com`, to fetch rows from
    #[arg(long, value_name = "URL", requires = "api_key_file")]
    api: Option<String>,
    /// A file with an API key that has the scope `log:read`
    #[arg(long, value_name = "FILE", requires = "api")]
    api_key_file: Option<PathBuf>,
    /// Which database's log, from 0
    #[arg(long, value_name = "N", default_value_t = 0, requires = "api")]
    log: u32,
}

impl Edge {
    fn api(&self) -> Result<Option<Api>, Failure> {
        let (Some(url), Some(file)) = (&self.api, &self.api_key_file) else { return Ok(None) };
        let key = read_api_key(file).map_err(|error| Failure::file(file, error))?;
        Api::new(url, &key).map(Some).map_err(|error| Failure::usage(format!("{url} {error}")))
    }
}

#[derive(Args)]
pub(crate) struct Exported {
    /// The log's public key, for the digest and the checkpoint; see `consentry verify checkpoint --help`
    #[arg(long = "key", value_name = "KEY", value_parser = key)]
    keys: Vec<VerifierKey>,
    /// Public keys for the digest, as `GET /.well-known/jwks.json` gave them once
    #[arg(long, value_name = "FILE")]
    jwks: Option<PathBuf>,
    /// The checkpoint to hold the entries against
    #[arg(long, value_name = "FILE", requires_all = ["keys", "tiles"])]
    checkpoint: Option<PathBuf>,
    /// The folder that holds the log's `tile/`
    #[arg(long, value_name = "DIR", requires = "checkpoint")]
    tiles: Option<PathBuf>,
    /// Pages or whole exports: JSON, or by their names JSON-LD (.jsonld), CSV (.csv) and pages to read (.html)
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
    let keys = args.trusted.keys.keys()?;
    let later = open(&args.trusted.checkpoint, &keys)?;
    let Some(since) = &args.since else {
        return Ok(format!("verified: the log has {} rows", later.head.size));
    };
    let earlier = open_earlier(since, &keys, &later)?;
    let (from, to) = (earlier.head.size, later.head.size);
    if let Some(proof) = &args.proof {
        let consistency: Consistency = json(proof, "is no proof of consistency")?;
        consistency.verify(earlier.head, later.head).map_err(|error| disproved(proof, error))?;
    } else if let Some(folder) = &args.tiles {
        let mut tiles = Tiles::open(Source::Folder(folder.clone()), later.head)?;
        if tiles.root(from)? != earlier.head.root {
            return Err(match &args.since_tiles {
                None => {
                    disproved(since, format_args!("rows 0 to {} are not those that it vouches for", from - 1))
                }
                Some(folder) => {
                    let mut before = Tiles::open(Source::Folder(folder.clone()), earlier.head)?;
                    let row = first_difference(&mut before, &mut tiles, from)?;
                    disproved(since, format_args!("row {row} is not the one that it vouches for"))
                }
            });
        }
    } else {
        return Err(Failure::usage("name a proof with --proof, or the log's tiles with --tiles"));
    }
    Ok(format!("verified: the log of {to} rows continues the one of {from}"))
}

/// The first of so many rows in which two logs differ, where some do: up to it their roots are equal.
fn first_difference(one: &mut Tiles<'_>, other: &mut Tiles<'_>, rows: u64) -> Result<u64, Failure> {
    let (mut same, mut differ) = (0, rows);
    while differ - same > 1 {
        let middle = same + (differ - same) / 2;
        if one.root(middle)? == other.root(middle)? {
            same = middle;
        } else {
            differ = middle;
        }
    }
    Ok(same)
}

fn inclusion(args: &Included) -> Result<String, Failure> {
    let head = open(&args.trusted.checkpoint, &args.trusted.keys.keys()?)?.head;
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

/// Reads an earlier checkpoint of the same log. If it is the last one under the name that the log had before, it is what of that log
/// went on.
fn open_earlier(path: &Path, keys: &[VerifierKey], later: &Checkpoint) -> Result<Checkpoint, Failure> {
    let mut earlier = open(path, keys)?;
    if earlier.origin != later.origin {
        let handover = Handover::parse(&earlier.extensions).filter(|next| next.origin == later.origin);
        let Handover { origin, kept } = handover.ok_or_else(|| disproved(path, "is of another log"))?;
        let (had, first) = (earlier.head.size, kept.size);
        if first < had {
            messages::say(&format!(
                "{}: the log was restored to an earlier state; rows {first} to {} of it are gone, and it says so",
                path.display(),
                had - 1
            ));
        }
        earlier = Checkpoint { origin, head: kept, extensions: String::new() };
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

/// Whether a public key made a signature over a message.
pub(crate) fn check(public: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
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
