//! `consentry verify` as an auditor meets it: a log in files, honest or not, and what is said of it.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod place;

use std::fs;

use base64ct::{Base64, Encoding as _};
use consentry::checkpoint::Checkpoint;
use consentry::event::{Actor, Event, Kind};
use consentry::evidence::{Evidence, Salt, SealedEvidence};
use consentry::export::{Digest, Format, TYP};
use consentry::handover::Handover;
use consentry::hash::Hash;
use consentry::jws;
use consentry::log::{leaf, leaf_hash};
use consentry::merkle::{Frontier, Head, Node, consistency, inclusion, prove};
use consentry::note::{Note, Signature, VerifierKey};
use consentry::proof::{Consistency, Inclusion};
use consentry::purpose::Purpose;
use consentry::record::{LegalBasis, Status};
use consentry::slug::Slug;
use consentry::subject::{KeyId, Subject};
use consentry::tile::{Tile, bytes};
use consentry::time::Timestamp;
use ed25519_dalek::{Signer as _, SigningKey};
use place::*;
use serde_json::{Value, json};
use uuid::Uuid;

const ORIGIN: &str = "log.example/log/0/019a";
const SIZE: u64 = 600;

/// A log of one site, whose every tenth event has evidence.
struct Log {
    events: Vec<Event>,
    evidence: Vec<Option<SealedEvidence>>,
}

impl Log {
    fn new(size: u64) -> Self {
        let evidence: Vec<_> = (0..size).map(sealed).collect();
        Self {
            events: (0..size).zip(&evidence).map(|(row, kept)| event(row, kept.as_ref())).collect(),
            evidence,
        }
    }

    fn hashes(&self) -> Vec<Hash> {
        self.events.iter().map(|event| leaf_hash(&leaf(ORIGIN, event))).collect()
    }

    /// The rows as the table has them.
    fn rows(&self) -> Vec<Value> {
        let row = |(index, event): (usize, &Event)| {
            json!({
                "log_index": index, "id": event.id, "site": event.site.as_ref().map(Slug::as_str),
                "kind": event.kind.as_str(), "subject": event.subject.map(|subject| subject.hash),
                "key_id": event.subject.map(|subject| subject.key_id), "purpose": event.purpose,
                "status": event.status, "legal_basis": event.legal_basis, "notice_hash": event.notice_hash,
                "created_at": event.created_at.as_ms(), "decided_at": event.decided_at.map(Timestamp::as_ms),
                "actor": event.actor.to_string(), "details": event.details,
                "evidence_commitment": event.evidence_commitment,
                "evidence": self.evidence[index].as_ref().map(|kept| json!(kept).to_string()),
                "leaf_hash": leaf_hash(&leaf(ORIGIN, event)),
            })
        };
        self.events.iter().enumerate().map(row).collect()
    }

    fn head(&self, size: u64) -> Head {
        let mut tree = Frontier::default();
        tree.extend(self.hashes().into_iter().take(usize::try_from(size).unwrap()));
        tree.head()
    }

    fn prove(&self, parts: Option<Vec<std::ops::Range<u64>>>) -> Vec<Hash> {
        let leaves = self.hashes();
        prove(parts.unwrap(), |at| Ok::<_, ()>(node(&leaves, at))).unwrap()
    }
}

fn node(leaves: &[Hash], node: Node) -> Hash {
    let mut tree = Frontier::default();
    let first = usize::try_from(node.index << node.level).unwrap();
    tree.extend(leaves[first..first + (1 << node.level)].iter().copied());
    tree.head().root
}

fn sealed(row: u64) -> Option<SealedEvidence> {
    let evidence = Evidence { ip_address: None, user_agent: None, country: Some("IE".into()), gpc: false };
    (row % 10 == 5).then(|| SealedEvidence { salt: Salt([u8::try_from(row % 256).unwrap(); 32]), evidence })
}

fn event(row: u64, kept: Option<&SealedEvidence>) -> Event {
    Event {
        id: Uuid::from_u128(row.into()),
        site: Slug::parse("shop"),
        kind: Kind::ConsentGranted,
        subject: Some(Subject { hash: Hash([u8::try_from(row % 7).unwrap(); 32]), key_id: KeyId(1) }),
        purpose: Some(Purpose::ModelTraining),
        status: Some(Status::Granted),
        legal_basis: Some(LegalBasis::Consent),
        notice_hash: None,
        created_at: Timestamp::from_ms(1_790_000_000_000 + i64::try_from(row).unwrap()),
        decided_at: None,
        actor: Actor::User,
        details: "{}".into(),
        evidence_commitment: kept.map(SealedEvidence::commitment),
    }
}

