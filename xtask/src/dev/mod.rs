//! `cargo xtask dev`: everything on one local address, from one command.

mod demo;
mod secrets;
mod visitor;

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::args::DevOptions;
use crate::build;
use crate::exec::{self, Group};
use crate::project::Project;
use crate::stamp::Step;
use crate::tools;

/// wrangler's own default place, so that plain `npx wrangler dev` serves the same database.
const STATE: &str = ".wrangler/state";
/// What wrangler keeps below it.
const DATABASE: &str = "v3/d1";

/// How the line begins that says the server is up.
pub(crate) const UP: &str = "Consentry runs on ";

/// From nothing to an answer takes a few seconds; a busy machine gets ten times that.
const PATIENCE: Duration = Duration::from_mins(1);

/// Serves until a signal comes.
pub(crate) fn run(project: &Project, options: &DevOptions) -> Result<()> {
    let visitor = visitor::file(project, &options.country)?;
    tools::node(project)?;
    free(options.port)?;
    build::run(project)?;
    let secrets = secrets::ensure(&project.path(".dev.vars"))?;
    let state = options.state.clone().unwrap_or_else(|| project.path(STATE));
    let told =
        options.state.as_ref().map_or_else(|| project.path("target/dev.json"), |dir| dir.join("dev.json"));
    let _alone = alone(&state)?;
    let database = state.join(DATABASE);
    if options.fresh && database.exists() {
        fs::remove_dir_all(&database).with_context(|| format!("cannot empty {}", database.display()))?;
    }
    migrate(project, &state)?;

    let url = format!("http://127.0.0.1:{}", options.port);
    let mut dev = wrangler(project);
    dev.args(["dev", "--local", "--ip", "127.0.0.1", "--port", &options.port.to_string()]);
    dev.arg("--persist-to").arg(&state).env(visitor::VARIABLE, visitor);
    let mut server = Group::start(&mut dev)?;
    answering(&mut server, &url)?;
    let demo = demo::ensure(&url, options.port, &secrets.admin, &told)?;
    println!("\n{demo}\n\nCtrl-C stops it.");
    let status = server.wait()?;
    bail!("wrangler ended by itself ({status})")
}

/// A server that cannot have its port says so late and in many lines.
fn free(port: u16) -> Result<()> {
    match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
        Ok(_) => Ok(()),
        Err(error) => {
            bail!("port {port} cannot be used ({error}): stop what holds it, or choose another with --port")
        }
    }
}

/// Two servers on one SQLite file fail in ways that are hard to read.
fn alone(state: &Path) -> Result<File> {
    fs::create_dir_all(state).with_context(|| format!("cannot create {}", state.display()))?;
    let lock = File::create(state.join("lock")).context("cannot create the lock of the local database")?;
    if lock.try_lock().is_err() {
        bail!(
            "another `cargo xtask dev` serves this database: stop it, or give this one its own with --state"
        );
    }
    Ok(lock)
}

/// wrangler without questions, metrics and advice.
fn wrangler(project: &Project) -> Command {
    let mut command = exec::command("node", project.root());
    command.arg(project.node_module("wrangler/bin/wrangler.js"));
    command.envs([("WRANGLER_SEND_METRICS", "false"), ("WRANGLER_HIDE_BANNER", "true")]);
    command
}

/// Asks wrangler only when there is a new migration or no database: it takes seconds to say that there is nothing to do.
fn migrate(project: &Project, state: &Path) -> Result<()> {
    let step = Step {
        name: if state == project.path(STATE) { "migrations" } else { "migrations-elsewhere" },
        inputs: &["worker/migrations"],
        except: &[],
        salt: &state.to_string_lossy(),
        outputs: &[state.join(DATABASE)],
    };
    step.run(project, || {
        eprintln!("applying the migrations to the local database");
        let mut apply = wrangler(project);
        apply.args(["d1", "migrations", "apply", "DB", "--local", "--persist-to"]).arg(state);
        // It prints a table of all migrations after each of them; only a failure is worth reading.
        exec::output(&mut apply).map(drop)
    })?;
    Ok(())
}

fn answering(server: &mut Group, url: &str) -> Result<()> {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if let Some(status) = server.ended()? {
            bail!("wrangler ended before it served anything ({status}); what it printed above says why");
        }
        let answer = minreq::get(format!("{url}/healthz")).with_timeout(2).send();
        if answer.is_ok_and(|answer| answer.status_code == 200) {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(100));
    }
    bail!("{url}/healthz did not answer 200 within {} s", PATIENCE.as_secs())
}
