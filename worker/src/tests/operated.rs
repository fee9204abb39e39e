//! What whoever runs erasures sees of all of them, and has tried before its time: over several databases, and with the clock set.

use super::decided::World;
use crate::{
    erasure::drive::sweep,
    testing::{ADMIN, Host, START, at_once},
};
use consentry::erasure::StoreState;
use serde_json::{Value, json};

const DAY_MS: i64 = 86_400_000;

/// An erasure that waits for who asks to be known; its id.
fn ask(host: &Host, key: &str, user: &str) -> String {
    let (status, asked) = host.call("POST", &format!("/data/delete/{user}"), key, &json!({ "verify": true }));
    assert_eq!(status, 202, "{asked}");
    asked["id"].as_str().unwrap().into()
}

/// A page of the list.
fn page(host: &Host, key: &str, query: &str) -> Value {
    let (status, page) = host.call("GET", &format!("/erasures?{query}"), key, &Value::Null);
    assert_eq!(status, 200, "{page}");
    page
}

/// Which erasures a page has.
fn ids(page: &Value) -> Vec<String> {
    let erasures = page["erasures"].as_array().unwrap();
    erasures.iter().map(|erasure| erasure["id"].as_str().unwrap().into()).collect()
}

fn post(host: &Host, key: &str, id: &str, what: &str, body: &Value) -> (u16, Value) {
    host.call("POST", &format!("/erasures/{id}/{what}"), key, body)
}

fn set(host: &Host, id: &str, values: &str) {
    for shard in 0..crate::platform::Platform::shards(host) {
        host.execute(shard, &format!("UPDATE erasures SET {values} WHERE id = '{id}'"));
    }
}

/// Ten erasures over three databases, the next due first; of each three one has the time of the one before.
fn ten() -> (Host, String, Vec<String>) {
    let (host, key) = Host::with_site(3);
    let mut all: Vec<_> = (0..10)
        .map(|n| {
            let id = ask(&host, &key, &format!("u{n}"));
            let due_at = START.as_ms() + (n * 7 % 10 / 3) * DAY_MS;
            set(&host, &id, &format!("due_at = {due_at}"));
            (due_at, id)
        })
        .collect();
    all.sort();
    let shards = (0..3).filter(|shard| host.count(*shard, "SELECT count(*) FROM erasures") > 0).count();
    assert_eq!(shards, 3, "these people are in fewer databases");
    (host, key, all.into_iter().map(|(_, id)| id).collect())
}

#[test]
fn the_list_is_of_all_databases_and_begins_with_what_is_due_next() {
    let (host, key, mut all) = ten();
    let list = page(&host, &key, "");
    assert_eq!((ids(&list), &list["next"]), (all.clone(), &Value::Null));
    all.reverse();
    assert_eq!(ids(&page(&host, &key, "order=desc")), all);
}

#[test]
fn pages_of_any_size_are_the_list() {
    let (host, key, all) = ten();
    for order in ["asc", "desc"] {
        for limit in 1..=10 {
            let mut query = format!("order={order}&limit={limit}");
            let mut read = Vec::new();
            loop {
                let list = page(&host, &key, &query);
                let (found, next) = (ids(&list), list["next"].as_str());
                assert!(found.len() == limit || next.is_none());
                read.extend(found);
                let Some(next) = next else { break };
                query = format!("order={order}&limit={limit}&after={next}");
            }
            if order == "desc" {
                read.reverse();
            }
            assert_eq!(read, all, "{order}, {limit} on a page");
        }
    }
}

