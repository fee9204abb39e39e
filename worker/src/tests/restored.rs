//! A log whose database was restored to an earlier state: it is signed no longer, and then goes on under another name.

use super::log::{append, check, checkpoint, folded, get, proof};
use crate::{
    keys::Keys,
    testing::{ADMIN, Host},
    tree::{fold, inspect::inspect},
};
use consentry::{
    checkpoint::Checkpoint,
    handover::Handover,
    log::{leaf, leaf_hash},
    note::VerifierKey,
    proof::{Consistency, Inclusion},
};
use futures_executor::block_on;
use serde_json::{Value, json};

/// Restores the database to its first `size` events, of which `signed` were under a checkpoint.
fn restore(host: &Host, size: u64, backup: &str) {
    host.execute(
        0,
        &format!(
            "DROP TRIGGER IF EXISTS events_refuse_delete; DELETE FROM events WHERE log_index >= {size}; \
             DELETE FROM log_origins WHERE first >= {size}; DELETE FROM log_head; INSERT INTO log_head SELECT * FROM {backup}"
        ),
    );
    host.forget();
}

fn backup(host: &Host, name: &str) {
    host.execute(0, &format!("CREATE TEMP TABLE {name} AS SELECT * FROM log_head"));
}

fn restart(host: &Host) -> (u16, Value) {
    host.call("POST", "/admin/log/restart", ADMIN, &Value::Null)
}

/// 300 events signed, 20 more that are not yet, then 80 more that all are; restored to the 320.
fn restored() -> (Host, Checkpoint) {
    let host = folded(300);
    backup(&host, "backup");
    append(&host, 100);
    block_on(fold(&host.app())).unwrap();
    let held = checkpoint(&host);
    assert_eq!(held.head.size, 400);
    restore(&host, 320, "backup");
    (host, held)
}

fn keys(host: &Host, origin: &str) -> Vec<VerifierKey> {
    let keys = get(host, &format!("/log/key?origin={origin}")).1;
    keys.lines().map(|key| VerifierKey::parse(key).unwrap()).collect()
}

/// The last checkpoint under an earlier name, as who trusted its key reads it.
fn last(host: &Host, origin: &str) -> Checkpoint {
    let (status, note) = get(host, &format!("/log/checkpoint?origin={origin}"));
    assert_eq!(status, 200, "{note}");
    Checkpoint::open(note.as_bytes(), &keys(host, origin), check).unwrap()
}

#[test]
fn a_restored_log_goes_on_under_another_name_that_the_old_one_names() {
    let (host, held) = restored();
    assert!(block_on(fold(&host.app())).is_err());
    append(&host, 5);
    let (status, answer) = restart(&host);
    assert_eq!(status, 200, "{answer}");
    assert_eq!((answer["kept"].as_u64(), answer["first"].as_u64()), (Some(320), Some(325)));
    let now = checkpoint(&host);
    assert_eq!(answer["log"], now.origin);
    assert_ne!(now.origin, held.origin);
    assert_eq!(now.head.size, 326);
    let last = last(&host, &held.origin);
    assert_eq!(last.head, held.head);
    let handover = Handover::parse(&last.extensions).unwrap();
    assert_eq!((handover.origin.as_str(), handover.kept.size), (now.origin.as_str(), 320));
    // What was kept is the beginning of both.
    let old: Consistency = proof(&host, &format!("/log/proof/consistency?from=320&origin={}", held.origin));
    assert_eq!(old.verify(handover.kept, held.head), Ok(()));
    let new: Consistency = proof(&host, "/log/proof/consistency?from=320");
    assert_eq!(new.verify(handover.kept, now.head), Ok(()));
}

#[test]
fn the_event_that_begins_a_name_holds_the_last_checkpoint_of_the_one_before() {
    let (host, held) = restored();
    let note = get(&host, "/log/checkpoint").1;
    assert_ne!(note, "");
    restart(&host);
    let begun = block_on(host.app().store().range(0, 320, 1)).unwrap().remove(0);
    assert_eq!(begun.event.kind.as_str(), "log_restarted");
    let now = checkpoint(&host).origin;
    assert_eq!(leaf_hash(&leaf(&now, &begun.event)), begun.leaf_hash);
    let details: Value = serde_json::from_str(&begun.event.details).unwrap();
    assert_eq!((&details["origin"], &details["kept"]), (&now.clone().into(), &320.into()));
    let named = Checkpoint::open(
        details["checkpoint"].as_str().unwrap().as_bytes(),
        &keys(&host, &held.origin),
        check,
    );
    assert_eq!(named, Ok(held));
}

#[test]
fn leaves_after_a_restart_hold_the_new_name_also_from_an_isolate_that_knows_the_old_one() {
    let (host, held) = restored();
    restart(&host);
    let now = checkpoint(&host).origin;
    host.cache.origins.borrow_mut().insert(0, held.origin);
    append(&host, 1);
    let stored = block_on(host.app().store().range(0, 321, 1)).unwrap().remove(0);
    assert_eq!(stored.leaf_hash, leaf_hash(&leaf(&now, &stored.event)));
}

