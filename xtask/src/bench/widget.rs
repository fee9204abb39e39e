//! The banner beside those of others: bytes, time until it is seen, and what it does to the page meanwhile.

use anyhow::{Context, Result};

use super::Table;
use crate::exec;
use crate::packages;
use crate::project::Project;

const COLUMNS: [&str; 8] = [
    "widget",
    "brotli",
    "visible_ms",
    "fastest_ms",
    "slowest_ms",
    "layout_shift",
    "longest_task_ms",
    "largest_paint",
];

/// Slow 4G and a processor at a quarter of its speed, as `tests/support/widgets.mjs` sets them; medians.
pub(super) fn measure(project: &Project) -> Result<Table> {
    let chromium = packages::chromium(project)?;
    let mut node = exec::command("node", project.root());
    node.arg("tests/support/widgets.mjs").env("CHROMIUM", chromium.browser);
    let said = exec::output(&mut node)?;
    let rows = serde_json::from_str(&said).context("tests/support/widgets.mjs printed no JSON")?;
    Ok(Table { title: "widgets on slow 4G", columns: &COLUMNS, rows })
}