#[test]
fn what_ended_is_in_the_list_only_if_it_is_asked_for() {
    let (host, key) = Host::with_site(2);
    let [open, refused, held] = ["a", "b", "c"].map(|user| ask(&host, &key, user));
    let (_, done) = host.call("POST", "/data/delete/d", &key, &Value::Null);
    post(&host, &key, &refused, "refuse", &json!({ "ground": "unfounded" }));
    post(&host, &key, &held, "hold", &json!({ "ground": "dispute" }));
    let done = done["id"].as_str().unwrap().to_owned();
    let of = |query: &str| ids(&page(&host, &key, query));
    assert_eq!(of(""), [open.clone(), held.clone()]);
    assert_eq!(of("state=done").first(), Some(&done));
    assert_eq!(of("state=on_hold,refused"), [refused.clone(), held.clone()]);
    assert_eq!(of("state=done,done,verifying,done"), [open, done]);
    assert_eq!(of("state=running"), [""; 0]);
    let listed = page(&host, &key, "state=refused,on_hold");
    assert_eq!(listed["erasures"][0]["ground"], "unfounded");
    assert!(listed["erasures"][0]["completed_at"].is_string());
    let (status, problem) = host.call("GET", "/erasures?state=open,lost", &key, &Value::Null);
    assert_eq!((status, problem["field"].as_str()), (422, Some("state")));
    assert_eq!(problem["allowed"].as_array().unwrap().len(), 7);
}

#[test]
fn overdue_is_what_is_warned_of() {
    let (host, key) = Host::with_site(1);
    let ids = ["a", "b", "c"].map(|user| ask(&host, &key, user));
    for (n, id) in (0..).zip(&ids) {
        set(&host, id, &format!("due_at = {}", START.as_ms() + n));
    }
    post(&host, &key, &ids[0], "refuse", &json!({ "ground": "unfounded" }));
    let every = "state=open,verifying,running,partly_done,done,refused,on_hold";
    for later in 0..4 {
        host.now.set(START.plus_ms(later));
        let all = page(&host, &key, every);
        let all = all["erasures"].as_array().unwrap();
        let warned: Vec<_> = all.iter().filter(|one| one["deadline_warning"] == "overdue").collect();
        for query in ["overdue=1".to_owned(), format!("overdue=1&{every}")] {
            let list = page(&host, &key, &query);
            assert_eq!(list["erasures"].as_array().unwrap().iter().collect::<Vec<_>>(), warned, "{query}");
        }
        assert_eq!(warned.len(), [0, 0, 1, 2][usize::try_from(later).unwrap()]);
    }
    assert_eq!(page(&host, &key, "overdue=0")["erasures"].as_array().unwrap().len(), 2);
}

#[test]
fn the_list_says_what_the_erasure_says_and_which_stores_failed() {
    let world = World::new();
    world.host.answers.borrow_mut().clear();
    at_once(sweep(&world.host.app())).unwrap();
    world.host.execute(0, "UPDATE erasure_tasks SET state = 'dead' WHERE store = 'more'");
    let mut whole = world.erasure();
    let listed = page(&world.host, &world.key, "")["erasures"][0].clone();
    for name in ["stores", "note"] {
        whole.as_object_mut().unwrap().remove(name);
    }
    let expected = [("failed", json!(["crm"])), ("dead", json!(["more"]))];
    whole.as_object_mut().unwrap().extend(expected.map(|(name, value)| (name.to_owned(), value)));
    assert_eq!(listed, whole);
}

#[test]
fn a_page_leaves_one_event_that_names_nobody_and_no_refused_call_leaves_any() {
    let (host, key, _) = ten();
    let other = host.add_site("other");
    let events = || (0..3).map(|shard| host.count(shard, "SELECT count(*) FROM events")).sum::<i64>();
    let before = events();
    for wrong in
        ["limit=0", "limit=101", "order=up", "overdue=yes", "after=x", "after=1.x", "after=-1.x", "state="]
    {
        let (status, problem) = host.call("GET", &format!("/erasures?{wrong}"), &key, &Value::Null);
        assert_eq!((status, problem["field"].as_str()), (422, wrong.split('=').next()), "{wrong}");
    }
    let secret = "A".repeat(43);
    let visitor = [("consentry-site", "demo"), ("consentry-secret", secret.as_str())];
    assert_eq!(host.send("GET", "/erasures", &visitor, &Value::Null).status(), 403);
    assert_eq!(host.call("GET", "/erasures", ADMIN, &Value::Null).0, 401);
    assert_eq!(events(), before);
    page(&host, &key, "limit=2&state=verifying&overdue=1");
    assert_eq!(events(), before + 1);
    assert_eq!(page(&host, &other, "")["erasures"], json!([]));
    assert_eq!(events(), before + 2);
    let last = "SELECT kind || ' ' || actor || ' ' || typeof(subject) || ' ' || details FROM events \
                WHERE site = 'demo' ORDER BY log_index DESC LIMIT 1";
    let said = host.text(0, last).unwrap();
    assert!(said.starts_with("erasure_read key:"), "{said}");
    assert!(
        said.ends_with(" null {\"due_before\":\"2026-11-18T11:06:40.000Z\",\"states\":[\"verifying\"]}"),
        "{said}"
    );
}

