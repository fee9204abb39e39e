//! What is decided about an erasure while it is worked on: each of two things that happen at once is tried before every single step
//! of the other.

use crate::{
    erasure::drive::sweep,
    testing::{ADMIN, Host, at_once},
};
use base64ct::{Base64UrlUnpadded, Encoding as _};
use ed25519_dalek::{Signer as _, SigningKey};
use serde_json::{Value, json};
use std::{cell::RefCell, rc::Rc};

/// What may happen to an erasure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    Sweep,
    Hold,
    Refuse,
    Release,
    Extend,
    /// The stores that failed are to be tried now.
    Retry,
    /// The service will answer with a failure once, first of all.
    Fail,
    /// The agent that has a task says that it is done.
    Report,
    /// An agent asks for tasks.
    Take,
}

use Event::{Extend, Fail, Hold, Refuse, Release, Report, Retry, Sweep, Take};

/// What was answered to a decision, and how many attempts were begun then.
type Answers = Rc<RefCell<Vec<(Event, u16, i64)>>>;

/// An erasure of which the evidence is gone; an agent has the store `files`, `more` waits for one, and the edge has `rows` and then `crm`
/// to do.
pub(super) struct World {
    pub(super) host: Host,
    pub(super) key: String,
    pub(super) agent: (String, String),
    pub(super) id: String,
    pub(super) task: Value,
}

