//! What a real runtime can't be brought to do at will: clocks, failures in between, several databases, two isolates. What
//! callers see on the real one is in `tests/api/`.

use crate::{
    erasure::drive::sweep,
    testing::{ADMIN, Host},
};
use futures_executor::block_on;
use serde_json::{Value, json};

const EVENTS: &str = "SELECT count(*) FROM events";

fn grant(user: &str) -> Value {
    json!({ "user_id": user, "purpose": "analytics" })
}

#[test]
fn a_grant_is_one_round_trip_once_the_isolate_is_warm() {
    let (host, key) = Host::with_site(1);
    let before = host.batches.get();
    assert_eq!(host.call("POST", "/consent/grant", &key, &grant("u1")).0, 201);
    assert_eq!(host.batches.get() - before, 1);
}

#[test]
fn a_yes_ends_by_the_calendar() {
    let (host, key) = Host::with_site(1);
    let granted = host.now.get();
    host.call("POST", "/consent/grant", &key, &grant("u1"));
    let allowed = |ms| {
        host.now.set(granted.plus_months(6).plus_ms(ms));
        host.call("GET", "/consent/u1/analytics", &key, &Value::Null).1["allowed"].clone()
    };
    assert_eq!((allowed(-1), allowed(0)), (json!(true), json!(false)));
    let (_, status) = host.call("GET", "/consent/u1", &key, &Value::Null);
    assert_eq!(status["consent"]["analytics"]["status"], "pending");
    assert_eq!(status["consent"]["analytics"]["reason"], "expired");
}

#[test]
fn storage_that_fails_is_503_and_leaves_nothing() {
    let (host, key) = Host::with_site(1);
    let events = host.count(0, EVENTS);
    host.batches_left.set(0);
    let (status, problem) = host.call("POST", "/consent/grant", &key, &grant("u1"));
    assert_eq!((status, problem["code"].as_str()), (503, Some("storage_unavailable")));
    assert_eq!(host.count(0, EVENTS), events);
}

#[test]
fn an_erasure_that_was_cut_off_is_ended_later_and_was_never_done_before() {
    let (host, key) = Host::with_site(1);
    host.call("POST", "/consent/grant", &key, &grant("u1"));
    // The request is stored, and nothing of what follows.
    host.objects_left.set(0);
    let (status, asked) = host.call("POST", "/data/delete/u1", &key, &Value::Null);
    assert_eq!(
        (status, asked["state"].as_str(), asked["stores"][0]["state"].as_str()),
        (202, Some("open"), Some("open"))
    );
    let deleted = "SELECT count(*) FROM events WHERE kind = 'data_deleted'";
    let evidence = "SELECT count(*) FROM events WHERE evidence IS NOT NULL";
    assert_eq!(
        (host.count(0, evidence), host.count(0, deleted)),
        (1, 0),
        "nothing is removed before the ledger says so"
    );
    host.objects_left.set(usize::MAX);
    block_on(sweep(&host.app())).unwrap();
    assert_eq!((host.count(0, evidence), host.count(0, deleted)), (0, 1));
    block_on(sweep(&host.app())).unwrap();
    assert_eq!(host.count(0, deleted), 1);
    let path = format!("/erasures/{}", asked["id"].as_str().unwrap());
    assert_eq!(host.call("GET", &path, &key, &Value::Null).1["state"], "done");
}

#[test]
fn a_key_is_remembered_for_a_day_and_then_forgotten() {
    let (host, key) = Host::with_site(1);
    let send = || {
        let bearer = format!("Bearer {key}");
        let headers = [("authorization", bearer.as_str()), ("idempotency-key", "k1")];
        let answer = host.send("POST", "/consent/grant", &headers, &grant("u1"));
        (answer.status().as_u16(), answer.headers().contains_key("idempotent-replayed"))
    };
    assert_eq!((send(), send()), ((201, false), (201, true)));
    host.now.set(host.now.get().plus_days(1).plus_ms(-1));
    assert_eq!(send(), (201, true));
    host.now.set(host.now.get().plus_ms(1));
    assert_eq!(send(), (201, false));
    host.now.set(host.now.get().plus_days(1));
    block_on(host.app().store().forget_expired_keys()).unwrap();
    assert_eq!(host.count(0, "SELECT count(*) FROM idempotency"), 0);
}

