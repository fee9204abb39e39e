//! The tree over the log, over SQLite. Pages are small in tests, so that a log of some hundred events takes several.

use crate::{http::Stored, keys::Keys, testing::Host, tree::fold};
use consentry::{
    checkpoint::Checkpoint,
    event::{Actor, Event, Kind},
    hash::Hash,
    log::{leaf, leaf_hash},
    merkle::{Frontier, Node},
    note::VerifierKey,
    proof::{Consistency, Inclusion},
    tile::{Hashes, Tile},
};
use ed25519_dalek::{Signature, VerifyingKey};
use futures_executor::block_on;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub(super) fn append(host: &Host, count: usize) {
    let event = |_| Event {
        id: host.app().store().new_id(),
        site: None,
        kind: Kind::ConsentRead,
        subject: None,
        purpose: None,
        status: None,
        legal_basis: None,
        notice_hash: None,
        created_at: host.now.get(),
        decided_at: None,
        actor: Actor::System,
        details: "{}".into(),
        evidence_commitment: None,
    };
    let events = (0..count).map(event).map(Into::into).collect();
    block_on(host.app().store().append(0, events, None, vec![])).unwrap();
}

/// A log of so many events that is folded.
pub(super) fn folded(events: usize) -> Host {
    let host = Host::new(1);
    append(&host, events - 1);
    block_on(fold(&host.app())).unwrap();
    host
}

pub(super) fn get(host: &Host, path: &str) -> (u16, String) {
    let answer = host.send("GET", path, &[], &Value::Null);
    (answer.status().as_u16(), answer.body().clone())
}

pub(super) fn proof<T: DeserializeOwned>(host: &Host, path: &str) -> T {
    let (status, body) = get(host, path);
    assert_eq!(status, 200, "{path}: {body}");
    serde_json::from_str(&body).unwrap()
}

pub(super) fn check(public: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    let key = VerifyingKey::from_bytes(public).unwrap();
    key.verify_strict(message, &Signature::from_bytes(signature)).is_ok()
}

/// A checkpoint as its holder reads it.
pub(super) fn open(note: &str, key: &str) -> Checkpoint {
    Checkpoint::open(note.as_bytes(), &[VerifierKey::parse(key.trim_end()).unwrap()], check).unwrap()
}

pub(super) fn checkpoint(host: &Host) -> Checkpoint {
    open(&get(host, "/log/checkpoint").1, &get(host, "/log/key").1)
}

pub(super) fn leaves(host: &Host, count: u64) -> Vec<Hash> {
    let leaves = block_on(host.app().store().leaves(0, 0, u32::MAX)).unwrap();
    leaves.into_iter().take(usize::try_from(count).unwrap()).collect()
}

/// The checkpoint covers the events that are there, and its tiles lead to its root.
#[track_caller]
pub(super) fn assert_sound(host: &Host, size: u64) {
    let checkpoint = checkpoint(host);
    let mut tree = Frontier::default();
    tree.extend(leaves(host, size));
    assert_eq!(checkpoint.head, tree.head());
    for tile in Tile::grown(0, size) {
        let object = host.objects.borrow()[&format!("log/{}/{tile}", checkpoint.origin)].clone();
        let hashes = Hashes::parse(tile, &object).unwrap();
        assert_eq!(object.len(), usize::from(tile.width()) * 32);
        if tile.level() == 0 {
            let first = usize::try_from(tile.index() * 256).unwrap();
            assert_eq!(hashes.hashes(), &tree_leaves(host, first, tile.width()));
        }
    }
    let published = host.objects.borrow()[&format!("log/{}/checkpoint", checkpoint.origin)].clone();
    assert_eq!(String::from_utf8(published).unwrap(), get(host, "/log/checkpoint").1);
}

fn tree_leaves(host: &Host, first: usize, width: u16) -> Vec<Hash> {
    leaves(host, u64::MAX)[first..first + usize::from(width)].to_vec()
}

#[test]
fn a_checkpoint_covers_every_event() {
    let host = folded(900);
    assert_sound(&host, 900);
    append(&host, 1);
    block_on(fold(&host.app())).unwrap();
    assert_sound(&host, 901);
}

