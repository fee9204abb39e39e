//! The stages that need a browser or a running Worker.

use std::fs;

use anyhow::{Context, Error, Result};

use super::{Outcome, stores};
use crate::build;
use crate::exec;
use crate::packages;
use crate::project::Project;
use crate::stamp::files;
use crate::tools;

/// The crates whose tests run in a browser (the widget is tested whole, in `tests/browser`). Each may have a `webdriver.json` with the flags that it needs.
const CRATES: [&str; 1] = ["js"];

/// Holds the types of the JavaScript packages to files that use them rightly and wrongly, and the recipes to the types.
pub(super) fn types(project: &Project) -> Result<Outcome> {
    build::run(project)?;
    let tsc = || exec::command(project.node_module(".bin/tsc"), project.root());
    let mut usage = tsc();
    usage.args(["--noEmit", "--strict", "--target", "es2022", "--module", "nodenext"]);
    exec::run(usage.args(["js/tests/usage.mts", "www/npm/tests/usage.mts"]))?;
    for recipe in ["www/recipes/react", "www/recipes/vue"] {
        exec::run(tsc().args(["--project", recipe]))?;
    }
    Ok(Outcome::Passed)
}

/// `wasm-pack test` for every crate that runs in browsers.
pub(super) fn wasm(project: &Project) -> Result<Outcome> {
    tools::npm_packages(project)?;
    tools::wasm_target(project)?;
    let chromium = packages::chromium(project)?;
    for name in CRATES {
        let mut test = tools::wasm_pack(project)?;
        test.args(["test", "--headless", "--chrome", "--mode", "no-install", "--chromedriver"]);
        exec::run(test.arg(&chromium.driver).arg(project.path(name)))?;
    }
    Ok(Outcome::Passed)
}

/// `tests/api`: the Worker on workerd, spoken to over HTTP.
pub(super) fn api(project: &Project) -> Result<Outcome> {
    node_tests(project, &["tests/support", "tests/api"], &[])
}

/// `tests/training`: the command against the Worker on workerd.
pub(super) fn training(project: &Project) -> Result<Outcome> {
    with_command(project, |env| node_tests(project, &["tests/training"], env))
}

/// The one test of a file of `tests/training` that kills agents and what they work with, so many times.
pub(super) fn killed(project: &Project, file: &str, rounds: u32) -> Result<()> {
    with_command(project, |env| {
        build::run(project)?;
        let mut node = exec::command("node", project.root());
        node.args(["--test", "--test-reporter=spec", "--test-name-pattern=killed"]);
        node.arg(project.path("tests/training").join(file)).env("CONSENTRY_KILLS", rounds.to_string());
        exec::run(node.envs(env.iter().copied()))
    })
}

/// Builds the command, installs Chroma and a server of buckets, and says where they are.
fn with_command<T>(project: &Project, run: impl FnOnce(&[(&str, &str)]) -> Result<T>) -> Result<T> {
    let mut cargo = exec::command("cargo", project.root());
    exec::run(cargo.args(["build", "--quiet", "--package", "consentry-cli"]))?;
    let command = project.cargo_target().join("debug/consentry");
    let chroma = stores::programs(project)?
        .context("python3 is not on PATH, and these tests erase from a real Chroma")?;
    let buckets = stores::buckets(project)?;
    run(&[
        ("CONSENTRY", &command.to_string_lossy()),
        ("CONSENTRY_CHROMA", &chroma.to_string_lossy()),
        ("CONSENTRY_S3", &buckets.to_string_lossy()),
    ])
}

/// `tests/browser`: the whole path in a real Chromium.
pub(super) fn browser(project: &Project) -> Result<Outcome> {
    let chromium = packages::chromium(project)?;
    node_tests(project, &["tests/browser"], &[("CHROMIUM", &chromium.browser.to_string_lossy())])
}

/// Files are named one by one: what `node --test FOLDER` means changed between Node 20 and 22.
fn node_tests(project: &Project, folders: &[&str], env: &[(&str, &str)]) -> Result<Outcome> {
    let mut tests = Vec::new();
    for folder in folders {
        tests.extend(files(&project.path(folder))?);
    }
    tests.retain(|file| file.to_string_lossy().ends_with(".test.mjs"));
    if tests.is_empty() {
        return Ok(Outcome::Skipped(format!("no *.test.mjs in {} yet", folders.join(", "))));
    }
    build::run(project)?;
    let failures = project.state("failures.txt");
    // What another stage left there is no reason of this one.
    let _ = fs::remove_file(&failures);
    let mut node = exec::command("node", project.root());
    // A file that hangs is told as failed, long before whoever waits gives up.
    node.args(["--test", "--test-timeout=1200000"]);
    node.args(["--test-reporter=spec", "--test-reporter-destination=stdout"]);
    node.arg("--test-reporter=./tests/support/failures.mjs");
    node.arg(format!("--test-reporter-destination={}", failures.display())).args(tests);
    exec::run(node.envs(env.iter().copied())).map_err(|error| match fs::read_to_string(&failures) {
        Ok(told) if !told.is_empty() => Error::msg(told.trim_end().to_owned()),
        _ => error,
    })?;
    Ok(Outcome::Passed)
}
