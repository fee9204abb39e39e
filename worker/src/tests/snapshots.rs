//! Snapshots over SQLite. Pages and pieces are tiny in tests, so that every build here takes many of both.

use crate::{http::Stored, snapshot::build::tick, testing::Host};
use consentry::{
    granted::{
        form::{Chain, to_hex},
        key, key_check,
    },
    hash::Hash,
    slug::Slug,
    subject::{KeyId, SiteKey, UserId},
};
use futures_executor::block_on;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const PATH: &str = "/snapshots/model_training";

fn site_key() -> SiteKey {
    let master = b"master secret of the tests, and of nothing else";
    SiteKey::derive(master, &Slug::parse("demo").unwrap(), KeyId(1))
}

fn key_of(user: &str) -> String {
    to_hex(&key(site_key().subject(&UserId::parse(user).unwrap()).hash))
}

pub(super) fn keys<'a>(users: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    users.into_iter().map(key_of).collect()
}

pub(super) fn say(host: &Host, token: &str, what: &str, user: &str) {
    let body = json!({ "user_id": user, "purpose": "model_training" });
    let (status, body) = host.call("POST", &format!("/consent/{what}"), token, &body);
    assert_eq!(status, 201, "{body}");
}

/// The snapshot, once it is built: what it says of itself and who is in it.
pub(super) fn pull(host: &Host, token: &str) -> (Value, BTreeSet<String>) {
    for _ in 0..100 {
        let answer = host.send("GET", PATH, &[("authorization", &format!("Bearer {token}"))], &Value::Null);
        if answer.status() == 200 {
            let Stored { name, .. } = answer.extensions().get().cloned().unwrap();
            return read(&host.objects.borrow()[&name]);
        }
        assert_eq!(answer.status(), 503, "{}", answer.body());
        block_on(tick(&host.app())).unwrap();
    }
    panic!("it is never built");
}

fn read(object: &[u8]) -> (Value, BTreeSet<String>) {
    let (content, digest) = object.split_at(object.len() - 32);
    let chain = content.chunks(crate::snapshot::PIECE).fold(Chain::START, Chain::with);
    assert_eq!(chain.0.0, digest);
    let end = content.iter().position(|byte| *byte == b'\n').unwrap();
    let entries = content[end + 1..].chunks(20);
    let keys: Vec<String> = entries
        .map(|entry| Hash([entry, &[0; 12]].concat().try_into().unwrap()).to_string()[..32].to_owned())
        .collect();
    assert!(keys.is_sorted());
    (serde_json::from_slice(&content[..end]).unwrap(), keys.into_iter().collect())
}

pub(super) fn changes(host: &Host, token: &str, since: &str) -> (BTreeSet<String>, BTreeSet<String>, String) {
    let (mut yes, mut no, mut since) = (BTreeSet::new(), BTreeSet::new(), since.to_owned());
    loop {
        let (status, body) = host.call("GET", &format!("{PATH}/changes?since={since}"), token, &Value::Null);
        assert_eq!(status, 200, "{body}");
        for change in body["changes"].as_array().unwrap() {
            let key = change["key"].as_str().unwrap().to_owned();
            let granted = change["granted"].as_bool().unwrap();
            let (here, there) = if granted { (&mut yes, &mut no) } else { (&mut no, &mut yes) };
            there.remove(&key);
            here.insert(key);
        }
        since = body["position"].as_str().unwrap().into();
        if body["more"] == false {
            return (yes, no, since);
        }
    }
}

#[test]
fn it_holds_those_whose_yes_stands_whatever_else_the_log_holds() {
    for shards in [1, 3] {
        let (host, token) = Host::with_site(shards);
        let other = host.add_site("other");
        let users: Vec<String> = (0..40).map(|n| format!("u{n}")).collect();
        for user in &users {
            say(&host, &token, "grant", user);
            say(&host, &other, "grant", user);
        }
        for user in &users[..10] {
            say(&host, &token, "revoke", user);
        }
        let body = json!({ "user_id": "only analytics", "purpose": "analytics" });
        host.call("POST", "/consent/grant", &token, &body);
        for _ in 0..20 {
            say(&host, &token, "grant", "often");
        }
        let (head, found) = pull(&host, &token);
        let wanted = users[10..].iter().map(String::as_str).chain(["often"]);
        assert_eq!(found, keys(wanted), "{shards} databases");
        assert_eq!(head["key_check"], to_hex(&key_check(&site_key())));
        assert_eq!((&head["site"], &head["purpose"]), (&json!("demo"), &json!("model_training")));
    }
}

#[test]
fn what_comes_while_it_is_built_is_a_change_and_not_in_it() {
    let (host, token) = Host::with_site(1);
    for n in 0..60 {
        say(&host, &token, "grant", &format!("u{n}"));
    }
    // The first call builds a few pages and no more.
    assert_eq!(host.call("GET", PATH, &token, &Value::Null).0, 503);
    say(&host, &token, "grant", "late");
    for n in 0..60 {
        say(&host, &token, "revoke", &format!("u{n}"));
    }
    let (head, found) = pull(&host, &token);
    assert_eq!(found.len(), 60);
    let (yes, no, _) = changes(&host, &token, head["position"].as_str().unwrap());
    assert_eq!((yes, no), (keys(["late"]), found));
}