/// An erasure whose store `rows` failed often, for which `crm` waits, and of which an agent has `files`.
fn failing() -> World {
    let world = World::new();
    let odd = b"{\"user_id\":7}\n".to_vec();
    world.host.data.borrow_mut().insert("rows/odd.jsonl".into(), (odd, 1));
    at_once(sweep(&world.host.app())).unwrap();
    let dead = format!("next_at = {}, state = 'dead', attempts = 12", START.as_ms() + DAY_MS);
    world.host.execute(0, &format!("UPDATE erasure_tasks SET {dead} WHERE store = 'rows'"));
    world
}

fn store(erasure: &Value, name: &str) -> Value {
    let stores = erasure["stores"].as_array().unwrap();
    stores.iter().find(|store| store["store"] == name).unwrap().clone()
}

#[test]
fn a_dead_store_is_tried_at_once_and_stays_dead_until_it_is_done() {
    let World { host, key, id, .. } = failing();
    let (status, erasure) = post(&host, &key, &id, "retry", &Value::Null);
    let rows = store(&erasure, "rows");
    assert_eq!((status, &rows["state"], &rows["attempts"]), (200, &json!("dead"), &json!(13)), "{erasure}");
    assert!(rows["next_at"].as_str().unwrap() > host.now.get().to_string().as_str());
    assert!(host.posts.borrow().is_empty(), "what waits for another store was tried");

    host.data.borrow_mut().remove("rows/odd.jsonl");
    let (_, erasure) = post(&host, &key, &id, "retry", &Value::Null);
    assert_eq!(store(&erasure, "rows")["state"], "done");
    // And what waited for it.
    assert_eq!(store(&erasure, "crm")["state"], "done");
    let said =
        host.text(0, "SELECT details FROM events WHERE kind = 'erasure_changed' ORDER BY log_index DESC");
    assert_eq!(said.unwrap(), format!("{{\"change\":\"retry\",\"erasure\":\"{id}\",\"stores\":[\"rows\"]}}"));
}

#[test]
fn an_agent_gets_at_once_what_it_could_not_do() {
    let World { host, key, agent, id, .. } = failing();
    let later = START.as_ms() + 3_600_000;
    host.execute(0, "UPDATE erasure_tasks SET next_at = 0, state = 'done' WHERE store = 'more'");
    host.execute(0, &format!("UPDATE erasure_tasks SET next_at = {later}, leased_until = 0, state = 'failed' WHERE store = 'files'"));
    let take = || host.call("POST", "/agent/tasks", &agent.0, &json!({ "limit": 9 })).1["tasks"].clone();
    assert_eq!(take(), json!([]));
    assert_eq!(post(&host, &key, &id, "retry", &Value::Null).0, 200);
    let tasks = take();
    assert_eq!(
        (&tasks[0]["store"], &tasks[0]["attempt"], &tasks[1]),
        (&json!("files"), &json!(2), &Value::Null)
    );
    // Now somebody has it, so there is only the other to try.
    post(&host, &key, &id, "retry", &Value::Null);
    let said =
        "SELECT details ->> 'stores' FROM events WHERE kind = 'erasure_changed' ORDER BY log_index DESC";
    assert_eq!(host.text(0, said).unwrap(), "[\"rows\"]");
}

