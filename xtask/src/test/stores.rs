//! The stage that purges real stores: Chroma as a Python package, in a folder of its own.

use anyhow::Result;

use super::Outcome;
use crate::exec;
use crate::packages::on_path;
use crate::project::Project;
use crate::stamp::Step;

/// Runs the tests that ordinary `cargo test` leaves out because they need the stores.
pub(super) fn stores(project: &Project) -> Result<Outcome> {
    let Some(python) = on_path(&["python3"]) else {
        return Ok(Outcome::Skipped("python3 is not on PATH".into()));
    };
    let programs = project.state("venv-stores/bin");
    let step = Step {
        name: "venv-stores",
        inputs: &["tests/stores/requirements.txt"],
        except: &[],
        salt: "1",
        outputs: &[programs.join("chroma")],
    };
    step.run(project, || {
        eprintln!("installing Chroma (once)");
        let mut venv = exec::command(python, project.root());
        exec::run(venv.args(["-m", "venv", "--clear"]).arg(project.state("venv-stores")))?;
        let mut pip = exec::command(programs.join("pip"), project.root());
        pip.args(["install", "--quiet", "--disable-pip-version-check", "-r"]);
        exec::run(pip.arg("tests/stores/requirements.txt"))
    })?;
    let mut cargo = exec::command("cargo", project.root());
    cargo.args(["test", "--package", "consentry-training", "--test", "chroma", "--", "--ignored"]);
    exec::run(cargo.env("CONSENTRY_CHROMA", &programs))?;
    Ok(Outcome::Passed)
}
