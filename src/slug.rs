//! Short machine names. Owns the rule that names of sites and of purposes which a site declares share.

use alloc::string::String;
use core::fmt;

/// A name of 1–64 characters: a lower-case ASCII letter, then lower-case letters, digits and underscores.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slug(String);

impl Slug {
    /// The longest slug, in bytes.
    pub const MAX_LEN: usize = 64;

    /// The rule as a regular expression (ECMA-262), for descriptions.
    pub const PATTERN: &'static str = "^[a-z][a-z0-9_]{0,63}$";

    /// `None` if the text breaks the rule of the type.
    pub fn parse(text: &str) -> Option<Self> {
        Self::is_slug(text).then(|| Self(text.into()))
    }

    /// Whether the text keeps the rule of the type.
    pub fn is_slug(text: &str) -> bool {
        let bytes = text.as_bytes();
        bytes.len() <= Self::MAX_LEN
            && bytes.first().is_some_and(u8::is_ascii_lowercase)
            && bytes.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'_')
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_begins_with_a_letter_and_stays_lower_case() {
        assert!(Slug::parse("fraud_checks2").is_some());
        for bad in ["", "Fraud", "_x", "1x", "a-b", "a b", "ä", "a/b"] {
            assert_eq!(Slug::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_slug_has_at_most_64_characters() {
        assert!(Slug::parse(&"a".repeat(64)).is_some());
        assert!(Slug::parse(&"a".repeat(65)).is_none());
    }
}
