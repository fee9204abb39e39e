//! `js/pkg/`: the npm package of the core.

use anyhow::Result;

use super::SHARED;
use crate::exec;
use crate::project::Project;
use crate::stamp::Step;
use crate::tools;

/// Lets `wasm-pack` do it, with our pinned tools on `PATH`.
pub(super) fn build(project: &Project) -> Result<()> {
    let mut inputs = SHARED.to_vec();
    inputs.push("js");
    let step = Step {
        name: "js",
        inputs: &inputs,
        except: &["js/pkg"],
        salt: "2",
        outputs: &[project.path("js/pkg/package.json")],
    };
    step.run(project, || {
        eprintln!("building the JavaScript package");
        tools::wasm_target(project)?;
        exec::run(
            tools::wasm_pack(project)?
                .args(["build", "js", "--release", "--target", "web", "--out-name", "consentry"])
                .args(["--mode", "no-install"]),
        )
    })?;
    Ok(())
}
