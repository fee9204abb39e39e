//! `www/dist/words/`: the words of the pages for people, one JSON object a language, with those of the banner among them, so that a
//! purpose is called the same everywhere. `www/pages/words/` has what only the pages say.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use super::widget::{LOCALES, Locale, locales};
use crate::project::Project;

const WORDS: &str = "www/pages/words";
/// Languages that run from right to left.
const RIGHT_TO_LEFT: [&str; 2] = ["ar", "he"];

/// The files by their place below `www/dist`.
pub(super) fn contents(project: &Project) -> Result<BTreeMap<PathBuf, Vec<u8>>> {
    let pages = locales(&project.path(WORDS))?;
    let mut wanted = BTreeMap::new();
    for banner in locales(&project.path(LOCALES))? {
        let language = banner.language.clone();
        let own = pages
            .iter()
            .find(|locale| locale.language == language)
            .with_context(|| format!("{WORDS} has no {language}.txt"))?;
        wanted.insert(
            format!("words/{language}.json").into(),
            serde_json::to_vec(&merged(&banner, own)?).context("cannot write words")?,
        );
    }
    Ok(wanted)
}

fn merged(banner: &Locale, own: &Locale) -> Result<BTreeMap<String, String>> {
    let direction = if RIGHT_TO_LEFT.contains(&banner.language.as_str()) { "rtl" } else { "ltr" };
    let head = [("language", banner.language.as_str()), ("direction", direction)];
    let mut words: BTreeMap<String, String> =
        head.map(|(name, text)| (name.to_owned(), text.to_owned())).into();
    for (name, text) in banner.lines.iter().chain(&own.lines) {
        if words.insert(name.clone(), text.clone()).is_some() {
            bail!("{WORDS}/{}.txt: the name {name} is taken", own.language);
        }
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::widget::ENGLISH;
    use std::path::Path;

    fn all(folder: &str) -> Vec<Locale> {
        locales(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder)).unwrap()
    }

    /// What stands in braces, sorted.
    fn places(text: &str) -> Vec<&str> {
        let mut places: Vec<_> =
            text.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0)).collect();
        places.sort_unstable();
        places
    }

    #[test]
    fn the_pages_speak_every_language_of_the_banner() {
        let languages = |folder| all(folder).into_iter().map(|locale| locale.language).collect::<Vec<_>>();
        assert_eq!(languages(WORDS), languages(LOCALES));
    }

    #[test]
    fn every_language_has_every_word_of_the_pages_with_its_places_and_no_other() {
        let locales = all(WORDS);
        let english = locales.iter().find(|locale| locale.language == ENGLISH).unwrap();
        for locale in &locales {
            let shape = |locale: &Locale| -> Vec<_> {
                let shape = locale.lines.iter().map(|(name, text)| format!("{name} {:?}", places(text)));
                shape.collect()
            };
            assert_eq!(shape(locale), shape(english), "{}", locale.language);
        }
    }

    #[test]
    fn no_words_are_empty_and_no_sentence_is_left_in_english() {
        let locales = all(WORDS);
        let english = locales.iter().find(|locale| locale.language == ENGLISH).unwrap();
        for locale in locales.iter().filter(|locale| locale.language != ENGLISH) {
            for ((name, text), (_, original)) in locale.lines.iter().zip(&english.lines) {
                assert!(!text.trim().is_empty(), "{}: {name}", locale.language);
                // A single word may be the same in two languages.
                assert!(text != original || !text.contains(' '), "{}: {name}", locale.language);
            }
        }
    }

    #[test]
    fn the_words_of_a_language_join_those_of_the_banner() {
        let (banner, pages) = (all(LOCALES), all(WORDS));
        for (banner, own) in banner.iter().zip(&pages) {
            let words = merged(banner, own).unwrap();
            assert_eq!(words.len(), 2 + banner.lines.len() + own.lines.len());
        }
    }
}