#[test]
fn proofs_of_a_log_verify() {
    let host = folded(700);
    let early = checkpoint(&host).head;
    append(&host, 150);
    block_on(fold(&host.app())).unwrap();
    let late = checkpoint(&host).head;
    for index in [0, 255, 256, 699, 700, 849] {
        let proof: Inclusion = proof(&host, &format!("/log/proof/inclusion/{index}"));
        assert_eq!(proof.verify(late), Ok(()), "{index}");
        assert_eq!(proof.leaf_hash, leaves(&host, 850)[usize::try_from(index).unwrap()]);
    }
    let old: Inclusion = proof(&host, "/log/proof/inclusion/512?tree_size=700");
    assert_eq!(old.verify(early), Ok(()));
    let consistency: Consistency = proof(&host, "/log/proof/consistency?from=700&to=850");
    assert_eq!(consistency.verify(early, late), Ok(()));
}

#[test]
fn what_the_log_has_not_is_refused() {
    let host = folded(300);
    for (path, status) in [
        ("/log/proof/inclusion/300", 404),
        ("/log/proof/inclusion/x", 404),
        ("/log/proof/inclusion/0?tree_size=301", 422),
        ("/log/proof/consistency", 422),
        ("/log/proof/consistency?from=301", 422),
        ("/log/proof/consistency?from=1&to=301", 422),
        ("/log/checkpoint?log=1", 404),
        ("/log/tile/0/002", 404),
        ("/log/tile/0/001", 404),
        ("/log/tile/0/001.p/45", 404),
        ("/log/tile/0/001.p/43", 404),
        ("/log/tile/0/1", 404),
        ("/log/tile/0/..%2f..%2fx", 404),
    ] {
        assert_eq!(get(&host, path).0, status, "{path}");
    }
}

#[test]
fn tiles_are_served_under_their_paths() {
    let host = folded(300);
    for path in ["tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1"] {
        let answer = host.send("GET", &format!("/log/{path}"), &[], &Value::Null);
        let Stored { name, .. } = answer.extensions().get().cloned().unwrap();
        assert_eq!((answer.status().as_u16(), name.ends_with(&format!("/{path}"))), (200, true), "{path}");
        assert!(host.objects.borrow().contains_key(&name), "{path}");
    }
}

#[test]
fn without_a_key_nothing_is_signed_and_the_answer_says_why() {
    let mut host = Host::new(1);
    host.config.log_keys = Keys::default();
    append(&host, 3);
    block_on(fold(&host.app())).unwrap();
    let (status, body) = get(&host, "/log/checkpoint");
    assert!(status == 500 && body.contains("CONSENTRY_LOG_KEY"), "{body}");
    host.config.log_keys = Keys::parse(["07".repeat(32)]);
    assert_eq!(get(&host, "/log/checkpoint").0, 404);
}

#[test]
fn a_log_is_not_started_by_the_clock() {
    let host = Host::new(1);
    block_on(fold(&host.app())).unwrap();
    assert_eq!(host.count(0, "SELECT count(*) FROM events"), 0);
}

#[test]
fn whatever_stops_a_fold_the_next_one_goes_on() {
    let mut stopped = 0;
    for steps in 0.. {
        let host = folded(400);
        let before = checkpoint(&host).head;
        append(&host, 500);
        // Each of the two stores stops after every number of calls.
        let (batches, objects) =
            if steps % 2 == 0 { (steps / 2, usize::MAX) } else { (usize::MAX, steps / 2) };
        host.batches_left.set(batches);
        host.objects_left.set(objects);
        let outcome = block_on(fold(&host.app()));
        host.batches_left.set(usize::MAX);
        host.objects_left.set(usize::MAX);
        let after = checkpoint(&host).head;
        let proof: Consistency = proof(&host, &format!("/log/proof/consistency?from={}", before.size));
        assert_eq!(proof.verify(before, after), Ok(()), "stopped at {steps}");
        block_on(fold(&host.app())).unwrap();
        assert_sound(&host, 900);
        if outcome.is_ok() && steps > 40 {
            break;
        }
        stopped += usize::from(outcome.is_err());
    }
    assert!(stopped > 20, "{stopped}");
}

#[test]
fn a_run_that_was_overtaken_changes_nothing() {
    let host = folded(10);
    append(&host, 10);
    block_on(fold(&host.app())).unwrap();
    let late = block_on(host.app().store().head(0)).unwrap().unwrap();
    let early = folded(10);
    let early = block_on(early.app().store().head(0)).unwrap().unwrap();
    block_on(host.app().store().keep_head(0, &early)).unwrap();
    assert_eq!(block_on(host.app().store().head(0)).unwrap(), Some(late));
}

