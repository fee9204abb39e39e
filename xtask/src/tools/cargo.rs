//! The tools that `cargo install` brings.
//!
//! One of another version that is already installed is left alone: ours goes to a folder of its own below cargo's home, where
//! the next checkout finds it too.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::exec;
use crate::packages::apt_install;
use crate::project::Project;

/// A program that `cargo install` brings.
pub(crate) struct CargoTool {
    /// The package on crates.io.
    package: &'static str,
    /// The exact version.
    version: &'static str,
    /// The program that is asked for its version.
    program: &'static str,
    /// The features that it is compiled with.
    features: &'static [&'static str],
    /// The C library that compiling it takes: its name for pkg-config, and Debian's package.
    library: Option<(&'static str, &'static str)>,
}

/// Must be the very version of the crate `wasm-bindgen` in the workspace.
pub(crate) const WASM_BINDGEN: CargoTool = CargoTool {
    package: "wasm-bindgen-cli",
    version: "0.2.130",
    program: "wasm-bindgen",
    features: &[],
    library: None,
};
/// Must be the version of the crate `worker`.
pub(crate) const WORKER_BUILD: CargoTool = CargoTool {
    package: "worker-build",
    version: "0.8.7",
    program: "worker-build",
    features: &[],
    library: Some(("openssl", "libssl-dev")),
};
/// Builds the npm package and runs tests in a browser.
pub(crate) const WASM_PACK: CargoTool =
    CargoTool { package: "wasm-pack", version: "0.15.1", program: "wasm-pack", features: &[], library: None };
/// A server of buckets with the interface of S3, for tests. The newest that this Rust compiles.
pub(crate) const S3S_FS: CargoTool = CargoTool {
    package: "s3s-fs",
    version: "0.14.1",
    program: "s3s-fs",
    features: &["binary"],
    library: None,
};

/// What building takes.
const BUILDING: [&CargoTool; 3] = [&WASM_BINDGEN, &WORKER_BUILD, &WASM_PACK];

impl CargoTool {
    /// The folder that holds the tool's programs. If it is missing and one that building takes, all of these that are missing are
    /// installed: who needs one of them soon needs the others, and together they compile what they share once.
    pub(crate) fn ensure(&self, project: &Project) -> Result<PathBuf> {
        if let Some(folder) = self.find()? {
            return Ok(folder);
        }
        let shared = project.state("tools");
        let building = BUILDING.iter().any(|tool| tool.package == self.package);
        let alone = [self];
        for tool in if building { &BUILDING[..] } else { &alone } {
            if tool.find()?.is_none() {
                tool.install(project, &shared)?;
            }
        }
        fs::remove_dir_all(&shared).context("cannot remove target/xtask/tools")?;
        Ok(self.home()?.join("bin"))
    }

    fn find(&self) -> Result<Option<PathBuf>> {
        let folders = [self.home()?.join("bin"), cargo_home()?.join("bin")];
        Ok(folders.into_iter().find(|folder| self.is_in(folder)))
    }

    fn is_in(&self, folder: &Path) -> bool {
        let program = folder.join(self.program);
        program.exists()
            && exec::output(exec::command(program, folder).arg("--version"))
                .is_ok_and(|said| said.split_whitespace().any(|word| word == self.version))
    }

    /// Our own place for it.
    fn home(&self) -> Result<PathBuf> {
        Ok(cargo_home()?.join("xtask").join(format!("{}-{}", self.package, self.version)))
    }

    fn install(&self, project: &Project, target: &Path) -> Result<()> {
        if let Some(library) = self.library {
            headers(project, library)?;
        }
        eprintln!("installing {} {} (once, takes minutes)", self.package, self.version);
        let mut cargo = exec::command("cargo", project.root());
        cargo.args(["install", "--quiet", &format!("{}@{}", self.package, self.version)]);
        cargo.arg("--features").arg(self.features.join(","));
        cargo.arg("--root").arg(self.home()?).arg("--target-dir").arg(target);
        // Optimising a tool that runs for a second costs more than it ever gives back.
        exec::run(cargo.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1").env("CARGO_PROFILE_RELEASE_LTO", "off"))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_tool_is_the_version_of_its_crate() {
        let manifest = include_str!("../../../Cargo.toml");
        assert!(manifest.contains(&format!("wasm-bindgen = \"={}\"", WASM_BINDGEN.version)));
        assert!(manifest.contains(&format!("worker = {{ version = \"={}\"", WORKER_BUILD.version)));
    }
}
