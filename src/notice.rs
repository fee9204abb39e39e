//! What a person was shown. Owns [`Notice`] and its canonical bytes, whose SHA-256 is stored with each record, so that the
//! exact wording can be proved later. Laying it out is left to the faces, and so is hashing in a browser, which has
//! SHA-256 of its own.
//!
//! Canonical bytes, version 1, every number big-endian:
//!
//! ```text
//! "consentry-notice-v1"                                   19 bytes
//! notice version                                          u32
//! language                                                text
//! number of texts       u32, then each                    text
//! number of purposes    u32, then of each: name           text
//!                                          title          text
//!                                          description    text
//!                                          legal basis    text
//! text = number of bytes u32, then that many bytes of UTF-8
//! ```
//!
//! Every part carries its length, so two different notices never have the same bytes.

use crate::{purpose::Purpose, record::LegalBasis};
use alloc::{string::String, vec::Vec};

/// The number of a notice, from 1 on. The site raises it when the wording or the purposes change in substance; then
/// everybody is asked again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NoticeVersion(u32);

impl NoticeVersion {
    /// The first version.
    pub const FIRST: Self = Self(1);

    /// `None` for 0.
    pub const fn new(number: u32) -> Option<Self> {
        if number == 0 { None } else { Some(Self(number)) }
    }

    /// Parses decimal digits without a sign; `None` if the text is anything else or the number is 0 or above `u32`.
    pub fn parse(text: &str) -> Option<Self> {
        if !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        Self::new(text.parse().ok()?)
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The number in decimal digits.
    pub fn digits(self) -> String {
        let mut text = String::new();
        push_number(&mut text, u64::from(self.0));
        text
    }
}

/// Decimal digits without the formatting machinery, which costs a browser 15 kB.
pub(crate) fn push_number(text: &mut String, number: u64) {
    if number >= 10 {
        push_number(text, number / 10);
    }
    text.push(char::from(b'0' + (number % 10) as u8));
}

/// One purpose as it was explained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// The purpose.
    pub purpose: Purpose,
    /// Its name in the person's language.
    pub title: String,
    /// What it means in plain words.
    pub description: String,
    /// The ground the site claims for it.
    pub legal_basis: LegalBasis,
}

/// Everything that was on the screen when a person decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Its number.
    pub version: NoticeVersion,
    /// The language it was shown in (BCP 47).
    pub language: String,
    /// Headings, paragraphs and button labels in the order they were shown.
    pub texts: Vec<String>,
    /// The purposes in the order they were shown.
    pub purposes: Vec<Explained>,
}

impl Notice {
    /// The first bytes of every canonical form; a change of the form changes them.
    pub const MAGIC: &'static [u8] = b"consentry-notice-v1";

    /// The bytes that are hashed, as the module describes them.
    pub fn canonical_bytes(&self) -> Vec<u8> {
        let mut bytes = Self::MAGIC.to_vec();
        bytes.extend_from_slice(&self.version.get().to_be_bytes());
        push_text(&mut bytes, &self.language);
        push_len(&mut bytes, self.texts.len());
        for text in &self.texts {
            push_text(&mut bytes, text);
        }
        push_len(&mut bytes, self.purposes.len());
        for explained in &self.purposes {
            push_text(&mut bytes, explained.purpose.as_str());
            push_text(&mut bytes, &explained.title);
            push_text(&mut bytes, &explained.description);
            push_text(&mut bytes, explained.legal_basis.as_str());
        }
        bytes
    }

    /// SHA-256 of the canonical bytes.
    #[cfg(feature = "full")]
    pub fn hash(&self) -> [u8; 32] {
        use sha2::{Digest, Sha256};
        Sha256::digest(self.canonical_bytes()).into()
    }
}

fn push_text(bytes: &mut Vec<u8>, text: &str) {
    push_len(bytes, text.len());
    bytes.extend_from_slice(text.as_bytes());
}

/// A length above `u32` is written as `u32::MAX`; no notice comes near it.
fn push_len(bytes: &mut Vec<u8>, len: usize) {
    bytes.extend_from_slice(&u32::try_from(len).unwrap_or(u32::MAX).to_be_bytes());
}

#[cfg(feature = "full")]
#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{string::ToString, vec};
    use proptest::prelude::*;

    fn example() -> Notice {
        Notice {
            version: NoticeVersion::FIRST,
            language: "en".to_string(),
            texts: vec!["Your choice".to_string()],
            purposes: vec![Explained {
                purpose: Purpose::Analytics,
                title: "Statistics".to_string(),
                description: "We count visits.".to_string(),
                legal_basis: LegalBasis::Consent,
            }],
        }
    }

    #[test]
    fn the_canonical_bytes_are_as_documented() {
        let expected: &[&[u8]] = &[
            b"consentry-notice-v1",
            &[0, 0, 0, 1],
            &[0, 0, 0, 2],
            b"en",
            &[0, 0, 0, 1],
            &[0, 0, 0, 11],
            b"Your choice",
            &[0, 0, 0, 1],
            &[0, 0, 0, 9],
            b"analytics",
            &[0, 0, 0, 10],
            b"Statistics",
            &[0, 0, 0, 16],
            b"We count visits.",
            &[0, 0, 0, 7],
            b"consent",
        ];
        assert_eq!(example().canonical_bytes(), expected.concat());
    }

    #[test]
    fn a_word_that_moves_to_the_next_text_changes_the_hash() {
        let mut one = example();
        one.texts = vec!["Accept".to_string(), " all".to_string()];
        let mut other = example();
        other.texts = vec!["Accept all".to_string(), String::new()];
        assert_ne!(one.hash(), other.hash());
    }

    #[test]
    fn a_version_is_a_positive_number() {
        assert_eq!(NoticeVersion::parse("12").map(NoticeVersion::get), Some(12));
        for bad in ["", "0", "-1", "+1", "1.5", "4294967296", " 1", "one"] {
            assert_eq!(NoticeVersion::parse(bad), None, "{bad:?}");
        }
    }

    fn notices() -> impl Strategy<Value = Notice> {
        let explained =
            ("[a-z]{1,3}", ".{0,3}", ".{0,3}", 0..3_usize).prop_map(|(slug, title, description, basis)| {
                let legal_basis = LegalBasis::ALL[basis];
                Explained { purpose: Purpose::parse(&slug).unwrap(), title, description, legal_basis }
            });
        let texts = prop::collection::vec(".{0,3}", 0..3);
        let purposes = prop::collection::vec(explained, 0..3);
        (1..3_u32, "[a-z]{0,2}", texts, purposes).prop_map(|(version, language, texts, purposes)| Notice {
            version: NoticeVersion::new(version).unwrap(),
            language,
            texts,
            purposes,
        })
    }

    proptest! {
        #[test]
        fn notices_have_the_same_bytes_only_if_they_are_the_same(one in notices(), other in notices()) {
            prop_assert_eq!(one.canonical_bytes() == other.canonical_bytes(), one == other);
        }
    }
}