#[test]
fn a_store_of_the_edge_s_is_an_agent_s_in_open_erasures_too_once_the_site_says_so() {
    let world = failing();
    let host = &world.host;
    let agent = |name: &str| json!({ "name": name, "kind": "agent" });
    // A service is no place that an agent reads, so what is open of it stays the service's.
    let stores = json!([agent("rows"), agent("crm"), agent("files"), agent("more")]);
    let site = json!({ "name": "demo", "regime": "gdpr", "stores": stores });
    let kinds = |erasure: &Value| ["rows", "crm", "files"].map(|name| store(erasure, name)["kind"].clone());
    assert_eq!(kinds(&world.erasure()), ["r2_jsonl", "webhook", "agent"]);
    assert_eq!(host.call("PUT", "/admin/sites/demo", ADMIN, &site).0, 200);
    assert_eq!(kinds(&world.erasure()), ["agent", "webhook", "agent"]);
    at_once(sweep(&host.app())).unwrap();
    assert_eq!(store(&world.erasure(), "rows")["attempts"], 12, "the edge tried it once more");

    let public_key =
        json!({ "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" });
    let input =
        json!({ "name": "new", "scopes": ["erasure:work"], "stores": ["rows"], "public_key": public_key });
    let (_, made) = host.call("POST", "/admin/sites/demo/keys", ADMIN, &input);
    let (_, taken) = host.call("POST", "/agent/tasks", made["key"].as_str().unwrap(), &json!({ "limit": 9 }));
    let task = &taken["tasks"][0];
    assert_eq!(
        (&task["store"], &task["attempt"], &task["users"]),
        (&json!("rows"), &json!(13), &json!(["ada"])),
        "{taken}"
    );
    // What is done stays as it was done.
    host.execute(0, "UPDATE erasure_tasks SET kind = 'r2_jsonl', state = 'done' WHERE store = 'rows'");
    assert_eq!(host.call("PUT", "/admin/sites/demo", ADMIN, &site).0, 200);
    assert_eq!(host.text(0, "SELECT kind FROM erasure_tasks WHERE store = 'rows'").unwrap(), "r2_jsonl");
}