#[test]
fn a_repeated_request_for_a_key_gets_the_same_key() {
    let (host, _) = Host::with_site(1);
    let input = json!({ "name": "second", "scopes": ["consent:read"] });
    let bearer = format!("Bearer {ADMIN}");
    let headers = [("authorization", bearer.as_str()), ("idempotency-key", "k1")];
    let [first, second] =
        [(), ()].map(|()| host.send("POST", "/admin/sites/demo/keys", &headers, &input).into_body());
    assert_eq!(first, second);
    assert_eq!(host.count(0, "SELECT count(*) FROM api_keys"), 2);
}

#[test]
fn a_withdrawn_key_is_refused_at_once_here_and_within_a_minute_elsewhere() {
    let (host, key) = Host::with_site(1);
    let read = || host.call("GET", "/consent/u1", &key, &Value::Null).0;
    assert_eq!(read(), 200);
    let id = key.split('_').nth(1).unwrap();
    // Another isolate withdraws it: this one's registry stays as it is.
    let kept = host.cache.registry.borrow().clone();
    assert_eq!(host.call("DELETE", &format!("/admin/sites/demo/keys/{id}"), ADMIN, &Value::Null).0, 204);
    assert_eq!(read(), 401);
    host.cache.registry.replace(kept);
    assert_eq!(read(), 200);
    host.now.set(host.now.get().plus_ms(60_000));
    assert_eq!(read(), 401);
}

#[test]
fn a_site_that_another_isolate_created_is_found_within_seconds() {
    let (host, _) = Host::with_site(1);
    let kept = host.cache.registry.borrow().clone();
    let key = host.add_site("other");
    host.cache.registry.replace(kept);
    let read = || host.call("GET", "/consent/u1", &key, &Value::Null).0;
    assert_eq!(read(), 401, "guesses cost no query");
    host.now.set(host.now.get().plus_ms(2_000));
    assert_eq!(read(), 200);
}

#[test]
fn each_of_several_databases_has_a_log_of_its_own_without_gaps() {
    let (host, key) = Host::with_site(3);
    for number in 0..60 {
        assert_eq!(host.call("POST", "/consent/grant", &key, &grant(&format!("u{number}"))).0, 201);
    }
    let mut origins = Vec::new();
    for shard in 0..3 {
        let highest = host.count(shard, "SELECT max(log_index) FROM events");
        assert_eq!(host.count(shard, EVENTS), highest + 1);
        assert!(highest > 5, "every database gets its share");
        origins.push(host.cache.origins.borrow()[&shard].clone());
    }
    origins.dedup();
    assert_eq!(origins.len(), 3);
    let (_, export) = host.call("GET", "/data/export/u7", &key, &Value::Null);
    assert_eq!(export["consent_history"].as_array().unwrap().len(), 1);
}

#[test]
fn a_new_isolate_goes_on_with_the_same_log() {
    let (host, key) = Host::with_site(1);
    let log = |host: &Host| host.call("GET", "/audit/u1", &key, &Value::Null).1["log"].clone();
    let first = log(&host);
    host.forget();
    assert_eq!(log(&host), first);
    assert_eq!(host.count(0, "SELECT count(*) FROM events WHERE kind = 'log_started'"), 1);
}

#[test]
fn a_caller_over_the_limit_is_refused_before_anything_is_stored() {
    let (host, key) = Host::with_site(1);
    let events = host.count(0, EVENTS);
    host.within_limit.set(false);
    let bearer = format!("Bearer {key}");
    let answer = host.send("POST", "/consent/grant", &[("authorization", &bearer)], &grant("u1"));
    assert_eq!(answer.status(), 429);
    assert!(answer.headers().contains_key("retry-after"));
    assert_eq!(host.count(0, EVENTS), events);
}

#[test]
fn no_line_of_the_log_names_a_person() {
    let (host, key) = Host::with_site(1);
    host.call(
        "POST",
        "/consent/grant",
        &key,
        &json!({ "user_id": "ada@example.com", "purpose": "training" }),
    );
    host.call("GET", "/consent/ada%40example.com/nothing", &key, &Value::Null);
    host.batches_left.set(0);
    host.call("POST", "/consent/grant", &key, &grant("ada@example.com"));
    let lines = host.lines.borrow();
    assert_eq!(lines.len(), 4, "{lines:?}");
    assert!(lines.iter().all(|line| !line.contains("ada")));
}

