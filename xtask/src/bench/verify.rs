//! How fast a log is told into its tree at the edge, and how long an auditor waits for the verification of a million events, beside
//! `sha256sum` over the same file.

use std::fs;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::Table;
use crate::build;
use crate::exec;
use crate::project::Project;

const EVENTS: u64 = 1_000_000;
const RUNS: usize = 3;

pub(super) fn measure(project: &Project) -> Result<Table> {
    let folder = project.state("verify");
    fs::create_dir_all(&folder)?;
    let mut cargo = exec::command("cargo", project.root());
    cargo
        .args(["build", "--quiet", "--package", "consentry-cli", "--profile", "native", "--bins"])
        .arg("--examples");
    exec::run(&mut cargo)?;
    let programs = project.cargo_target().join("native");
    let mut make = exec::command(programs.join("examples/make_log"), project.root());
    exec::run(make.arg(&folder).arg(EVENTS.to_string()))?;
    let bytes = fs::metadata(folder.join("rows.jsonl"))?.len();
    let verify = best(|| {
        let mut command = exec::command(programs.join("consentry"), &folder);
        command.args(["verify", "log", "--key-file", "keys", "--checkpoint", "checkpoint", "rows.jsonl"]);
        command
    })?;
    let sum = best(|| {
        let mut command = exec::command("sha256sum", &folder);
        command.arg("rows.jsonl");
        command
    })?;
    build::run(project)?;
    let mut fold = exec::command("node", project.root());
    let told = exec::output(fold.arg(project.path("tests/support/fold.mjs")))?;
    let told: Value = serde_json::from_str(&told).context("tests/support/fold.mjs printed no JSON")?;
    let (count, seconds) = (told["events"].as_u64().unwrap_or(0), told["seconds"].as_f64().unwrap_or(0.0));
    Ok(Table {
        title: "log",
        columns: &["what", "events", "bytes", "seconds", "events_a_second", "times_sha256sum"],
        rows: vec![
            row("consentry verify log", EVENTS, Some(bytes), verify, Some(verify / sum)),
            row("sha256sum", EVENTS, Some(bytes), sum, Some(1.0)),
            row("fold on workerd", count, None, seconds, None),
        ],
    })
}

fn row(what: &str, events: u64, bytes: Option<u64>, seconds: f64, times: Option<f64>) -> Value {
    let rounded = |number: f64| (number * 100.0).round() / 100.0;
    #[allow(clippy::cast_precision_loss, reason = "a figure for people")]
    let rate = (events as f64 / seconds).round();
    json!({
        "what": what, "events": events, "bytes": bytes, "seconds": rounded(seconds), "events_a_second": rate,
        "times_sha256sum": times.map(rounded),
    })
}

/// The shortest of some runs, in seconds.
fn best(command: impl Fn() -> Command) -> Result<f64> {
    let mut best = f64::INFINITY;
    for _ in 0..RUNS {
        let begun = Instant::now();
        exec::output(&mut command())?;
        best = best.min(begun.elapsed().as_secs_f64());
    }
    Ok(best)
}
