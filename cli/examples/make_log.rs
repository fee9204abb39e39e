//! Writes an honest log of so many events for the bench: `rows.jsonl`, `checkpoint` and `keys` in a folder.
#![allow(clippy::disallowed_methods, reason = "a program of the bench")]

use std::error::Error;
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::Path;

use base64ct::{Base64, Encoding as _};
use consentry::checkpoint::Checkpoint;
use consentry::event::{Actor, Event, Kind};
use consentry::hash::Hash;
use consentry::log::{leaf, leaf_hash};
use consentry::merkle::Frontier;
use consentry::note::{Note, Signature, VerifierKey};
use consentry::purpose::Purpose;
use consentry::record::{LegalBasis, Status};
use consentry::slug::Slug;
use consentry::subject::{KeyId, Subject};
use consentry::time::Timestamp;
use ed25519_dalek::{Signer as _, SigningKey};
use uuid::Uuid;

const ORIGIN: &str = "log.example/log/0/019a";

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("name a folder")?;
    let count: u64 = arguments.next().ok_or("name a number of events")?.parse()?;
    let folder = Path::new(&folder);
    fs::create_dir_all(folder)?;
    let mut tree = Frontier::default();
    let mut rows = BufWriter::new(File::create(folder.join("rows.jsonl"))?);
    for row in 0..count {
        let bytes = leaf(ORIGIN, &event(row));
        tree.push(leaf_hash(&bytes));
        writeln!(rows, "{{\"log_index\":{row},\"leaf\":\"{}\"}}", Base64::encode_string(&bytes))?;
    }
    rows.flush()?;
    let text = Checkpoint { origin: ORIGIN.into(), head: tree.head(), extensions: String::new() }.to_string();
    let secret = SigningKey::from_bytes(&[9; 32]);
    let key = VerifierKey::new(ORIGIN, secret.verifying_key().to_bytes()).ok_or("no key")?;
    let note = Note::new(&text, Signature::new(&key, secret.sign(text.as_bytes()).to_bytes()));
    fs::write(folder.join("checkpoint"), note.ok_or("no note")?.to_string())?;
    fs::write(folder.join("keys"), format!("{key}\n"))?;
    Ok(())
}

fn event(row: u64) -> Event {
    let mut subject = [0; 32];
    subject[..8].copy_from_slice(&(row % 100_000).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    Event {
        id: Uuid::from_u128(row.into()),
        site: Slug::parse("shop"),
        kind: Kind::ConsentGranted,
        subject: Some(Subject { hash: Hash(subject), key_id: KeyId(1) }),
        purpose: Some(Purpose::ModelTraining),
        status: Some(Status::Granted),
        legal_basis: Some(LegalBasis::Consent),
        notice_hash: Some(Hash([3; 32])),
        created_at: Timestamp::from_ms(1_790_000_000_000 + i64::try_from(row).unwrap_or_default()),
        decided_at: None,
        actor: Actor::User,
        details: "{}".into(),
        evidence_commitment: Some(Hash(subject)),
    }
}
