//! Bytes of every artefact: raw, gzip -9, brotli -q 11.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::Table;
use crate::exec;
use crate::project::Project;

/// The artefacts that have a bar to stay under: the widget by the best of its rivals, the Worker by choice.
const BARS: [(&str, &str, u64); 5] = [
    ("banner.js", "brotli", 13_000),
    ("banner.csp.js", "brotli", 13_000),
    ("largest language", "brotli", 13_000),
    ("largest language, csp", "brotli", 13_000),
    ("worker", "gzip", 300_000),
];

/// Of the languages English, which the scripts without a language in their name speak, and the largest.
const ARTEFACTS: [(&str, &[&str]); 8] = [
    ("banner.js", &["www/dist/banner.js"]),
    ("banner.csp.js", &["www/dist/banner.csp.js"]),
    ("largest language", &["www/dist/banner.*.js"]),
    ("largest language, csp", &["www/dist/banner.csp.*.js"]),
    ("what comes later", &["www/dist/more.*.js"]),
    ("its module", &["target/xtask/widget/widget.wasm"]),
    ("worker", &["worker/build/index.js", "worker/build/index_bg.wasm"]),
    ("js package", &["js/pkg/consentry.js", "js/pkg/consentry_bg.wasm"]),
];

pub(super) fn measure(project: &Project) -> Result<Table> {
    let mut node = exec::command("node", project.root());
    node.arg("tests/support/sizes.mjs");
    node.args(ARTEFACTS.map(|(name, files)| format!("{name}={}", files.join(","))));
    let said = exec::output(&mut node)?;
    let mut rows: Vec<Value> =
        serde_json::from_str(&said).context("tests/support/sizes.mjs printed no JSON")?;
    for row in &mut rows {
        row["bar"] = bar(row);
    }
    Ok(Table { title: "sizes", columns: &["artefact", "raw", "gzip", "brotli", "bar"], rows })
}

fn bar(row: &Value) -> Value {
    let Some((_, unit, most)) = BARS.iter().find(|(name, ..)| row["artefact"] == *name) else {
        return Value::Null;
    };
    let word = if row[*unit].as_u64().is_some_and(|size| size <= *most) { "held" } else { "BROKEN" };
    json!(format!("{word}: {unit} at most {most}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_held_up_to_itself() {
        assert_eq!(bar(&json!({"artefact": "banner.js", "brotli": 13_000})), "held: brotli at most 13000");
        assert_eq!(bar(&json!({"artefact": "banner.js", "brotli": 13_001})), "BROKEN: brotli at most 13000");
        assert_eq!(bar(&json!({"artefact": "js package", "brotli": 1})), Value::Null);
    }
}
