//! `worker/build/`: the Worker as wrangler and workerd load it.

use anyhow::Result;

use super::SHARED;
use crate::exec;
use crate::project::Project;
use crate::stamp::Step;
use crate::tools;

/// Lets `worker-build` do it, with our pinned tools instead of the ones it would download.
pub(super) fn build(project: &Project) -> Result<()> {
    let mut inputs = SHARED.to_vec();
    inputs.push("worker");
    let step = Step {
        name: "worker",
        inputs: &inputs,
        except: &["worker/build"],
        salt: "3",
        outputs: &[project.path("worker/build/index.js"), project.path("worker/build/index_bg.wasm")],
    };
    step.run(project, || {
        eprintln!("building the Worker");
        tools::wasm_target(project)?;
        let bindgen = tools::WASM_BINDGEN.ensure(project)?.join("wasm-bindgen");
        let worker_build = tools::WORKER_BUILD.ensure(project)?.join("worker-build");
        let mut build = exec::command(worker_build, &project.path("worker"));
        build.env("WASM_BINDGEN_BIN", bindgen);
        build.env("WASM_OPT_BIN", project.node_module(".bin/wasm-opt"));
        build.env("ESBUILD_BIN", project.node_module(".bin/esbuild"));
        exec::run(build.arg("--release"))?;
        // worker-build keeps the names of functions, a fifth of what is uploaded, and optimises for speed.
        let module = project.path("worker/build/index_bg.wasm");
        let mut strip = exec::command(project.node_module(".bin/wasm-opt"), project.root());
        exec::run(strip.arg("-Oz").arg("--strip-debug").arg(&module).arg("-o").arg(&module))
    })?;
    Ok(())
}