fn jsonl(rows: &[Value]) -> String {
    rows.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn secret() -> SigningKey {
    SigningKey::from_bytes(&[9; 32])
}

fn key() -> VerifierKey {
    VerifierKey::new(ORIGIN, secret().verifying_key().to_bytes()).unwrap()
}

fn checkpoint(head: Head) -> String {
    signed(&Checkpoint { origin: ORIGIN.into(), head, extensions: String::new() }, &key())
}

fn signed(checkpoint: &Checkpoint, key: &VerifierKey) -> String {
    let text = checkpoint.to_string();
    let signature = Signature::new(key, secret().sign(text.as_bytes()).to_bytes());
    Note::new(&text, signature).unwrap().to_string()
}

impl Place {
    /// Writes the tiles of a log into a folder.
    fn tiles(&self, folder: &str, log: &Log) {
        let leaves = log.hashes();
        for tile in Tile::grown(0, SIZE) {
            let hashes: Vec<Hash> = tile.entries().map(|at| node(&leaves, at)).collect();
            let path = self.path(folder).join(tile.to_string());
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes(&hashes)).unwrap();
        }
    }
}

/// A folder with an honest log: `rows.jsonl`, `new`, `old` (of 300 rows) and its tiles.
fn honest() -> (Place, Log) {
    let (place, log) = (Place::new(), Log::new(SIZE));
    place.put("rows.jsonl", jsonl(&log.rows()));
    place.put("new", checkpoint(log.head(SIZE)));
    place.put("old", checkpoint(log.head(300)));
    place.tiles(".", &log);
    (place, log)
}

fn verify(place: &Place, what: &str, args: &[&str]) -> Done {
    place.run(&[&["verify", what, "--key", &key().to_string(), "--checkpoint", "new"], args].concat())
}

/// What is said of the log when its rows have been changed.
fn changed(change: impl FnOnce(&mut Vec<Value>), args: &[&str]) -> Done {
    let (place, log) = honest();
    let mut rows = log.rows();
    change(&mut rows);
    place.put("rows.jsonl", jsonl(&rows));
    verify(&place, "log", &[args, &["rows.jsonl"]].concat())
}

#[track_caller]
fn says(done: &Done, code: i32, words: &str) {
    assert!(done.code == code && done.err.contains(words), "{}: {}", done.code, done.err);
}

#[test]
fn an_honest_log_verifies() {
    let (place, _) = honest();
    says(&verify(&place, "log", &["rows.jsonl"]), 0, "verified: all 600 rows");
    says(
        &verify(&place, "log", &["--since", "old", "--tiles", ".", "rows.jsonl"]),
        0,
        "verified: all 600 rows",
    );
    says(&verify(&place, "log", &["--tiles", "."]), 0, "verified: the tiles of 600 rows");
}

#[test]
fn rows_may_be_leaves() {
    let (place, log) = honest();
    let leaf =
        |(row, event)| json!({ "log_index": row, "leaf": Base64::encode_string(&leaf(ORIGIN, event)) });
    let rows: Vec<Value> = log.events.iter().enumerate().map(leaf).collect();
    place.put("leaves.jsonl", jsonl(&rows));
    says(&verify(&place, "log", &["leaves.jsonl"]), 0, "verified: all 600 rows");
}

#[test]
fn some_rows_verify_against_tiles() {
    let (place, log) = honest();
    place.put("some.jsonl", jsonl(&log.rows()[100..200]));
    says(&verify(&place, "log", &["--tiles", ".", "some.jsonl"]), 0, "verified: rows 100 to 199 of 600");
    says(&verify(&place, "log", &["some.jsonl"]), 1, "row 0 is missing");
}

#[test]
fn rows_after_the_checkpoint_are_not_claimed() {
    let (place, _) = honest();
    place.put("more.jsonl", jsonl(&Log::new(610).rows()));
    says(&verify(&place, "log", &["more.jsonl"]), 0, "all 600 rows; 10 after the checkpoint are not covered");
}