const SECRET: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

pub(super) fn proof() -> Value {
    json!({ "site": "demo", "secret": SECRET })
}

/// The visitor decides, from the site's own page.
pub(super) fn visit(host: &Host, decisions: &Value) {
    let body = json!({ "anonymous": proof(), "decisions": decisions });
    let answer = host.send("POST", "/consent", &[("origin", "https://demo.example")], &body);
    assert_eq!(answer.status(), 201, "{}", answer.body());
}

fn status_of(host: &Host, key: &str, user: &str, purpose: &str) -> Value {
    host.call("GET", &format!("/consent/{user}"), key, &Value::Null).1["consent"][purpose]["status"].clone()
}

#[test]
fn signing_in_joins_what_a_visitor_decided_and_the_persons_own_decisions_win() {
    for shards in [1, 5] {
        let (host, key) = Host::with_site(shards);
        let yes = |purpose| json!({ "purpose": purpose, "status": "granted" });
        visit(&host, &json!([yes("analytics"), yes("inference")]));
        host.call("POST", "/consent/revoke", &key, &json!({ "user_id": "ada", "purpose": "inference" }));
        let link = json!({ "user_id": "ada", "anonymous": proof() });
        let (status, linked) = host.call("POST", "/identity/link", &key, &link);
        assert_eq!(status, 201, "{linked}");
        assert_eq!(linked["records"].as_array().unwrap().len(), 1);
        assert_eq!(status_of(&host, &key, "ada", "analytics"), "granted");
        assert_eq!(status_of(&host, &key, "ada", "inference"), "revoked");
        let (_, again) = host.call("POST", "/identity/link", &key, &link);
        assert_eq!(again["records"], json!([]), "nothing is joined twice");
    }
}

/// A person's yes to selling although their browser sends Global Privacy Control, recorded with what else is given.
fn sell_over_gpc(host: &Host, decision: &Value) {
    let settings =
        json!({ "name": "demo", "origins": ["https://demo.example"], "purposes": ["sale_or_sharing"] });
    assert_eq!(host.call("PUT", "/admin/sites/demo", ADMIN, &settings).0, 200);
    visit(host, &json!([decision]));
}

fn sells(host: &Host, key: &str, user: &str) -> Value {
    let path = format!("/consent/{user}/sale_or_sharing?country=US&region=CA&gpc=1");
    host.call("GET", &path, key, &Value::Null).1["allowed"].clone()
}

#[test]
fn a_yes_over_gpc_outlasts_signing_in() {
    let (host, key) = Host::with_site(1);
    sell_over_gpc(&host, &json!({ "purpose": "sale_or_sharing", "status": "granted", "over_gpc": true }));
    host.call("POST", "/identity/link", &key, &json!({ "user_id": "ada", "anonymous": proof() }));
    assert_eq!(sells(&host, &key, "ada"), true);
    let (_, export) = host.call("GET", "/data/export/ada", &key, &Value::Null);
    let said = |entry: &Value| entry["over_gpc"] == true;
    assert!(export["consent_history"].as_array().unwrap().iter().all(said), "{export}");
}

#[test]
fn a_yes_that_does_not_say_so_is_none_over_gpc() {
    let (host, key) = Host::with_site(1);
    sell_over_gpc(&host, &json!({ "purpose": "sale_or_sharing", "status": "granted" }));
    host.call("POST", "/identity/link", &key, &json!({ "user_id": "ada", "anonymous": proof() }));
    assert_eq!(sells(&host, &key, "ada"), false);
}

#[test]
fn a_no_is_recorded_as_no_yes_over_gpc() {
    let (host, _) = Host::with_site(1);
    sell_over_gpc(&host, &json!({ "purpose": "sale_or_sharing", "status": "revoked", "over_gpc": true }));
    assert_eq!(host.count(0, "SELECT count(*) FROM events WHERE details ->> 'over_gpc' IS NOT NULL"), 0);
}

