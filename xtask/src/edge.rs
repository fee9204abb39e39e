//! The built Worker on workerd without wrangler's proxy before it, as `tests/support/serve.mjs` starts it.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::exec::{self, Group};
use crate::project::Project;

/// A running one; dropping it ends it and removes its database.
pub(crate) struct Edge {
    _group: Group,
    ready: Value,
}

impl Edge {
    /// Starts it with these variables (`NAME=VALUE`) and waits until it answers.
    pub(crate) fn start(project: &Project, vars: &[&str]) -> Result<Self> {
        let mut node = exec::command("node", project.root());
        let serve = project.path("tests/support/serve.mjs");
        let mut group = Group::start(node.arg(serve).args(vars).stdout(Stdio::piped()))?;
        let mut line = String::new();
        let out = group.stdout().context("tests/support/serve.mjs has no output")?;
        BufReader::new(out)
            .read_line(&mut line)
            .context("cannot read what tests/support/serve.mjs prints")?;
        if line.is_empty() {
            bail!("the Worker did not start; what tests/support/serve.mjs printed above says why");
        }
        let ready = serde_json::from_str(&line).context("tests/support/serve.mjs printed no JSON")?;
        Ok(Self { _group: group, ready })
    }

    /// What it told when it was ready: `url`, `site`, `key`, `admin`, `master`, `databaseFile`.
    pub(crate) fn told(&self, name: &str) -> Result<&str> {
        self.ready[name]
            .as_str()
            .with_context(|| format!("tests/support/serve.mjs did not tell its `{name}`"))
    }
}
