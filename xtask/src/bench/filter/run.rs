//! One run of one program: how long, how much work, how much memory of its own.

use std::fs;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;

use crate::exec::Group;

/// How often memory is looked at.
const POLL: Duration = Duration::from_millis(5);

/// What it took, in seconds and bytes. What the processors worked says more than the clock while others work too.
#[derive(Clone, Copy)]
pub(super) struct Took {
    pub(super) wall: f64,
    pub(super) cpu: f64,
    /// The most memory that was not a file's.
    pub(super) memory: u64,
}

impl Took {
    pub(super) const WORST: Self = Self { wall: f64::MAX, cpu: f64::MAX, memory: 0 };

    /// The shorter times of two, and the larger memory.
    pub(super) fn better(self, other: Self) -> Self {
        Self {
            wall: self.wall.min(other.wall),
            cpu: self.cpu.min(other.cpu),
            memory: self.memory.max(other.memory),
        }
    }
}

pub(super) fn run(command: &mut Command) -> Result<Took> {
    let (begun, before) = (Instant::now(), worked()?);
    let mut group = Group::start(command.stdout(Stdio::null()).stderr(Stdio::null()))?;
    let status = format!("/proc/{}/status", group.id());
    let watch = thread::spawn(move || {
        let mut most = 0;
        // Gone, or without memory once it has ended.
        while let Some(now) = fs::read_to_string(&status).ok().as_deref().and_then(anonymous) {
            most = most.max(now);
            thread::sleep(POLL);
        }
        most
    });
    let ended = group.wait()?;
    let wall = begun.elapsed().as_secs_f64();
    if !ended.success() {
        bail!("{command:?} failed ({ended})");
    }
    Ok(Took { wall, cpu: worked()? - before, memory: watch.join().unwrap_or(0) })
}

/// Bytes of memory that no file holds, by the lines of Linux; other systems say nothing.
fn anonymous(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes << 10)
}

/// By all programs that were started and have ended.
fn worked() -> Result<f64> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    #[allow(clippy::cast_precision_loss, reason = "microseconds of a few minutes")]
    let seconds = |time: TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
    Ok(seconds(usage.user_time()) + seconds(usage.system_time()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_in_bytes_and_a_process_that_ended_has_none() {
        assert_eq!(anonymous("Name:\tx\nRssAnon:\t     172 kB\nRssFile:\t9 kB\n"), Some(172 << 10));
        assert_eq!(anonymous("Name:\tx\nState:\tZ (zombie)\n"), None);
    }
}
