//! Where rows come from. Owns opening inputs and waiting for those that have nothing to read yet, so that a run whose output
//! broke, or that is told to stop, doesn't wait for a pipe that stays silent.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

/// Where rows come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Standard input.
    Stdin,
    /// A file.
    File(PathBuf),
}

impl Source {
    /// How it is called in messages and manifests: the path, or `-`.
    pub fn name(&self) -> String {
        match self {
            Self::Stdin => "-".into(),
            Self::File(path) => path.display().to_string(),
        }
    }

    /// The path, if it is a file.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Stdin => None,
            Self::File(path) => Some(path),
        }
    }
}

/// What others may see of a run that goes on, and do to it.
#[derive(Debug, Default)]
pub struct Watch {
    read: AtomicU64,
    stopped: AtomicBool,
}

impl Watch {
    /// How many bytes of the inputs were read, as they are in the files.
    pub fn read(&self) -> u64 {
        self.read.load(Relaxed)
    }

    /// Ends the run soon; it fails, and what is not published by then is not written.
    pub fn stop(&self) {
        self.stopped.store(true, Relaxed);
    }

    pub(crate) fn stopped(&self) -> bool {
        self.stopped.load(Relaxed)
    }

    pub(crate) fn add(&self, bytes: u64) {
        self.read.fetch_add(bytes, Relaxed);
    }
}

/// An input while it is read.
pub(super) struct Input<'w> {
    from: platform::Input,
    watch: &'w Watch,
    /// Set when nobody takes what is read any more.
    gone: &'w AtomicBool,
    /// Whether to say when nothing can be read for now.
    pub(super) eager: bool,
    /// Whether something was read since that was said last.
    read: bool,
}

impl<'w> Input<'w> {
    pub(super) fn open(source: &Source, watch: &'w Watch, gone: &'w AtomicBool) -> io::Result<Self> {
        let from = match source {
            Source::Stdin => platform::stdin()?,
            Source::File(path) => platform::file(File::open(path)?)?,
        };
        Ok(Self { from, watch, gone, eager: false, read: false })
    }
}

impl Read for Input<'_> {
    /// Waits, but ends with an error once the run is over; if it is eager, it says [`io::ErrorKind::WouldBlock`] before it waits.
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let mut wait = !self.read || !self.eager;
        loop {
            if self.gone.load(Relaxed) || self.watch.stopped() {
                return Err(io::Error::other("the run is over"));
            }
            if self.from.ready(wait)? {
                break;
            }
            if !wait {
                self.read = false;
                return Err(io::ErrorKind::WouldBlock.into());
            }
            wait = true;
        }
        let n = self.from.read(bytes)?;
        self.read = true;
        self.watch.add(n as u64);
        Ok(n)
    }
}

#[cfg(unix)]
mod platform {
    use std::fs::File;
    use std::io::{self, Read as _};
    use std::os::fd::AsFd as _;

    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::io::Errno;

    pub(super) struct Input {
        file: File,
        /// A pipe, a terminal, a socket.
        waits: bool,
    }

    pub(super) fn stdin() -> io::Result<Input> {
        // Not `io::stdin()`, whose buffer would hide what can be read.
        file(File::from(io::stdin().as_fd().try_clone_to_owned()?))
    }

    pub(super) fn file(file: File) -> io::Result<Input> {
        let waits = !file.metadata()?.is_file();
        Ok(Input { file, waits })
    }

    impl Input {
        /// Whether there is something to read, or the end of it; waits a moment if it may.
        pub(super) fn ready(&self, wait: bool) -> io::Result<bool> {
            const MOMENT: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };
            const NOW: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };
            if !self.waits {
                return Ok(true);
            }
            let timeout = if wait { MOMENT } else { NOW };
            match poll(&mut [PollFd::new(&self.file, PollFlags::IN)], Some(&timeout)) {
                Ok(ready) => Ok(ready > 0),
                Err(Errno::INTR) => Ok(false),
                Err(error) => Err(error.into()),
            }
        }

        pub(super) fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
            self.file.read(bytes)
        }
    }
}

#[cfg(not(unix))]
mod platform {
    use std::fs::File;
    use std::io::{self, Read};

    pub(super) struct Input(Box<dyn Read + Send>);

    pub(super) fn stdin() -> io::Result<Input> {
        Ok(Input(Box::new(io::stdin())))
    }

    pub(super) fn file(file: File) -> io::Result<Input> {
        Ok(Input(Box::new(file)))
    }

    impl Input {
        #[allow(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
        pub(super) const fn ready(&self, _: bool) -> io::Result<bool> {
            Ok(true)
        }

        pub(super) fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
            self.0.read(bytes)
        }
    }
}
