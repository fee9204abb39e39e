//! Where things are: the checkout, cargo's output, and the state that xtask itself keeps.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The checkout that this binary was compiled from.
pub(crate) struct Project {
    root: PathBuf,
}

impl Project {
    /// Finds the workspace above this crate.
    pub(crate) fn find() -> Result<Self> {
        let root =
            Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask lies outside of a workspace")?;
        Ok(Self { root: root.to_path_buf() })
    }

    /// A checkout anywhere, for tests.
    #[cfg(test)]
    pub(crate) fn at(root: &Path) -> Self {
        Self { root: root.to_path_buf() }
    }

    /// A path below the checkout, with `/` between its parts.
    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.root.join(below)
    }

    /// The checkout itself.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// A file or folder of xtask's own: stamps, intermediate artefacts. Always in the checkout's `target`, even where
    /// `CARGO_TARGET_DIR` is set, because what the stamps speak of (`www/dist`, `worker/build`) lies in the checkout too.
    pub(crate) fn state(&self, below: &str) -> PathBuf {
        self.root.join("target/xtask").join(below)
    }

    /// Where cargo puts what it compiles.
    pub(crate) fn cargo_target(&self) -> PathBuf {
        match env::var_os("CARGO_TARGET_DIR") {
            Some(dir) => self.root.join(dir),
            None => self.root.join("target"),
        }
    }

    /// The file of a package that npm installed.
    pub(crate) fn node_module(&self, below: &str) -> PathBuf {
        self.root.join("node_modules").join(below)
    }
}