#[test]
fn the_signal_at_a_decision_outlasts_the_evidence() {
    let (host, key) = Host::with_site(1);
    let mut body = json!({ "user_id": "ada", "purpose": "analytics", "context": { "gpc": true } });
    assert_eq!(host.call("POST", "/consent/revoke", &key, &body).0, 201);
    body["context"]["gpc"] = false.into();
    assert_eq!(host.call("POST", "/consent/revoke", &key, &body).0, 201);
    host.call("POST", "/data/delete/ada", &key, &Value::Null);
    let told = "SELECT count(*) FROM events WHERE kind = 'consent_revoked' AND details ->> 'gpc' = 1";
    assert_eq!(host.count(0, told), 1);
}

#[test]
fn a_visitors_yes_never_overrides_a_no_that_came_later() {
    let (host, key) = Host::with_site(1);
    visit(&host, &json!([{ "purpose": "analytics", "status": "granted" }]));
    host.now.set(host.now.get().plus_ms(1_000));
    host.call("POST", "/consent/revoke", &key, &json!({ "user_id": "ada", "purpose": "analytics" }));
    host.call("POST", "/identity/link", &key, &json!({ "user_id": "ada", "anonymous": proof() }));
    assert_eq!(status_of(&host, &key, "ada", "analytics"), "revoked");
}

#[test]
fn an_export_holds_what_the_person_did_as_a_visitor() {
    let (host, key) = Host::with_site(1);
    visit(&host, &json!([{ "purpose": "analytics", "status": "granted" }]));
    host.call("POST", "/consent/grant", &key, &json!({ "user_id": "ada", "purpose": "inference" }));
    host.call("POST", "/consent/grant", &key, &grant("somebody else"));
    let exported = |path: &str| {
        let (_, page) = host.call("GET", path, &key, &Value::Null);
        let history = page["consent_history"].as_array().unwrap().clone();
        let all = history.iter().map(|entry| (entry["purpose"].clone(), entry["subject"].is_string()));
        (all.collect::<Vec<_>>(), page["next"].clone())
    };
    let analytics = |visitor| (json!("analytics"), visitor);
    let inference = (json!("inference"), false);
    assert_eq!(exported("/data/export/ada").0, std::slice::from_ref(&inference));
    host.call("POST", "/identity/link", &key, &json!({ "user_id": "ada", "anonymous": proof() }));
    let all = [analytics(true), inference, analytics(false)];
    assert_eq!(exported("/data/export/ada").0, all);
    let (mut pages, mut path) = (Vec::new(), json!("/data/export/ada?limit=2"));
    while let Some(next) = path.as_str().map(String::from) {
        let (entries, after) = exported(&next);
        pages.extend(entries);
        path = after;
    }
    assert_eq!(pages, all);
}

#[test]
fn an_erasure_reaches_the_visitors_whom_the_person_turned_out_to_be() {
    for shards in [1, 5] {
        let (host, key) = Host::with_site(shards);
        visit(&host, &json!([{ "purpose": "analytics", "status": "granted" }]));
        host.call("POST", "/consent/grant", &key, &grant("ada"));
        host.call("POST", "/identity/link", &key, &json!({ "user_id": "ada", "anonymous": proof() }));
        let (_, erasure) = host.call("POST", "/data/delete/ada", &key, &Value::Null);
        assert_eq!((erasure["state"].as_str(), &erasure["stores"][0]["removed"]), (Some("done"), &json!(2)));
        let kept = "SELECT count(*) FROM events WHERE evidence IS NOT NULL";
        assert_eq!((0..shards).map(|shard| host.count(shard, kept)).sum::<i64>(), 0);
        let told = "SELECT count(*) FROM events WHERE kind = 'evidence_redacted'";
        assert_eq!((0..shards).map(|shard| host.count(shard, told)).sum::<i64>(), 2);
    }
}

