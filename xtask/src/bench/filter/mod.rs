//! How long it takes to keep the rows of those who granted, beside what people write or run in place of it and beside copying.
//! Owns the runs and what is told of them; the rows are [`data`]'s, the others' programs `others.py`.

mod data;
mod run;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::Table;
use crate::exec;
use crate::packages::on_path;
use crate::project::Project;
use run::Took;

const RUNS: usize = 3;
const MANY_USERS: u64 = 10_000_000;
const OTHERS: &str = include_str!("others.py");

/// One way to do it.
struct Way {
    tool: &'static str,
    program: PathBuf,
    arguments: Vec<PathBuf>,
    output: PathBuf,
    best: Took,
    /// Whether its output is byte for byte ours; nothing can be said of a copy.
    same: Option<bool>,
}

pub(super) fn measure(project: &Project) -> Result<Table> {
    let folder = project.state("filter");
    let (users, rows) = data::data(&folder)?;
    let plain = build(project, &folder, "consentry-plain", &["--features", "consentry-training/plain"])?;
    let consentry = build(project, &folder, "consentry", &[])?;
    let snapshots = Snapshots::make(project, &consentry, &folder, &users)?;

    let memory = Path::new("/dev/shm");
    let place = if memory.is_dir() { memory } else { &folder };
    let outputs = Outputs([place.join("consentry-bench-1"), place.join("consentry-bench-2")]);
    let [own, other] = &outputs.0;

    let filter = |tool, program: &Path, snapshot: &Path, output: &Path| {
        let options =
            ["filter", "--quiet", "--purpose", "model_training", "--max-age", "36500d", "--snapshot"];
        let mut arguments: Vec<PathBuf> = options.map(PathBuf::from).into();
        arguments.extend([snapshot, &rows, Path::new("-o"), output].map(Path::to_owned));
        Way::new(tool, program, arguments, output)
    };
    let mut ways = vec![
        filter("consentry filter", &consentry, &snapshots.users, own),
        filter("- of 10 M users", &consentry, &snapshots.many, other),
        filter("- without SIMD", &plain, &snapshots.users, other),
        Way::new("cp", "cp".as_ref(), vec![rows.clone(), other.clone()], other),
    ];
    for (tool, library) in [
        ("python, json", "json"),
        ("python, orjson", "orjson"),
        ("DuckDB", "duckdb"),
        ("polars", "polars"),
        ("chdb", "chdb"),
    ] {
        if let Some(python) = python_with(project, library)? {
            let script = ["-c", OTHERS, library].map(PathBuf::from);
            let arguments = script.into_iter().chain([users.clone(), rows.clone(), other.clone()]).collect();
            ways.push(Way::new(tool, &python, arguments, other));
        } else {
            eprintln!("{library} can't be installed here and is left out");
        }
    }

    // In turn, so that a busy minute hits all of them.
    for _ in 0..RUNS {
        for way in &mut ways {
            way.run(project)?;
            if way.tool != "cp" && way.same.is_none() {
                way.same = Some(same(own, &way.output)?);
            }
        }
    }
    let bytes = fs::metadata(&rows)?.len();
    let first = ways.first().map_or(1.0, |way| way.best.wall);
    Ok(Table {
        title: "filter 630 MB by 1 M users",
        columns: &["tool", "seconds", "MB_per_s", "times", "CPU_seconds", "private_MB", "same_bytes"],
        rows: ways.iter().map(|way| way.row(bytes, first)).collect(),
    })
}

impl Way {
    fn new(tool: &'static str, program: &Path, arguments: Vec<PathBuf>, output: &Path) -> Self {
        let (program, output) = (program.to_owned(), output.to_owned());
        Self { tool, program, arguments, output, best: Took::WORST, same: None }
    }

    fn run(&mut self, project: &Project) -> Result<()> {
        let mut command = exec::command(&self.program, project.root());
        self.best = self.best.better(run::run(command.args(&self.arguments))?);
        Ok(())
    }

    fn row(&self, bytes: u64, first: f64) -> Value {
        let Took { wall, cpu, memory } = self.best;
        let hundredths = |seconds: f64| (seconds * 100.0).round() / 100.0;
        #[allow(clippy::cast_precision_loss, reason = "megabytes, rounded")]
        let speed = (bytes as f64 / wall / 1e6).round();
        json!({
            "tool": self.tool,
            "seconds": hundredths(wall),
            "MB_per_s": speed,
            "times": hundredths(wall / first),
            "CPU_seconds": hundredths(cpu),
            "private_MB": memory >> 20,
            "same_bytes": self.same.map(|same| if same { "yes" } else { "no" }),
        })
    }
}

/// Whether two files are the same; hundreds of megabytes are read, not kept.
fn same(one: &Path, other: &Path) -> Result<bool> {
    Ok(one == other
        || fs::metadata(one)?.len() == fs::metadata(other)?.len() && fs::read(one)? == fs::read(other)?)
}

/// Builds the command and keeps it under a name of its own.
fn build(project: &Project, folder: &Path, name: &str, more: &[&str]) -> Result<PathBuf> {
    let build = ["build", "--quiet", "--package", "consentry-cli", "--profile", "native"];
    exec::run(exec::command("cargo", project.root()).args(build).args(more))?;
    let kept = folder.join(name);
    fs::copy(project.cargo_target().join("native/consentry"), &kept)?;
    Ok(kept)
}

struct Snapshots {
    users: PathBuf,
    many: PathBuf,
}

impl Snapshots {
    fn make(project: &Project, consentry: &Path, folder: &Path, users: &Path) -> Result<Self> {
        let (own, many) = (folder.join("snapshot"), folder.join("snapshot-10m"));
        let build = |output: &Path, table: &Path| {
            let mut build = exec::command(consentry, project.root());
            build.args(["snapshot", "build", "--purpose", "model_training", "--site", "bench", "-o"]);
            build.arg(output).arg(table).stderr(Stdio::null());
            build
        };
        exec::run(&mut build(&own, users))?;
        if !many.exists() {
            let mut child = build(&many, Path::new("-")).stdin(Stdio::piped()).spawn()?;
            let mut table = std::io::BufWriter::new(child.stdin.take().context("a pipe")?);
            data::make_users_up_to(MANY_USERS, &mut table)?;
            table.flush()?;
            drop(table);
            if !child.wait()?.success() {
                bail!("the snapshot of many users can't be built");
            }
        }
        Ok(Self { users: own, many })
    }
}

/// A Python that can import the library; installs it once, if it can be had.
fn python_with(project: &Project, library: &str) -> Result<Option<PathBuf>> {
    let Some(python) = on_path(&["python3"]) else { return Ok(None) };
    let folder = project.state("filter/venv");
    let inside = folder.join("bin/python");
    if !inside.exists() {
        exec::run(exec::command(python, project.root()).args(["-m", "venv"]).arg(&folder))?;
    }
    let has_it = || -> Result<bool> {
        let mut import = exec::command(&inside, project.root());
        Ok(import.args(["-c", OTHERS, library]).stderr(Stdio::null()).status()?.success())
    };
    if !has_it()? {
        let mut pip = exec::command(&inside, project.root());
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", library]);
        if exec::run(&mut pip).is_err() || !has_it()? {
            return Ok(None);
        }
    }
    Ok(Some(inside))
}

/// What a run leaves behind, until it is over.
struct Outputs([PathBuf; 2]);

impl Drop for Outputs {
    fn drop(&mut self) {
        for path in &self.0 {
            let _ = fs::remove_file(path);
        }
    }
}
