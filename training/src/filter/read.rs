//! The reading end. Owns the way through the inputs, one after the other, and the turn of each of their blocks.

use std::io;
use std::sync::atomic::AtomicBool;

use super::blocks::{Block, Blocks};
use super::source::Input;
use super::{FilterError, Options, Source, Stream};
use crate::codec::{self, Compression, Decoder};
use crate::digest::Digested;

/// All inputs.
pub(super) struct Reader<'r> {
    sources: &'r [Source],
    options: &'r Options,
    gone: &'r AtomicBool,
    /// The one that is being read.
    open: Option<Open<'r>>,
    /// Those that were read.
    streams: Vec<Stream>,
    turn: u64,
    failed: Option<FilterError>,
}

impl<'r> Reader<'r> {
    /// Opens the first. Whoever sets `gone` ends the reading.
    pub(super) fn open(
        sources: &'r [Source],
        options: &'r Options,
        gone: &'r AtomicBool,
    ) -> Result<Self, FilterError> {
        let open = sources.first().map(|source| Open::new(source, options, gone)).transpose()?;
        Ok(Self { sources, options, gone, open, streams: Vec::new(), turn: 0, failed: None })
    }

    /// How the first is compressed, before anything else is read.
    pub(super) fn compression(&self) -> Option<Compression> {
        self.open.as_ref().map(|open| open.compression)
    }

    /// The next rows, in the memory of a block that is done with; `None` behind the last, and once something failed.
    pub(super) fn next(&mut self, used: Block) -> Option<Block> {
        if self.failed.is_some() {
            return None;
        }
        self.read(used).unwrap_or_else(|error| {
            self.failed = Some(error);
            None
        })
    }

    fn read(&mut self, mut used: Block) -> Result<Option<Block>, FilterError> {
        loop {
            let input = self.streams.len();
            let open = match (&mut self.open, self.sources.get(input)) {
                (Some(open), _) => open,
                (open, Some(source)) => open.insert(Open::new(source, self.options, self.gone)?),
                (None, None) => return Ok(None),
            };
            if let Some(mut block) = open.next(used)? {
                (block.input, block.turn) = (input, self.turn);
                self.turn += 1;
                return Ok(Some(block));
            }
            used = Block::default();
            self.streams.extend(self.open.take().map(Open::finish));
        }
    }

    /// What was read, if all of it was.
    pub(super) fn finish(self) -> Result<Vec<Stream>, FilterError> {
        self.failed.map_or(Ok(self.streams), Err)
    }
}

/// An input that is being read.
struct Open<'r> {
    source: &'r Source,
    options: &'r Options,
    compression: Compression,
    blocks: Blocks<Decoder<Digested<Input<'r>>>>,
}

impl<'r> Open<'r> {
    fn new(source: &'r Source, options: &'r Options, gone: &'r AtomicBool) -> Result<Self, FilterError> {
        let failed = |error| failed(source, options, error);
        let raw = Input::open(source, &options.watch, gone).map_err(failed)?;
        let (compression, mut reader) = codec::decode(Digested::new(raw, options.digests)).map_err(failed)?;
        // Rows that come one by one go on one by one, which no decoder could do.
        reader.get_mut().get_mut().eager = compression == Compression::None;
        let blocks = Blocks::new(reader, options.block, options.max_row);
        Ok(Self { source, options, compression, blocks })
    }

    fn next(&mut self, used: Block) -> Result<Option<Block>, FilterError> {
        let Self { source, options, compression, .. } = *self;
        self.blocks.next(used).map_err(|error| failed(source, options, explained(error, compression)))
    }

    fn finish(mut self) -> Stream {
        let (bytes, sha256) = self.blocks.get_mut().get_mut().so_far();
        Stream { file: self.source.name(), bytes, sha256 }
    }
}

fn failed(source: &Source, options: &Options, error: io::Error) -> FilterError {
    if options.watch.stopped() {
        FilterError::Stopped
    } else {
        FilterError::Input { file: source.name(), error }
    }
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
