//! The stage that purges real stores: Chroma and PostgreSQL as Python packages, in a folder of their own, and a server of buckets.

use std::path::PathBuf;

use anyhow::Result;

use super::{Outcome, script};
use crate::args::Victims;
use crate::exec;
use crate::project::Project;
use crate::tools;

/// Runs the tests that ordinary `cargo test` leaves out because they need the stores.
pub(super) fn stores(project: &Project) -> Result<Outcome> {
    let Some(programs) = programs(project)? else {
        return Ok(Outcome::Skipped("python3 is not on PATH".into()));
    };
    let path = "import sysconfig; print(sysconfig.get_path('platlib'))";
    let packages = exec::output(exec::command(programs.join("python"), project.root()).args(["-c", path]))?;
    let mut cargo = exec::command("cargo", project.root());
    cargo.args(["test", "--package", "consentry-training", "--package", "consentry-cli"]);
    cargo.args([
        "--test",
        "chroma",
        "--test",
        "pgvector",
        "--test",
        "pgvector_tls",
        "--test",
        "s3",
        "--",
        "--ignored",
    ]);
    cargo.env("CONSENTRY_S3", buckets(project)?);
    cargo.env("CONSENTRY_CHROMA", &programs).env("CONSENTRY_POSTGRES", packages.trim());
    exec::run(&mut cargo)?;
    Ok(Outcome::Passed)
}

/// `cargo xtask soak`: kills filters and purges, or agents and what they work with, so many times, each at another instant.
pub(crate) fn soak(project: &Project, victims: Victims, rounds: u32) -> Result<()> {
    match victims {
        Victims::Agents => return script::killed(project, "agent.test.mjs", rounds),
        Victims::Erasures => return script::killed(project, "erasure.test.mjs", rounds),
        Victims::Runs => {}
    }
    let mut cargo = exec::command("cargo", project.root());
    cargo.args(["test", "--package", "consentry-cli", "--tests", "killed", "--"]);
    if let Some(programs) = programs(project)? {
        cargo.arg("--include-ignored").env("CONSENTRY_CHROMA", programs);
    }
    exec::run(cargo.env("CONSENTRY_KILLS", rounds.to_string()))
}

/// The program that serves buckets.
pub(super) fn buckets(project: &Project) -> Result<PathBuf> {
    Ok(tools::S3S_FS.ensure(project)?.join("s3s-fs"))
}

/// The folder with the programs of a Python that has Chroma; `None` without Python.
pub(super) fn programs(project: &Project) -> Result<Option<PathBuf>> {
    tools::python_packages(project, "venv-stores", "tests/stores/requirements.txt")
}
