//! The published cases about what holds, through the API: each record is sent at its own time, then the answer is asked for
//! at the case's.

use crate::testing::{ADMIN, Host};
use consentry::time::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

const STATUS: &str = include_str!("../../../tests/vectors/status.json");
const DECIDE: &str = include_str!("../../../tests/vectors/decide.json");

/// A deployment whose site has every purpose that a case names, and the key of its backend.
fn deployment(cases: &[Value]) -> (Host, String) {
    let (host, key) = Host::with_site(1);
    let mut purposes: Vec<_> = cases
        .iter()
        .flat_map(|case| {
            let recorded = case["records"].as_array().unwrap().iter().map(|record| &record["purpose"]);
            let asked = case["purposes"].as_array().into_iter().flatten();
            recorded.chain(asked).chain(case.get("purpose"))
        })
        .map(|purpose| purpose.as_str().unwrap())
        .filter(|name| !["model_training", "inference", "analytics", "personalization"].contains(name))
        .collect();
    purposes.sort_unstable();
    purposes.dedup();
    let settings = json!({ "name": "demo", "purposes": purposes });
    assert_eq!(host.call("PUT", "/admin/sites/demo", ADMIN, &settings).0, 200);
    (host, key)
}

fn time(value: &Value) -> Timestamp {
    value.as_str().unwrap().parse().unwrap()
}

/// Records the case under its name as the user id, and gives what the path then answers.
fn replay(host: &Host, key: &str, case: &Value, below: &str) -> Value {
    let name = case["name"].as_str().unwrap();
    let mut records = case["records"].as_array().unwrap().clone();
    records.sort_by_key(|record| record["log_index"].as_u64());
    let user = utf8_percent_encode(name, NON_ALPHANUMERIC);
    let mut erased_at = case.get("erased_at").map(time);
    let mut erase = |until: Timestamp| {
        if let Some(at) = erased_at.take_if(|at| *at < until) {
            host.now.set(at);
            assert_eq!(
                host.call("POST", &format!("/data/delete/{user}"), key, &Value::Null).0,
                202,
                "{name}"
            );
        }
    };
    for record in &records {
        erase(time(&record["created_at"]));
        host.now.set(time(&record["created_at"]));
        let mut decision = json!({
            "purpose": record["purpose"], "status": record["status"], "legal_basis": record["legal_basis"],
        });
        for given in ["decided_at", "over_gpc"] {
            if let Some(value) = record.get(given) {
                decision[given] = value.clone();
            }
        }
        let body = json!({ "user_id": name, "decisions": [decision] });
        let (status, answer) = host.call("POST", "/consent", key, &body);
        assert_eq!(status, 201, "{name}: {answer}");
    }
    erase(time(&case["now"]));
    host.now.set(time(&case["now"]));
    let place = match case["regime"].as_str().unwrap() {
        "gdpr" => "country=DE",
        "uk" => "country=GB",
        "ch" => "country=CH",
        "us_ca" => "country=US&region=CA",
        "us_opt_out" => "country=US&region=TX",
        "br" => "country=BR",
        "ca_qc" => "country=CA&region=QC",
        "ca" => "country=CA&region=ON",
        _ => "country=ZZ",
    };
    let gpc = u8::from(case["gpc"] == true);
    let (status, answer) =
        host.call("GET", &format!("/consent/{user}{below}?{place}&gpc={gpc}"), key, &Value::Null);
    assert_eq!(status, 200, "{name}: {answer}");
    answer
}

#[test]
fn what_holds_now_is_as_published() {
    let cases: Vec<Value> = serde_json::from_str(STATUS).unwrap();
    let (host, key) = deployment(&cases);
    for case in &cases {
        let answer = replay(&host, &key, case, "");
        for (purpose, expected) in case["current"].as_object().unwrap() {
            assert_eq!(answer["consent"][purpose], *expected, "{}: {purpose}", case["name"]);
        }
    }
}

#[test]
fn decisions_are_as_published() {
    let mut cases: Vec<Value> = serde_json::from_str(DECIDE).unwrap();
    // A call can't say on which ground the site acts; the API decides as for consent.
    cases.retain(|case| case.get("legal_basis").is_none());
    let (host, key) = deployment(&cases);
    for case in &cases {
        let purpose = case["purpose"].as_str().unwrap();
        let mut answer = replay(&host, &key, case, &format!("/{purpose}"));
        assert_eq!(answer["regime"], case["regime"]);
        let answer = answer.as_object_mut().unwrap();
        for beside in ["user_id", "purpose", "regime"] {
            answer.remove(beside);
        }
        assert_eq!(Value::from(answer.clone()), case["decision"], "{}", case["name"]);
    }
}
