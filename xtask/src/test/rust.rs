//! The stages that cargo runs.

use anyhow::Result;

use super::Outcome;
use crate::exec;
use crate::project::Project;
use crate::tools;

/// What must also pass where there is no operating system: the core as the banner has it, whole, and the faces.
const WASM: [&[&str]; 3] = [
    &["--package", "consentry", "--no-default-features"],
    &["--package", "consentry"],
    &["--package", "consentry-widget", "--package", "consentry-js", "--package", "consentry-worker"],
];

pub(super) fn fmt(project: &Project) -> Result<Outcome> {
    cargo(project, &["fmt", "--all", "--check"])
}

pub(super) fn clippy(project: &Project) -> Result<Outcome> {
    cargo(project, &["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"])
}

pub(super) fn clippy_wasm(project: &Project) -> Result<Outcome> {
    tools::wasm_target(project)?;
    for packages in WASM {
        let mut words = vec!["clippy", "--quiet", "--target", "wasm32-unknown-unknown"];
        words.extend(packages);
        words.extend(["--", "-D", "warnings"]);
        cargo(project, &words)?;
    }
    Ok(Outcome::Passed)
}

/// Not the advisories: their database comes from a host that not every machine reaches.
pub(super) fn deny(project: &Project) -> Result<Outcome> {
    if exec::output(exec::command("cargo", project.root()).args(["deny", "--version"])).is_err() {
        return Ok(Outcome::Skipped("cargo-deny is not installed (`cargo install cargo-deny`)".into()));
    }
    cargo(project, &["deny", "check", "licenses", "bans", "sources"])
}

pub(super) fn core(project: &Project) -> Result<Outcome> {
    cargo(project, &["test", "--workspace"])
}

fn cargo(project: &Project, words: &[&str]) -> Result<Outcome> {
    exec::run(exec::command("cargo", project.root()).args(words))?;
    Ok(Outcome::Passed)
}
