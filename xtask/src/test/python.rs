//! The stages in Python: schemathesis against the Worker, and the package `consentry` as somebody installs it. Each has a folder
//! of packages of its own.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::Outcome;
use crate::build;
use crate::edge::Edge;
use crate::exec;
use crate::packages;
use crate::project::Project;
use crate::tools;

/// Calls what `openapi.json` describes, as `tests/schemathesis.toml` says, and compares the answers with it.
pub(super) fn schemathesis(project: &Project) -> Result<Outcome> {
    if !project.path("worker/openapi.json").exists() {
        return Ok(Outcome::Skipped("worker/openapi.json does not exist yet".into()));
    }
    let Some(programs) = tools::python_packages(project, "venv-schemathesis", "tests/requirements.txt")?
    else {
        return Ok(Outcome::Skipped("python3 is not on PATH".into()));
    };
    build::run(project)?;
    let edge = Edge::start(project, &[])?;
    // Its examples database and reports are nothing to keep in the checkout.
    let mut run = exec::command(programs.join("schemathesis"), &project.state(""));
    run.env("CONSENTRY_KEY", edge.told("key")?).env("CONSENTRY_ADMIN_SECRET", edge.told("admin")?);
    run.env("SCHEMATHESIS_HOOKS", project.path("tests/schemathesis_hooks.py"));
    run.arg("--config-file").arg(project.path("tests/schemathesis.toml"));
    exec::run(run.arg("run").arg(format!("{}/openapi.json", edge.told("url")?)))?;
    Ok(Outcome::Passed)
}

/// The package: built as a wheel, installed, tested with the libraries whose columns it reads, and its types held to files that use
/// them rightly and wrongly.
pub(super) fn package(project: &Project) -> Result<Outcome> {
    let Some(programs) = wheel(project)? else {
        return Ok(Outcome::Skipped("python3 is not on PATH".into()));
    };
    let python = || exec::command(programs.join("python"), &project.path("tests/python"));
    let cache = project.state("mypy");
    let mypy = |what: &Path| {
        let mut command = python();
        command.args(["-m", "mypy", "--config-file", "mypy.ini", "--cache-dir"]);
        command.arg(&cache).arg(what);
        exec::run(&mut command)
    };
    mypy(&project.path("python/consentry"))?;
    mypy(&project.path("tests/python/usage.py"))?;
    packages::pytorch(project)?;
    let mut tests = python();
    tests.env("CONSENTRY", project.cargo_target().join("wheel/consentry"));
    build::run(project)?;
    let edge = Edge::start(project, &[])?;
    for (variable, name) in [("URL", "url"), ("SITE", "site"), ("KEY", "key"), ("MASTER", "master")] {
        tests.env(format!("CONSENTRY_EDGE_{variable}"), edge.told(name)?);
    }
    exec::run(tests.args(["-m", "pytest", "--quiet", "-p", "no:cacheprovider"]))?;
    Ok(Outcome::Passed)
}

/// Builds the command and the wheel, and installs the wheel where the packages of its tests are. The folder of their programs,
/// unless there is no Python.
pub(crate) fn wheel(project: &Project) -> Result<Option<PathBuf>> {
    let Some(programs) = tools::python_packages(project, "venv-python", "tests/python/requirements.txt")?
    else {
        return Ok(None);
    };
    let command = ["build", "--quiet", "--package", "consentry-cli", "--profile", "wheel"];
    exec::run(exec::command("cargo", project.root()).args(command))?;

    let wheels = project.state("wheels");
    let _ = fs::remove_dir_all(&wheels);
    let mut maturin = exec::command(programs.join("maturin"), &project.path("python"));
    // Which Python it is for, and nothing that someone else has activated.
    maturin.env_remove("CONDA_PREFIX").env("VIRTUAL_ENV", programs.parent().unwrap_or(&programs));
    exec::run(maturin.args(["build", "--quiet", "--out"]).arg(&wheels))?;
    let wheel = fs::read_dir(&wheels)?.next().context("maturin made no wheel")??;
    let mut pip = exec::command(programs.join("pip"), project.root());
    pip.args(["install", "--quiet", "--disable-pip-version-check", "--no-deps", "--force-reinstall"]);
    exec::run(pip.arg(wheel.path()))?;
    Ok(Some(programs))
}
