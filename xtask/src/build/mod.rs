//! `cargo xtask build`: the release artefacts, each made only when something that it is made of changed.

mod core;
mod js;
mod literal;
mod package;
mod site;
mod widget;
mod words;
mod worker;

use std::fs::{self, File};

use anyhow::{Context, Result};

use crate::project::Project;
use crate::tools;

/// What every crate's result depends on besides its own files.
const SHARED: [&str; 4] = ["Cargo.toml", "Cargo.lock", ".cargo/config.toml", "src"];

/// Makes everything that is out of date.
pub(crate) fn run(project: &Project) -> Result<()> {
    let _lock = lock(project)?;
    tools::npm_packages(project)?;
    widget::build(project)?;
    js::build(project)?;
    site::build(project)?;
    package::build(project)?;
    worker::build(project)
}

/// Two builds at once (`cargo xtask dev` and a `cargo xtask build` beside it) would write the same files.
fn lock(project: &Project) -> Result<File> {
    let path = project.state("lock");
    fs::create_dir_all(project.state("")).context("cannot create target/xtask")?;
    let file = File::create(&path).with_context(|| format!("cannot create {}", path.display()))?;
    if file.try_lock().is_err() {
        eprintln!("waiting for another build in this checkout");
        file.lock().context("cannot lock target/xtask/lock")?;
    }
    Ok(file)
}
