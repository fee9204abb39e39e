//! Compression, told by content and not by name. Owns reading whichever of plain, gzip and zstd a file turns out to be, and
//! writing the same.

use std::io::{self, BufReader, Chain, Cursor, Read, Write};

use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;

/// How bytes are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// gzip (RFC 1952), any number of members.
    Gzip,
    /// Zstandard (RFC 8878), any number of frames.
    Zstd,
}

impl Compression {
    /// Every way.
    pub const ALL: [Self; 3] = [Self::None, Self::Gzip, Self::Zstd];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }

    /// By the first bytes. No row of JSON and no table of users begins like gzip or zstd.
    fn of(head: &[u8]) -> Self {
        if head.starts_with(&[0x1f, 0x8b]) {
            Self::Gzip
        } else if head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
            Self::Zstd
        } else {
            Self::None
        }
    }
}

const PARQUET: &str =
    "it is Parquet, whose end must be read first; to filter it, name the file instead of piping it";

/// A reader of what `reader` has, decompressed. Fails where a compressed file is damaged or cut short, and for
/// Parquet.
pub fn decode<R: Read>(mut reader: R) -> io::Result<(Compression, Decoder<R>)> {
    let mut head = Vec::with_capacity(4);
    reader.by_ref().take(4).read_to_end(&mut head)?;
    if head == *b"PAR1" {
        return Err(io::Error::new(io::ErrorKind::InvalidData, PARQUET));
    }
    let compression = Compression::of(&head);
    let whole = Cursor::new(head).chain(reader);
    let decoder = match compression {
        Compression::None => Decoder::Plain(whole),
        Compression::Gzip => Decoder::Gzip(Box::new(MultiGzDecoder::new(whole))),
        Compression::Zstd => Decoder::Zstd(zstd::stream::read::Decoder::new(whole)?),
    };
    Ok((compression, decoder))
}

/// The first bytes, by which the compression was told, and the rest.
type Whole<R> = Chain<Cursor<Vec<u8>>, R>;

/// A reader that decompresses.
pub enum Decoder<R: Read> {
    /// Not at all.
    Plain(Whole<R>),
    /// gzip.
    Gzip(Box<MultiGzDecoder<Whole<R>>>),
    /// zstd.
    Zstd(zstd::stream::read::Decoder<'static, BufReader<Whole<R>>>),
}

impl<R: Read> Decoder<R> {
    /// What it reads from. Reading there would skip bytes.
    pub fn get_mut(&mut self) -> &mut R {
        let whole = match self {
            Self::Plain(whole) => whole,
            Self::Gzip(decoder) => decoder.get_mut(),
            Self::Zstd(decoder) => decoder.get_mut().get_mut(),
        };
        whole.get_mut().1
    }
}

impl<R: Read> Read for Decoder<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(whole) => whole.read(bytes),
            Self::Gzip(decoder) => decoder.read(bytes),
            Self::Zstd(decoder) => decoder.read(bytes),
        }
    }
}

/// A writer that compresses.
pub enum Encoder<W: Write> {
    /// Not at all.
    Plain(W),
    /// gzip, level 6.
    Gzip(GzEncoder<W>),
    /// zstd, level 3 with a checksum.
    Zstd(zstd::stream::write::Encoder<'static, W>),
}

impl<W: Write> Encoder<W> {
    /// Writes to `writer`.
    pub fn new(writer: W, compression: Compression) -> io::Result<Self> {
        Ok(match compression {
            Compression::None => Self::Plain(writer),
            Compression::Gzip => Self::Gzip(GzEncoder::new(writer, flate2::Compression::new(6))),
            Compression::Zstd => {
                let mut encoder = zstd::stream::write::Encoder::new(writer, 3)?;
                encoder.include_checksum(true)?;
                Self::Zstd(encoder)
            }
        })
    }

    /// Ends the compressed stream and gives the writer back.
    pub fn finish(self) -> io::Result<W> {
        match self {
            Self::Plain(writer) => Ok(writer),
            Self::Gzip(encoder) => encoder.finish(),
            Self::Zstd(encoder) => encoder.finish(),
        }
    }
}

impl<W: Write> Write for Encoder<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(writer) => writer.write(bytes),
            Self::Gzip(encoder) => encoder.write(bytes),
            Self::Zstd(encoder) => encoder.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(writer) => writer.flush(),
            Self::Gzip(encoder) => encoder.flush(),
            Self::Zstd(encoder) => encoder.flush(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(compression: Compression, bytes: &[u8]) -> Vec<u8> {
        let mut encoder = Encoder::new(Vec::new(), compression).unwrap();
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn decoded(bytes: &[u8]) -> io::Result<(Compression, Vec<u8>)> {
        let (compression, mut reader) = decode(bytes)?;
        let mut whole = Vec::new();
        reader.read_to_end(&mut whole)?;
        Ok((compression, whole))
    }

    #[test]
    fn every_compression_is_told_by_its_content() {
        for compression in Compression::ALL {
            for text in ["", "a", "some text\n"] {
                let bytes = encoded(compression, text.as_bytes());
                assert_eq!(decoded(&bytes).unwrap(), (compression, text.into()));
            }
        }
    }

    #[test]
    fn files_that_were_joined_are_read_to_the_end() {
        for compression in Compression::ALL {
            let bytes = [encoded(compression, b"one\n"), encoded(compression, b"two\n")].concat();
            assert_eq!(decoded(&bytes).unwrap().1, b"one\ntwo\n");
        }
    }

    #[test]
    fn a_compressed_file_that_is_cut_short_is_an_error() {
        for compression in [Compression::Gzip, Compression::Zstd] {
            let bytes = encoded(compression, b"some text that is long enough to be cut");
            for end in 5..bytes.len() {
                assert!(decoded(&bytes[..end]).is_err(), "{} at {end}", compression.as_str());
            }
        }
    }
}
