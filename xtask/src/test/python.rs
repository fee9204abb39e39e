//! The stage that Python's schemathesis runs, from a folder of its own.

use anyhow::Result;

use super::Outcome;
use crate::build;
use crate::edge::Edge;
use crate::exec;
use crate::packages::on_path;
use crate::project::Project;
use crate::stamp::Step;

/// Calls what `openapi.json` describes, as `tests/schemathesis.toml` says, and compares the answers with it.
pub(super) fn schemathesis(project: &Project) -> Result<Outcome> {
    if !project.path("worker/openapi.json").exists() {
        return Ok(Outcome::Skipped("worker/openapi.json does not exist yet".into()));
    }
    let Some(python) = on_path(&["python3"]) else {
        return Ok(Outcome::Skipped("python3 is not on PATH".into()));
    };
    build::run(project)?;
    let programs = project.state("venv/bin");
    let step = Step {
        name: "venv",
        inputs: &["tests/requirements.txt"],
        except: &[],
        salt: "1",
        outputs: &[programs.join("schemathesis")],
    };
    step.run(project, || {
        eprintln!("installing schemathesis (once)");
        exec::run(
            exec::command(python, project.root()).args(["-m", "venv", "--clear"]).arg(project.state("venv")),
        )?;
        let mut pip = exec::command(programs.join("pip"), project.root());
        exec::run(pip.args([
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "-r",
            "tests/requirements.txt",
        ]))
    })?;

    let edge = Edge::start(project, &[])?;
    // Its examples database and reports are nothing to keep in the checkout.
    let mut run = exec::command(programs.join("schemathesis"), &project.state(""));
    run.env("CONSENTRY_KEY", edge.told("key")?).env("CONSENTRY_ADMIN_SECRET", edge.told("admin")?);
    run.env("SCHEMATHESIS_HOOKS", project.path("tests/schemathesis_hooks.py"));
    run.arg("--config-file").arg(project.path("tests/schemathesis.toml"));
    exec::run(run.arg("run").arg(format!("{}/openapi.json", edge.told("url")?)))?;
    Ok(Outcome::Passed)
}
