//! From names to inputs. Owns patterns, folders, and the rule that nothing named is passed over in silence.

use std::fs;
use std::path::{Path, PathBuf};

use glob::{MatchOptions, glob_with};

use super::RunError;
use crate::filter::Source;

/// What the names stand for, in their order: `-` for standard input, a file for itself, a folder for the files in it and a
/// pattern (`*`, `?`, `[…]`, `**` for folders in folders) for what it matches, both by name. Hidden files are only meant where
/// the pattern begins with a dot too.
pub fn inputs(names: &[PathBuf]) -> Result<Vec<Source>, RunError> {
    let mut sources = Vec::new();
    for name in names {
        if name == Path::new("-") {
            sources.push(Source::Stdin);
        } else if name.is_dir() {
            sources.extend(folder(name)?.into_iter().map(Source::File));
        } else if name.exists() {
            sources.push(Source::File(name.clone()));
        } else {
            sources.extend(pattern(name)?.into_iter().map(Source::File));
        }
    }
    Ok(sources)
}

fn folder(name: &Path) -> Result<Vec<PathBuf>, RunError> {
    let failed = |error| RunError::File { file: name.to_owned(), error };
    let mut files = Vec::new();
    for entry in fs::read_dir(name).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        // Rows in there would be missed by whoever thinks that all of the folder is filtered.
        if entry.path().is_dir() {
            return Err(RunError::FolderInFolder(entry.path()));
        }
        files.push(entry.path());
    }
    files.sort();
    if files.is_empty() { Err(RunError::NoMatch(name.to_owned())) } else { Ok(files) }
}

fn pattern(name: &Path) -> Result<Vec<PathBuf>, RunError> {
    let missing = || RunError::Missing(name.to_owned());
    let text = name.to_str().filter(|text| text.contains(['*', '?', '['])).ok_or_else(missing)?;
    let options = MatchOptions { require_literal_leading_dot: true, ..MatchOptions::new() };
    let mut files = Vec::new();
    for found in glob_with(text, options).map_err(|_| missing())? {
        let found =
            found.map_err(|error| RunError::File { file: error.path().into(), error: error.into() })?;
        if !found.is_dir() {
            files.push(found);
        }
    }
    if files.is_empty() { Err(RunError::NoMatch(name.to_owned())) } else { Ok(files) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(folder: &Path, names: &[&str]) -> Result<Vec<String>, RunError> {
        let names: Vec<PathBuf> = names.iter().map(|name| folder.join(name)).collect();
        let place = format!("{}/", folder.display());
        Ok(inputs(&names)?.iter().map(|source| source.name().replace(&place, "")).collect())
    }

    fn shards() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("d/e")).unwrap();
        for name in ["b.jsonl", "a.jsonl", "c.txt", ".h.jsonl", "d/x.jsonl", "d/e/y.jsonl", "d/e/[z].jsonl"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        folder
    }

    #[test]
    fn patterns_match_by_name_and_leave_hidden_files_and_folders_out() {
        let folder = shards();
        assert_eq!(found(folder.path(), &["c.txt", "*.jsonl"]).unwrap(), ["c.txt", "a.jsonl", "b.jsonl"]);
        let all = ["a.jsonl", "b.jsonl", "d/e/[z].jsonl", "d/e/y.jsonl", "d/x.jsonl"];
        assert_eq!(found(folder.path(), &["**/*.jsonl"]).unwrap(), all);
    }

    #[test]
    fn a_file_whose_name_looks_like_a_pattern_is_that_file() {
        assert_eq!(found(shards().path(), &["d/e/[z].jsonl"]).unwrap(), ["d/e/[z].jsonl"]);
    }

    #[test]
    fn a_folder_stands_for_its_files_but_never_hides_one_that_is_deeper() {
        let folder = shards();
        assert_eq!(found(folder.path(), &["d/e"]).unwrap(), ["d/e/[z].jsonl", "d/e/y.jsonl"]);
        assert!(matches!(found(folder.path(), &["d"]), Err(RunError::FolderInFolder(_))));
    }

    #[test]
    fn what_stands_for_nothing_is_an_error() {
        let folder = shards();
        assert!(matches!(found(folder.path(), &["*.parquet"]), Err(RunError::NoMatch(_))));
        assert!(matches!(found(folder.path(), &["a.json"]), Err(RunError::Missing(_))));
    }
}
