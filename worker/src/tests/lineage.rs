//! Data sets and models over SQLite.

use crate::{
    lineage::{holding, note, of_erasure},
    testing::Host,
};
use consentry::{
    granted::{
        KEY, Key,
        file::{CHUNK, DIGEST, HEADER, Header, INDEX, digest},
        key,
    },
    purpose::Purpose,
    slug::Slug,
    subject::{KeyId, SiteKey, Subject, UserId},
};
use futures_executor::block_on;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

fn demo() -> Slug {
    Slug::parse("demo").unwrap()
}

fn site_key() -> SiteKey {
    SiteKey::derive(b"master secret of the tests, and of nothing else", &demo(), KeyId(1))
}

fn subject(user: &str) -> Subject {
    site_key().subject(&UserId::parse(user).unwrap())
}

/// An index as the training side writes it, but for where prefixes start, which the edge doesn't ask.
fn index(mut keys: Vec<Key>) -> Vec<u8> {
    keys.sort_unstable();
    let site_key = site_key();
    let kept = (demo(), Purpose::parse("model_training").unwrap());
    let mut header = Header::of_site(kept, crate::testing::START, Some(1), (&site_key, KeyId(1)));
    header.count = keys.len().try_into().unwrap();
    let body = [keys.concat(), vec![0; 8]].concat();
    let hashes: Vec<u8> = body.chunks(CHUNK).flat_map(|chunk| Sha256::digest(chunk).to_vec()).collect();
    let digest = digest(&header.encode(), &hashes);
    let mut bytes = [header.encode().as_slice(), &body, &digest].concat();
    bytes[..INDEX.len()].copy_from_slice(&INDEX);
    bytes
}

