//! `www/npm/dist/`: the widget's scripts inside its npm package, for sites that serve them themselves.

use std::fs;

use anyhow::{Context, Result};

use super::widget;
use crate::project::Project;
use crate::stamp::{Step, files, write};

/// Copies what the widget has in `www/dist` and leaves nothing of before.
pub(super) fn build(project: &Project) -> Result<()> {
    let target = project.path("www/npm/dist");
    let step = Step {
        name: "package",
        inputs: &["www/dist"],
        except: &["www/dist/docs"],
        salt: "1",
        outputs: &[target.join("integrity.json")],
    };
    step.run(project, || {
        if target.exists() {
            fs::remove_dir_all(&target).with_context(|| format!("cannot empty {}", target.display()))?;
        }
        let dist = project.path("www/dist");
        for file in files(&dist)? {
            let below = file.strip_prefix(&dist)?;
            if widget::is_ours(&below.to_string_lossy()) {
                let bytes = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
                write(&target.join(below), bytes)?;
            }
        }
        Ok(())
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_package_has_the_version_of_the_workspace() {
        let package = include_str!("../../../www/npm/package.json");
        assert!(package.contains(concat!("\"version\": \"", env!("CARGO_PKG_VERSION"), "\"")));
    }
}
