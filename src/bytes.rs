//! The encoding under every hash: fixed-width integers in network order, byte strings with their length in front, a
//! presence byte before what may be absent (the manner of RFC 8446 § 3). Owns writing and strict reading; what is written
//! in which order is fixed where it is used. Two different values never have the same bytes.

#[cfg(feature = "full")]
use alloc::string::String;
use alloc::vec::Vec;

/// Collects canonical bytes.
#[derive(Default)]
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    pub(crate) fn fixed(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        self
    }

    #[cfg(feature = "full")]
    pub(crate) fn u8(&mut self, value: u8) -> &mut Self {
        self.fixed(&[value])
    }

    #[cfg(feature = "full")]
    pub(crate) fn u64(&mut self, value: u64) -> &mut Self {
        self.fixed(&value.to_be_bytes())
    }

    /// A length in four bytes. Nothing here comes near 4 GiB; a longer thing gets a length that no reader takes for the whole,
    /// so it fails closed.
    pub(crate) fn length(&mut self, length: usize) -> &mut Self {
        self.fixed(&u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes())
    }

    /// A length, then the UTF-8 bytes.
    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        self.length(text.len()).fixed(text.as_bytes())
    }

    #[cfg(feature = "full")]
    pub(crate) fn option<T>(
        &mut self,
        value: Option<T>,
        write: impl FnOnce(&mut Self, T) -> &mut Self,
    ) -> &mut Self {
        self.u8(u8::from(value.is_some()));
        match value {
            Some(value) => write(self, value),
            None => self,
        }
    }

    pub(crate) fn finish(&mut self) -> Vec<u8> {
        core::mem::take(&mut self.0)
    }
}

/// Reads canonical bytes; `None` wherever they are not what a [`Writer`] would have written.
#[cfg(feature = "full")]
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

#[cfg(feature = "full")]
impl Reader<'_> {
    pub(crate) fn fixed<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*head)
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.fixed().map(|[byte]| byte)
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.fixed().map(u64::from_be_bytes)
    }

    pub(crate) fn text(&mut self) -> Option<String> {
        let len = usize::try_from(u32::from_be_bytes(self.fixed()?)).ok()?;
        let (head, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        String::from_utf8(head.into()).ok()
    }

    /// The outer `None` is malformed, the inner one absent.
    #[allow(clippy::option_option)]
    pub(crate) fn option<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<Option<T>> {
        match self.u8()? {
            0 => Some(None),
            1 => read(self).map(Some),
            _ => None,
        }
    }
}
