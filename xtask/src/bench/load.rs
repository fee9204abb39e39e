//! Throughput and latency on workerd, with wrk as the client.

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::Table;
use crate::edge::Edge;
use crate::exec;
use crate::packages::{apt_install, on_path};
use crate::project::Project;

const ROUTES: [&str; 3] = ["grant", "status", "export"];
/// Of the table; `load.lua` measures all but the first.
const COLUMNS: [&str; 5] = ["route", "requests_per_second", "p50_ms", "p99_ms", "failed"];
const DURATION: &str = "5s";
/// Few enough that a queue of them is no latency of its own; D1 writes one at a time.
const CONNECTIONS: &str = "16";
/// People that the reading routes ask for, each with a grant and a revocation; `load.lua` knows the same number.
const READERS: u32 = 20;

pub(super) fn measure(project: &Project, edge: &Edge) -> Result<Table> {
    if on_path(&["wrk"]).is_none() {
        apt_install(project, &["wrk"]).context("the bench needs `wrk` on PATH")?;
    }
    seed(edge)?;
    let mut rows = Vec::new();
    // Reads first: what the grants leave behind is no part of them.
    for route in ROUTES.into_iter().rev() {
        rows.push(one(project, edge, route)?);
    }
    Ok(Table { title: "load", columns: &COLUMNS, rows })
}

fn seed(edge: &Edge) -> Result<()> {
    for reader in 0..READERS {
        for path in ["/consent/grant", "/consent/revoke"] {
            let body = json!({ "user_id": format!("reader-{reader}"), "purpose": "analytics" });
            let answer = minreq::post(format!("{}{path}", edge.told("url")?))
                .with_header("Authorization", format!("Bearer {}", edge.told("key")?))
                .with_header("Content-Type", "application/json")
                .with_body(body.to_string())
                .with_timeout(10)
                .send()?;
            if answer.status_code != 201 {
                bail!("{path} answered {}: {}", answer.status_code, answer.as_str().unwrap_or_default());
            }
        }
    }
    Ok(())
}

/// Measured after a second of the same, in which the runtime compiles what is hot.
fn one(project: &Project, edge: &Edge, route: &str) -> Result<Value> {
    wrk(project, edge, route, "1s")?;
    let told = wrk(project, edge, route, DURATION)?;
    let mut row = json!({ "route": route });
    for name in &COLUMNS[1..] {
        row[*name] = told[*name].clone();
    }
    Ok(row)
}

fn wrk(project: &Project, edge: &Edge, route: &str, duration: &str) -> Result<Value> {
    let mut wrk = exec::command("wrk", project.root());
    wrk.env("LOAD_ROUTE", route).env("LOAD_RUN", duration).env("LOAD_KEY", edge.told("key")?);
    wrk.args(["--threads", "2", "--connections", CONNECTIONS, "--duration", duration, "--script"]);
    let said = exec::output(wrk.arg("tests/support/load.lua").arg(edge.told("url")?))?;
    let last = said.lines().last().unwrap_or_default();
    serde_json::from_str(last).with_context(|| format!("wrk did not end with JSON:\n{said}"))
}
