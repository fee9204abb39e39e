//! Vectors in indexes, over SQLite and an index that does later what it is asked to.

use crate::{
    erasure::drive::sweep,
    testing::{ADMIN, Host, at_once},
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const MINUTE: i64 = 60_000;

/// A deployment whose site has an index, and the key of its backend.
fn world(shards: usize) -> (Host, String) {
    let (host, key) = Host::with_site(shards);
    let stores = json!([{ "name": "faq", "kind": "vectorize", "binding": "VECTORS_FAQ" }]);
    let site = json!({ "name": "demo", "regime": "gdpr", "stores": stores });
    assert_eq!(host.call("PUT", "/admin/sites/demo", ADMIN, &site).0, 200);
    host.vectors.borrow_mut().insert("VECTORS_FAQ".into(), BTreeSet::new());
    (host, key)
}

fn ids(name: &str, count: usize) -> Vec<String> {
    (0..count).map(|i| format!("{name}-{i}")).collect()
}

fn register(host: &Host, key: &str, user: &str, ids: &[String]) -> Value {
    let body = json!({ "store": "faq", "vectors": [{ "user_id": user, "ids": ids }] });
    let (status, told) = host.call("POST", "/vectors", key, &body);
    assert_eq!(status, 200, "{told}");
    told
}

/// Registers vectors and writes them, as a pipeline does.
fn write(host: &Host, key: &str, user: &str, ids: &[String]) {
    assert_eq!(register(host, key, user, ids)["registered"], ids.len());
    host.vectors.borrow_mut().get_mut("VECTORS_FAQ").unwrap().extend(ids.iter().cloned());
}

fn left(host: &Host) -> Vec<String> {
    host.vectors.borrow()["VECTORS_FAQ"].iter().cloned().collect()
}

fn later(host: &Host, ms: i64) {
    host.now.set(host.now.get().plus_ms(ms));
}

/// Opens an erasure and lets the edge begin.
fn erase(host: &Host, key: &str, user: &str) -> String {
    let (status, erasure) = host.call("POST", &format!("/data/delete/{user}"), key, &Value::Null);
    assert_eq!(status, 202, "{erasure}");
    at_once(sweep(&host.app())).unwrap();
    erasure["id"].as_str().unwrap().into()
}

/// The index among the stores of an erasure.
fn store(host: &Host, key: &str, id: &str) -> Value {
    host.call("GET", &format!("/erasures/{id}"), key, &Value::Null).1["stores"][1].clone()
}

fn counts(store: &Value) -> (&str, u64, u64) {
    let count = |name: &str| store[name].as_u64().unwrap();
    (store["state"].as_str().unwrap(), count("found"), count("removed"))
}

fn holding(host: &Host, key: &str, user: &str) -> Value {
    host.call("GET", &format!("/lineage/holding/{user}"), key, &Value::Null).1["vectors"].clone()
}

#[test]
fn the_persons_vectors_are_removed_piece_by_piece_and_nobody_elses() {
    for shards in [1, 5] {
        let (host, key) = world(shards);
        // More than two pieces of what one attempt removes.
        let hers = ids("ada", 530);
        for some in hers.chunks(265) {
            write(&host, &key, "ada", some);
        }
        write(&host, &key, "bob", &ids("bob", 3));
        assert_eq!(holding(&host, &key, "ada"), json!([{ "store": "faq", "count": 530 }]));
        later(&host, 2 * 60 * MINUTE);
        let id = erase(&host, &key, "ada");
        assert_eq!(counts(&store(&host, &key, &id)), ("verifying", 530, 0));
        for gone in [250, 500, 530] {
            host.remove_vectors();
            at_once(sweep(&host.app())).unwrap();
            later(&host, MINUTE);
            at_once(sweep(&host.app())).unwrap();
            let state = if gone == 530 { "done" } else { "verifying" };
            assert_eq!(counts(&store(&host, &key, &id)), (state, 530, gone), "{shards}");
        }
        assert_eq!(left(&host), ids("bob", 3));
        assert_eq!(holding(&host, &key, "ada"), json!([]));
        assert_eq!(holding(&host, &key, "bob"), json!([{ "store": "faq", "count": 3 }]));
    }
}

#[test]
fn an_index_that_does_not_remove_them_is_shown_as_failed_and_asked_again() {
    let (host, key) = world(1);
    write(&host, &key, "ada", &ids("ada", 30));
    later(&host, 60 * MINUTE);
    let id = erase(&host, &key, "ada");
    later(&host, MINUTE);
    at_once(sweep(&host.app())).unwrap();
    let failed = store(&host, &key, &id);
    assert_eq!(counts(&failed), ("failed", 30, 0));
    assert_eq!(
        failed["last_error"],
        "30 of 30 vectors are still in the index; it was asked again to remove them"
    );
    host.remove_vectors();
    for _ in 0..2 {
        later(&host, MINUTE);
        at_once(sweep(&host.app())).unwrap();
    }
    assert_eq!(counts(&store(&host, &key, &id)), ("done", 30, 30));
    assert!(left(&host).is_empty());
}

#[test]
fn an_index_that_is_not_bound_says_so_to_whoever_runs_the_service() {
    let (host, key) = world(1);
    write(&host, &key, "ada", &ids("ada", 1));
    host.vectors.borrow_mut().clear();
    let id = erase(&host, &key, "ada");
    assert_eq!(counts(&store(&host, &key, &id)), ("failed", 0, 0));
    assert!(host.lines.borrow().iter().any(|line| line.contains("VECTORS_FAQ") && !line.contains("ada-0")));
}

#[test]
fn a_vector_that_may_be_on_its_way_is_looked_for_until_it_would_have_arrived() {
    let (host, key) = world(1);
    write(&host, &key, "ada", &ids("old", 2));
    later(&host, 60 * MINUTE);
    register(&host, &key, "ada", &ids("new", 1));
    let id = erase(&host, &key, "ada");
    host.remove_vectors();
    later(&host, MINUTE);
    at_once(sweep(&host.app())).unwrap();
    assert_eq!(counts(&store(&host, &key, &id)), ("verifying", 3, 2));
    // It arrives after it was removed for the first time.
    host.remove_vectors();
    host.vectors.borrow_mut().get_mut("VECTORS_FAQ").unwrap().insert("new-0".into());
    for _ in 0..3 {
        later(&host, 30 * MINUTE);
        at_once(sweep(&host.app())).unwrap();
        host.remove_vectors();
    }
    for _ in 0..2 {
        later(&host, MINUTE);
        at_once(sweep(&host.app())).unwrap();
    }
    assert_eq!(counts(&store(&host, &key, &id)), ("done", 3, 3));
    assert!(left(&host).is_empty());
}

#[test]
fn whose_data_was_erased_gets_no_new_vectors_before_they_grant_something_again() {
    for shards in [1, 5] {
        let (host, key) = world(shards);
        let grant = json!({ "user_id": "ada", "purpose": "model_training" });
        host.call("POST", "/consent/grant", &key, &grant);
        write(&host, &key, "ada", &ids("ada", 1));
        later(&host, 60 * MINUTE);
        erase(&host, &key, "ada");
        let body = json!({ "store": "faq", "vectors": [
            { "user_id": "bob", "ids": ["bob-0"] }, { "user_id": "ada", "ids": ["ada-1", "ada-2"] }] });
        let (status, told) = host.call("POST", "/vectors", &key, &body);
        assert_eq!((status, told), (200, json!({ "registered": 1, "removed": 0, "refused": [1] })));
        assert_eq!(holding(&host, &key, "ada"), json!([{ "store": "faq", "count": 1 }]));
        later(&host, MINUTE);
        let no = json!({ "user_id": "ada", "purpose": "model_training" });
        host.call("POST", "/consent/revoke", &key, &no);
        // Nor does a yes count that was given before and comes only now.
        let before =
            json!({ "user_id": "ada", "purpose": "model_training", "decided_at": crate::testing::START });
        assert_eq!(host.call("POST", "/consent/grant", &key, &before).0, 201);
        assert_eq!(register(&host, &key, "ada", &ids("ada", 1))["refused"], json!([0]));
        host.call("POST", "/consent/grant", &key, &grant);
        assert_eq!(register(&host, &key, "ada", &ids("ada", 1))["refused"], json!([]));
    }
}

#[test]
fn the_vectors_of_visitors_whom_the_person_turned_out_to_be_are_removed_too() {
    let (host, key) = world(5);
    let proof = json!({ "site": "demo", "secret": "A".repeat(43) });
    let linked =
        host.call("POST", "/identity/link", &key, &json!({ "user_id": "ada", "anonymous": proof })).1;
    write(&host, &key, linked["visitor_id"].as_str().unwrap(), &ids("visitor", 2));
    write(&host, &key, "ada", &ids("ada", 2));
    assert_eq!(holding(&host, &key, "ada"), json!([{ "store": "faq", "count": 4 }]));
    later(&host, 60 * MINUTE);
    let id = erase(&host, &key, "ada");
    host.remove_vectors();
    later(&host, MINUTE);
    at_once(sweep(&host.app())).unwrap();
    assert_eq!(counts(&store(&host, &key, &id)), ("done", 4, 4));
    assert!(left(&host).is_empty());
}

#[test]
fn what_the_pipeline_removed_itself_is_forgotten() {
    let (host, key) = world(1);
    write(&host, &key, "ada", &ids("ada", 2));
    let body = json!({ "store": "faq", "removed": [{ "user_id": "ada", "ids": ["ada-0", "none"] }] });
    let (status, told) = host.call("POST", "/vectors", &key, &body);
    assert_eq!((status, told), (200, json!({ "registered": 0, "removed": 2, "refused": [] })));
    assert_eq!(holding(&host, &key, "ada"), json!([{ "store": "faq", "count": 1 }]));
    assert_eq!(host.count(0, "SELECT count(*) FROM events WHERE kind = 'lineage_registered'"), 2);
}

#[test]
fn what_can_not_be_registered_names_the_field() {
    let (host, key) = world(1);
    let refused = |body: &Value| {
        let (status, told) = host.call("POST", "/vectors", &key, body);
        assert_eq!(status, 422, "{told}");
        told["errors"][0]["pointer"].as_str().or(told["field"].as_str()).unwrap_or_default().to_owned()
    };
    let one = |user: &str, id: &str| json!([{ "user_id": user, "ids": [id] }]);
    assert_eq!(refused(&json!({ "store": "other", "vectors": one("ada", "x") })), "store");
    assert_eq!(refused(&json!({ "store": "faq" })), "vectors");
    assert_eq!(
        refused(&json!({ "store": "faq", "vectors": [{ "user_id": "ada", "ids": ids("a", 1001) }] })),
        "vectors"
    );
    assert_eq!(refused(&json!({ "store": "faq", "vectors": one("..", "x") })), "vectors[0].user_id");
    assert_eq!(
        refused(&json!({ "store": "faq", "removed": one("ada", &"ü".repeat(33)) })),
        "removed[0].ids[0]"
    );
    assert_eq!(host.count(0, "SELECT count(*) FROM vectors"), 0);
}