#[test]
fn a_changed_field_is_told_by_its_row() {
    says(
        &changed(|rows| rows[123]["status"] = "revoked".into(), &[]),
        1,
        "line 124: row 123 does not have the leaf hash",
    );
}

#[test]
fn a_changed_field_with_its_hash_is_told_between_checkpoints_and_by_its_row_with_tiles() {
    let change = |rows: &mut Vec<Value>| {
        rows[123]["status"] = "revoked".into();
        rows[123]["leaf_hash"] = Value::Null;
    };
    says(&changed(change, &["--since", "old"]), 1, "old: rows 0 to 299 are not those that it vouches for");
    says(&changed(change, &["--tiles", "."]), 1, "line 124: row 123 is not the one that the log has there");
    let change = |rows: &mut Vec<Value>| {
        rows[400]["status"] = "revoked".into();
        rows[400]["leaf_hash"] = Value::Null;
    };
    says(&changed(change, &["--since", "old"]), 1, "new: rows 300 to 599 are not those that it vouches for");
}

#[test]
fn a_deleted_row_is_named() {
    says(&changed(|rows| drop(rows.remove(77)), &[]), 1, "line 78: row 77 is missing");
}

#[test]
fn a_deleted_row_that_was_closed_up_is_detected() {
    let change = |rows: &mut Vec<Value>| {
        rows.remove(77);
        for (index, row) in rows.iter_mut().enumerate() {
            row["log_index"] = index.into();
        }
        let mut last = rows[0].clone();
        last["log_index"] = 599.into();
        rows.push(last);
    };
    says(&changed(change, &["--since", "old"]), 1, "rows 0 to 299 are not those");
    says(&changed(change, &["--tiles", "."]), 1, "line 78: row 77 is not the one that the log has there");
}

#[test]
fn reordered_rows_are_detected() {
    says(&changed(|rows| rows.swap(10, 20), &[]), 1, "line 11: row 10 is missing");
    let change = |rows: &mut Vec<Value>| {
        rows.swap(10, 20);
        rows[10]["log_index"] = 10.into();
        rows[20]["log_index"] = 20.into();
    };
    says(&changed(change, &["--tiles", "."]), 1, "line 11: row 10 is not the one");
}

#[test]
fn a_tail_that_was_cut_off_is_told_by_its_first_row() {
    says(&changed(|rows| rows.truncate(590), &[]), 1, "the rows end before row 590");
}

#[test]
fn a_checkpoint_of_a_log_that_was_rolled_back_gives_it_away() {
    let (place, log) = honest();
    place.put("new", checkpoint(log.head(250)));
    let done = verify(&place, "log", &["--since", "old", "rows.jsonl"]);
    says(&done, 1, "the log had 300 rows and has 250: row 250 is the first that is gone");
}

#[test]
fn a_log_that_was_replaced_does_not_continue_the_old_checkpoint() {
    let (place, _) = honest();
    let mut other = Log::new(SIZE);
    other.events[3].details = "{\"a\":1}".into();
    place.put("new", checkpoint(other.head(SIZE)));
    place.put("rows.jsonl", jsonl(&other.rows()));
    says(&verify(&place, "log", &["rows.jsonl"]), 0, "verified");
    says(&verify(&place, "log", &["--since", "old", "rows.jsonl"]), 1, "old: rows 0 to 299 are not those");
    place.put(
        "proof",
        json!(Consistency { from: 300, to: SIZE, hashes: other.prove(consistency(300, SIZE)) }).to_string(),
    );
    let done = verify(&place, "checkpoint", &["--since", "old", "--proof", "proof"]);
    says(&done, 1, "the proof leads to another earlier root");
}

#[test]
fn evidence_that_was_changed_or_removed_without_a_word_is_named() {
    let other = json!(sealed(15).unwrap()).to_string();
    says(&changed(|rows| rows[35]["evidence"] = other.into(), &[]), 1, "line 36: row 35 has other evidence");
    says(&changed(|rows| rows[35]["evidence"] = Value::Null, &[]), 1, "row 35 has lost its evidence");
}

#[test]
fn evidence_that_was_removed_with_an_event_that_says_so_is_no_loss() {
    let (place, mut log) = honest();
    let subject = log.events[35].subject;
    log.evidence[35] = None;
    log.events[500] = Event {
        kind: Kind::EvidenceRedacted,
        purpose: None,
        status: None,
        legal_basis: None,
        subject,
        ..event(500, None)
    };
    place.put("new", checkpoint(log.head(SIZE)));
    place.put("rows.jsonl", jsonl(&log.rows()));
    says(&verify(&place, "log", &["rows.jsonl"]), 0, "verified: all 600 rows");
}

