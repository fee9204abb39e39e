//! How fast erasures go on workerd: how many a second, and how many bytes of rows.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::Table;
use crate::build;
use crate::exec;
use crate::project::Project;

pub(super) fn measure(project: &Project) -> Result<Table> {
    build::run(project)?;
    let mut node = exec::command("node", project.root());
    let told = exec::output(node.arg(project.path("tests/support/erase.mjs")))?;
    let told: Vec<Value> = serde_json::from_str(&told).context("tests/support/erase.mjs printed no JSON")?;
    let rounded = |number: f64| (number * 10.0).round() / 10.0;
    let row = |row: &Value| {
        let number = |name: &str| row[name].as_f64().unwrap_or_default();
        let (count, seconds) = (number("count"), number("seconds"));
        json!({ "what": row["what"], "count": rounded(count), "seconds": rounded(seconds), "a_second": rounded(count / seconds) })
    };
    Ok(Table {
        title: "erasure",
        columns: &["what", "count", "seconds", "a_second"],
        rows: told.iter().map(row).collect(),
    })
}
