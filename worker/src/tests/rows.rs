//! Rows of the log for those who verify it.

use super::log::{append, checkpoint};
use crate::{testing::Host, tree::fold};
use base64ct::{Base64, Encoding as _};
use consentry::{
    hash::Hash,
    log::{leaf_hash, parse_leaf},
    merkle::Frontier,
};
use futures_executor::block_on;
use serde_json::{Value, json};

fn rows(host: &Host, key: &str, query: &str) -> Vec<Value> {
    let answer = host.send(
        "GET",
        &format!("/log/rows{query}"),
        &[("authorization", &format!("Bearer {key}"))],
        &Value::Null,
    );
    assert_eq!(answer.status(), 200, "{}", answer.body());
    answer.body().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn grant(host: &Host, key: &str) {
    let body = json!({ "user_id": "ada@example.com", "purpose": "analytics" });
    assert_eq!(host.call("POST", "/consent/grant", key, &body).0, 201);
}

#[test]
fn rows_lead_to_the_root_and_show_no_other_site() {
    let (host, key) = Host::with_site(1);
    let other = host.add_site("other");
    grant(&host, &key);
    grant(&host, &other);
    block_on(fold(&host.app())).unwrap();
    let rows = rows(&host, &key, "");
    let mut tree = Frontier::default();
    tree.extend(rows.iter().map(|row| Hash::parse(row["leaf_hash"].as_str().unwrap()).unwrap()));
    assert_eq!(tree.head(), checkpoint(&host).head);
    let mut sites = Vec::new();
    for row in &rows {
        let Some(text) = row["leaf"].as_str() else { continue };
        let leaf = Base64::decode_vec(text).unwrap();
        assert_eq!(row["leaf_hash"], leaf_hash(&leaf).to_string());
        assert!(!String::from_utf8_lossy(&leaf).contains("ada@example.com"));
        sites.extend(parse_leaf(&leaf).unwrap().1.site.map(|site| site.to_string()));
    }
    assert!(rows.iter().any(|row| row["leaf"].is_null()));
    assert!(!sites.is_empty() && sites.iter().all(|site| site == "demo"), "{sites:?}");
}

#[test]
fn rows_come_in_pages_under_the_checkpoint() {
    let (host, key) = Host::with_site(1);
    append(&host, 150);
    block_on(fold(&host.app())).unwrap();
    let size = checkpoint(&host).head.size;
    let index = |row: &Value| row["log_index"].as_u64().unwrap();
    let first = rows(&host, &key, "");
    assert_eq!((first.len(), index(&first[0]), index(&first[99])), (100, 0, 99));
    let last = rows(&host, &key, "?from=100");
    assert_eq!((index(&last[0]), index(last.last().unwrap())), (100, size - 1));
    let some = rows(&host, &key, "?from=7&to=9");
    assert_eq!(some.iter().map(index).collect::<Vec<_>>(), [7, 8]);
    for query in ["?from=9&to=9", "?from=10&to=9", &format!("?to={}", size + 1), &format!("?from={size}")] {
        assert_eq!(host.call("GET", &format!("/log/rows{query}"), &key, &Value::Null).0, 422, "{query}");
    }
}

#[test]
fn reading_rows_needs_its_scope_and_leaves_one() {
    let (host, key) = Host::with_site(1);
    block_on(fold(&host.app())).unwrap();
    let reads = "SELECT count(*) FROM events WHERE kind = 'log_read' AND details = '{\"from\":0,\"to\":2}' AND site = 'demo'";
    rows(&host, &key, "?to=2");
    assert_eq!(host.count(0, reads), 1);
    let input = json!({ "name": "other", "scopes": ["audit:read"] });
    let (_, issued) = host.call("POST", "/admin/sites/demo/keys", crate::testing::ADMIN, &input);
    let (status, problem) = host.call("GET", "/log/rows", issued["key"].as_str().unwrap(), &Value::Null);
    assert!(status == 403 && problem["detail"].as_str().unwrap().contains("log:read"), "{problem}");
    assert_eq!(host.send("GET", "/log/rows", &[], &Value::Null).status(), 401);
    assert_eq!(host.count(0, reads), 1);
}

#[test]
fn a_row_says_that_its_evidence_is_gone_and_never_what_it_was() {
    let (host, key) = Host::with_site(1);
    grant(&host, &key);
    block_on(fold(&host.app())).unwrap();
    let before = rows(&host, &key, "");
    assert!(before.iter().all(|row| row.get("evidence").is_none()));
    let committed = host.count(0, "SELECT count(*) FROM events WHERE evidence IS NOT NULL");
    host.execute(0, "UPDATE events SET evidence = NULL WHERE evidence IS NOT NULL");
    let gone =
        rows(&host, &key, "").iter().filter(|row| row.get("evidence").is_some_and(Value::is_null)).count();
    assert_eq!(i64::try_from(gone).unwrap(), committed);
    assert!(committed > 0);
}

#[test]
fn the_state_of_a_log_says_what_waits() {
    let (host, key) = Host::with_site(1);
    block_on(fold(&host.app())).unwrap();
    let size = checkpoint(&host).head.size;
    let state = |host: &Host| host.call("GET", "/log", "", &Value::Null).1;
    let quiet = host.send("GET", "/log", &[], &Value::Null);
    let quiet: Value = serde_json::from_str(quiet.body()).unwrap();
    assert_eq!(
        (quiet["size"].as_u64(), quiet["waiting"].as_u64(), quiet["waiting_since"].is_null()),
        (Some(size), Some(0), true)
    );
    grant(&host, &key);
    let waiting = state(&host);
    assert_eq!(waiting["waiting"], 1);
    assert_eq!(waiting["waiting_since"], json!(host.now.get()));
    assert_eq!(waiting["names"][0]["log"], waiting["log"]);
}
