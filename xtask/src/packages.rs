//! Programs of the distribution: found, installed where that is easy, or said in one sentence to be missing.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use nix::unistd::Uid;

use crate::exec;
use crate::project::Project;

const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const DRIVERS: [&str; 1] = ["chromedriver"];

/// A browser and the driver that goes with it.
pub(crate) struct Chromium {
    pub(crate) browser: PathBuf,
    pub(crate) driver: PathBuf,
}

/// Finds both; as root on Debian installs them first if need be, with the font of the tests' pictures.
pub(crate) fn chromium(project: &Project) -> Result<Chromium> {
    if let Some(found) = find() {
        return Ok(found);
    }
    apt_install(project, &["chromium", "chromium-driver", "fonts-dejavu-core"])
        .context("Chromium and its driver are missing: put `chromium` and `chromedriver` on PATH")?;
    find().context("apt-get installed Chromium and its driver, yet they are not on PATH")
}

/// Has `PyTorch` installed for the distribution's own Python if it is nowhere and that is easy; the test of it is skipped where it isn't.
/// From `PyPI` it comes with gigabytes for graphics cards.
pub(crate) fn pytorch(project: &Project) -> Result<()> {
    const PYTHON: &str = "/usr/bin/python3";
    let mut import = exec::command(PYTHON, project.root());
    let there = exec::output(import.args(["-c", "import torch"])).is_ok();
    if there || !Path::new(PYTHON).is_file() || !may_install() {
        return Ok(());
    }
    apt_install(project, &["python3-torch"])
}

fn may_install() -> bool {
    Uid::effective().is_root() && on_path(&["apt-get"]).is_some()
}

/// Installs packages without questions, where that is allowed: as root on Debian and its kin.
pub(crate) fn apt_install(project: &Project, packages: &[&str]) -> Result<()> {
    if !may_install() {
        bail!("only root on Debian can have {} installed for it", packages.join(" and "));
    }
    eprintln!("installing {} (once)", packages.join(" and "));
    let apt = || {
        let mut command = exec::command("apt-get", project.root());
        command.env("DEBIAN_FRONTEND", "noninteractive").arg("-qq");
        command
    };
    exec::run(apt().arg("update"))?;
    exec::run(apt().args(["install", "--yes", "--no-install-recommends"]).args(packages))
}

fn find() -> Option<Chromium> {
    Some(Chromium { browser: on_path(&BROWSERS)?, driver: on_path(&DRIVERS)? })
}

/// The first of these programs that `PATH` has.
pub(crate) fn on_path(names: &[&str]) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    names
        .iter()
        .find_map(|name| env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file()))
}
