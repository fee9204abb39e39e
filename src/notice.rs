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

use crate::{bytes::Writer, purpose::Purpose, record::LegalBasis};
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
        let number = crate::digits::read(text)?;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in range")]
        if number <= f64::from(u32::MAX) { Self::new(number as u32) } else { None }
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0
    }
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
        let mut form = Canonical::new(self.version, &self.language, self.texts.iter().map(String::as_str));
        form.purposes(self.purposes.len());
        for one in &self.purposes {
            form.purpose(one.purpose.as_str(), &one.title, &one.description, one.legal_basis);
        }
        form.bytes()
    }

    /// SHA-256 of the canonical bytes.
    #[cfg(feature = "full")]
    pub fn hash(&self) -> [u8; 32] {
        use sha2::{Digest, Sha256};
        Sha256::digest(self.canonical_bytes()).into()
    }
}

/// Writes the canonical bytes of a notice that is not kept as a [`Notice`], such as the one on a page.
pub struct Canonical(Writer);

impl Canonical {
    /// With everything but the purposes.
    pub fn new<'a>(
        version: NoticeVersion,
        language: &str,
        texts: impl ExactSizeIterator<Item = &'a str>,
    ) -> Self {
        let mut form = Writer::default();
        form.fixed(Notice::MAGIC).fixed(&version.get().to_be_bytes()).text(language).length(texts.len());
        for text in texts {
            form.text(text);
        }
        Self(form)
    }

    /// Says how many purposes follow.
    pub fn purposes(&mut self, count: usize) {
        self.0.length(count);
    }

    /// The next purpose.
    pub fn purpose(&mut self, name: &str, title: &str, description: &str, legal_basis: LegalBasis) {
        for text in [name, title, description, legal_basis.as_str()] {
            self.0.text(text);
        }
    }

    /// What was written.
    pub fn bytes(mut self) -> Vec<u8> {
        self.0.finish()
    }
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