#[test]
fn a_line_that_is_no_row_is_told_by_its_place() {
    says(&changed(|rows| rows[5] = json!("u-1"), &[]), 1, "line 6: row 5 is no row of a log");
}

#[test]
fn a_tile_that_was_changed_is_named() {
    let (place, _) = honest();
    let path = place.path("tile/0/001");
    let mut tile = fs::read(&path).unwrap();
    tile[40] ^= 1;
    fs::write(&path, tile).unwrap();
    says(
        &verify(&place, "log", &["--tiles", "."]),
        1,
        "tile/0/001: is not what tile/1/000.p/2 says of it: a row from 256 on",
    );
    fs::write(&path, [0; 31]).unwrap();
    says(&verify(&place, "log", &["--tiles", "."]), 1, "tile/0/001: is no tile of 256 hashes");
    fs::remove_file(&path).unwrap();
    says(&verify(&place, "log", &["--tiles", "."]), 2, "tile/0/001");
}

#[test]
fn tiles_of_a_log_that_has_grown_since_do_as_well() {
    let (place, log) = honest();
    place.put("new", checkpoint(log.head(300)));
    says(&verify(&place, "log", &["--tiles", "."]), 0, "verified: the tiles of 300 rows");
}

#[test]
fn a_receipt_is_proved_to_be_in_the_log() {
    let (place, log) = honest();
    let proof = Inclusion {
        log_index: 42,
        leaf_hash: log.hashes()[42],
        tree_size: SIZE,
        hashes: log.prove(inclusion(42, SIZE)),
    };
    place.put("proof", json!(proof).to_string());
    place.put(
        "receipt",
        json!({ "records": [{ "log_index": 42, "leaf_hash": proof.leaf_hash }] }).to_string(),
    );
    says(
        &verify(&place, "inclusion", &["--proof", "proof", "receipt"]),
        0,
        "verified: row 42 is in the log of 600 rows",
    );
    place.put("receipt", json!({ "log_index": 42, "leaf_hash": log.hashes()[43] }).to_string());
    says(
        &verify(&place, "inclusion", &["--proof", "proof", "receipt"]),
        1,
        "row 42 has another leaf hash than in the log",
    );
    place.put("receipt", "{}");
    says(&verify(&place, "inclusion", &["--proof", "proof", "receipt"]), 1, "says nothing of row 42");
    place.put("proof", json!(Inclusion { log_index: 43, ..proof }).to_string());
    says(&verify(&place, "inclusion", &["--proof", "proof"]), 1, "row 43: the proof leads to another root");
    place.put("proof", "[]");
    says(&verify(&place, "inclusion", &["--proof", "proof"]), 2, "is no proof of inclusion");
}

#[test]
fn a_log_that_only_grew_is_proved_to() {
    let (place, log) = honest();
    says(&verify(&place, "checkpoint", &[]), 0, "verified: the log has 600 rows");
    place.put(
        "proof",
        json!(Consistency { from: 300, to: SIZE, hashes: log.prove(consistency(300, SIZE)) }).to_string(),
    );
    let done = verify(&place, "checkpoint", &["--since", "old", "--proof", "proof"]);
    says(&done, 0, "verified: the log of 600 rows continues the one of 300");
}

#[test]
fn a_checkpoint_that_nobody_trusted_signed_counts_for_nothing() {
    let (place, log) = honest();
    place.put("new", checkpoint(log.head(SIZE)).replace("600", "601"));
    says(&verify(&place, "checkpoint", &[]), 1, "new: has a signature that the key it names did not make");
    let other = VerifierKey::new("log.example/other", [3; 32]).unwrap().to_string();
    place.put("new", checkpoint(log.head(SIZE)));
    let done = place.run(&["verify", "checkpoint", "--key", &other, "--checkpoint", "new"]);
    says(&done, 1, "new: is not signed by a key that was given");
}

#[test]
fn what_can_not_be_read_has_a_code_of_its_own() {
    let (place, _) = honest();
    says(&verify(&place, "log", &["nothing.jsonl"]), 2, "nothing.jsonl");
    says(
        &place.run(&["verify", "checkpoint", "--key", "k", "--checkpoint", "new"]),
        2,
        "a key is NAME+ID+BASE64",
    );
}

