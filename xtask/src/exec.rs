//! Running other programs, each in a process group of its own, so that a signal to us ends all that they started too.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io::ErrorKind;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

/// The groups that are running.
static GROUPS: Mutex<Vec<Pid>> = Mutex::new(Vec::new());
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// How long a group may take to end by itself once it is asked to.
const GRACE: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(20);

/// The usual exit code of a program that a signal ended.
const INTERRUPTED_EXIT: i32 = 130;

/// Makes SIGINT, SIGTERM and SIGHUP end every group before they end us.
pub(crate) fn end_groups_on_signals() -> Result<()> {
    ctrlc::set_handler(|| {
        INTERRUPTED.store(true, Ordering::SeqCst);
        let running = groups().clone();
        running.into_iter().for_each(end);
        std::process::exit(INTERRUPTED_EXIT);
    })
    .context("cannot listen for signals")
}

/// A program that runs while this lives; dropping it ends the whole group.
pub(crate) struct Group {
    child: Child,
    id: Pid,
}

impl Group {
    /// Starts it. It gets no standard input: a group in the background that reads the terminal would be stopped.
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        command.stdin(Stdio::null()).process_group(0);
        // Held over the start, so that a signal in between finds the group.
        let mut running = groups();
        let child = command.spawn().map_err(|error| not_started(command, &error))?;
        let id = Pid::from_raw(i32::try_from(child.id()).context("a process id out of range")?);
        running.push(id);
        Ok(Self { child, id })
    }

    /// The id of its first process.
    pub(crate) const fn id(&self) -> Pid {
        self.id
    }

    /// Waits until it ends by itself.
    pub(crate) fn wait(&mut self) -> Result<ExitStatus> {
        let status = self.child.wait().context("cannot wait for a program")?;
        leave_to_handler();
        Ok(status)
    }

    /// What it prints, if that was asked for; once.
    pub(crate) fn stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// Its status if it has ended.
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        let status = self.child.try_wait().context("cannot ask after a program")?;
        if status.is_some() {
            leave_to_handler();
        }
        Ok(status)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|status| status.is_none()) {
            let _ = killpg(self.id, Signal::SIGTERM);
            let mut left = GRACE;
            while left > Duration::ZERO && self.child.try_wait().is_ok_and(|status| status.is_none()) {
                thread::sleep(POLL);
                left = left.saturating_sub(POLL);
            }
        }
        // What outlives its leader is not wanted either.
        let _ = killpg(self.id, Signal::SIGKILL);
        let _ = self.child.wait();
        groups().retain(|id| *id != self.id);
    }
}

fn groups() -> MutexGuard<'static, Vec<Pid>> {
    GROUPS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Asks a group to end and makes it end. A group is gone when no signal can reach it.
fn end(group: Pid) {
    let _ = killpg(group, Signal::SIGTERM);
    let mut left = GRACE;
    while killpg(group, None).is_ok() {
        if left.is_zero() {
            let _ = killpg(group, Signal::SIGKILL);
            return;
        }
        thread::sleep(POLL);
        left = left.saturating_sub(POLL);
    }
}

/// After a signal the handler ends the process; what fails because of it is no news.
fn leave_to_handler() {
    while INTERRUPTED.load(Ordering::SeqCst) {
        thread::sleep(POLL);
    }
}

/// A command in `dir`; its output goes where ours goes.
pub(crate) fn command(program: impl AsRef<OsStr>, dir: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(dir);
    command
}

/// Runs to the end; an error unless it succeeded.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = Group::start(command)?.wait()?;
    if !status.success() {
        bail!("`{}` failed ({status})", line(command));
    }
    Ok(())
}

/// Runs something short to the end and gives what it printed: an error, with what it said, unless it succeeded.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let Output { status, stdout, stderr } =
        command.stdin(Stdio::null()).output().map_err(|error| not_started(command, &error))?;
    let text = String::from_utf8_lossy(&stdout).into_owned();
    if !status.success() {
        bail!("`{}` failed ({status}):\n{text}{}", line(command), String::from_utf8_lossy(&stderr));
    }
    Ok(text)
}

/// `PATH` with these folders before it.
pub(crate) fn path_with(first: &[PathBuf]) -> Result<OsString> {
    let rest = env::var_os("PATH").unwrap_or_default();
    let folders = first.iter().cloned().chain(env::split_paths(&rest));
    env::join_paths(folders).context("a folder with a separator in its name cannot be put on PATH")
}

fn not_started(command: &Command, error: &std::io::Error) -> anyhow::Error {
    let program = command.get_program().to_string_lossy();
    if error.kind() == ErrorKind::NotFound {
        anyhow!("`{program}` is not installed or not on PATH")
    } else {
        anyhow!("`{program}` could not be started: {error}")
    }
}

fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dropping_a_group_ends_what_its_program_started() {
        let mut shell = command("sh", Path::new("/"));
        let mut group =
            Group::start(shell.args(["-c", "sleep 60 & echo started; wait"]).stdout(Stdio::piped())).unwrap();
        let mut out = group.stdout().unwrap();
        std::io::Read::read_exact(&mut out, &mut [0; 8]).unwrap();
        let id = group.id;
        drop(group);
        // The pipe ends when the last process that holds it has ended.
        assert_eq!(std::io::copy(&mut out, &mut std::io::sink()).unwrap(), 0);
        assert!(!groups().contains(&id));
    }

    #[test]
    fn a_program_that_lacks_is_named() {
        let error = run(&mut command("no-such-program", Path::new("/"))).unwrap_err().to_string();
        assert!(error.contains("`no-such-program` is not installed"));
    }

    #[test]
    fn a_failure_repeats_the_command_and_what_it_said() {
        let error = output(command("sh", Path::new("/")).args(["-c", "echo why >&2; exit 3"]))
            .unwrap_err()
            .to_string();
        assert!(error.contains("exit status: 3") && error.contains("why"));
    }
}
