//! The writing end. Owns counting, the numbers of lines, the line end between two inputs, and that blocks are written in their
//! turn.

use std::io::{self, Write};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use consentry::hash::Hash;

use super::blocks::Block;
use super::judge::Judged;
use super::{Counts, FilterError, Options, Source, quarantine};
use crate::codec::{Compression, Encoder};
use crate::digest::Digested;
use crate::grants::Grants;

/// A writer that threads wait for, each with a block.
pub(super) struct Turns<'w, W: Write> {
    state: Mutex<State<'w, W>>,
    passed: Condvar,
}

struct State<'w, W: Write> {
    writer: Writer<'w, W>,
    /// Whose turn it is.
    turn: u64,
    failed: Option<FilterError>,
    /// Whether nothing more is written.
    over: bool,
}

impl<'w, W: Write> Turns<'w, W> {
    pub(super) const fn new(writer: Writer<'w, W>) -> Self {
        let state = State { writer, turn: 0, failed: None, over: false };
        Self { state: Mutex::new(state), passed: Condvar::new() }
    }

    /// Writes a block when it is its turn, and gives it back to be used again; `None` once the run is over.
    pub(super) fn write(&self, judged: Judged, grants: &(impl Grants + ?Sized)) -> Option<Block> {
        let waits = |state: &mut State<'w, W>| !state.over && state.turn != judged.block.turn;
        let state = self.passed.wait_while(self.state(), waits);
        let mut state = state.unwrap_or_else(PoisonError::into_inner);
        if state.over {
            return None;
        }
        let written = state.writer.take(&judged, grants);
        state.turn += 1;
        if let Err(error) = written {
            state.failed = Some(error);
            state.over = true;
        }
        let over = state.over;
        drop(state);
        self.passed.notify_all();
        (!over).then_some(judged.block)
    }

    /// Ends the run if the thread that holds this panics, because its turn would never come.
    pub(super) const fn watched(&self) -> Watched<'_, 'w, W> {
        Watched(self)
    }

    /// Ends the output.
    pub(super) fn finish(self) -> Result<Written<W>, FilterError> {
        let State { writer, failed, .. } = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        failed.map_or_else(|| writer.finish(), Err)
    }

    fn state(&self) -> MutexGuard<'_, State<'w, W>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) struct Watched<'t, 'w, W: Write>(&'t Turns<'w, W>);

impl<W: Write> Drop for Watched<'_, '_, W> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.state().over = true;
            self.0.passed.notify_all();
        }
    }
}

pub(super) struct Writer<'w, W: Write> {
    sources: &'w [Source],
    strict: bool,
    encoder: Encoder<Digested<W>>,
    quarantine: Option<Digested<&'w mut (dyn Write + Send + 'w)>>,
    counts: Counts,
    /// The input that the last block came from, and how many of its lines went before.
    input: usize,
    lines: u64,
    /// Whether what was written last ended without a line end.
    open: bool,
}

/// What was written in the end.
pub(super) struct Written<W> {
    pub(super) counts: Counts,
    pub(super) output: Digested<W>,
    /// Bytes of the quarantine and their hash.
    pub(super) set_aside: Option<(u64, Option<Hash>)>,
}

impl<'w, W: Write> Writer<'w, W> {
    pub(super) fn new(
        sources: &'w [Source],
        options: &Options,
        output: W,
        compression: Compression,
        quarantine: Option<&'w mut (dyn Write + Send + 'w)>,
    ) -> Result<Self, FilterError> {
        let output = Digested::new(output, options.digests);
        let encoder = Encoder::new(output, compression).map_err(FilterError::Output)?;
        let quarantine = quarantine.map(|writer| Digested::new(writer, options.digests));
        let counts = Counts::default();
        Ok(Self {
            sources,
            strict: options.strict,
            encoder,
            quarantine,
            counts,
            input: 0,
            lines: 0,
            open: false,
        })
    }

    fn take(&mut self, judged: &Judged, grants: &(impl Grants + ?Sized)) -> Result<(), FilterError> {
        // What was trusted after it was asked was trusted when it was.
        grants.trusted().map_err(FilterError::Consents)?;
        self.count(judged)?;
        self.write(&judged.block).map_err(FilterError::Output)
    }

    fn finish(mut self) -> Result<Written<W>, FilterError> {
        let mut output = self.encoder.finish().map_err(FilterError::Output)?;
        output.flush().map_err(FilterError::Output)?;
        if let Some(quarantine) = &mut self.quarantine {
            quarantine.flush().map_err(FilterError::Quarantine)?;
        }
        let set_aside = self.quarantine.map(|quarantine| quarantine.so_far());
        Ok(Written { counts: self.counts, output, set_aside })
    }

    fn count(&mut self, judged: &Judged) -> Result<(), FilterError> {
        if judged.block.input != self.input {
            (self.input, self.lines) = (judged.block.input, 0);
        }
        for odd in &judged.odd {
            let file = self.sources.get(self.input).map(Source::name).unwrap_or_default();
            let line = self.lines + odd.row + 1;
            if self.strict {
                return Err(FilterError::Unjudgeable { file, line, reason: odd.reason });
            }
            if let Some(writer) = &mut self.quarantine {
                quarantine::write(writer, &file, line, odd).map_err(FilterError::Quarantine)?;
            }
            self.counts.quarantined += 1;
            *self.counts.reasons.entry(odd.reason.code().into()).or_default() += 1;
        }
        self.lines += judged.rows;
        self.counts.rows += judged.rows;
        self.counts.kept += judged.kept;
        self.counts.no_consent += judged.refused;
        self.counts.reserved += judged.reserved;
        self.counts.child += judged.child;
        self.counts.blank += judged.blank;
        Ok(())
    }

    fn write(&mut self, block: &Block) -> io::Result<()> {
        let rows = block.rows();
        let Some(last) = rows.last() else { return Ok(()) };
        if self.open {
            self.encoder.write_all(b"\n")?;
        }
        self.open = *last != b'\n';
        self.encoder.write_all(rows)
    }
}
