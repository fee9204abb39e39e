//! The words on the screen. Owns the form of the files in `www/locales/` (`key: text`, one a line, in a fixed order) and
//! which text is whose; which elements show which words is left to the views. What reaches a browser is only the texts, one a
//! line, because their order says which is which.

use alloc::string::String;
use consentry::{purpose::Kind, record::LegalBasis, words::Words};

/// As a text, because to append a character brings the encoding of all of Unicode.
const SPACE: &str = " ";

macro_rules! keys {
    ($($key:ident)+) => {
        /// What a line of a file is for, by the name and in the order that it has there.
        #[allow(non_camel_case_types, reason = "the names in the files")]
        #[allow(dead_code, reason = "some are reached by counting from another")]
        #[derive(Clone, Copy, Debug)]
        pub(crate) enum Key { $($key,)+ }

        /// The names in the files.
        #[cfg(test)]
        const KEYS: &[&str] = &[$(stringify!($key),)+];
    };
}

keys! {
    title text accept reject choose preferences preferences_text save close reopen
    basis_consent basis_legitimate_interest basis_contract
    model_training model_training_text inference inference_text analytics analytics_text
    personalization personalization_text sale_or_sharing sale_or_sharing_text
    gpc_honoured do_not_sell opted_out placeholder placeholder_load placeholder_always
    object always_on saved legal_notice more opt_out_title opt_out_text
}

impl Key {
    /// The texts of a notice that are no purpose's, in the order they are shown.
    pub(crate) const NOTICE: [Self; 9] = [
        Self::title,
        Self::text,
        Self::accept,
        Self::reject,
        Self::choose,
        Self::preferences,
        Self::preferences_text,
        Self::save,
        Self::close,
    ];
}

/// One language.
#[derive(Clone, Copy)]
pub(crate) struct Texts {
    /// The language of the texts (BCP 47).
    pub(crate) language: &'static str,
    /// The texts, one a line.
    pub(crate) lines: &'static str,
}

impl Texts {
    /// The text of a key.
    pub(crate) fn get(&self, key: Key) -> &'static str {
        self.line(key as usize)
    }

    fn line(&self, number: usize) -> &'static str {
        Words::new(self.lines, b'\n').nth(number).unwrap_or_default()
    }

    /// What a purpose is called; one that the site declared has only its name so far.
    pub(crate) fn title(&self, purpose: &'static str) -> &'static str {
        match Kind::of(purpose) {
            Kind::Declared => spaced(purpose),
            kind => self.line(Key::model_training as usize + 2 * kind as usize),
        }
    }

    /// What a purpose means, in plain words.
    pub(crate) fn description(&self, purpose: &str) -> &'static str {
        match Kind::of(purpose) {
            Kind::Declared => "",
            kind => self.line(Key::model_training_text as usize + 2 * kind as usize),
        }
    }

    /// What a legal basis means for the person.
    pub(crate) fn basis(&self, basis: LegalBasis) -> &'static str {
        self.line(Key::basis_consent as usize + basis as usize)
    }
}

fn spaced(name: &str) -> &'static str {
    let mut text = String::new();
    for word in Words::new(name, b'_') {
        text.push_str(word);
        text.push_str(SPACE);
    }
    text.leak().trim_ascii_end()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{borrow::ToOwned, fs, path::PathBuf, vec::Vec};

    fn files() -> Vec<(String, String)> {
        let folder = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/locales")).unwrap();
        let read = |path: PathBuf| {
            (path.file_stem().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(path).unwrap())
        };
        folder.map(|entry| read(entry.unwrap().path())).collect()
    }

    /// What the build makes of a file.
    fn texts(file: &str) -> Texts {
        let lines: Vec<_> = file.lines().map(|line| line.split_once(": ").unwrap().1).collect();
        Texts { language: "en", lines: lines.join("\n").leak() }
    }

    #[test]
    fn every_language_has_every_key_in_its_place_and_no_other() {
        for (language, lines) in files() {
            let keys: Vec<_> =
                lines.lines().map(|line| line.split_once(": ").unwrap_or_default().0).collect();
            assert_eq!(keys, KEYS, "{language}");
        }
    }

    #[test]
    fn no_text_is_empty_or_left_in_english() {
        let english = texts(include_str!("../locales/en.txt"));
        for (language, lines) in files() {
            let texts = texts(&lines);
            for (number, key) in KEYS.iter().enumerate() {
                assert!(!texts.line(number).trim().is_empty(), "{language}: {key}");
                assert!(language == "en" || texts.line(number) != english.line(number), "{language}: {key}");
            }
        }
    }

    #[test]
    fn texts_are_found_by_what_they_are_for() {
        let english = texts(include_str!("../locales/en.txt"));
        assert_eq!(english.get(Key::accept), "Accept all");
        assert_eq!(english.title("analytics"), "Statistics");
        assert!(english.description("sale_or_sharing").starts_with("Your data is sold"));
        assert_eq!(english.basis(LegalBasis::Contract), "Needed for your contract");
    }

    #[test]
    fn a_purpose_of_the_sites_own_is_called_by_its_name() {
        let english = texts(include_str!("../locales/en.txt"));
        assert_eq!(english.title("fraud_checks"), "fraud checks");
        assert_eq!(english.description("fraud_checks"), "");
    }
}
