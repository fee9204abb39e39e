//! The words on the screen. Owns the form of the files in `www/locales/` (`key: text`, one a line), the choice of a language
//! and the notice that follows from them; which elements show which words is left to the views.

use alloc::string::String;
use consentry::{
    notice::{Explained, Notice},
    purpose::Purpose,
    record::LegalBasis,
};

use crate::settings::Settings;

/// The texts of a notice that are no purpose's, in the order they are shown.
const NOTICE_KEYS: [&str; 9] =
    ["title", "text", "accept", "reject", "choose", "preferences", "preferences_text", "save", "close"];

/// One language.
pub(crate) struct Texts {
    /// The language of the texts (BCP 47).
    pub(crate) language: String,
    lines: String,
}

impl Texts {
    /// From the content of a file.
    pub(crate) fn new(language: &str, lines: String) -> Self {
        Self { language: language.into(), lines }
    }

    /// The text of a key, or `None`.
    pub(crate) fn find(&self, key: &str) -> Option<&str> {
        self.lines.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(": "))
    }

    /// The text of a key that a test proves to be there.
    pub(crate) fn get(&self, key: &str) -> &str {
        self.find(key).unwrap_or_default()
    }

    /// What a purpose is called; one that the site declared has only its name so far.
    pub(crate) fn title(&self, purpose: &Purpose) -> String {
        let name = purpose.as_str();
        self.find(name).map_or_else(|| name.replace('_', " "), Into::into)
    }

    /// What a purpose means, in plain words.
    pub(crate) fn description(&self, purpose: &Purpose) -> &str {
        self.get(&[purpose.as_str(), "_text"].concat())
    }

    /// What a legal basis means for the person.
    pub(crate) fn basis(&self, basis: LegalBasis) -> &str {
        self.get(&["basis_", basis.as_str()].concat())
    }

    /// What is recorded as shown.
    pub(crate) fn notice(&self, settings: &Settings) -> Notice {
        let explain = |purpose: &Purpose| Explained {
            purpose: purpose.clone(),
            title: self.title(purpose),
            description: self.description(purpose).into(),
            legal_basis: LegalBasis::Consent,
        };
        Notice {
            version: settings.notice,
            language: self.language.clone(),
            texts: NOTICE_KEYS.into_iter().map(|key| self.get(key).into()).collect(),
            purposes: settings.purposes.iter().map(explain).collect(),
        }
    }
}

/// The language a tag asks for, without its region: `de` for `de-AT`.
pub(crate) fn primary(tag: &str) -> String {
    tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{borrow::ToOwned, vec::Vec};

    const KEYS: [&str; 23] = [
        "title",
        "text",
        "accept",
        "reject",
        "choose",
        "preferences",
        "preferences_text",
        "save",
        "close",
        "reopen",
        "basis_consent",
        "basis_legitimate_interest",
        "basis_contract",
        "model_training",
        "model_training_text",
        "inference",
        "inference_text",
        "analytics",
        "analytics_text",
        "personalization",
        "personalization_text",
        "sale_or_sharing",
        "sale_or_sharing_text",
    ];

    fn files() -> Vec<(String, String)> {
        let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/locales")).unwrap();
        let read = |path: std::path::PathBuf| {
            (path.file_stem().unwrap().to_str().unwrap().to_owned(), std::fs::read_to_string(path).unwrap())
        };
        folder.map(|entry| read(entry.unwrap().path())).collect()
    }

    #[test]
    fn every_language_has_every_key_once_and_no_other() {
        for (language, lines) in files() {
            let keys: Vec<_> = lines.lines().map(|line| line.split_once(": ").unwrap().0).collect();
            assert_eq!(keys, KEYS, "{language}");
        }
    }

    #[test]
    fn no_text_is_empty_or_left_in_english() {
        let english = Texts::new("en", include_str!("../locales/en.txt").into());
        for (language, lines) in files() {
            let texts = Texts::new(&language, lines);
            for key in KEYS {
                assert!(!texts.get(key).trim().is_empty(), "{language}: {key}");
                assert!(language == "en" || texts.get(key) != english.get(key), "{language}: {key}");
            }
        }
    }

    #[test]
    fn the_loader_carries_every_language() {
        let loader = include_str!("../loader/entry.js");
        for (language, _) in files() {
            assert!(loader.contains(&["../locales/", &language, ".txt"].concat()), "{language}");
        }
    }

    #[test]
    fn every_built_in_purpose_and_basis_is_explained() {
        let texts = Texts::new("en", include_str!("../locales/en.txt").into());
        for purpose in Purpose::DEFAULT.into_iter().chain([Purpose::SaleOrSharing]) {
            assert!(!texts.description(&purpose).is_empty(), "{purpose}");
        }
        for basis in LegalBasis::ALL {
            assert!(!texts.basis(basis).is_empty(), "{basis}");
        }
    }

    #[test]
    fn a_region_falls_back_to_its_language() {
        assert_eq!(primary("de-AT"), "de");
        assert_eq!(primary("FR"), "fr");
        assert_eq!(primary(""), "");
    }
}
