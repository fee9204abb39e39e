//! How long `cargo xtask dev` takes to be up when everything is built.

use std::env;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::process::Stdio;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use serde_json::json;

use super::Table;
use crate::dev::UP;
use crate::exec::{self, Group};
use crate::project::Project;

pub(super) fn measure(project: &Project) -> Result<Table> {
    // The first makes the database; only the second is a warm one.
    once(project)?;
    let seconds = once(project)?;
    let rounded = (seconds * 10.0).round() / 10.0;
    let rows = vec![json!({ "command": "cargo xtask dev, warm", "seconds": rounded })];
    Ok(Table { title: "start", columns: &["command", "seconds"], rows })
}

/// With a database of its own, so that a server that is running keeps its own.
fn once(project: &Project) -> Result<f64> {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port().to_string();
    let program = env::current_exe().context("cannot find this program itself")?;
    let begun = Instant::now();
    let mut command = exec::command(program, project.root());
    command.args(["dev", "--port", &port, "--state"]).arg(project.state("bench")).stdout(Stdio::piped());
    let mut group = Group::start(&mut command)?;
    let out = group.stdout().context("`xtask dev` has no output")?;
    for line in BufReader::new(out).lines() {
        if line?.starts_with(UP) {
            let seconds = begun.elapsed().as_secs_f64();
            // While its output can still be read: it has something to say when it ends.
            drop(group);
            return Ok(seconds);
        }
    }
    bail!("`xtask dev` ended before it was up")
}