fn page(log: &Log) -> Value {
    let (event, hash) = (&log.events[7], log.hashes()[7]);
    json!({
        "log": ORIGIN, "site": "shop", "subject": event.subject.unwrap().hash, "subject_key_id": 1, "user_id": "u-7",
        "consent_history": [{
            "log_index": 7, "leaf_hash": hash, "id": event.id, "purpose": "model_training", "status": "granted",
            "legal_basis": "consent", "created_at": event.created_at,
        }],
        "audit_trail": [{
            "log_index": 7, "leaf_hash": hash, "id": event.id, "timestamp": event.created_at,
            "action": "consent_granted", "performed_by": "user", "details": {}, "purpose": "model_training",
            "status": "granted", "legal_basis": "consent",
        }],
    })
}

#[test]
fn an_export_holds_what_the_log_holds() {
    let (place, log) = honest();
    place.put("page", page(&log).to_string());
    says(
        &place.run(&["verify", "export", "page"]),
        0,
        "verified: 1 entries have the leaf hashes that their fields make",
    );
    says(
        &verify(&place, "export", &["--tiles", ".", "page"]),
        0,
        "verified: 1 entries stand in the log as they are here",
    );
}

/// A file with a digest under it.
fn digested(format: Format, body: &str, until: u64) -> String {
    let page: Value = serde_json::from_str(&format!("{body}}}")).unwrap_or_default();
    let digest = Digest {
        bytes: body.len() as u64,
        exported_at: Timestamp::from_ms(1_795_000_000_000),
        format,
        log: ORIGIN.into(),
        sha256: Hash(<sha2::Sha256 as sha2::Digest>::digest(body).into()),
        site: "shop".into(),
        subject: page["subject"].as_str().and_then(Hash::parse).unwrap_or(Hash([0; 32])),
        until,
    };
    let key_id = jws::key_id(&secret().verifying_key().to_bytes());
    let input = jws::signing_input(&key_id, TYP, &json!(digest));
    let jws = jws::compact(&input, &secret().sign(input.as_bytes()).to_bytes());
    format!("{body}{}", format.trailer(Some(&jws)))
}

