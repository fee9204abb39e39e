//! The pinned tools: found where they are, installed where they are not.
//!
//! A tool of another version that is already installed is left alone: ours goes to a folder of its own below cargo's home,
//! where the next checkout finds it too.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::exec;
use crate::packages::apt_install;
use crate::project::Project;
use crate::stamp::Step;

/// A program that `cargo install` brings.
pub(crate) struct CargoTool {
    /// The package on crates.io.
    package: &'static str,
    /// The exact version.
    version: &'static str,
    /// The program that is asked for its version.
    program: &'static str,
    /// The C library that compiling it takes: its name for pkg-config, and Debian's package.
    library: Option<(&'static str, &'static str)>,
}

/// Must be the very version of the crate `wasm-bindgen` in the workspace.
pub(crate) const WASM_BINDGEN: CargoTool =
    CargoTool { package: "wasm-bindgen-cli", version: "0.2.130", program: "wasm-bindgen", library: None };
/// Must be the version of the crate `worker`.
pub(crate) const WORKER_BUILD: CargoTool = CargoTool {
    package: "worker-build",
    version: "0.8.7",
    program: "worker-build",
    library: Some(("openssl", "libssl-dev")),
};
/// Builds the npm package and runs tests in a browser.
pub(crate) const WASM_PACK: CargoTool =
    CargoTool { package: "wasm-pack", version: "0.15.1", program: "wasm-pack", library: None };

/// The oldest Node that the pinned wrangler runs on.
const OLDEST_NODE: (u32, u32) = (20, 3);

impl CargoTool {
    /// The folder that holds the tool's programs, after installing it if need be.
    pub(crate) fn ensure(&self, project: &Project) -> Result<PathBuf> {
        let own = cargo_home()?.join("xtask").join(format!("{}-{}", self.package, self.version));
        for folder in [own.join("bin"), cargo_home()?.join("bin")] {
            if self.is_in(&folder) {
                return Ok(folder);
            }
        }
        if let Some(library) = self.library {
            headers(project, library)?;
        }
        eprintln!("installing {} {} (once)", self.package, self.version);
        let package = format!("{}@{}", self.package, self.version);
        let mut install = exec::command("cargo", project.root());
        // Optimising a tool that runs for a second costs minutes.
        install.args(["install", "--quiet", &package, "--root"]).arg(&own);
        exec::run(
            install.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1").env("CARGO_PROFILE_RELEASE_LTO", "off"),
        )?;
        Ok(own.join("bin"))
    }

    fn is_in(&self, folder: &Path) -> bool {
        let program = folder.join(self.program);
        program.exists()
            && exec::output(exec::command(program, folder).arg("--version"))
                .is_ok_and(|said| said.split_whitespace().any(|word| word == self.version))
    }
}

/// A missing header fails late and at length; so does the tool that finds it.
fn headers(project: &Project, (name, package): (&str, &str)) -> Result<()> {
    if !cfg!(target_os = "linux")
        || exec::output(exec::command("pkg-config", project.root()).args(["--exists", name])).is_ok()
    {
        return Ok(());
    }
    apt_install(project, &["pkg-config", package])
        .with_context(|| format!("pkg-config and the headers of {name} are missing (Debian: {package})"))
}

fn cargo_home() -> Result<PathBuf> {
    match env::var_os("CARGO_HOME") {
        Some(home) => Ok(home.into()),
        None => Ok(env::home_dir().context("neither CARGO_HOME nor HOME is set")?.join(".cargo")),
    }
}

/// `wasm-pack`, which finds the other tools on `PATH`.
pub(crate) fn wasm_pack(project: &Project) -> Result<Command> {
    let folders = [WASM_BINDGEN.ensure(project)?, project.node_module(".bin")];
    let mut command = exec::command(WASM_PACK.ensure(project)?.join("wasm-pack"), project.root());
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

    #[test]
    fn the_bindgen_tool_is_the_version_of_the_crate() {
        let manifest = include_str!("../../Cargo.toml");
        assert!(manifest.contains(&format!("wasm-bindgen = \"={}\"", WASM_BINDGEN.version)));
        assert!(manifest.contains(&format!("worker = {{ version = \"={}\"", WORKER_BUILD.version)));
    }
}
