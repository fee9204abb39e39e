//! Receipts over SQLite: the same bytes again, by whom, and with which key.

use crate::{
    keys::Keys,
    testing::{ADMIN, Host},
    tree::fold,
};
use base64ct::{Base64UrlUnpadded, Encoding as _};
use consentry::receipt::{Proved, Verified};
use ed25519_dalek::{Signature, SigningKey, VerifyingKey};
use futures_executor::block_on;
use serde_json::{Value, json};

fn public(seed: u8) -> [u8; 32] {
    SigningKey::from_bytes(&[seed; 32]).verifying_key().to_bytes()
}

fn verified(proved: &Proved) -> Verified {
    let check = |public: &[u8; 32], message: &[u8], signature: &[u8; 64]| {
        let key = VerifyingKey::from_bytes(public).unwrap();
        key.verify_strict(message, &Signature::from_bytes(signature)).is_ok()
    };
    proved.verify(&[public(7), public(8)], check).unwrap()
}

fn grant(host: &Host, key: &str, user: &str) -> Value {
    let (status, body) =
        host.call("POST", "/consent/grant", key, &json!({ "user_id": user, "purpose": "analytics" }));
    assert_eq!(status, 201, "{body}");
    body
}

fn again(host: &Host, key: &str, given: &Value) -> Proved {
    let (status, body) = host.call("GET", &format!("/receipts/{}", given["log_index"]), key, &Value::Null);
    assert_eq!(status, 200, "{body}");
    let proved: Proved = serde_json::from_value(body).unwrap();
    assert_eq!(Some(proved.receipt.as_str()), given["receipt"].as_str());
    proved
}

#[test]
fn a_receipt_is_a_promise_until_the_log_has_it_and_then_proved() {
    let (host, key) = Host::with_site(1);
    let given = grant(&host, &key, "u1");
    let promised = verified(&again(&host, &key, &given));
    assert_eq!(promised.tree_size, None);
    assert_eq!(promised.receipt.leaf_hash.to_string(), given["leaf_hash"]);
    block_on(fold(&host.app())).unwrap();
    let proved = verified(&again(&host, &key, &given));
    assert!(proved.tree_size.unwrap() > promised.receipt.log_index);
}

