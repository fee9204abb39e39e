//! The reading thread. Owns the way through the inputs, one after the other, and handing their blocks to the judges in turn.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, SyncSender};

use super::blocks::{Block, Blocks};
use super::source::Input;
use super::{FilterError, Options, Source, Stream};
use crate::codec::{self, Compression};
use crate::digest::Digested;

/// Reads all inputs, or until nobody takes blocks any more. Tells how the first is compressed, before its first block.
pub(super) fn read(
    sources: &[Source],
    options: &Options,
    gone: &AtomicBool,
    tell: &SyncSender<Compression>,
    used: &Receiver<Block>,
    judges: &[SyncSender<Block>],
) -> Result<Vec<Stream>, FilterError> {
    let mut turn = judges.iter().cycle();
    let mut streams = Vec::new();
    for (input, source) in sources.iter().enumerate() {
        let failed = |error| {
            if options.watch.stopped() {
                FilterError::Stopped
            } else {
                FilterError::Input { file: source.name(), error }
            }
        };
        let eager = AtomicBool::new(false);
        let raw = Input::open(source, &options.watch, gone, &eager).map_err(failed)?;
        let mut raw = Digested::new(raw, options.digests);
        let (compression, reader) = codec::decode(&mut raw).map_err(failed)?;
        // Rows that come one by one go on one by one, which no decoder could do.
        eager.store(compression == Compression::None, Relaxed);
        // Only the first is waited for.
        let _ = tell.try_send(compression);
        let mut blocks = Blocks::new(reader, options.block, options.max_row);
        while let Some(mut block) = blocks
            .next(used.try_recv().unwrap_or_default())
            .map_err(|error| failed(explained(error, compression)))?
        {
            block.input = input;
            if turn.next().is_none_or(|judge| judge.send(block).is_err()) {
                return Ok(streams);
            }
        }
        drop(blocks);
        let (bytes, sha256) = raw.so_far();
        streams.push(Stream { file: source.name(), bytes, sha256 });
    }
    Ok(streams)
}

/// Says of a compressed file what its decoder says in words of its own.
fn explained(error: io::Error, compression: Compression) -> io::Error {
    // The system's own errors have a number; they are about the disk, not about what is on it.
    if compression == Compression::None || error.raw_os_error().is_some() {
        return error;
    }
    let name = compression.as_str();
    let what = match error.kind() {
        io::ErrorKind::UnexpectedEof => format!("its {name} is cut short; get the whole file"),
        _ => format!("its {name} is damaged, or something else is joined to its end ({error}); get it again"),
    };
    io::Error::new(error.kind(), what)
}