fn of_users(users: &[&str]) -> Vec<u8> {
    index(users.iter().map(|user| key(subject(user).hash)).collect())
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

fn input(dataset: &str, models: &[&str], index: &[u8]) -> Value {
    let time = "2026-11-01T00:00:00.000Z";
    json!({ "dataset": dataset, "models": models,
        "manifest": { "version": "0.1.0", "started_at": time, "ended_at": time, "purpose": "model_training",
            "user_field": "user_id", "inputs": [{ "file": "a", "bytes": 1 }], "outputs": [],
            "snapshot": { "site": "demo", "file": "s", "digest": hex(&[0; 32]), "created_at": time, "users": 1, "age_ms": 1, "log_position": 1 },
            "counts": { "rows": 2, "kept": 1 } },
        "index": { "header": hex(&index[..HEADER]), "digest": hex(&index[index.len() - DIGEST..]) } })
}

fn send(host: &Host, token: &str, dataset: &str, number: usize, bytes: &[u8]) -> (u16, Value) {
    let path = format!("/lineage/{dataset}/index/{number}");
    let headers = [("authorization", format!("Bearer {token}"))];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    let answer = host.send_bytes(("PUT", &path), &headers, "application/octet-stream", bytes.to_vec());
    (answer.status().as_u16(), serde_json::from_str(answer.body()).unwrap_or_default())
}

/// Registers as the command does.
fn register(host: &Host, token: &str, dataset: &str, models: &[&str], index: &[u8]) -> Value {
    let (status, mut told) = host.call("POST", "/lineage", token, &input(dataset, models, index));
    assert!(matches!(status, 200 | 201), "{told}");
    let body = &index[HEADER..index.len() - DIGEST];
    while let Some(next) = told["next"].as_u64() {
        let next = usize::try_from(next).unwrap();
        let chunk = body.chunks(CHUNK).nth(next).unwrap();
        let (status, now) = send(host, token, dataset, next, chunk);
        assert_eq!(status, 200, "{now}");
        told = now;
    }
    told
}

fn held(host: &Host, users: &[&str]) -> Vec<String> {
    let subjects: Vec<_> = users.iter().map(|user| subject(user)).collect();
    let found = block_on(holding(&host.app(), &demo(), &subjects)).unwrap();
    found.into_iter().map(|held| held.dataset).collect()
}

#[test]
fn whoever_has_rows_in_a_data_set_is_found_and_nobody_else() {
    let (host, token) = Host::with_site(1);
    register(&host, &token, "one", &["ranker"], &of_users(&["ada", "bob"]));
    register(&host, &token, "two", &[], &of_users(&["bob"]));
    register(&host, &token, "none", &[], &of_users(&[]));
    register(&host, &token, "zebra", &["a", "b"], &of_users(&["cyd", "ada"]));
    assert_eq!(held(&host, &["ada"]), ["one", "zebra"]);
    assert_eq!(held(&host, &["bob"]), ["one", "two"]);
    assert_eq!(held(&host, &["cyd", "bob"]), ["one", "two", "zebra"]);
    assert!(held(&host, &["dan"]).is_empty());
    let (status, told) = host.call("GET", "/lineage/holding/ada", &token, &Value::Null);
    assert_eq!(status, 200, "{told}");
    assert_eq!(told["datasets"][1], json!({ "dataset": "zebra", "models": ["a", "b"] }));
    assert_eq!(host.count(0, "SELECT count(*) FROM events WHERE kind = 'lineage_read'"), 1);
}

#[test]
fn an_index_of_many_pieces_is_searched_in_the_one_that_counts() {
    let (host, token) = Host::with_site(1);
    let mut keys: Vec<Key> =
        (0..150_000_u32).map(|n| Sha256::digest(n.to_be_bytes())[..KEY].try_into().unwrap()).collect();
    keys.push(key(subject("ada").hash));
    let told = register(&host, &token, "large", &[], &index(keys));
    assert_eq!((&told["chunks"], &told["users"], &told["next"]), (&json!(3), &json!(150_001), &Value::Null));
    assert_eq!(held(&host, &["ada"]), ["large"]);
    assert!(held(&host, &["bob"]).is_empty());
}

#[test]
fn what_is_not_the_announced_index_never_counts() {
    let (host, token) = Host::with_site(1);
    let (mine, other) = (of_users(&["ada", "bob"]), of_users(&["ada", "cyd"]));
    let body = |index: &[u8]| index[HEADER..index.len() - DIGEST].to_vec();
    host.call("POST", "/lineage", &token, &input("one", &[], &mine));
    assert!(held(&host, &["ada"]).is_empty());
    let unknown = host.call("GET", "/lineage/holding/ada", &token, &Value::Null).1;
    assert_eq!(unknown["unknown"], json!(["one"]));
    for wrong in [body(&other), body(&mine)[1..].to_vec(), [body(&mine), vec![0]].concat(), vec![0; 40]] {
        assert_eq!(send(&host, &token, "one", 0, &wrong).0, 422);
        assert!(held(&host, &["ada"]).is_empty());
    }
    assert_eq!(send(&host, &token, "one", 1, &[0]).0, 422);
    assert_eq!(send(&host, &token, "one", 0, &body(&mine)).0, 200);
    assert_eq!(held(&host, &["ada"]), ["one"]);
    // What is whole stays as it is.
    assert_eq!(send(&host, &token, "one", 0, &body(&other)).0, 200);
    assert_eq!(held(&host, &["bob"]), ["one"]);
}

#[test]
fn an_index_of_another_site_another_key_or_a_key_of_its_own_is_refused() {
    let (host, token) = Host::with_site(1);
    host.add_site("other");
    let good = of_users(&["ada"]);
    for (at, what) in [
        (0, "a snapshot"),
        (8, "a version that has ends"),
        (10, "another key id"),
        (36, "another key check"),
        (60, "a key inside"),
        (90, "another site"),
    ] {
        let mut index = good.clone();
        index[at] ^= if at == 8 { 3 } else { 1 };
        if at == 60 {
            index[12] ^= 1;
        }
        let (status, problem) = host.call("POST", "/lineage", &token, &input("one", &[], &index));
        assert_eq!((status, &problem["field"]), (422, &json!("index.header")), "{what}: {problem}");
    }
    let mut elsewhere = input("one", &[], &good);
    elsewhere["manifest"]["snapshot"]["site"] = json!("other");
    assert_eq!(host.call("POST", "/lineage", &token, &elsewhere).1["field"], "manifest.snapshot.site");
}

#[test]
fn a_name_belongs_to_one_data_set_and_models_may_come_later() {
    let (host, token) = Host::with_site(1);
    let index = of_users(&["ada"]);
    register(&host, &token, "one", &["a"], &index);
    let events = host.count(0, "SELECT count(*) FROM events");
    let told = register(&host, &token, "one", &["a"], &index);
    assert_eq!(host.count(0, "SELECT count(*) FROM events"), events, "nothing new is no event");
    assert_eq!(told["models"], json!(["a"]));
    assert_eq!(register(&host, &token, "one", &["b"], &index)["models"], json!(["a", "b"]));
    let other = input("one", &[], &of_users(&["bob"]));
    assert_eq!(host.call("POST", "/lineage", &token, &other).1["field"], "dataset");
}

#[test]
fn models_are_to_be_retrained_until_somebody_says_what_became_of_them() {
    let (host, token) = Host::with_site(1);
    register(&host, &token, "one", &["a", "b"], &of_users(&["ada"]));
    register(&host, &token, "bare", &[], &of_users(&["ada"]));
    let (first, second) = (Uuid::from_u128(1), Uuid::from_u128(2));
    for erasure in [first, second, first] {
        block_on(note(&host.app(), &demo(), erasure, &[subject("ada")])).unwrap();
    }
    let standing = |erasure| {
        let found = block_on(of_erasure(&host.app(), erasure)).unwrap();
        let line = |one: &crate::model::ModelStanding| {
            let state = one.state.map_or("none", consentry::lineage::ModelState::as_str);
            format!("{} {} {state}", one.dataset, one.model.as_deref().unwrap_or("-"))
        };
        found.iter().map(line).collect::<Vec<_>>()
    };
    assert_eq!(standing(first), ["bare - none", "one a to_retrain", "one b to_retrain"]);
    let put =
        |model: &str, body: &Value| host.call("PUT", &format!("/lineage/one/models/{model}"), &token, body);
    assert_eq!(put("a", &json!({ "state": "justified" })).0, 422);
    assert_eq!(put("c", &json!({ "state": "retrained" })).0, 404);
    let why = json!({ "state": "justified", "reason": "only a benchmark", "erasure": first });
    assert_eq!(put("a", &why).1["changed"], 1);
    assert_eq!(put("a", &why).1["changed"], 0, "the same again changes nothing");
    assert_eq!(put("b", &json!({ "state": "retrained" })).1["changed"], 2);
    block_on(note(&host.app(), &demo(), first, &[subject("ada")])).unwrap();
    assert_eq!(standing(first), ["bare - none", "one a justified", "one b retrained"]);
    assert_eq!(standing(second), ["bare - none", "one a to_retrain", "one b retrained"]);
    assert_eq!(host.count(0, "SELECT count(*) FROM events WHERE kind = 'model_state_changed'"), 2);
    let said = "SELECT count(*) FROM events WHERE details LIKE '%benchmark%'";
    assert_eq!(host.count(0, said), 0, "a reason's words stay out of the log");
    let (_, details) = host.call("GET", "/lineage/one", &token, &Value::Null);
    assert_eq!(details["erasures"].as_array().unwrap().len(), 4);
    // A model that is told of later stands with the erasures before.
    register(&host, &token, "bare", &["late"], &of_users(&["ada"]));
    assert!(standing(first).contains(&"bare late to_retrain".to_owned()));
}

#[test]
fn whoever_was_erased_between_a_run_and_its_registration_is_found() {
    for shards in [1, 3] {
        let (host, token) = Host::with_site(shards);
        for user in ["ada", "bob", "cyd", "dan", "eve"] {
            host.call(
                "POST",
                "/consent/grant",
                &token,
                &json!({ "user_id": user, "purpose": "model_training" }),
            );
            assert_eq!(host.call("POST", &format!("/data/delete/{user}"), &token, &Value::Null).0, 202);
        }
        register(&host, &token, "late", &["a"], &of_users(&["bob", "dan", "fay"]));
        assert_eq!(host.count(0, "SELECT count(*) FROM lineage_erasures WHERE state = 'to_retrain'"), 2);
    }
}

#[test]
fn pages_follow_each_other() {
    let (host, token) = Host::with_site(1);
    for name in ["a", "b", "c"] {
        register(&host, &token, name, &[], &of_users(&[name]));
    }
    let (_, first) = host.call("GET", "/lineage", &token, &Value::Null);
    assert_eq!(first["next"], "b");
    let (_, second) = host.call("GET", "/lineage?after=b", &token, &Value::Null);
    assert_eq!((&second["datasets"][0]["dataset"], &second["next"]), (&json!("c"), &Value::Null));
    assert_eq!(host.call("GET", "/lineage/d", &token, &Value::Null).0, 404);
}

#[test]
fn without_its_pieces_nobody_says_that_nothing_is_held() {
    let (host, token) = Host::with_site(1);
    register(&host, &token, "one", &[], &of_users(&["ada"]));
    host.objects.borrow_mut().clear();
    assert!(block_on(holding(&host.app(), &demo(), &[subject("ada")])).is_err());
}
