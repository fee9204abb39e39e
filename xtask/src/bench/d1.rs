//! What each route costs on D1: round trips, rows read, rows written, as the Worker tells where its variable `BENCH` is on.

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::Table;
use crate::edge::Edge;

/// The header that tells it: `queries=1;read=2;written=3`.
const HEADER: &str = "Consentry-D1";

/// The one that is called as the banner calls, with a key that makes a retry safe.
const IDEMPOTENT: &str = "POST /consent/grant, Idempotency-Key";

/// Called in this order, so that there is something to read.
const CALLS: [(&str, &str, &str); 9] = [
    ("POST /consent/grant", "/consent/grant", r#"{"user_id":"d1","purpose":"analytics"}"#),
    (IDEMPOTENT, "/consent/grant", r#"{"user_id":"d1","purpose":"inference"}"#),
    ("POST /consent/revoke", "/consent/revoke", r#"{"user_id":"d1","purpose":"analytics"}"#),
    (
        "POST /consent (2 decisions)",
        "/consent",
        r#"{"user_id":"d1","decisions":[{"purpose":"analytics","status":"granted","legal_basis":"consent"},{"purpose":"inference","status":"revoked"}]}"#,
    ),
    ("GET /consent/{user_id}", "/consent/d1", ""),
    ("GET /consent/{user_id}/{purpose}", "/consent/d1/analytics", ""),
    ("GET /audit/{user_id}", "/audit/d1", ""),
    ("GET /data/export/{user_id}", "/data/export/d1", ""),
    ("POST /data/delete/{user_id}", "/data/delete/d1", "{}"),
];

pub(super) fn measure(edge: &Edge) -> Result<Table> {
    // The first call looks up site and key, which the Worker then remembers: not what a route costs.
    call(edge, "", "/consent/warm-up", "")?;
    let mut rows = Vec::new();
    for (route, path, body) in CALLS {
        let cost = call(edge, route, path, body).with_context(|| route.to_owned())?;
        let count = |name| cost.as_deref().and_then(|cost| part(cost, name));
        rows.push(json!({
            "route": route,
            "round_trips": count("queries"),
            "rows_read": count("read"),
            "rows_written": count("written"),
        }));
    }
    Ok(Table { title: "d1", columns: &["route", "round_trips", "rows_read", "rows_written"], rows })
}

fn call(edge: &Edge, route: &str, path: &str, body: &str) -> Result<Option<String>> {
    let url = format!("{}{path}", edge.told("url")?);
    let request = if body.is_empty() { minreq::get(url) } else { minreq::post(url).with_body(body) };
    let request = if route == IDEMPOTENT { request.with_header("Idempotency-Key", "bench") } else { request };
    let answer = request
        .with_header("Authorization", format!("Bearer {}", edge.told("key")?))
        .with_header("Content-Type", "application/json")
        .with_timeout(10)
        .send()?;
    if answer.status_code >= 300 {
        bail!("answered {}: {}", answer.status_code, answer.as_str().unwrap_or_default());
    }
    Ok(answer.header(HEADER).map(str::to_owned))
}

fn part(cost: &str, name: &str) -> Option<Value> {
    cost.split(';')
        .find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('=')?.parse::<u64>().ok())
        .map(Value::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_read_by_name() {
        assert_eq!(part("queries=1;read=2; written=3", "written"), Some(json!(3)));
        assert_eq!(part("queries=1", "read"), None);
    }
}