#[test]
fn from_the_asking_on_no_yes_of_the_visitors_whom_the_person_turned_out_to_be_stands() {
    for (shards, verify, cut_off) in
        [(1, false, false), (1, true, false), (5, false, false), (5, true, false), (5, false, true)]
    {
        let about = format!("{shards} {verify} {cut_off}");
        let (host, key) = Host::with_site(shards);
        visit(&host, &json!([{ "purpose": "model_training", "status": "granted" }]));
        let linked =
            host.call("POST", "/identity/link", &key, &json!({ "user_id": "ada", "anonymous": proof() })).1;
        let visitor = linked["visitor_id"].as_str().unwrap();
        let reasons = || {
            ["ada", visitor].map(|user| host.call("GET", &format!("/consent/{user}/model_training"), &key, &Value::Null).1["reason"].clone())
        };
        host.now.set(host.now.get().plus_ms(1000));
        // Nothing is erased before the ledger has its entry.
        host.objects_left.set(0);
        let (_, asked) = host.call("POST", "/data/delete/ada", &key, &json!({ "verify": verify }));
        if verify {
            assert_eq!(reasons(), ["granted", "granted"], "{about}");
            host.now.set(host.now.get().plus_ms(1000));
            let path = format!("/erasures/{}/release", asked["id"].as_str().unwrap());
            assert_eq!(host.call("POST", &path, &key, &Value::Null).0, 200, "{about}");
        }
        assert_eq!(reasons(), ["erased", "erased"], "{about}");
        let told = "SELECT count(*) FROM events WHERE kind = 'erasure_requested'";
        assert_eq!((0..shards).map(|shard| host.count(shard, told)).sum::<i64>(), 2, "{about}");
        if cut_off {
            (0..shards).for_each(|shard| host.execute(shard, "DELETE FROM erased"));
            host.objects_left.set(usize::MAX);
            block_on(sweep(&host.app())).unwrap();
            assert_eq!(reasons(), ["erased", "erased"], "{about}");
        }
    }
}

#[test]
fn a_notice_can_be_registered_only_under_its_own_hash() {
    let (host, key) = Host::with_site(1);
    let mut text = json!({ "version": 1, "language": "en", "texts": ["Your data"], "purposes": [
        { "purpose": "analytics", "title": "Statistics", "description": "We count.", "legal_basis": "consent" },
    ] });
    // Computed from the description of the canonical form in src/notice.rs, apart from this code.
    let hash = "0215882073fcfb5d132a8bf29583b95f510a1c5e895a0fbc997a64cddc3e1263";
    let path = format!("/notices/{hash}");
    let decide = || {
        let body = json!({ "user_id": "u1", "notice": { "version": 1, "language": "en", "hash": hash },
            "shown": { "surface": "banner", "regime": "gdpr" },
            "decisions": [{ "purpose": "analytics", "status": "revoked" }] });
        host.call("POST", "/consent", &key, &body).1["notice_registered"].clone()
    };
    assert_eq!(decide(), false);
    assert_eq!(host.call("GET", &path, &key, &Value::Null).0, 404);
    let (status, answer) = host.call("PUT", &path, &key, &text);
    assert_eq!(status, 200, "{answer}");
    assert_eq!(host.call("PUT", &path, &key, &text).0, 200);
    let registered = "SELECT count(*) FROM events WHERE kind = 'notice_registered'";
    assert_eq!(host.count(0, registered), 1, "twice is once");
    assert_eq!(host.call("GET", &path, &key, &Value::Null), (200, text.clone()));
    assert_eq!(decide(), true);
    text["texts"] = json!(["Other words"]);
    assert_eq!(host.call("PUT", &path, &key, &text).0, 422);
}

#[test]
fn a_notice_that_another_isolate_registered_is_registered_once() {
    let (host, key) = Host::with_site(1);
    let text = json!({ "version": 1, "language": "en", "texts": ["Your data"], "purposes": [
        { "purpose": "analytics", "title": "Statistics", "description": "We count.", "legal_basis": "consent" },
    ] });
    let path = "/notices/0215882073fcfb5d132a8bf29583b95f510a1c5e895a0fbc997a64cddc3e1263";
    let kept = host.cache.registry.borrow().clone();
    assert_eq!(host.call("PUT", path, &key, &text).0, 200);
    host.cache.registry.replace(kept);
    host.now.set(host.now.get().plus_ms(2_000));
    assert_eq!(host.call("PUT", path, &key, &text).0, 200);
    assert_eq!(host.count(0, "SELECT count(*) FROM events WHERE kind = 'notice_registered'"), 1);
}