#[test]
fn changes_are_told_once_with_what_holds_now() {
    let (host, token) = Host::with_site(2);
    say(&host, &token, "grant", "a");
    let (head, _) = pull(&host, &token);
    let (yes, no, position) = changes(&host, &token, head["position"].as_str().unwrap());
    assert_eq!((yes.len(), no.len()), (0, 0));
    for user in ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"] {
        say(&host, &token, "grant", user);
    }
    say(&host, &token, "revoke", "a");
    let (yes, no, position) = changes(&host, &token, &position);
    assert_eq!((yes, no), (keys(["b", "c", "d", "e", "f", "g", "h", "i", "j"]), keys(["a"])));
    let (yes, no, _) = changes(&host, &token, &position);
    assert_eq!((yes.len(), no.len()), (0, 0));
}

#[test]
fn an_erased_person_is_out_of_it_until_they_grant_again() {
    let (host, token) = Host::with_site(1);
    for user in ["a", "b"] {
        say(&host, &token, "grant", user);
    }
    let start = pull(&host, &token).0["position"].as_str().unwrap().to_owned();
    assert_eq!(host.call("POST", "/data/delete/a", &token, &Value::Null).0, 202);
    let (yes, no, position) = changes(&host, &token, &start);
    assert_eq!((yes, no), (BTreeSet::new(), keys(["a"])));
    host.now.set(host.now.get().plus_days(2));
    pull(&host, &token);
    block_on(tick(&host.app())).unwrap();
    assert_eq!(pull(&host, &token).1, keys(["b"]));
    say(&host, &token, "grant", "a");
    assert_eq!(changes(&host, &token, &position).0, keys(["a"]));
}

#[test]
fn a_yes_that_has_ended_is_not_in_it() {
    let (host, token) = Host::with_site(1);
    say(&host, &token, "grant", "old");
    host.now.set(host.now.get().plus_months(7));
    say(&host, &token, "grant", "new");
    assert_eq!(pull(&host, &token).1, keys(["new"]));
}

#[test]
fn somebody_who_decides_without_end_counts_as_a_no_among_the_changes() {
    let (host, token) = Host::with_site(1);
    say(&host, &token, "grant", "calm");
    let start = pull(&host, &token).0["position"].as_str().unwrap().to_owned();
    for _ in 0..60 {
        say(&host, &token, "grant", "restless");
    }
    say(&host, &token, "revoke", "calm");
    let (yes, no, _) = changes(&host, &token, &start);
    assert_eq!((yes, no), (BTreeSet::new(), keys(["calm", "restless"])));
}

#[test]
fn a_build_goes_on_after_a_run_that_broke_off() {
    let (host, token) = Host::with_site(1);
    let users: Vec<String> = (0..60).map(|n| format!("u{n}")).collect();
    for user in &users {
        say(&host, &token, "grant", user);
    }
    host.call("GET", PATH, &token, &Value::Null);
    // After so many more batches the database stops answering.
    for batches in [2, 7, 12, 20] {
        host.batches_left.set(batches);
        let _ = block_on(tick(&host.app()));
        host.batches_left.set(usize::MAX);
        host.now.set(host.now.get().plus_ms(6 * 60_000));
    }
    assert_eq!(pull(&host, &token).1, keys(users.iter().map(String::as_str)));
    assert_eq!(host.objects.borrow().len(), 1, "nothing else is left in the bucket");
}

#[test]
fn a_build_whose_bytes_were_lost_begins_again() {
    let (host, token) = Host::with_site(1);
    let users: Vec<String> = (0..60).map(|n| format!("u{n}")).collect();
    for user in &users {
        say(&host, &token, "grant", user);
    }
    host.call("GET", PATH, &token, &Value::Null);
    host.objects.borrow_mut().clear();
    let _ = block_on(tick(&host.app()));
    assert_eq!(pull(&host, &token).1, keys(users.iter().map(String::as_str)));
}

#[test]
fn a_pull_and_a_poll_leave_an_event_each_and_a_304_none() {
    let (host, token) = Host::with_site(1);
    say(&host, &token, "grant", "a");
    let count = || host.count(0, "SELECT count(*) FROM events WHERE kind = 'snapshot_read'");
    let bearer = format!("Bearer {token}");
    let answer = host.send("GET", PATH, &[("authorization", &bearer)], &Value::Null);
    let tag = answer.headers()["etag"].to_str().unwrap().to_owned();
    assert_eq!(count(), 1);
    let known = [("authorization", bearer.as_str()), ("if-none-match", &tag)];
    assert_eq!(host.send("GET", PATH, &known, &Value::Null).status(), 304);
    assert_eq!(count(), 1);
    changes(&host, &token, "0");
    assert_eq!(count(), 2);
}
