//! Skipping what is up to date: a step that went well leaves the hash of everything it read.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::project::Project;

/// One step of a build: what it reads and what it writes.
pub(crate) struct Step<'a> {
    /// Its name, unique in the project.
    pub(crate) name: &'a str,
    /// The files and folders it reads, below the checkout. One that does not exist counts as empty.
    pub(crate) inputs: &'a [&'a str],
    /// Folders among the inputs that it does not read: what it writes itself, say.
    pub(crate) except: &'a [&'a str],
    /// What else decides the result: versions of tools, options.
    pub(crate) salt: &'a str,
    /// What exists when the step is done.
    pub(crate) outputs: &'a [PathBuf],
}

impl Step<'_> {
    /// Does the work unless its inputs are those of the last time it succeeded. Says whether it did.
    pub(crate) fn run(&self, project: &Project, work: impl FnOnce() -> Result<()>) -> Result<bool> {
        let stamp = project.state("stamps").join(self.name);
        // Taken before the work, so that a file that changes meanwhile makes the next run do it again.
        let now = self.fingerprint(project)?;
        let same = fs::read_to_string(&stamp).is_ok_and(|before| before == now);
        if same && self.outputs.iter().all(|output| output.exists()) {
            return Ok(false);
        }
        work()?;
        write(&stamp, &now)?;
        Ok(true)
    }

    fn fingerprint(&self, project: &Project) -> Result<String> {
        let mut hasher = DefaultHasher::new();
        self.salt.hash(&mut hasher);
        for input in self.inputs {
            for file in files(&project.path(input))? {
                if self.except.iter().any(|folder| file.starts_with(project.path(folder))) {
                    continue;
                }
                file.strip_prefix(project.root()).unwrap_or(&file).hash(&mut hasher);
                fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?.hash(&mut hasher);
            }
        }
        Ok(format!("{:016x}", hasher.finish()))
    }
}

/// Every file at or below a path, in a stable order, without hidden ones.
pub(crate) fn files(path: &Path) -> Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(if path.exists() { vec![path.to_path_buf()] } else { Vec::new() });
    }
    let mut entries = fs::read_dir(path)
        .and_then(Iterator::collect::<std::io::Result<Vec<_>>>)
        .with_context(|| format!("cannot list {}", path.display()))?;
    entries.sort_by_key(fs::DirEntry::file_name);
    let mut found = Vec::new();
    for entry in entries {
        if !entry.file_name().to_string_lossy().starts_with('.') {
            found.extend(files(&entry.path())?);
        }
    }
    Ok(found)
}

/// Writes a file and the folders above it.
pub(crate) fn write(path: &Path, contents: impl AsRef<[u8]>) -> Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).with_context(|| format!("cannot create {}", parent.display()))?;
    }
    fs::write(path, contents).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::bail;

    /// A checkout with one input, removed in the end.
    struct Checkout(PathBuf);

    impl Checkout {
        fn new(name: &str) -> Self {
            let root = std::env::temp_dir().join(format!("xtask-{name}-{}", std::process::id()));
            write(&root.join("in/a"), "1").unwrap();
            Self(root)
        }

        /// Runs the step once: whether it did anything.
        fn step(&self, work: impl FnOnce() -> Result<()>) -> Result<bool> {
            let outputs = [self.0.join("out")];
            let step = Step {
                name: "s",
                inputs: &["in", "none"],
                except: &["in/made"],
                salt: "1",
                outputs: &outputs,
            };
            step.run(&Project::at(&self.0), work)
        }

        fn make(&self) -> bool {
            self.step(|| write(&self.0.join("out"), "made")).unwrap()
        }
    }

    impl Drop for Checkout {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).unwrap();
        }
    }

    #[test]
    fn what_is_up_to_date_is_skipped() {
        let checkout = Checkout::new("skip");
        assert!(checkout.make());
        assert!(!checkout.make());
    }

    #[test]
    fn a_changed_a_new_and_a_renamed_input_each_make_it_again() {
        let checkout = Checkout::new("changed");
        checkout.make();
        write(&checkout.0.join("in/a"), "2").unwrap();
        assert!(checkout.make());
        write(&checkout.0.join("in/b"), "").unwrap();
        assert!(checkout.make());
        fs::rename(checkout.0.join("in/b"), checkout.0.join("in/c")).unwrap();
        assert!(checkout.make());
    }

    #[test]
    fn a_lost_output_is_made_again() {
        let checkout = Checkout::new("lost");
        checkout.make();
        fs::remove_file(checkout.0.join("out")).unwrap();
        assert!(checkout.make());
    }

    #[test]
    fn what_it_writes_itself_is_no_change() {
        let checkout = Checkout::new("except");
        checkout.make();
        write(&checkout.0.join("in/made/x"), "").unwrap();
        assert!(!checkout.make());
    }

    #[test]
    fn a_failure_leaves_it_to_be_done() {
        let checkout = Checkout::new("failure");
        assert!(checkout.step(|| bail!("no")).is_err());
        assert!(checkout.make());
    }

    #[test]
    fn a_change_during_the_work_makes_it_again() {
        let checkout = Checkout::new("during");
        let late =
            || write(&checkout.0.join("out"), "").and_then(|()| write(&checkout.0.join("in/a"), "late"));
        checkout.step(late).unwrap();
        assert!(checkout.make());
    }
}
