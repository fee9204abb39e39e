//! The writing end. Owns counting, the numbers of lines, the line end between two inputs, and taking blocks from the judges in
//! the turn in which they were given.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender};

use consentry::hash::Hash;

use super::blocks::Block;
use super::judge::Judged;
use super::{Counts, FilterError, Options, Source, quarantine};
use crate::codec::{Compression, Encoder};
use crate::digest::Digested;
use crate::grants::Grants;

pub(super) struct Writer<'w, W: Write> {
    sources: &'w [Source],
    strict: bool,
    encoder: Encoder<Digested<W>>,
    quarantine: Option<Digested<&'w mut (dyn Write + 'w)>>,
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
        quarantine: Option<&'w mut (dyn Write + 'w)>,
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

    /// Writes what the judges give until one of them, in its turn, has nothing more.
    pub(super) fn write_all(
        mut self,
        judges: &[Receiver<Judged>],
        used: &SyncSender<Block>,
        grants: &(impl Grants + ?Sized),
    ) -> Result<Written<W>, FilterError> {
        for judge in judges.iter().cycle() {
            let Ok(done) = judge.recv() else { break };
            // What was trusted after it was asked was trusted when it was.
            grants.trusted().map_err(FilterError::Consents)?;
            self.count(&done)?;
            self.write(&done.block).map_err(FilterError::Output)?;
            // If the reader has enough of them, this one is dropped.
            let _ = used.try_send(done.block);
        }
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
        let rows = &block.bytes[..block.len];
        let Some(last) = rows.last() else { return Ok(()) };
        if self.open {
            self.encoder.write_all(b"\n")?;
        }
        self.open = *last != b'\n';
        self.encoder.write_all(rows)
    }
}