#[test]
fn tiles_and_proofs_stay_readable_under_each_name() {
    let (host, held) = restored();
    restart(&host);
    append(&host, 600);
    block_on(fold(&host.app())).unwrap();
    block_on(inspect(&host.app())).unwrap();
    let now = checkpoint(&host);
    assert_eq!(now.head.size, 921);
    for (query, head) in [(String::new(), now.head), (format!("?origin={}", held.origin), held.head)] {
        for index in [0, 255, 256, 319, 320, 399] {
            let proof: Inclusion = proof(&host, &format!("/log/proof/inclusion/{index}{query}"));
            assert_eq!(proof.verify(head), Ok(()), "{index} {query}");
        }
        assert_eq!(get(&host, &format!("/log/tile/0/000{query}")).0, 200, "{query}");
    }
    assert_eq!(get(&host, "/log/tile/0/001").0, 200);
    let old = ["0/001", "0/001.p/144"]
        .map(|tile| get(&host, &format!("/log/tile/{tile}?origin={}", held.origin)).0);
    assert_eq!(old, [404, 200]);
    assert_eq!(get(&host, "/log/checkpoint?origin=consentry.test/log/0/none").0, 404);
}

#[test]
fn a_log_that_was_not_rolled_back_keeps_its_name() {
    let host = folded(300);
    append(&host, 5);
    let (status, problem) = restart(&host);
    assert_eq!((status, problem["code"].as_str()), (409, Some("log_not_rolled_back")));
    let (host, _) = restored();
    assert_eq!(restart(&host).0, 200);
    assert_eq!(restart(&host).0, 409);
    assert_eq!(host.call("POST", "/admin/log/restart", "x", &Value::Null).0, 401);
}

#[test]
fn nothing_goes_on_from_a_checkpoint_that_this_log_did_not_sign() {
    let (host, held) = restored();
    let name = format!("log/{}/checkpoint", held.origin);
    let note = String::from_utf8(host.objects.borrow()[&name].clone()).unwrap();
    host.objects.borrow_mut().insert(name, note.replace("\n400\n", "\n401\n").into_bytes());
    let (status, problem) = restart(&host);
    assert!(status == 409 && problem["detail"].as_str().unwrap().contains("not signed"), "{problem}");
}

#[test]
fn events_that_differ_from_what_was_published_are_not_kept() {
    let (host, _) = restored();
    host.execute(
        0,
        "DROP TRIGGER events_refuse_update; UPDATE events SET leaf_hash = zeroblob(32) WHERE log_index = 100",
    );
    assert_eq!(restart(&host).1["kept"], 100);
}

#[test]
fn whatever_stops_a_restart_the_next_one_goes_on() {
    for steps in 0..60 {
        let (host, held) = restored();
        let (batches, objects) =
            if steps % 2 == 0 { (steps / 2, usize::MAX) } else { (usize::MAX, steps / 2) };
        host.batches_left.set(batches);
        host.objects_left.set(objects);
        let stopped = restart(&host).0;
        host.batches_left.set(usize::MAX);
        host.objects_left.set(usize::MAX);
        let status = restart(&host).0;
        assert!(status == 200 || stopped == 200 && status == 409, "{steps}: {stopped} {status}");
        block_on(fold(&host.app())).unwrap();
        block_on(inspect(&host.app())).unwrap();
        let now = checkpoint(&host);
        assert_eq!(now.head.size, 321, "{steps}");
        let handover = Handover::parse(&last(&host, &held.origin).extensions).unwrap();
        assert_eq!(handover.origin, now.origin, "{steps}");
        assert_eq!(host.count(0, "SELECT count(*) FROM events WHERE kind = 'log_restarted'"), 1);
    }
}

#[test]
fn a_log_that_is_restored_twice_has_three_names_in_a_row() {
    let (host, first) = restored();
    restart(&host);
    let second = checkpoint(&host).origin;
    append(&host, 200);
    block_on(fold(&host.app())).unwrap();
    // To a state from before the second name began.
    restore(&host, 310, "backup");
    assert!(block_on(fold(&host.app())).is_err());
    let (status, answer) = restart(&host);
    assert_eq!((status, answer["kept"].as_u64()), (200, Some(310)), "{answer}");
    let third = checkpoint(&host).origin;
    let next = |origin: &str| Handover::parse(&last(&host, origin).extensions).unwrap().origin;
    assert_eq!((next(&first.origin), next(&second)), (second.clone(), third));
}

#[test]
fn a_log_whose_key_was_replaced_is_restored_as_any_other() {
    let (mut host, held) = restored();
    let later = host.now.get().plus_ms(1000);
    host.config.log_keys = Keys::parse(["07".repeat(32), format!("{later} {}", "08".repeat(32))]);
    host.now.set(later);
    assert_eq!(restart(&host).0, 200);
    assert_eq!(last(&host, &held.origin).head, held.head);
}

#[test]
fn an_export_names_the_log_of_each_entry_from_before_the_restart() {
    let (host, key) = Host::with_site(1);
    let grant = json!({ "user_id": "u1", "purpose": "analytics" });
    host.call("POST", "/consent/grant", &key, &grant);
    block_on(fold(&host.app())).unwrap();
    backup(&host, "backup");
    let held = checkpoint(&host);
    host.call("POST", "/consent/grant", &key, &grant);
    block_on(fold(&host.app())).unwrap();
    restore(&host, held.head.size, "backup");
    assert_eq!(restart(&host).0, 200);
    let now = checkpoint(&host).origin;
    for path in ["/data/export/u1", "/audit/u1"] {
        let (status, page) = host.call("GET", path, &key, &Value::Null);
        assert_eq!((status, &page["log"]), (200, &now.as_str().into()), "{page}");
        let trail = page["audit_trail"].as_array().unwrap();
        let old = |entry: &Value| entry["log_index"].as_u64().unwrap() < held.head.size;
        assert!(trail.iter().any(old) && !trail.iter().all(old));
        for entry in trail {
            let named = old(entry).then_some(held.origin.as_str());
            assert_eq!(entry["log"].as_str(), named, "{entry}");
        }
    }
}
