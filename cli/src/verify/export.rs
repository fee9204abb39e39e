//! `consentry verify export`. Owns making the leaf of an entry again from the fields that a person was given; the digest over the
//! whole is `digest`'s.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use consentry::event::{Actor, Event, Kind};
use consentry::hash::Hash;
use consentry::jws::public_of;
use consentry::log::{leaf, leaf_hash};
use consentry::purpose::Purpose;
use consentry::record::{LegalBasis, Status};
use consentry::slug::Slug;
use consentry::subject::{KeyId, Subject};
use consentry::time::Timestamp;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::digest::{self, Verified};
use super::source::Source;
use super::tiles::Tiles;
use super::{Exported, disproved, json, open};
use crate::failure::Failure;

pub(super) fn run(args: &Exported) -> Result<String, Failure> {
    let mut tiles = None;
    let mut origin = None;
    if let (Some(path), Some(folder)) = (&args.checkpoint, &args.tiles) {
        let checkpoint = open(path, &args.keys)?;
        tiles = Some(Tiles::open(Source::Folder(folder.clone()), checkpoint.head)?);
        origin = Some(checkpoint.origin);
    }
    let keys = keys(args)?;
    let (mut entries, mut digests, mut json) = (0, Vec::new(), false);
    for path in &args.pages {
        let file = fs::read(path).map_err(|error| Failure::file(path, error))?;
        let format = digest::format_of(path);
        if !format.is_json() {
            digests.push(digest::verify(path, &file, format, &keys)?.0);
            continue;
        }
        json = true;
        let page: Page = serde_json::from_slice(&file).map_err(|_| {
            Failure::file(path, "is no page of an export or an audit trail; or it was broken off")
        })?;
        if page.digest.is_some() {
            let (verified, digest) = digest::verify(path, &file, format, &keys)?;
            if digest.is_some_and(|digest| digest.log != page.log || digest.subject != page.subject) {
                return Err(disproved(path, "the digest is of another person's export"));
            }
            digests.push(verified);
        }
        if origin.as_ref().is_some_and(|origin| *origin != page.log) {
            return Err(disproved(path, "is of another log than the checkpoint"));
        }
        entries += page.audit_trail.len();
        page.verify(path, tiles.as_mut())?;
    }
    let mut said = match (&tiles, json) {
        (Some(_), true) => vec![format!("{entries} entries stand in the log as they are here")],
        (None, true) => vec![format!("{entries} entries have the leaf hashes that their fields make")],
        (_, false) => vec![],
    };
    for (verified, words) in [
        (Verified::Signed, "as they were signed"),
        (Verified::Unsigned, "as their digest says, but nobody told whose it is: give --key or --jwks"),
        (Verified::Keyless, "whole, but not signed, because the service had no key"),
    ] {
        let count = digests.iter().filter(|digest| **digest == verified).count();
        if count > 0 {
            said.push(format!("{count} files are {words}"));
        }
    }
    Ok(format!("verified: {}", said.join("; ")))
}

/// The public keys that a digest may be signed with.
fn keys(args: &Exported) -> Result<Vec<[u8; 32]>, Failure> {
    let mut keys: Vec<_> = args.keys.iter().map(|key| *key.public()).collect();
    if let Some(path) = &args.jwks {
        let set: Value = json(path, "is no set of keys")?;
        let of_set = set["keys"].as_array().map(Vec::as_slice).unwrap_or_default();
        keys.extend(of_set.iter().filter_map(public_of));
        if keys.is_empty() {
            return Err(Failure::file(path, "holds no Ed25519 key"));
        }
    }
    Ok(keys)
}

/// What is there, `null` included.
fn present<'de, D: Deserializer<'de>>(member: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(member).map(Some)
}

#[derive(Deserialize)]
struct Page {
    log: String,
    site: String,
    subject: Hash,
    subject_key_id: KeyId,
    #[serde(default)]
    consent_history: Vec<Record>,
    audit_trail: Vec<Entry>,
    #[serde(default, deserialize_with = "present")]
    digest: Option<Value>,
}

#[derive(Deserialize)]
struct Entry {
    /// The name that the log had then, if that is not the page's.
    log: Option<String>,
    log_index: u64,
    leaf_hash: Hash,
    id: Uuid,
    timestamp: Timestamp,
    action: String,
    performed_by: String,
    details: Map<String, Value>,
    subject: Option<Hash>,
    purpose: Option<Purpose>,
    status: Option<Status>,
    legal_basis: Option<LegalBasis>,
    notice_hash: Option<Hash>,
    decided_at: Option<Timestamp>,
    evidence_commitment: Option<Hash>,
}

/// The part of a consent record that its entry in the audit trail has too.
#[derive(Deserialize)]
struct Record {
    log_index: u64,
    leaf_hash: Hash,
    id: Uuid,
    purpose: Purpose,
    status: Status,
    legal_basis: LegalBasis,
    created_at: Timestamp,
}

impl Page {
    fn verify(&self, path: &Path, mut tiles: Option<&mut Tiles<'_>>) -> Result<(), Failure> {
        let wrong = |row: u64, what: &str| disproved(path, format_args!("row {row} {what}"));
        let mut events = BTreeMap::new();
        for entry in &self.audit_trail {
            let row = entry.log_index;
            let event = self.event(entry).ok_or_else(|| wrong(row, "is no entry of a log"))?;
            if leaf_hash(&leaf(entry.log.as_ref().unwrap_or(&self.log), &event)) != entry.leaf_hash {
                return Err(wrong(row, "does not have the leaf hash that its fields make"));
            }
            if let Some(tiles) = &mut tiles {
                match tiles.row(row)? {
                    None => return Err(wrong(row, "came after the checkpoint; take a newer one")),
                    Some(hash) if hash != entry.leaf_hash => {
                        return Err(wrong(row, "is not the one that the log has there"));
                    }
                    Some(_) => {}
                }
            }
            events.insert(row, (entry.leaf_hash, event));
        }
        for record in &self.consent_history {
            let row = record.log_index;
            if !events.get(&row).is_some_and(|(hash, event)| record.is(*hash, event)) {
                return Err(wrong(row, "of the consent history is not what the audit trail says"));
            }
        }
        Ok(())
    }

    fn event(&self, entry: &Entry) -> Option<Event> {
        Some(Event {
            id: entry.id,
            site: Some(Slug::parse(&self.site)?),
            kind: Kind::parse(&entry.action)?,
            subject: Some(Subject {
                hash: entry.subject.unwrap_or(self.subject),
                key_id: self.subject_key_id,
            }),
            purpose: entry.purpose.clone(),
            status: entry.status,
            legal_basis: entry.legal_basis,
            notice_hash: entry.notice_hash,
            created_at: entry.timestamp,
            decided_at: entry.decided_at,
            actor: Actor::parse(&entry.performed_by)?,
            // Names in order and no white space, as they stand in the leaf.
            details: serde_json::to_string(&entry.details).ok()?,
            evidence_commitment: entry.evidence_commitment,
        })
    }
}

impl Record {
    fn is(&self, hash: Hash, event: &Event) -> bool {
        self.leaf_hash == hash
            && self.id == event.id
            && Some(&self.purpose) == event.purpose.as_ref()
            && Some(self.status) == event.status
            && Some(self.legal_basis) == event.legal_basis
            && self.created_at == event.created_at
    }
}
