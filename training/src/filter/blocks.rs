//! Rows in blocks. Owns cutting a stream at line ends into pieces that fit in memory, whatever the length of a row; whose the
//! rows are is left to [`super::judge`].

use std::io::{self, Read};
use std::ops::Range;

/// Whole rows of one input.
#[derive(Default)]
pub(super) struct Block {
    bytes: Vec<u8>,
    /// Where in these the rows are; around them whatever was there before.
    start: usize,
    end: usize,
    /// How far they may go.
    limit: usize,
    /// Instead of rows: the length of one that is longer than a row may be.
    pub(super) too_long: Option<u64>,
    /// Which of the inputs.
    pub(super) input: usize,
    /// When it is to be written.
    pub(super) turn: u64,
}

impl Block {
    pub(super) fn rows(&self) -> &[u8] {
        self.bytes.get(self.start..self.end).unwrap_or_default()
    }

    /// Keeps only these pieces of the rows, which come in their order.
    pub(super) fn keep(&mut self, pieces: impl Iterator<Item = Range<usize>>) {
        let mut end = self.start;
        for Range { start: from, end: to } in pieces {
            self.bytes.copy_within(self.start + from..self.start + to, end);
            end += to - from;
        }
        self.end = end;
    }

    /// Makes room for so many bytes, of which the first are `rest`; what is read behind them, the byte at `position` of its stream
    /// and on, comes to lie as it does in the pages of a file, because bytes that lie alike are copied much faster.
    fn begin(&mut self, rest: &[u8], room: usize, position: usize) {
        const LINE: usize = 64;
        if self.bytes.len() < room + LINE {
            self.bytes.resize(room + LINE, 0);
        }
        let behind = self.bytes.as_ptr().addr() + rest.len();
        self.start = position.wrapping_sub(behind) % LINE;
        self.end = self.start + rest.len();
        self.limit = self.start + room;
        self.bytes[self.start..self.end].copy_from_slice(rest);
    }
}

/// Cuts one stream.
pub(super) struct Blocks<R> {
    reader: R,
    /// What was read behind the last line end.
    rest: Vec<u8>,
    size: usize,
    max_row: usize,
    /// How much was read.
    position: usize,
    ended: bool,
}

impl<R: Read> Blocks<R> {
    pub(super) const fn new(reader: R, size: usize, max_row: usize) -> Self {
        Self { reader, rest: Vec::new(), size, max_row, position: 0, ended: false }
    }

    pub(super) const fn get_mut(&mut self) -> &mut R {
        &mut self.reader
    }

    /// The next rows, in the memory of a block that is done with; `None` behind the last.
    pub(super) fn next(&mut self, mut block: Block) -> io::Result<Option<Block>> {
        block.too_long = None;
        block.begin(&self.rest, self.size.max(self.rest.len()), self.position);
        self.rest.clear();
        loop {
            let paused = self.fill(&mut block)?;
            let read = block.rows();
            if self.ended {
                return Ok((!read.is_empty()).then_some(block));
            }
            if let Some(end) = memchr::memrchr(b'\n', read) {
                self.rest.extend_from_slice(&read[end + 1..]);
                block.end = block.start + end + 1;
                return Ok(Some(block));
            }
            if read.len() > self.max_row {
                block.too_long = Some(self.skip_row(read.len() as u64)?);
                block.end = block.start;
                return Ok(Some(block));
            }
            if !paused {
                block.limit += block.limit - block.start;
                block.bytes.resize(block.bytes.len().max(block.limit), 0);
            }
        }
    }

    /// Reads until the block is full or the stream ends; or, which it says, has nothing for now.
    fn fill(&mut self, block: &mut Block) -> io::Result<bool> {
        while !self.ended && block.end < block.limit {
            match self.reader.read(&mut block.bytes[block.end..block.limit]) {
                Ok(0) => self.ended = true,
                Ok(n) => {
                    block.end += n;
                    self.position = self.position.wrapping_add(n);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(true),
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }

    /// Passes the rest of a row of which `length` bytes were read; says how long all of it is.
    fn skip_row(&mut self, mut length: u64) -> io::Result<u64> {
        let mut piece = Block::default();
        loop {
            piece.begin(&[], self.size, self.position);
            self.fill(&mut piece)?;
            let read = piece.rows();
            if let Some(end) = memchr::memchr(b'\n', read) {
                self.rest.extend_from_slice(&read[end + 1..]);
                return Ok(length + end as u64);
            }
            length += read.len() as u64;
            if self.ended {
                return Ok(length);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What comes out of the blocks: rows with their line ends, lengths of those that are too long.
    fn cut(text: &[u8], size: usize, max_row: usize) -> Vec<Result<Vec<u8>, u64>> {
        let mut blocks = Blocks::new(text, size, max_row);
        let mut rows = Vec::new();
        let mut used = Block::default();
        while let Some(block) = blocks.next(used).unwrap() {
            match block.too_long {
                Some(length) => rows.push(Err(length)),
                None => {
                    rows.extend(block.rows().split_inclusive(|b| *b == b'\n').map(|row| Ok(row.into())));
                }
            }
            used = block;
        }
        rows
    }

    proptest! {
        #[test]
        fn rows_are_the_same_whatever_the_blocks(
            text in "[a\n]{0,200}", size in 1..40_usize,
        ) {
            let expected: Vec<_> = text.as_bytes().split_inclusive(|b| *b == b'\n').map(|row| Ok(row.into())).collect();
            prop_assert_eq!(cut(text.as_bytes(), size, 1000), expected);
        }

        #[test]
        fn no_row_beyond_the_limit_and_the_block_is_kept_in_memory(
            before in "[a\n]{0,20}", length in 60..300_usize, after in "[a\n]{0,20}", size in 1..20_usize,
        ) {
            let text = format!("{before}\n{}\n{after}", "b".repeat(length));
            let rows = cut(text.as_bytes(), size, 30);
            prop_assert!(rows.contains(&Err(length as u64)));
            let lines = text.split_inclusive('\n').count();
            prop_assert_eq!(rows.len(), lines);
        }
    }
}
