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

#[cfg(feature = "full")]
pub use parse::ParseError;

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

#[cfg(feature = "full")]
mod parse {
    use super::{Explained, Notice, NoticeVersion};
    use crate::{bytes::Reader, purpose::Purpose, record::LegalBasis};
    use alloc::{string::String, vec::Vec};
    use core::fmt;

    /// Why some bytes are no notice.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum ParseError {
        /// They are not laid out as the module describes it.
        Form,
        /// The version is 0.
        Version,
        /// A purpose has no name that a purpose can have.
        Purpose,
        /// A legal basis is none of those there are.
        LegalBasis,
    }

    impl ParseError {
        /// Stable name.
        pub const fn code(self) -> &'static str {
            match self {
                Self::Form => "notice_form",
                Self::Version => "notice_version",
                Self::Purpose => "notice_purpose",
                Self::LegalBasis => "notice_legal_basis",
            }
        }
    }

    impl fmt::Display for ParseError {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(match self {
                Self::Form => {
                    "the bytes are not the canonical form of a notice, as src/notice.rs describes it"
                }
                Self::Version => "the version of a notice must be 1 or more",
                Self::Purpose => {
                    "a purpose must be named by 1 to 64 lower-case letters, digits and underscores"
                }
                Self::LegalBasis => "a legal basis must be consent, legitimate_interest or contract",
            })
        }
    }

    impl core::error::Error for ParseError {}

    impl Notice {
        /// The notice with these canonical bytes. Nothing else is taken, so what is read has the hash of what came.
        pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
            let mut reader = Reader(bytes);
            if reader.fixed().as_ref().map(<[u8; Self::MAGIC.len()]>::as_slice) != Some(Self::MAGIC) {
                return Err(ParseError::Form);
            }
            let version = NoticeVersion::new(number(&mut reader)?).ok_or(ParseError::Version)?;
            let language = text(&mut reader)?;
            let texts = several(&mut reader, text)?;
            let purposes = several(&mut reader, explained)?;
            if reader.0.is_empty() {
                Ok(Self { version, language, texts, purposes })
            } else {
                Err(ParseError::Form)
            }
        }
    }

    fn explained(reader: &mut Reader<'_>) -> Result<Explained, ParseError> {
        Ok(Explained {
            purpose: Purpose::parse(&text(reader)?).ok_or(ParseError::Purpose)?,
            title: text(reader)?,
            description: text(reader)?,
            legal_basis: LegalBasis::parse(&text(reader)?).ok_or(ParseError::LegalBasis)?,
        })
    }

    /// As many as the count in front says. It is not believed until they are read, so it costs no memory by itself.
    fn several<T>(
        reader: &mut Reader<'_>,
        one: impl Fn(&mut Reader<'_>) -> Result<T, ParseError>,
    ) -> Result<Vec<T>, ParseError> {
        (0..number(reader)?).map(|_| one(reader)).collect()
    }

    fn number(reader: &mut Reader<'_>) -> Result<u32, ParseError> {
        reader.fixed().map(u32::from_be_bytes).ok_or(ParseError::Form)
    }

    fn text(reader: &mut Reader<'_>) -> Result<String, ParseError> {
        reader.text().ok_or(ParseError::Form)
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

    #[test]
    fn what_is_no_notice_says_why() {
        let with = |from: &[u8], to: &[u8]| {
            let bytes = example().canonical_bytes();
            let at = bytes.windows(from.len()).position(|window| window == from).unwrap();
            [&bytes[..at], to, &bytes[at + from.len()..]].concat()
        };
        for (bytes, error) in [
            (vec![], ParseError::Form),
            (with(b"-v1", b"-v2"), ParseError::Form),
            (with(&[0, 0, 0, 1], &[0, 0, 0, 0]), ParseError::Version),
            (with(b"analytics", b"Analytics"), ParseError::Purpose),
            (with(b"\x07consent", b"\x07Consent"), ParseError::LegalBasis),
            (with(b"We count", &[0xff; 8]), ParseError::Form),
        ] {
            assert_eq!(Notice::parse(&bytes), Err(error), "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn every_notice_reads_back(notice in notices()) {
            prop_assert_eq!(Notice::parse(&notice.canonical_bytes()), Ok(notice));
        }

        #[test]
        fn what_is_cut_or_goes_on_is_no_notice(notice in notices(), cut in any::<prop::sample::Index>()) {
            let mut bytes = notice.canonical_bytes();
            prop_assert_eq!(Notice::parse(&bytes[..cut.index(bytes.len())]), Err(ParseError::Form));
            bytes.push(0);
            prop_assert_eq!(Notice::parse(&bytes), Err(ParseError::Form));
        }

        #[test]
        fn what_reads_is_what_would_be_written(
            notice in notices(), at in any::<prop::sample::Index>(), byte in any::<u8>(),
        ) {
            let mut bytes = notice.canonical_bytes();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            if let Ok(read) = Notice::parse(&bytes) {
                prop_assert_eq!(read.canonical_bytes(), bytes);
            }
        }

        #[test]
        fn notices_have_the_same_bytes_only_if_they_are_the_same(one in notices(), other in notices()) {
            prop_assert_eq!(one.canonical_bytes() == other.canonical_bytes(), one == other);
        }
    }
}
