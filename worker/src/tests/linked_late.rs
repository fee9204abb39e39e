//! Visitors who are linked to a person after these asked for the erasure of their data: whatever happens at once or is cut off, what
//! the visitor granted before it stands no longer, and what they grant afterwards does.

use super::{
    calls::{proof, visit},
    snapshots::{changes, keys, pull, say},
};
use crate::{
    erasure::drive::sweep,
    testing::{Host, at_once},
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const SHARDS: [usize; 4] = [1, 2, 3, 5];

fn later(host: &Host) {
    host.now.set(host.now.get().plus_ms(1000));
}

/// The visitor says yes from the site's page.
fn yes(host: &Host) {
    visit(host, &json!([{ "purpose": "model_training", "status": "granted" }]));
}

fn link(host: &Host, key: &str) -> (u16, Value) {
    let bearer = format!("Bearer {key}");
    let headers = [("authorization", bearer.as_str()), ("idempotency-key", "sign-in")];
    let answer =
        host.send("POST", "/identity/link", &headers, &json!({ "user_id": "ada", "anonymous": proof() }));
    (answer.status().as_u16(), serde_json::from_str(answer.body()).unwrap())
}

fn erase(host: &Host, key: &str) {
    assert_eq!(host.call("POST", "/data/delete/ada", key, &Value::Null).0, 202);
}

fn reason(host: &Host, key: &str, user: &str) -> Value {
    host.call("GET", &format!("/consent/{user}/model_training"), key, &Value::Null).1["reason"].clone()
}

/// How many rows there are of a kind, in all databases.
fn all(host: &Host, shards: usize, rows: &str) -> i64 {
    (0..shards).map(|shard| host.count(shard, &format!("SELECT count(*) FROM {rows}"))).sum()
}

const ASKED: &str = "events WHERE kind = 'erasure_requested'";

/// The id of the visitor, whoever they turn out to be.
fn visitor_id() -> String {
    let (host, key) = Host::with_site(1);
    link(&host, &key).1["visitor_id"].as_str().unwrap().to_owned()
}

#[test]
fn what_a_visitor_granted_before_the_persons_erasure_ends_with_a_link_that_comes_after_it() {
    let visitor = &visitor_id();
    for shards in SHARDS {
        let (host, key) = Host::with_site(shards);
        yes(&host);
        say(&host, &key, "grant", "ada");
        later(&host);
        erase(&host, &key);
        let (head, granted) = pull(&host, &key);
        assert_eq!((granted, reason(&host, &key, visitor)), (keys([visitor.as_str()]), json!("granted")));
        later(&host);
        let (status, linked) = link(&host, &key);
        assert_eq!((status, &linked["records"]), (201, &json!([])), "{shards}: nothing is taken over");
        assert_eq!(["ada", visitor].map(|user| reason(&host, &key, user)), ["erased", "erased"], "{shards}");
        let (more, no, position) = changes(&host, &key, head["position"].as_str().unwrap());
        assert_eq!(
            (more, no.contains(keys([visitor.as_str()]).first().unwrap())),
            (BTreeSet::new(), true),
            "{shards}"
        );
        let export = |user: &str| host.call("GET", &format!("/data/export/{user}"), &key, &Value::Null).1;
        assert_eq!(export(visitor)["erased_at"], export("ada")["erased_at"], "{shards}");
        let trail = export(visitor)["audit_trail"].clone();
        let asked = trail.as_array().unwrap().iter().find(|event| event["action"] == "erasure_requested");
        assert_eq!(asked.unwrap()["details"]["erasure"], export("ada")["erasures"][0]["id"], "{shards}");
        // Signing in again changes nothing, and what is granted from now on stands.
        host.call("POST", "/identity/link", &key, &json!({ "user_id": "ada", "anonymous": proof() }));
        assert_eq!((all(&host, shards, ASKED), all(&host, shards, "erased")), (2, 2), "{shards}");
        later(&host);
        yes(&host);
        host.call("POST", "/identity/link", &key, &json!({ "user_id": "ada", "anonymous": proof() }));
        assert_eq!(
            ["ada", visitor].map(|user| reason(&host, &key, user)),
            ["granted", "granted"],
            "{shards}"
        );
        assert_eq!(changes(&host, &key, &position).0, keys(["ada", visitor]), "{shards}");
        assert_eq!((all(&host, shards, ASKED), all(&host, shards, "erased")), (2, 2), "{shards}");
    }
}

#[test]
fn a_link_to_somebody_who_was_never_erased_leaves_no_mark() {
    for shards in SHARDS {
        let (host, key) = Host::with_site(shards);
        yes(&host);
        assert_eq!(link(&host, &key).0, 201);
        assert_eq!((all(&host, shards, ASKED), all(&host, shards, "erased")), (0, 0));
        assert_eq!(reason(&host, &key, &visitor_id()), "granted");
    }
}

#[test]
fn a_visitor_who_was_erased_later_than_the_person_keeps_that_mark() {
    let visitor = &visitor_id();
    for shards in SHARDS {
        let (host, key) = Host::with_site(shards);
        erase(&host, &key);
        later(&host);
        yes(&host);
        later(&host);
        assert_eq!(host.call("POST", &format!("/data/delete/{visitor}"), &key, &Value::Null).0, 202);
        assert_eq!(link(&host, &key).0, 201);
        assert_eq!(
            (reason(&host, &key, visitor), all(&host, shards, ASKED)),
            (json!("erased"), 2),
            "{shards}"
        );
    }
}

#[test]
fn a_link_that_was_cut_off_is_whole_once_it_is_repeated() {
    let visitor = &visitor_id();
    for shards in SHARDS {
        for batches in 0.. {
            let (host, key) = Host::with_site(shards);
            yes(&host);
            later(&host);
            erase(&host, &key);
            host.batches_left.set(batches);
            let (status, _) = link(&host, &key);
            host.batches_left.set(usize::MAX);
            assert_eq!(link(&host, &key).0, 201, "{shards} {batches}");
            assert_eq!(reason(&host, &key, visitor), "erased", "{shards} {batches}");
            assert_eq!(all(&host, shards, "links"), 1, "{shards} {batches}");
            assert_eq!(
                (all(&host, shards, ASKED), all(&host, shards, "erased")),
                (2, 2),
                "{shards} {batches}"
            );
            if status == 201 {
                break;
            }
        }
    }
}

/// Does something, and another thing before each of its steps in turn. Whichever came first, what the visitor granted ends.
fn between_the_steps(act: fn(&Host, &str), between: fn(&Host, &str)) {
    let visitor = &visitor_id();
    for shards in SHARDS {
        for step in 0.. {
            let (host, key) = Host::with_site(shards);
            yes(&host);
            later(&host);
            let also = key.clone();
            *host.meanwhile.borrow_mut() = Some((step, Box::new(move |host| between(host, &also))));
            act(&host, &key);
            if host.meanwhile.take().is_some() {
                break;
            }
            at_once(sweep(&host.app())).unwrap();
            assert_eq!(reason(&host, &key, visitor), "erased", "{shards} {step}");
            // Nothing was taken over, or it ended too.
            assert_ne!(reason(&host, &key, "ada"), "granted", "{shards} {step}");
            assert_eq!(all(&host, shards, "erased"), 2, "{shards} {step}");
        }
    }
}

fn linked(host: &Host, key: &str) {
    let (status, answer) = link(host, key);
    assert_eq!(status, 201, "{answer}");
}

#[test]
fn an_erasure_that_is_asked_for_between_the_steps_of_a_link_ends_what_the_visitor_granted() {
    between_the_steps(linked, erase);
}

#[test]
fn a_link_between_the_steps_of_an_erasure_ends_what_the_visitor_granted() {
    between_the_steps(erase, linked);
}
