//! Rows in blocks. Owns cutting a stream at line ends into pieces that fit in memory, whatever the length of a row; whose the
//! rows are is left to [`super::judge`].

use std::io::{self, Read};

/// Whole rows of one input.
#[derive(Default)]
pub(super) struct Block {
    /// The rows up to [`Self::len`]; behind that whatever was there before.
    pub(super) bytes: Vec<u8>,
    pub(super) len: usize,
    /// Instead of rows: the length of one that is longer than a row may be.
    pub(super) too_long: Option<u64>,
    /// Which of the inputs.
    pub(super) input: usize,
}

/// Cuts one stream.
pub(super) struct Blocks<R> {
    reader: R,
    /// What was read behind the last line end.
    rest: Vec<u8>,
    size: usize,
    max_row: usize,
    ended: bool,
}

impl<R: Read> Blocks<R> {
    pub(super) const fn new(reader: R, size: usize, max_row: usize) -> Self {
        Self { reader, rest: Vec::new(), size, max_row, ended: false }
    }

    /// The next rows, in the memory of a block that is done with; `None` behind the last.
    pub(super) fn next(&mut self, mut block: Block) -> io::Result<Option<Block>> {
        block.too_long = None;
        block.len = self.rest.len();
        if block.bytes.len() < self.size.max(block.len) {
            block.bytes.resize(self.size.max(block.len), 0);
        }
        block.bytes[..block.len].copy_from_slice(&self.rest);
        self.rest.clear();
        loop {
            let paused = self.fill(&mut block)?;
            let read = &block.bytes[..block.len];
            if self.ended {
                return Ok((block.len > 0).then_some(block));
            }
            if let Some(end) = memchr::memrchr(b'\n', read) {
                self.rest.extend_from_slice(&read[end + 1..]);
                block.len = end + 1;
                return Ok(Some(block));
            }
            if read.len() > self.max_row {
                block.too_long = Some(self.skip_row(read.len() as u64)?);
                block.len = 0;
                return Ok(Some(block));
            }
            if !paused {
                block.bytes.resize(2 * block.bytes.len(), 0);
            }
        }
    }

    /// Reads until the block is full or the stream ends; or, which it says, has nothing for now.
    fn fill(&mut self, block: &mut Block) -> io::Result<bool> {
        while !self.ended && block.len < block.bytes.len() {
            match self.reader.read(&mut block.bytes[block.len..]) {
                Ok(0) => self.ended = true,
                Ok(n) => block.len += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(true),
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }

    /// Passes the rest of a row of which `length` bytes were read; says how long all of it is.
    fn skip_row(&mut self, mut length: u64) -> io::Result<u64> {
        let mut piece = Block { bytes: vec![0; self.size], ..Block::default() };
        loop {
            piece.len = 0;
            self.fill(&mut piece)?;
            let read = &piece.bytes[..piece.len];
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
                None => rows.extend(
                    block.bytes[..block.len].split_inclusive(|b| *b == b'\n').map(|row| Ok(row.into())),
                ),
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
