//! How long it takes to keep the rows of those who granted, beside the loop that people write and beside copying. Owns the made-up
//! rows: 630 MB of a million users, the same on every machine.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;
use serde_json::json;

use super::Table;
use crate::exec::{self, Group};
use crate::project::Project;

const USERS: u64 = 1_000_000;
const BYTES: u64 = 630_000_000;
const GRANTED_PERCENT: u64 = 60;
const RUNS: usize = 3;
const LOOP: &str = include_str!("filter.py");

pub(super) fn measure(project: &Project) -> Result<Table> {
    let build = ["build", "--quiet", "--package", "consentry-cli", "--profile", "native"];
    exec::run(exec::command("cargo", project.root()).args(build))?;
    let consentry = project.cargo_target().join("native/consentry");
    let folder = project.state("filter");
    let (users, rows) = data(&folder)?;
    let snapshot = folder.join("snapshot");
    let mut made = exec::command(&consentry, project.root());
    made.args(["snapshot", "build", "--purpose", "model_training", "--site", "bench", "-o"]);
    exec::run(made.arg(&snapshot).arg(&users).stderr(Stdio::null()))?;

    let memory = Path::new("/dev/shm");
    let place = if memory.is_dir() { memory.to_owned() } else { folder };
    let outputs = Outputs([place.join("consentry-bench-1"), place.join("consentry-bench-2")]);
    let [own, other] = &outputs.0;

    let mut filter = exec::command(&consentry, project.root());
    filter.args(["filter", "--purpose", "model_training", "--max-age", "1d", "--snapshot"]);
    filter.arg(&snapshot).arg(&rows).arg("-o").arg(own);
    let mut by_hand = exec::command("python3", project.root());
    by_hand.args(["-c", LOOP]).args([&users, &rows, other]);
    let mut copy = exec::command("cp", project.root());
    copy.args([&rows, other]);

    // In turn, so that a busy minute hits all of them.
    let mut best = [Took { wall: f64::MAX, cpu: f64::MAX }; 3];
    for _ in 0..RUNS {
        for (best, command) in best.iter_mut().zip([&mut filter, &mut copy, &mut by_hand]) {
            let took = run(command)?;
            *best = Took { wall: best.wall.min(took.wall), cpu: best.cpu.min(took.cpu) };
        }
        if fs::read(own)? != fs::read(other)? {
            bail!("`consentry filter` and the loop in Python keep different rows");
        }
    }
    let [first, ..] = best;
    let bytes = fs::metadata(&rows)?.len();
    let hundredths = |seconds: f64| (seconds * 100.0).round() / 100.0;
    let rows = ["consentry filter", "cp", "python3, json"].into_iter().zip(best).map(
        |(tool, Took { wall, cpu })| {
            #[allow(clippy::cast_precision_loss, reason = "megabytes, rounded")]
            let speed = (bytes as f64 / wall / 1e6).round();
            json!({
                "tool": tool,
                "seconds": hundredths(wall),
                "MB_per_s": speed,
                "times": hundredths(wall / first.wall),
                "CPU_seconds": hundredths(cpu),
            })
        },
    );
    Ok(Table {
        title: "filter 630 MB by 1 M users",
        columns: &["tool", "seconds", "MB_per_s", "times", "CPU_seconds"],
        rows: rows.collect(),
    })
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

/// In seconds. What the processors worked says more than the clock while others work too.
#[derive(Clone, Copy)]
struct Took {
    wall: f64,
    cpu: f64,
}

fn run(command: &mut Command) -> Result<Took> {
    let (begun, before) = (Instant::now(), worked()?);
    let status = Group::start(command.stderr(Stdio::null()))?.wait()?;
    if !status.success() {
        bail!("{command:?} failed ({status})");
    }
    Ok(Took { wall: begun.elapsed().as_secs_f64(), cpu: worked()? - before })
}

/// By all programs that were started and have ended.
fn worked() -> Result<f64> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    #[allow(clippy::cast_precision_loss, reason = "microseconds of a few minutes")]
    let seconds = |time: TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
    Ok(seconds(usage.user_time()) + seconds(usage.system_time()))
}

/// Users and rows, made once.
fn data(folder: &Path) -> Result<(PathBuf, PathBuf)> {
    let (users, rows) = (folder.join("users.csv"), folder.join("rows.jsonl"));
    if !rows.exists() {
        fs::create_dir_all(folder)?;
        let write = |path: &Path, make: fn(&mut dyn Write) -> std::io::Result<()>| {
            let half = path.with_extension("half");
            let mut file = BufWriter::new(File::create(&half)?);
            make(&mut file)?;
            file.flush()?;
            fs::rename(half, path)
        };
        write(&users, make_users).context("cannot write the users")?;
        write(&rows, make_rows).context("cannot write the rows")?;
    }
    Ok((users, rows))
}

fn make_users(file: &mut dyn Write) -> std::io::Result<()> {
    writeln!(file, "user_id,status")?;
    for user in 0..USERS {
        let granted = mixed(user) % 100 < GRANTED_PERCENT;
        writeln!(file, "{},{}", id(user), if granted { "granted" } else { "revoked" })?;
    }
    Ok(())
}

fn make_rows(file: &mut dyn Write) -> std::io::Result<()> {
    const WORDS: [&str; 16] = [
        "of",
        "the",
        "consent",
        "training",
        "a",
        "model",
        "person",
        "said",
        "yes",
        "data",
        "line\\nbreak",
        "\\\"quoted\\\"",
        "naïve",
        "caf\\u00e9",
        "row",
        "with",
    ];
    let (mut written, mut seed) = (0, 0);
    let mut text = String::new();
    while written < BYTES {
        seed += 1;
        let length = 60 + mixed(seed) % 1400;
        text.clear();
        while (text.len() as u64) < length {
            let mut random = mixed(seed ^ (text.len() as u64) << 32);
            for _ in 0..16 {
                text += WORDS[usize::from(random.to_le_bytes()[0] % 16)];
                text.push(' ');
                random >>= 4;
            }
        }
        let (user, score) = (id(mixed(seed) % USERS), mixed(seed) % 1000);
        let row = format!(
            "{{\"id\": {seed}, \"user_id\": \"{user}\", \"score\": 0.{score:03}, \"meta\": {{\"user_id\": \"nested\"}}, \"text\": \
             \"{text}\"}}\n"
        );
        file.write_all(row.as_bytes())?;
        written += row.len() as u64;
    }
    Ok(())
}

/// A UUID, version 4 by its looks.
fn id(user: u64) -> String {
    let (a, b) = (mixed(user), mixed(!user));
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        a >> 32,
        a >> 16 & 0xffff,
        a & 0xfff,
        0x8000 | b >> 50,
        b & 0xffff_ffff_ffff
    )
}

/// splitmix64: a number that looks like chance and is always the same.
const fn mixed(n: u64) -> u64 {
    let n = n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let n = (n ^ n >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ n >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ n >> 31
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_have_different_ids_of_one_form() {
        let ids: std::collections::BTreeSet<String> = (0..1000).map(id).collect();
        assert_eq!(ids.len(), 1000);
        assert!(ids.iter().all(|id| id.len() == 36 && id.as_bytes()[14] == b'4'));
    }
}
