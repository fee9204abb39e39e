//! How far a run is, for people who watch a terminal. Owns the bar; in a pipe, or where it isn't wanted, there is none.

use std::fs;
use std::io::{IsTerminal as _, stderr};
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use consentry_training::filter::{Source, Watch};
use indicatif::{ProgressBar, ProgressStyle};

const BETWEEN: Duration = Duration::from_millis(100);

/// A bar while it is there; dropping it clears its line.
pub(crate) struct Progress {
    /// Dropped, it ends the thread.
    until: Option<mpsc::Sender<()>>,
    drawing: Option<JoinHandle<()>>,
}

impl Progress {
    /// Draws how much of the inputs was read, unless it is `quiet` or nobody sees it.
    pub(crate) fn of(inputs: &[Source], watch: Arc<Watch>, quiet: bool) -> Self {
        if quiet || !stderr().is_terminal() {
            return Self { until: None, drawing: None };
        }
        let bar = bar(inputs);
        let (until, ended) = mpsc::channel();
        let drawing = thread::spawn(move || {
            while ended.recv_timeout(BETWEEN) == Err(mpsc::RecvTimeoutError::Timeout) {
                bar.set_position(watch.read());
                bar.tick();
            }
            bar.finish_and_clear();
        });
        Self { until: Some(until), drawing: Some(drawing) }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.until.take();
        if let Some(drawing) = self.drawing.take() {
            // What it drew is not worth a message.
            let _ = drawing.join();
        }
    }
}

fn bar(inputs: &[Source]) -> ProgressBar {
    let length = |path: &Path| fs::metadata(path).ok().filter(fs::Metadata::is_file).map(|kept| kept.len());
    let total = inputs.iter().map(|input| input.path().and_then(length)).sum::<Option<u64>>();
    let (bar, look) = match total {
        Some(total) => (
            ProgressBar::new(total),
            "{wide_bar} {binary_bytes} of {binary_total_bytes}, {binary_bytes_per_sec}, {eta} left",
        ),
        None => (ProgressBar::no_length(), "{spinner} {binary_bytes}, {binary_bytes_per_sec}"),
    };
    bar.with_style(ProgressStyle::with_template(look).unwrap_or_else(|_| ProgressStyle::default_bar()))
}