#[test]
fn a_receipt_keeps_its_key_when_the_key_is_replaced() {
    let (mut host, key) = Host::with_site(1);
    let change = host.now.get().plus_ms(60_000);
    let first = "07".repeat(32);
    host.config.log_keys = Keys::parse([first, format!("{change} {}", "08".repeat(32))]);
    let early = grant(&host, &key, "u1");
    host.now.set(change);
    let late = grant(&host, &key, "u1");
    block_on(fold(&host.app())).unwrap();
    let ids = [&early, &late].map(|given| verified(&again(&host, &key, given)).key_id);
    assert_eq!(ids, [public(7), public(8)].map(|key| consentry::jws::key_id(&key)));
    let published = host.call("GET", "/.well-known/jwks.json", "", &Value::Null).1;
    let published = published["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap());
    assert_eq!(published.collect::<Vec<_>>(), ids);
}

#[test]
fn each_decision_of_several_has_a_receipt_and_a_replay_has_the_same() {
    let (host, key) = Host::with_site(3);
    let body = json!({ "user_id": "u1", "decisions": [
        { "purpose": "analytics", "status": "granted" }, { "purpose": "inference", "status": "revoked" },
    ] });
    let headers = [("authorization", &*format!("Bearer {key}")), ("idempotency-key", "k1")];
    let first = host.send("POST", "/consent", &headers, &body);
    host.now.set(host.now.get().plus_ms(5000));
    let second = host.send("POST", "/consent", &headers, &body);
    assert_eq!(first.body(), second.body());
    let given: Value = serde_json::from_str(first.body()).unwrap();
    let receipts: Vec<_> = given["records"]
        .as_array()
        .unwrap()
        .iter()
        .map(|record| record["receipt"].as_str().unwrap())
        .collect();
    let statuses = receipts.iter().map(|receipt| {
        let proved = Proved { receipt: (*receipt).into(), inclusion: None, checkpoint: None };
        verified(&proved).receipt.record.status.as_str()
    });
    assert_eq!(statuses.collect::<Vec<_>>(), ["granted", "revoked"]);
}

#[test]
fn a_receipt_names_nobody() {
    let (host, key) = Host::with_site(1);
    let given = grant(&host, &key, "ada@example.com");
    let payload = given["receipt"].as_str().unwrap().split('.').nth(1).unwrap();
    let payload = String::from_utf8(Base64UrlUnpadded::decode_vec(payload).unwrap()).unwrap();
    assert!(payload.contains("\"log_index\"") && !payload.contains("ada"), "{payload}");
}

#[test]
fn only_who_reaches_the_person_gets_it_and_that_leaves_an_event() {
    let (host, key) = Host::with_site(1);
    let other = host.add_site("other");
    let given = grant(&host, &key, "u1");
    let path = format!("/receipts/{}", given["log_index"]);
    let events = host.count(0, "SELECT count(*) FROM events");
    for (path, key, status) in [
        (path.as_str(), other.as_str(), 404),
        ("/receipts/0", &key, 404),
        ("/receipts/1000", &key, 404),
        ("/receipts/x", &key, 404),
        ("/receipts/0?log=1", &key, 404),
        (&path, "", 401),
    ] {
        assert_eq!(host.call("GET", path, key, &Value::Null).0, status, "{path}");
    }
    assert_eq!(host.count(0, "SELECT count(*) FROM events"), events);
    again(&host, &key, &given);
    let read = "SELECT count(*) FROM events WHERE kind = 'receipt_read' AND subject = \
                (SELECT subject FROM events WHERE kind = 'consent_granted')";
    assert_eq!(host.count(0, read), 1);
}

#[test]
fn a_visitor_gets_their_own_and_joining_gives_the_person_receipts() {
    let (host, key) = Host::with_site(1);
    let secret = |byte: u8| Base64UrlUnpadded::encode_string(&[byte; 32]);
    let decide = |byte: u8| {
        let body = json!({
            "anonymous": { "site": "demo", "secret": secret(byte) },
            "decisions": [{ "purpose": "analytics", "status": "granted" }],
        });
        let answer = host.send("POST", "/consent", &[("origin", "https://demo.example")], &body);
        let body: Value = serde_json::from_str(answer.body()).unwrap();
        body["records"][0].clone()
    };
    let (mine, theirs) = (decide(1), decide(2));
    let get = |given: &Value| {
        let headers = [("consentry-site", "demo"), ("consentry-secret", &*secret(1))];
        host.send("GET", &format!("/receipts/{}", given["log_index"]), &headers, &Value::Null)
            .status()
            .as_u16()
    };
    assert_eq!((get(&mine), get(&theirs)), (200, 404));
    let link = json!({ "user_id": "u1", "anonymous": { "site": "demo", "secret": secret(1) } });
    let (_, linked) = host.call("POST", "/identity/link", &key, &link);
    again(&host, &key, &linked["records"][0]);
}

#[test]
fn without_a_key_decisions_are_recorded_and_have_no_receipt_until_there_is_one() {
    let (mut host, key) = Host::with_site(1);
    let keys = std::mem::take(&mut host.config.log_keys);
    let given = grant(&host, &key, "u1");
    assert_eq!(given.get("receipt"), None);
    let path = format!("/receipts/{}", given["log_index"]);
    assert_eq!(host.call("GET", &path, &key, &Value::Null).1["code"], "misconfigured");
    host.config.log_keys = keys;
    assert_eq!(host.call("GET", &path, &key, &Value::Null).0, 200);
}

#[test]
fn who_asks_for_linked_data_gets_the_record_of_iso_27560() {
    let (host, key) = Host::with_site(1);
    let settings = json!({
        "name": "demo", "origins": ["https://demo.example"], "controller": { "name": "Shop", "recipients": ["A host"] },
    });
    assert_eq!(host.call("PUT", "/admin/sites/demo", ADMIN, &settings).0, 200);
    grant(&host, &key, "u1");
    let no = json!({ "user_id": "u1", "purpose": "analytics" });
    let (_, given) = host.call("POST", "/consent/revoke", &key, &no);
    let bearer = format!("Bearer {key}");
    let headers = [("authorization", bearer.as_str()), ("accept", "application/ld+json;q=1")];
    let answer = host.send("GET", &format!("/receipts/{}", given["log_index"]), &headers, &Value::Null);
    assert_eq!(answer.headers()["content-type"], "application/ld+json");
    let document: Value = serde_json::from_str(answer.body()).unwrap();
    assert_eq!(document["dct:source"], given["receipt"]);
    let record = &document["dpv:hasRecordOfActivity"];
    assert_eq!(record["dpv:hasDataController"]["dpv:hasName"], "Shop");
    assert_eq!(record["dpv:hasConsentStatus"]["@type"], "dpv:ConsentWithdrawn");
    assert!(!answer.body().contains("u1\""));
    let wrong = json!({ "name": "demo", "controller": { "nom": "x" } });
    let (status, problem) = host.call("PUT", "/admin/sites/demo", ADMIN, &wrong);
    assert_eq!((status, problem["field"].as_str()), (422, Some("controller.nom")));
}