#[test]
fn one_that_the_edge_has_just_then_or_that_comes_back_as_it_was_is_the_agent_s_too() {
    let world = failing();
    let host = &world.host;
    let kept = host.text(0, "SELECT settings FROM erasure_tasks WHERE store = 'rows'").unwrap();
    let agents = json!([{ "name": "rows", "kind": "agent", "after": ["crm"] }, { "name": "crm", "kind": "webhook", "url": "https://crm.example/" }]);
    let site = json!({ "name": "demo", "regime": "gdpr", "stores": agents });
    // The edge begins, is overtaken, and its end counts for nothing.
    let began = host.now.get().as_ms();
    host.execute(
        0,
        &format!(
            "UPDATE erasure_tasks SET leased_until = {}, next_at = 0, attempts = 13 WHERE store = 'rows'",
            began + 900_000
        ),
    );
    assert_eq!(host.call("PUT", "/admin/sites/demo", ADMIN, &site).0, 200);
    let app = host.app();
    let (_, mut row) = at_once(
        app.store().task(&host.text(0, "SELECT id FROM erasure_tasks WHERE store = 'rows'").unwrap()),
    )
    .unwrap()
    .unwrap();
    row.settings = serde_json::from_str(&kept).unwrap();
    let ended = crate::store::Ended {
        state: StoreState::Done,
        next_at: host.now.get(),
        found: 1,
        removed: 1,
        counted: true,
        error: None,
        done_at: Some(host.now.get()),
        result: None,
    };
    assert!(!at_once(app.store().end_task(0, &row, &ended)).unwrap());
    host.execute(0, "UPDATE erasure_tasks SET leased_until = 0 WHERE store = 'rows'");
    assert!(at_once(app.store().take_task(0, row, "edge", host.now.get().plus_ms(1))).unwrap().is_none());
    // Nothing waits in a circle: `crm` waits for `rows` as it did.
    let after = "SELECT group_concat(store || (settings -> '$.after'), ' ') FROM (SELECT * FROM erasure_tasks WHERE store IN ('rows', 'crm') ORDER BY store)";
    assert_eq!(host.text(0, after).unwrap(), r#"crm["rows"] rows[]"#);

    // As it was, by a restore or somebody who didn't know yet.
    host.execute(0, &format!("UPDATE erasure_tasks SET kind = 'r2_jsonl', settings = '{kept}', leased_until = 0, next_at = 0 WHERE store = 'rows'"));
    at_once(sweep(&host.app())).unwrap();
    let rows = store(&world.erasure(), "rows");
    assert_eq!((&rows["kind"], &rows["attempts"]), (&json!("agent"), &json!(13)), "{rows}");
}

#[test]
fn a_service_that_accepted_is_told_again_and_a_cache_is_not_looked_at_before_its_time() {
    let (host, key) = Host::with_site(1);
    let stores = json!([
        { "name": "cache", "kind": "kv", "prefix": "emb/{user_id}/" },
        { "name": "crm", "kind": "webhook", "url": "https://crm.example/" },
    ]);
    let site = json!({ "name": "demo", "regime": "gdpr", "stores": stores });
    assert_eq!(host.call("PUT", "/admin/sites/demo", ADMIN, &site).0, 200);
    host.answers.borrow_mut().extend([(202, String::new()), (200, r#"{"done":true}"#.to_owned())]);
    let (_, erasure) = host.call("POST", "/data/delete/ada", &key, &Value::Null);
    let id = erasure["id"].as_str().unwrap();
    at_once(sweep(&host.app())).unwrap();
    assert_eq!(host.posts.borrow().len(), 1);
    let (status, erasure) = post(&host, &key, id, "retry", &Value::Null);
    let [cache, crm] = ["cache", "crm"].map(|name| store(&erasure, name));
    assert_eq!((status, &crm["state"], &crm["attempts"]), (200, &json!("done"), &json!(2)));
    assert_eq!((&cache["state"], &cache["attempts"]), (&json!("verifying"), &json!(1)));
    let (status, problem) = post(&host, &key, id, "retry", &Value::Null);
    assert_eq!((status, problem["code"].as_str()), (409, Some("conflict")), "{problem}");
}

#[test]
fn only_what_goes_on_is_tried_again_and_only_a_key_of_the_site_has_it_tried() {
    let World { host, key, id, .. } = failing();
    let changes = || {
        host.count(
            0,
            "SELECT count(*) FROM events WHERE kind = 'erasure_changed' AND details ->> 'change' = 'retry'",
        )
    };
    let attempts = || host.count(0, "SELECT sum(attempts) FROM erasure_tasks");
    let before = attempts();
    for (state, release) in [("on_hold", true), ("verifying", true), ("done", false), ("refused", false)] {
        set(&host, &id, &format!("state = '{state}'"));
        let (status, problem) = post(&host, &key, &id, "retry", &Value::Null);
        assert_eq!(status, 409, "{problem}");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(state) && detail.contains("release") == release, "{detail}");
    }
    set(&host, &id, "state = 'partly_done'");
    let other = host.add_site("other");
    assert_eq!(post(&host, &other, &id, "retry", &Value::Null).0, 404);
    host.execute(0, "UPDATE erasure_tasks SET leased_until = 9e15 WHERE store = 'rows'");
    assert_eq!(post(&host, &key, &id, "retry", &Value::Null).0, 409, "somebody has the only one that failed");
    assert_eq!((changes(), attempts()), (0, before));
}

#[test]
fn a_store_whose_attempts_are_cut_off_says_so() {
    let World { host, key, id, .. } = World::new();
    let files = || store(&host.call("GET", &format!("/erasures/{id}"), &key, &Value::Null).1, "files");
    assert_eq!((&files()["at_work"], &files()["last_error"]), (&json!(true), &Value::Null));
    host.now.set(START.plus_ms(600_000));
    let files = files();
    assert_eq!((&files["at_work"], &files["state"]), (&json!(false), &json!("open")));
    assert!(files["last_error"].as_str().unwrap().starts_with("the last attempt did not end in time"));
}
