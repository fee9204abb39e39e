//! What the pages for people have beside their own files, below `pages/core/`: the core for JavaScript, the maker of QR codes, and the
//! names of purposes in every language that the banner has.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::project::Project;
use crate::stamp::files;

/// The purposes that every site can offer, as the files in `www/locales/` name them.
const PURPOSES: [&str; 5] =
    ["model_training", "inference", "analytics", "personalization", "sale_or_sharing"];

/// The files by their path in `www/dist`.
pub(super) fn contents(project: &Project) -> Result<BTreeMap<PathBuf, Vec<u8>>> {
    let read = |path: PathBuf| fs::read(&path).with_context(|| format!("cannot read {}", path.display()));
    let mut wanted = BTreeMap::new();
    for name in ["consentry.js", "consentry_bg.wasm"] {
        wanted.insert(format!("pages/core/{name}").into(), read(project.path("js/pkg").join(name))?);
    }
    let qr = read(project.node_module("lean-qr").join("index.mjs"))?;
    wanted.insert("pages/core/lean-qr.mjs".into(), qr);
    let names = serde_json::to_vec(&purposes(project)?)?;
    wanted.insert("pages/core/purposes.json".into(), names);
    Ok(wanted)
}

fn purposes(project: &Project) -> Result<BTreeMap<String, BTreeMap<String, String>>> {
    let mut languages = BTreeMap::new();
    for file in files(&project.path("www/locales"))? {
        let Some(language) = file.file_stem().and_then(|stem| stem.to_str()) else { continue };
        let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let names = text
            .lines()
            .filter_map(|line| line.split_once(": "))
            .filter(|(key, _)| PURPOSES.contains(key))
            .map(|(key, name)| (key.to_owned(), name.to_owned()));
        languages.insert(language.to_owned(), names.collect());
    }
    Ok(languages)
}
