//! What a deletion receipt says of its numbers: exact only where somebody counted all that was removed.

use crate::{
    erasure::drive::sweep,
    testing::{ADMIN, Host, at_once},
};
use base64ct::{Base64UrlUnpadded, Encoding as _};
use ed25519_dalek::{Signer as _, SigningKey};
use serde_json::{Value, json};

/// A host with a site of one store, the key of the site, and an erasure that is open.
fn erasing(store: &Value) -> (Host, String, String) {
    let (host, key) = Host::with_site(1);
    let site = json!({ "name": "demo", "regime": "gdpr", "stores": [store] });
    assert_eq!(host.call("PUT", "/admin/sites/demo", ADMIN, &site).0, 200);
    let (_, erasure) = host.call("POST", "/data/delete/ada", &key, &Value::Null);
    (host, key, erasure["id"].as_str().unwrap().to_owned())
}

/// Goes on with what is due a day later.
fn go_on(host: &Host) {
    host.now.set(host.now.get().plus_days(1));
    at_once(sweep(&host.app())).unwrap();
}

/// What the receipt says of the site's store: its counts and how many items were removed.
fn receipt(host: &Host, key: &str, id: &str) -> (Value, Value) {
    let (status, answer) = host.call("GET", &format!("/erasures/{id}/receipt"), key, &Value::Null);
    assert_eq!(status, 200, "{answer}");
    let payload = answer["receipt"].as_str().unwrap().split('.').nth(1).unwrap();
    let said: Value = serde_json::from_slice(&Base64UrlUnpadded::decode_vec(payload).unwrap()).unwrap();
    (said["stores"][1]["counts"].clone(), said["stores"][1]["removed"].clone())
}

#[test]
fn a_service_that_gave_no_answer_may_have_removed_something() {
    let done = || (200, r#"{"done":true,"found":3,"removed":3}"#.to_owned());
    for (answers, wanted) in [
        (vec![done()], "exact"),
        (vec![(503, String::new()), done()], "exact"),
        // The first time it can't be reached.
        (vec![], "at_least"),
    ] {
        let store = json!({ "name": "crm", "kind": "webhook", "url": "https://crm.example/" });
        let (host, key, id) = erasing(&store);
        let tries = answers.len().max(1);
        host.answers.borrow_mut().extend(answers);
        (0..tries).for_each(|_| go_on(&host));
        if wanted == "at_least" {
            host.answers.borrow_mut().push(done());
            go_on(&host);
        }
        assert_eq!(receipt(&host, &key, &id), (json!(wanted), json!(3)));
    }
}

#[test]
fn an_agent_that_did_not_see_all_go_that_it_found_may_have_removed_it() {
    let signing = SigningKey::from_bytes(&[9; 32]);
    for (first, wanted) in [
        (None, ("exact", 3)),
        (Some((0, 0)), ("exact", 3)),
        (Some((2, 2)), ("exact", 5)),
        (Some((2, 1)), ("at_least", 4)),
    ] {
        let (host, key, id) = erasing(&json!({ "name": "files", "kind": "agent" }));
        let x = Base64UrlUnpadded::encode_string(signing.verifying_key().as_bytes());
        let public_key = json!({ "kty": "OKP", "crv": "Ed25519", "x": x });
        let input = json!({ "name": "agent", "scopes": ["erasure:work"], "stores": ["files"], "public_key": public_key });
        let (_, agent) = host.call("POST", "/admin/sites/demo/keys", ADMIN, &input);
        let bearer = agent["key"].as_str().unwrap();
        let tell = |outcome: &str, (found, removed): (u64, u64)| {
            host.now.set(host.now.get().plus_days(1));
            let (_, tasks) = host.call("POST", "/agent/tasks", bearer, &json!({ "limit": 1 }));
            let task = &tasks["tasks"][0];
            let report = json!({
                "task": task["id"], "erasure": id, "store": "files", "attempt": task["attempt"], "outcome": outcome,
                "found": found, "removed": removed, "verified": outcome == "done", "erasure_kind": "physical",
                "started_at": "2026-11-28T10:00:00.000Z", "ended_at": "2026-11-28T10:00:01.000Z", "version": "0.1.0",
                "report_sha256": "ab".repeat(32),
            });
            let encode = |value: &Value| Base64UrlUnpadded::encode_string(value.to_string().as_bytes());
            let header = encode(&json!({ "alg": "EdDSA", "kid": agent["id"] }));
            let signed = format!("{header}.{}", encode(&report));
            let signature = Base64UrlUnpadded::encode_string(&signing.sign(signed.as_bytes()).to_bytes());
            let path = format!("/agent/tasks/{}/result", task["id"].as_str().unwrap());
            let (status, answer) =
                host.call("POST", &path, bearer, &json!({ "result": format!("{signed}.{signature}") }));
            assert_eq!(status, 200, "{answer}");
        };
        if let Some(first) = first {
            tell("partial", first);
        }
        tell("done", (3, 3));
        let (counts, removed) = wanted;
        assert_eq!(receipt(&host, &key, &id), (json!(counts), json!(removed)));
    }
}

/// State, found and removed of the site's store.
fn counts(host: &Host, key: &str, id: &str) -> Value {
    let (_, erasure) = host.call("GET", &format!("/erasures/{id}"), key, &Value::Null);
    let store = &erasure["stores"][1];
    json!([store["state"], store["found"], store["removed"]])
}

#[test]
fn more_values_than_one_attempt_deletes_go_piece_by_piece_and_none_counts_twice() {
    let store = json!({ "name": "cache", "kind": "kv", "prefix": "emb/{user_id}/" });
    let (host, key, id) = erasing(&store);
    let values = (0..12).map(|i| (format!("emb/ada/{i}"), "v".to_owned()));
    host.values.borrow_mut().extend(values);
    for wanted in [json!(["verifying", 5, 5]), json!(["verifying", 10, 10]), json!(["verifying", 12, 12])] {
        go_on(&host);
        assert_eq!(counts(&host, &key, &id), wanted);
    }
    go_on(&host);
    assert_eq!(counts(&host, &key, &id), json!(["done", 12, 12]));
    assert_eq!(receipt(&host, &key, &id), (json!("exact"), json!(12)));
}

#[test]
fn what_a_service_left_at_first_counts_once() {
    let store = json!({ "name": "crm", "kind": "webhook", "url": "https://crm.example/" });
    let (host, key, id) = erasing(&store);
    let answers = [
        r#"{"done":false,"found":3,"removed":1}"#,
        r#"{"done":false,"found":2,"removed":0}"#,
        r#"{"done":true,"found":2,"removed":2}"#,
    ];
    host.answers.borrow_mut().extend(answers.map(|answer| (200, answer.to_owned())));
    for wanted in [json!(["failed", 1, 1]), json!(["failed", 1, 1]), json!(["done", 3, 3])] {
        go_on(&host);
        assert_eq!(counts(&host, &key, &id), wanted);
    }
    assert_eq!(receipt(&host, &key, &id), (json!("at_least"), json!(3)));
}