#[test]
fn an_export_is_verified_to_the_last_byte() {
    let (place, log) = honest();
    let body = page(&log).to_string();
    place.put("page", digested(Format::Json, body.strip_suffix('}').unwrap(), 9));
    place.put("export.csv", digested(Format::Csv, "record\r\n", 9));
    place.put("export.html", digested(Format::Html, "<!doctype html>", 9));
    let linked = body.replacen('{', r#"{"@context":{"@vocab":"urn:x:"},"#, 1);
    place.put("export.jsonld", digested(Format::JsonLd, linked.strip_suffix('}').unwrap(), 9));
    let jwks = json!({ "keys": [jws::jwk(&secret().verifying_key().to_bytes())] });
    place.put("jwks", jwks.to_string());
    let key = key().to_string();
    for trusted in [["--key", &key], ["--jwks", "jwks"]] {
        let args: Vec<_> = ["verify", "export"]
            .into_iter()
            .chain(trusted)
            .chain(["page", "export.csv", "export.html", "export.jsonld"])
            .collect();
        says(
            &place.run(&args),
            0,
            "2 entries have the leaf hashes that their fields make; 4 files are as they were signed",
        );
    }
    says(&place.run(&["verify", "export", "export.csv"]), 0, "nobody told whose it is");
}

#[test]
fn an_export_that_was_changed_broken_off_or_signed_by_another_is_refused() {
    let (place, log) = honest();
    let body = page(&log).to_string();
    let page = digested(Format::Json, body.strip_suffix('}').unwrap(), 9);
    place.put("page", page.replace("u-7", "u-8"));
    says(&place.run(&["verify", "export", "page"]), 1, "was changed: its bytes are not those of the digest");
    let table = digested(Format::Csv, "record\r\n", 9);
    place.put("export.csv", &table[..table.len() - 9]);
    says(&place.run(&["verify", "export", "export.csv"]), 1, "it was broken off");
    place.put("export.csv", table);
    let stranger = jws::jwk(&SigningKey::from_bytes(&[200; 32]).verifying_key().to_bytes());
    place.put("jwks", json!({ "keys": [stranger] }).to_string());
    says(
        &place.run(&["verify", "export", "--jwks", "jwks", "export.csv"]),
        1,
        "names a key that was not given",
    );
    place.put("export.csv", format!("record\r\n{}", Format::Csv.trailer(None)));
    says(&place.run(&["verify", "export", "export.csv"]), 0, "whole, but not signed");
}

#[test]
fn an_export_that_was_changed_is_told_by_its_row() {
    let (place, log) = honest();
    let mut changed = page(&log);
    changed["audit_trail"][0]["status"] = "revoked".into();
    place.put("page", changed.to_string());
    says(
        &place.run(&["verify", "export", "page"]),
        1,
        "row 7 does not have the leaf hash that its fields make",
    );
    let mut changed = page(&log);
    changed["consent_history"][0]["status"] = "revoked".into();
    place.put("page", changed.to_string());
    says(
        &place.run(&["verify", "export", "page"]),
        1,
        "row 7 of the consent history is not what the audit trail says",
    );
    changed["@context"] = json!({});
    place.put("page.jsonld", changed.to_string());
    says(
        &place.run(&["verify", "export", "page.jsonld"]),
        1,
        "row 7 of the consent history is not what the audit trail says",
    );
    let mut log = log;
    log.events[7].details = "{\"a\":1}".into();
    let mut changed = page(&log);
    changed["audit_trail"][0]["details"] = json!({ "a": 1 });
    place.put("page", changed.to_string());
    says(&place.run(&["verify", "export", "page"]), 0, "verified");
    says(
        &verify(&place, "export", &["--tiles", ".", "page"]),
        1,
        "row 7 is not the one that the log has there",
    );
}

#[test]
fn some_rows_are_asked_for_by_their_places() {
    let (place, log) = honest();
    let range = |from: &str, to: &str| {
        verify(&place, "log", &["--tiles", ".", "--from", from, "--to", to, "rows.jsonl"])
    };
    says(&range("100", "200"), 0, "verified: rows 100 to 199 of 600");
    says(&range("0", "600"), 0, "verified: all 600 rows");
    says(&range("200", "100"), 2, "rows are from 0 on and before 600");
    says(&verify(&place, "log", &["--from", "1", "rows.jsonl"]), 2, "name their folder with --tiles");
    let mut rows = log.rows();
    rows[150]["status"] = "revoked".into();
    rows[150]["leaf_hash"] = Value::Null;
    rows.remove(170);
    place.put("rows.jsonl", jsonl(&rows));
    says(&range("100", "150"), 0, "verified: rows 100 to 149");
    says(&range("100", "200"), 1, "line 151: row 150 is not the one that the log has there");
    says(&range("160", "200"), 1, "row 170 is missing");
    says(&range("171", "600"), 0, "verified: rows 171 to 599");
}

#[test]
fn a_tile_that_leads_to_another_root_is_not_believed_for_some_rows_either() {
    let (place, _) = honest();
    let path = place.path("tile/0/001");
    let mut tile = fs::read(&path).unwrap();
    tile[40] ^= 1;
    fs::write(&path, tile).unwrap();
    let range = |from: &str, to: &str| {
        verify(&place, "log", &["--tiles", ".", "--from", from, "--to", to, "rows.jsonl"])
    };
    says(&range("0", "256"), 0, "verified: rows 0 to 255");
    says(
        &range("300", "400"),
        1,
        "tile/0/001: does not lead to the checkpoint's root: a row from 256 to 511 is wrong",
    );
}

#[test]
fn a_row_of_which_only_the_hash_is_shown_counts_by_it() {
    let (place, log) = honest();
    let mut rows = log.rows();
    for row in &mut rows[10..30] {
        *row = json!({ "log_index": row["log_index"], "leaf_hash": row["leaf_hash"] });
    }
    place.put("rows.jsonl", jsonl(&rows));
    says(
        &verify(&place, "log", &["rows.jsonl"]),
        0,
        "verified: all 600 rows; 20 of them by their hash alone",
    );
    rows[12]["leaf_hash"] = rows[13]["leaf_hash"].clone();
    place.put("rows.jsonl", jsonl(&rows));
    says(
        &verify(&place, "log", &["--tiles", ".", "rows.jsonl"]),
        1,
        "row 12 is not the one that the log has there",
    );
}

#[test]
fn two_checkpoints_are_held_against_each_other_by_their_tiles() {
    let (then, _) = honest();
    let (place, mut log) = honest();
    let args = ["--since", "old", "--tiles", "now"];
    place.tiles("now", &log);
    says(&verify(&place, "checkpoint", &args), 0, "verified: the log of 600 rows continues the one of 300");
    log.events[77].details = "{\"a\":1}".into();
    place.put("new", checkpoint(log.head(SIZE)));
    place.tiles("now", &log);
    says(&verify(&place, "checkpoint", &args), 1, "old: rows 0 to 299 are not those that it vouches for");
    let both = [&args[..], &["--since-tiles", then.0.path().to_str().unwrap()]].concat();
    says(&verify(&place, "checkpoint", &both), 1, "old: row 77 is not the one that it vouches for");
    says(
        &verify(&place, "checkpoint", &args[..2]),
        2,
        "name a proof with --proof, or the log's tiles with --tiles",
    );
}

#[test]
fn keys_come_in_a_file_too() {
    let (place, _) = honest();
    let other = VerifierKey::new("log.example/other", [3; 32]).unwrap();
    place.put("keys", format!("{other}\n\n{}\n", key()));
    let run = |file: &str| place.run(&["verify", "checkpoint", "--key-file", file, "--checkpoint", "new"]);
    says(&run("keys"), 0, "verified: the log has 600 rows");
    place.put("keys", "x\n");
    says(&run("keys"), 2, "keys: a key is NAME+ID+BASE64");
    place.put("keys", "\n");
    says(&run("keys"), 2, "no key was given");
    says(&place.run(&["verify", "checkpoint", "--checkpoint", "new"]), 2, "--key");
}

/// The log after its first 300 rows of a former one went on under another name.
fn restored() -> (Place, Vec<Value>) {
    const AFTER: &str = "log.example/log/0/019b";
    let (place, log) = honest();
    let kept = log.head(300);
    let last = Checkpoint {
        origin: ORIGIN.into(),
        head: log.head(SIZE),
        extensions: Handover { origin: AFTER.into(), kept }.to_string(),
    };
    place.put("last", signed(&last, &key()));
    let mut events = log.events[..302].to_vec();
    events[301] = Event {
        kind: Kind::LogRestarted,
        subject: None,
        purpose: None,
        status: None,
        legal_basis: None,
        details: json!({ "origin": AFTER }).to_string(),
        ..event(301, None)
    };
    let name = |row: usize| if row < 301 { ORIGIN } else { AFTER };
    let bytes: Vec<_> = events.iter().enumerate().map(|(row, event)| leaf(name(row), event)).collect();
    let mut tree = Frontier::default();
    tree.extend(bytes.iter().map(|bytes| leaf_hash(bytes)));
    let after = VerifierKey::new(AFTER, *key().public()).unwrap();
    let new = Checkpoint { origin: AFTER.into(), head: tree.head(), extensions: String::new() };
    place.put("new", signed(&new, &after));
    place.put("keys", format!("{}\n{after}\n", key()));
    let rows = bytes.iter().enumerate();
    let rows = rows.map(|(row, bytes)| json!({ "log_index": row, "leaf": Base64::encode_string(bytes) }));
    (place, rows.collect())
}

#[test]
fn a_log_that_went_on_under_another_name_verifies_and_continues_what_was_kept() {
    let (place, rows) = restored();
    place.put("rows.jsonl", jsonl(&rows));
    let log = |args: &[&str]| {
        place.run(
            &[&["verify", "log", "--key-file", "keys", "--checkpoint", "new", "rows.jsonl"], args].concat(),
        )
    };
    says(&log(&[]), 0, "verified: all 302 rows");
    let done = log(&["--since", "last"]);
    says(&done, 0, "verified: all 302 rows");
    says(&done, 0, "rows 300 to 599 of it are gone, and it says so");
    says(&log(&["--since", "old"]), 1, "old: is of another log");
}

#[test]
fn a_leaf_under_a_name_that_had_ended_is_told_by_its_row() {
    let (place, mut rows) = restored();
    let stale = leaf(ORIGIN, &event(302, None));
    rows.push(json!({ "log_index": 302, "leaf": Base64::encode_string(&stale) }));
    place.put("rows.jsonl", jsonl(&rows));
    let done = place.run(&["verify", "log", "--key-file", "keys", "--checkpoint", "new", "rows.jsonl"]);
    says(&done, 1, "line 303: row 302 is of another log");
}
