//! The pinned tools: found where they are, installed where they are not.

mod cargo;

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

pub(crate) use cargo::{S3S_FS, WASM_BINDGEN, WORKER_BUILD};

use crate::exec;
use crate::packages::on_path;
use crate::project::Project;
use crate::stamp::Step;

/// The oldest Node that the pinned wrangler runs on.
const OLDEST_NODE: (u32, u32) = (20, 3);

/// `wasm-pack`, which finds the other tools on `PATH`.
pub(crate) fn wasm_pack(project: &Project) -> Result<Command> {
    let folders = [WASM_BINDGEN.ensure(project)?, project.node_module(".bin")];
    let mut command = exec::command(cargo::WASM_PACK.ensure(project)?.join("wasm-pack"), project.root());
    command.env("PATH", exec::path_with(&folders)?);
    Ok(command)
}

/// Adds the wasm32 target to the toolchain in use.
pub(crate) fn wasm_target(project: &Project) -> Result<()> {
    let target = "wasm32-unknown-unknown";
    let libs = exec::output(exec::command("rustc", project.root()).args([
        "--target",
        target,
        "--print",
        "target-libdir",
    ]))?;
    if fs::exists(libs.trim()).unwrap_or(false) {
        return Ok(());
    }
    eprintln!("adding the target {target} (once)");
    exec::run(exec::command("rustup", project.root()).args(["target", "add", target]))
        .with_context(|| format!("the Rust target {target} is missing and rustup could not add it"))
}

/// An error in one sentence unless Node is there and new enough.
pub(crate) fn node(project: &Project) -> Result<()> {
    let said = exec::output(exec::command("node", project.root()).arg("--version"))
        .context("Node 20.3 or newer is needed")?;
    match node_version(&said) {
        Some(version) if version >= OLDEST_NODE => Ok(()),
        _ => bail!("Node 20.3 or newer is needed, this is {}", said.trim()),
    }
}

fn node_version(said: &str) -> Option<(u32, u32)> {
    let mut parts = said.trim().strip_prefix('v')?.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// Installs the npm packages of the lock file.
pub(crate) fn npm_packages(project: &Project) -> Result<()> {
    let step = Step {
        name: "npm",
        inputs: &["package.json", "package-lock.json"],
        except: &[],
        salt: "",
        outputs: &[project.node_module(".package-lock.json")],
    };
    step.run(project, || {
        node(project)?;
        eprintln!("installing the npm packages (once)");
        let mut npm = exec::command("npm", project.root());
        // No package needs to run a script of its own here, and one of them would tell its maker about us.
        exec::run(npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]))
    })?;
    Ok(())
}

/// A folder of Python with the packages that a file of requirements names, made if these are others than the last time; where its
/// programs are, nothing without Python. It is with what cargo compiles and not in the checkout, because half a gigabyte is
/// nothing to fetch for every clone.
pub(crate) fn python_packages(project: &Project, name: &str, requirements: &str) -> Result<Option<PathBuf>> {
    let Some(python) = on_path(&["python3"]) else { return Ok(None) };
    let folder = env::current_dir()?.join(project.cargo_target().join("xtask").join(name));
    let (wanted, stamp) = (fs::read(project.path(requirements))?, folder.join("requirements.txt"));
    if fs::read(&stamp).ok().as_ref() != Some(&wanted) {
        eprintln!("installing what {requirements} names (once)");
        let mut venv = exec::command(python, project.root());
        exec::run(venv.args(["-m", "venv", "--clear"]).arg(&folder))?;
        let mut pip = exec::command(folder.join("bin/pip"), project.root());
        pip.args(["install", "--quiet", "--disable-pip-version-check", "-r"]);
        exec::run(pip.arg(project.path(requirements)))?;
        // Last, so that one that was not finished is begun anew.
        fs::write(&stamp, wanted)?;
    }
    Ok(Some(folder.join("bin")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_node_is_told_from_a_new_one() {
        assert!(node_version("v18.19.0\n").unwrap() < OLDEST_NODE);
        assert!(node_version("v20.2.0").unwrap() < OLDEST_NODE);
        assert!(node_version("v20.3.0").unwrap() >= OLDEST_NODE);
        assert!(node_version("v24.0.1").unwrap() >= OLDEST_NODE);
        assert_eq!(node_version("nonsense"), None);
    }
}