impl World {
    pub(super) fn new() -> Self {
        let (host, key) = Host::with_site(1);
        let stores = json!([
            { "name": "rows", "kind": "r2_jsonl", "prefix": "rows/" },
            { "name": "crm", "kind": "webhook", "url": "https://crm.example/", "after": ["rows"] },
            { "name": "files", "kind": "agent" },
            { "name": "more", "kind": "agent" },
        ]);
        let site = json!({ "name": "demo", "regime": "gdpr", "stores": stores });
        assert_eq!(host.call("PUT", "/admin/sites/demo", ADMIN, &site).0, 200);
        let x = Base64UrlUnpadded::encode_string(signing_key().verifying_key().as_bytes());
        let public_key = json!({ "kty": "OKP", "crv": "Ed25519", "x": x });
        let input = json!({ "name": "agent", "scopes": ["erasure:work"], "stores": ["files", "more"], "public_key": public_key });
        let (status, made) = host.call("POST", "/admin/sites/demo/keys", ADMIN, &input);
        assert_eq!(status, 201, "{made}");
        let agent = (made["key"].as_str().unwrap().to_owned(), made["id"].as_str().unwrap().to_owned());
        let rows = b"{\"user_id\":\"ada\"}\n{\"user_id\":\"bob\"}\n".to_vec();
        host.data.borrow_mut().insert("rows/a.jsonl".into(), (rows, 1));
        host.answers.borrow_mut().extend((0..9).map(|_| (200, r#"{"done":true}"#.to_owned())));
        host.call("POST", "/consent/grant", &key, &json!({ "user_id": "ada", "purpose": "analytics" }));
        let (_, erasure) = host.call("POST", "/data/delete/ada", &key, &Value::Null);
        let id = erasure["id"].as_str().unwrap().to_owned();
        let (_, tasks) = host.call("POST", "/agent/tasks", &agent.0, &json!({ "limit": 1 }));
        let task = tasks["tasks"][0].clone();
        assert_eq!(task["store"], "files");
        Self { host, key, agent, id, task }
    }

    fn actor(&self, answers: &Answers) -> impl Fn(&Host, Event) + Clone + 'static {
        let (key, (agent, kid), id, task) =
            (self.key.clone(), self.agent.clone(), self.id.clone(), self.task.clone());
        let answers = Rc::clone(answers);
        move |host: &Host, event: Event| {
            let decide =
                |what: &str, body: &Value| host.call("POST", &format!("/erasures/{id}/{what}"), &key, body).0;
            let status = match event {
                // One that is cut short by what happens meanwhile is no failure: the next goes on.
                Sweep => at_once(sweep(&host.app())).map_or(0, |()| 0),
                Hold => decide("hold", &json!({ "ground": "authority" })),
                Refuse => decide("refuse", &json!({ "ground": "legal_claims" })),
                Release => decide("release", &Value::Null),
                Extend => decide("extend", &json!({ "reason": "complexity" })),
                Retry => decide("retry", &Value::Null),
                Fail => {
                    host.answers.borrow_mut().insert(0, (500, String::new()));
                    0
                }
                Report => report(host, &agent, &kid, &task),
                Take => {
                    let (status, _) = host.call("POST", "/agent/tasks", &agent, &json!({ "limit": 9 }));
                    assert_eq!(status, 200);
                    status
                }
            };
            answers.borrow_mut().push((event, status, attempts(host)));
        }
    }

    pub(super) fn erasure(&self) -> Value {
        self.host.call("GET", &format!("/erasures/{}", self.id), &self.key, &Value::Null).1
    }

    fn entry(&self) -> Value {
        serde_json::from_str(&self.host.ledger.borrow()[&format!("ledger/demo/{}.json", self.id)]).unwrap()
    }

    fn decided(&self, change: &str) -> i64 {
        self.host.count(
            0,
            &format!("SELECT count(*) FROM events WHERE kind = 'erasure_changed' AND details ->> 'change' = '{change}'"),
        )
    }

    fn deleted(&self) -> i64 {
        self.host.count(0, "SELECT count(*) FROM events WHERE kind = 'data_deleted'")
    }

    /// Whatever happened: what is stored, what the log says and what the ledger says are one thing.
    fn check(&self, answers: &[(Event, u16, i64)], about: &str) {
        let erasure = self.erasure();
        let state = erasure["state"].as_str().unwrap();
        let changes =
            [(Hold, "hold"), (Refuse, "refuse"), (Release, "release"), (Extend, "extend"), (Retry, "retry")];
        for (event, change) in changes {
            let of_this = || answers.iter().filter(|(answered, ..)| *answered == event);
            let accepted = of_this().filter(|(_, status, _)| *status == 200).count();
            assert_eq!(self.decided(change), i64::try_from(accepted).unwrap(), "{change}: {about}");
            assert!(of_this().all(|(_, status, _)| [200, 409].contains(status)), "{about}");
        }
        assert_eq!(self.decided("refuse") == 1, state == "refused", "{about}");
        assert_eq!(
            self.decided("hold") - self.decided("release") == 1 && state != "refused",
            state == "on_hold",
            "{about}"
        );
        assert_eq!(self.deleted(), i64::from(state == "done"), "{about}");
        assert_eq!(self.decided("extend") == 1, erasure["extension"] == "complexity", "{about}");
        let done = erasure["stores"].as_array().unwrap().iter().all(|store| store["state"] == "done");
        assert!(state != "done" || done, "{about}");
        let entry = self.entry();
        let kept = ["refused", "on_hold"].contains(&state).then_some(state);
        assert_eq!(entry["kept"]["state"].as_str(), kept, "{about}");
        assert_eq!(entry["due_at"], erasure["due_at"], "{about}");
        assert_eq!(entry["completed_at"].is_null(), !["done", "refused"].contains(&state), "{about}");
    }

    /// Lets everything that is left be done, a minute later; a hold is released first.
    fn end(&self, answers: &Answers) {
        let act = self.actor(answers);
        self.host.now.set(self.host.now.get().plus_ms(60_000));
        if self.erasure()["state"] == "on_hold" {
            act(&self.host, Release);
        }
        act(&self.host, Sweep);
        act(&self.host, Report);
        let (_, tasks) = self.host.call("POST", "/agent/tasks", &self.agent.0, &json!({ "limit": 9 }));
        let mut left: Vec<_> = tasks["tasks"].as_array().unwrap().clone();
        if left.is_empty() {
            let sql = "SELECT json_object('id', id, 'erasure', erasure, 'store', store, 'attempt', attempts) FROM erasure_tasks \
                       WHERE kind = 'agent' AND state <> 'done'";
            left.extend(self.host.text(0, sql).map(|text| serde_json::from_str::<Value>(&text).unwrap()));
        }
        for task in left {
            report(&self.host, &self.agent.0, &self.agent.1, &task);
        }
        act(&self.host, Sweep);
    }
}

fn signing_key() -> SigningKey {
    SigningKey::from_bytes(&[9; 32])
}

/// An agent's signed word that its task is done.
fn report(host: &Host, key: &str, kid: &str, task: &Value) -> u16 {
    let encode = |value: &Value| Base64UrlUnpadded::encode_string(value.to_string().as_bytes());
    let payload = json!({
        "task": task["id"], "erasure": task["erasure"], "store": task["store"], "attempt": task["attempt"],
        "outcome": "done", "found": 1, "removed": 1, "verified": true, "erasure_kind": "physical",
        "started_at": "2026-11-28T10:00:00.000Z", "ended_at": "2026-11-28T10:00:01.000Z", "version": "0.1.0",
        "report_sha256": "ab".repeat(32),
    });
    let signed = format!("{}.{}", encode(&json!({ "alg": "EdDSA", "kid": kid })), encode(&payload));
    let signature = Base64UrlUnpadded::encode_string(&signing_key().sign(signed.as_bytes()).to_bytes());
    let path = format!("/agent/tasks/{}/result", task["id"].as_str().unwrap());
    let (status, answer) =
        host.call("POST", &path, key, &json!({ "result": format!("{signed}.{signature}") }));
    assert!([200, 409].contains(&status), "{answer}");
    status
}

fn attempts(host: &Host) -> i64 {
    host.count(0, "SELECT sum(attempts) FROM erasure_tasks")
}

/// Lets `other` happen before each step of `one`, with `before` done first, and the rest of the work after both.
fn every_order(before: &[Event], one: Event, other: Event) {
    for step in 0.. {
        let world = World::new();
        let answers = Answers::default();
        let act = world.actor(&answers);
        for event in before {
            act(&world.host, *event);
        }
        let between = act.clone();
        *world.host.meanwhile.borrow_mut() = Some((step, Box::new(move |host| between(host, other))));
        act(&world.host, one);
        let came = world.host.meanwhile.take().is_none();
        let about =
            format!("{before:?}, then {other:?} before step {step} of {one:?}: {:?}", answers.borrow());
        let begun = attempts(&world.host);
        for (event, status, then) in answers.borrow().iter().skip(before.len()) {
            let stopped =
                matches!(event, Hold | Refuse) && *status == 200 && ![one, other].contains(&Release);
            assert!(!stopped || *then == begun, "an attempt was begun after it was stopped: {about}");
        }
        act(&world.host, Sweep);
        world.check(&answers.borrow(), &about);
        world.end(&answers);
        world.check(&answers.borrow(), &format!("{about}, at the end"));
        let state = world.erasure()["state"].clone();
        assert!(["done", "refused"].contains(&state.as_str().unwrap()), "{state}: {about}");
        if state == "done" {
            assert_eq!(world.host.data.borrow()["rows/a.jsonl"].0, b"{\"user_id\":\"bob\"}\n", "{about}");
        }
        if !came {
            assert!(step > 0);
            return;
        }
    }
}

/// What decides, and what works.
const DECISIONS: [Event; 3] = [Hold, Refuse, Extend];
const WORK: [Event; 3] = [Sweep, Report, Take];

#[test]
fn of_a_decision_and_work_that_come_at_once_none_is_lost_or_half_done() {
    for decision in DECISIONS {
        for work in WORK {
            every_order(&[], work, decision);
            every_order(&[], decision, work);
        }
    }
}

#[test]
fn of_two_decisions_that_come_at_once_each_counts_or_is_refused() {
    for one in DECISIONS {
        for other in DECISIONS {
            every_order(&[], one, other);
        }
    }
}

#[test]
fn so_it_is_while_the_last_stores_are_ending() {
    for decision in [Hold, Refuse] {
        every_order(&[Sweep, Take], Report, decision);
        every_order(&[Sweep, Take], decision, Report);
    }
    every_order(&[Take, Report], Sweep, Refuse);
    every_order(&[Sweep], Sweep, Sweep);
}

#[test]
fn so_it_is_while_an_erasure_is_held() {
    for other in [Refuse, Extend, Report, Sweep, Release] {
        every_order(&[Hold], Release, other);
        every_order(&[Hold], other, Release);
    }
}

#[test]
fn of_a_retry_and_what_else_comes_at_once_none_is_lost_or_half_done() {
    for other in [Hold, Refuse, Sweep, Take, Retry] {
        every_order(&[Fail, Sweep], Retry, other);
        every_order(&[Fail, Sweep], other, Retry);
    }
}

#[test]
fn what_is_removed_from_every_store_is_not_refused_any_more() {
    let world = World::new();
    let answers = Answers::default();
    let act = world.actor(&answers);
    act(&world.host, Sweep);
    act(&world.host, Hold);
    world.host.execute(0, "UPDATE erasure_tasks SET state = 'done'");
    act(&world.host, Refuse);
    assert_eq!(answers.borrow().last().unwrap().1, 409);
    act(&world.host, Release);
    world.check(&answers.borrow(), "released");
    assert_eq!(world.erasure()["state"], "done");
}

#[test]
fn a_decision_whose_entry_could_not_be_written_is_written_to_the_ledger_later() {
    let world = World::new();
    let answers = Answers::default();
    let act = world.actor(&answers);
    world.host.objects_left.set(0);
    act(&world.host, Hold);
    assert_eq!(answers.borrow()[0].1, 200);
    assert!(world.entry()["kept"].is_null());
    world.host.objects_left.set(usize::MAX);
    act(&world.host, Sweep);
    world.check(&answers.borrow(), "written later");
    assert_eq!(world.entry()["kept"]["state"], "on_hold");
}

#[test]
fn of_two_writers_of_the_ledger_that_cross_the_older_entry_never_stays_even_if_one_is_cut_off() {
    for (one, other) in [(Extend, Hold), (Extend, Refuse), (Sweep, Hold), (Hold, Extend), (Sweep, Refuse)] {
        for batches in 0..4 {
            for step in 0.. {
                let world = World::new();
                let act = world.actor(&Answers::default());
                let between = act.clone();
                let cut_off = move |host: &Host| {
                    between(host, other);
                    host.batches_left.set(batches);
                };
                *world.host.meanwhile.borrow_mut() = Some((step, Box::new(cut_off)));
                act(&world.host, one);
                let came = world.host.meanwhile.take().is_none();
                world.host.batches_left.set(usize::MAX);
                let due = world.host.count(0, "SELECT count(*) FROM erasures WHERE ledgered = 0");
                let stored = world.host.count(0, "SELECT revision FROM erasures");
                let about =
                    format!("{other:?} before step {step} of {one:?}, which ends {batches} batches later");
                assert!(due == 1 || world.entry()["revision"] == stored, "{about}");
                if !came {
                    break;
                }
            }
        }
    }
}

#[test]
fn a_database_restored_to_before_any_decision_catches_up_with_the_ledger() {
    for (decisions, state) in [
        (&[Hold][..], "on_hold"),
        (&[Hold, Release], "partly_done"),
        (&[Extend], "partly_done"),
        (&[Hold, Refuse], "refused"),
        (&[Extend, Hold], "on_hold"),
    ] {
        for held in [false, true] {
            let world = World::new();
            let act = world.actor(&Answers::default());
            for event in decisions {
                act(&world.host, *event);
            }
            let due_at = world.erasure()["due_at"].clone();
            let before = if held { "on_hold" } else { "running" };
            let sql = format!(
                "UPDATE erasures SET state = '{before}', ground = NULL, completed_at = NULL, extension = NULL, revision = 0, \
                 due_at = 5, open_for = subject"
            );
            world.host.execute(0, &sql);
            act(&world.host, Sweep);
            // What is decided next is decided about what the ledger knows.
            act(&world.host, Hold);
            let erasure = world.erasure();
            let after = if state == "refused" { state } else { "on_hold" };
            assert_eq!(erasure["state"], after, "{decisions:?} {held}");
            assert_eq!(erasure["due_at"], due_at, "{decisions:?} {held}");
            assert_eq!(world.entry()["kept"]["state"], after, "{decisions:?} {held}");
        }
    }
}
