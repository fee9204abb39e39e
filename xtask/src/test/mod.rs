//! `cargo xtask test`: every check of the project, from cheap to dear, and a line for each at the end.

pub(crate) mod python;
mod rust;
mod script;
mod stores;

pub(crate) use stores::soak;

use std::fmt;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::project::Project;

/// How a stage ended, if it did not fail.
pub(crate) enum Outcome {
    /// It ran and is content.
    Passed,
    /// It could not run and need not; why.
    Skipped(String),
}

struct Stage {
    name: &'static str,
    run: fn(&Project) -> Result<Outcome>,
}

/// From cheap to dear: what fails fast is told first.
const STAGES: [Stage; 13] = [
    Stage { name: "fmt", run: rust::fmt },
    Stage { name: "clippy", run: rust::clippy },
    Stage { name: "clippy-wasm", run: rust::clippy_wasm },
    Stage { name: "deny", run: rust::deny },
    Stage { name: "core", run: rust::core },
    Stage { name: "stores", run: stores::stores },
    Stage { name: "python", run: python::package },
    Stage { name: "types", run: script::types },
    Stage { name: "wasm", run: script::wasm },
    Stage { name: "api", run: script::api },
    Stage { name: "training", run: script::training },
    Stage { name: "browser", run: script::browser },
    Stage { name: "schemathesis", run: python::schemathesis },
];

/// Runs the named stages, or all of them, in their order. All run even if one fails, so that one run tells everything.
pub(crate) fn run(project: &Project, wanted: &[String]) -> Result<()> {
    if let Some(unknown) = wanted.iter().find(|name| STAGES.iter().all(|stage| stage.name != **name)) {
        bail!("there is no stage `{unknown}`; the stages are {}", STAGES.map(|stage| stage.name).join(", "));
    }
    let mut reports = Vec::new();
    for stage in
        STAGES.iter().filter(|stage| wanted.is_empty() || wanted.iter().any(|name| name == stage.name))
    {
        println!("\n── {} ──", stage.name);
        let begun = Instant::now();
        let result = (stage.run)(project);
        reports.push(Report { name: stage.name, result, took: begun.elapsed() });
    }
    for Report { name, result, .. } in &reports {
        if let Err(error) = result {
            println!("\n── {name}: what failed ──\n{error:#}");
        }
    }
    println!();
    for report in &reports {
        println!("{report}");
    }
    let failed = reports.iter().filter(|report| report.result.is_err()).count();
    if failed > 0 {
        bail!("{failed} of {} stages failed", reports.len());
    }
    Ok(())
}

struct Report {
    name: &'static str,
    result: Result<Outcome>,
    took: Duration,
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, why) = match &self.result {
            Ok(Outcome::Passed) => ("ok", ""),
            Ok(Outcome::Skipped(why)) => ("skipped", why.as_str()),
            Err(_) => ("FAILED", ""),
        };
        let line = format!("{:<13} {word:<8} {:>6.1} s  {why}", self.name, self.took.as_secs_f64());
        out.write_str(line.trim_end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_stage_is_told_with_those_that_exist() {
        let error = run(&Project::find().unwrap(), &["unit".into()]).unwrap_err().to_string();
        assert!(error.contains("unit") && error.contains("clippy-wasm"));
    }

    #[test]
    fn a_skipped_stage_says_why() {
        let result = Ok(Outcome::Skipped("no such tool".into()));
        let report = Report { name: "deny", result, took: Duration::from_millis(1250) };
        assert_eq!(report.to_string(), "deny          skipped     1.2 s  no such tool");
    }
}