#[test]
fn a_database_that_was_rolled_back_gets_no_signature() {
    let host = folded(300);
    let backup = checkpoint(&host).head;
    let row = "CREATE TEMP TABLE backup AS SELECT * FROM log_head";
    host.execute(0, row);
    append(&host, 50);
    block_on(fold(&host.app())).unwrap();
    let held = checkpoint(&host).head;
    host.execute(
        0,
        "DROP TRIGGER events_refuse_delete; DROP TRIGGER log_head_refuse_less; DELETE FROM events WHERE log_index >= 300; \
         DELETE FROM log_head; INSERT INTO log_head SELECT * FROM backup",
    );
    append(&host, 80);
    let refused = format!("{:?}", block_on(fold(&host.app())).unwrap_err());
    assert!(refused.contains("rolled back"), "{refused}");
    assert_eq!(checkpoint(&host).head, backup);
    assert!(held.size > backup.size);
}

/// Changes events with the triggers dropped, folds what came after, and says whether the holder of an earlier checkpoint sees a
/// root of another past or a row that is not the one under it.
fn detected(change: &str) -> bool {
    let host = folded(300);
    let held = checkpoint(&host);
    host.execute(
        0,
        "DROP TRIGGER events_refuse_delete; DROP TRIGGER events_refuse_update; DROP TRIGGER events_refuse_replace; \
         DROP TRIGGER events_refuse_gap;",
    );
    host.execute(0, change);
    let Ok(events) = block_on(host.app().store().range(0, 0, 300)) else { return true };
    let mut tree = Frontier::default();
    tree.extend(events.iter().map(|stored| leaf_hash(&leaf(&held.origin, &stored.event))));
    let tile = Tile::of(Node { level: 0, index: 0 }, 300).unwrap();
    let object = host.objects.borrow()[&format!("log/{}/{tile}", held.origin)].clone();
    let row_differs = Hashes::parse(tile, &object)
        .unwrap()
        .hashes()
        .iter()
        .zip(&events)
        .any(|(hash, stored)| *hash != leaf_hash(&leaf(&held.origin, &stored.event)));
    assert!(!row_differs || tree.head() != held.head);
    tree.head() != held.head
}

#[test]
fn whoever_holds_a_checkpoint_detects_every_change_of_its_events() {
    assert!(!detected("SELECT 1"), "nothing was changed");
    for change in [
        "UPDATE events SET details = '{\"a\":1}' WHERE log_index = 100",
        "UPDATE events SET created_at = created_at + 1 WHERE log_index = 100",
        "UPDATE events SET site = 'other' WHERE log_index = 100",
        "DELETE FROM events WHERE log_index = 100",
        "DELETE FROM events WHERE log_index >= 299",
        "UPDATE events SET log_index = -1 WHERE log_index = 100; UPDATE events SET log_index = 100 WHERE log_index = 101; \
         UPDATE events SET log_index = 101 WHERE log_index = -1",
        "DELETE FROM events WHERE log_index = 100; UPDATE events SET log_index = -log_index WHERE log_index > 100; \
         UPDATE events SET log_index = -log_index - 1 WHERE log_index < 0",
    ] {
        assert!(detected(change), "{change}");
    }
}

#[test]
fn a_key_that_was_replaced_signs_beside_its_successor_for_thirty_days() {
    let mut host = folded(5);
    let change = host.now.get().plus_ms(60_000);
    host.config.log_keys = Keys::parse(["07".repeat(32), format!("{change} {}", "08".repeat(32))]);
    let keys = get(&host, "/log/key").1;
    let keys: Vec<_> = keys.lines().map(|key| VerifierKey::parse(key).unwrap()).collect();
    assert_eq!(keys.len(), 2);
    for (ms, signers) in
        [(0, vec![true, false]), (60_000, vec![true, true]), (31 * 24 * 3_600_000, vec![false, true])]
    {
        host.now.set(crate::testing::START.plus_ms(ms));
        append(&host, 1);
        block_on(fold(&host.app())).unwrap();
        let note = get(&host, "/log/checkpoint").1;
        let opens = |key| Checkpoint::open(note.as_bytes(), std::slice::from_ref(key), check).is_ok();
        assert_eq!(keys.iter().map(opens).collect::<Vec<_>>(), signers, "{ms}");
    }
}
