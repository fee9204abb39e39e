//! That the pages for people have words for whatever there is to tell, in every language: the lists are the core's own.

use consentry::{
    erasure::{Extension, Ground, Hold, State, StoreState},
    event::Kind,
    jws::JwsError,
    lineage::ModelState,
    receipt::ReceiptError,
    record::LegalBasis,
};
use std::{collections::BTreeSet, fs, path::Path};

/// How many languages there are.
const LANGUAGES: usize = 34;

/// The names that a language has words of, by language: those of the pages, and those of the banner that they share.
fn languages() -> Vec<(String, BTreeSet<String>)> {
    let below = |folder: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("../www").join(folder);
    let names = |path: &Path| -> Vec<String> {
        let text = fs::read_to_string(path).unwrap();
        text.lines().map(|line| line.split_once(": ").unwrap().0.to_owned()).collect()
    };
    let files = fs::read_dir(below("pages/words")).unwrap().map(|entry| entry.unwrap().path());
    let with_banner = |path: std::path::PathBuf| {
        let file = path.file_name().unwrap().to_str().unwrap().to_owned();
        let all = names(&path).into_iter().chain(names(&below("locales").join(&file))).collect();
        (file, all)
    };
    files.map(with_banner).collect()
}

/// Whatever the core can tell a person of, by the name that the pages look its words up by.
fn told() -> Vec<String> {
    let mut told = Vec::new();
    let mut add = |prefix: &str, names: Vec<&str>| {
        told.extend(names.into_iter().map(|name| format!("{prefix}_{name}")));
    };
    let kinds = Kind::ALL.iter().filter(|kind| kind.is_about_a_person());
    add("event", kinds.map(|kind| kind.as_str()).collect());
    add("state", State::ALL.iter().map(|state| state.as_str()).collect());
    add("state", StoreState::ALL.iter().map(|state| state.as_str()).collect());
    add("ground", Ground::ALL.iter().map(|ground| ground.as_str()).collect());
    add("ground", Hold::ALL.iter().map(|hold| hold.as_str()).collect());
    add("ground", Extension::ALL.iter().map(|extension| extension.as_str()).collect());
    add("model", ModelState::ALL.iter().map(|state| state.as_str()).collect());
    add("basis", LegalBasis::ALL.iter().map(|basis| basis.as_str()).collect());
    told
}

#[test]
fn every_kind_and_every_state_has_words_in_every_language() {
    let languages = languages();
    assert_eq!(languages.len(), LANGUAGES);
    for (language, names) in languages {
        let missing: Vec<_> = told().into_iter().filter(|name| !names.contains(name)).collect();
        assert!(missing.is_empty(), "{language} has no words for {missing:?}");
    }
}

#[test]
fn the_page_of_a_receipt_has_words_for_whatever_can_be_wrong_with_one() {
    let page = include_str!("../../../www/pages/receipt/receipt.js");
    let codes = JwsError::ALL.iter().map(|error| error.code());
    for code in codes.chain([ReceiptError::Fields.code(), ReceiptError::Leaf.code()]) {
        assert!(page.contains(&format!("  {code}: 'receipt_")), "{code}");
    }
}
