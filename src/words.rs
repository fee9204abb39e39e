//! Texts in parts. Owns [`Words`], because the standard library's splitting brings a search for any pattern and costs a browser
//! a kilobyte.

/// The parts of a text between separators, as `str::split` gives them. A space as separator stands for any white space of
/// ASCII.
#[derive(Clone, Debug)]
pub struct Words<'a> {
    rest: Option<&'a str>,
    separator: u8,
}

impl<'a> Words<'a> {
    /// Splits at every byte `separator`, which must be ASCII.
    pub fn new(text: &'a str, separator: u8) -> Self {
        Self { rest: Some(text), separator }
    }
}

impl<'a> Iterator for Words<'a> {
    type Item = &'a str;

    #[inline(never)]
    fn next(&mut self) -> Option<&'a str> {
        let rest = self.rest?;
        let mut bytes = rest.bytes();
        let separates =
            |byte: u8| byte == self.separator || (self.separator == b' ' && matches!(byte, b'\t'..=b'\r'));
        let Some(end) = bytes.position(separates) else {
            self.rest = None;
            return Some(rest);
        };
        self.rest = rest.get(end + 1..);
        rest.get(..end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{vec, vec::Vec};
    use proptest::prelude::*;

    #[test]
    fn a_space_stands_for_any_white_space() {
        assert!(Words::new("a b\tc\nd  e", b' ').eq(["a", "b", "c", "d", "", "e"]));
        assert!(Words::new("a b\nc", b'\n').eq(["a b", "c"]));
    }

    proptest! {
        #[test]
        fn the_parts_are_those_that_split_gives(text in "[ab|é=]{0,12}", separator in prop::sample::select(vec!['|', '='])) {
            let parts: Vec<_> = Words::new(&text, separator as u8).collect();
            prop_assert_eq!(parts, text.split(separator).collect::<Vec<_>>());
        }
    }
}
