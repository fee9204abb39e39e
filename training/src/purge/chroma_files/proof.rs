//! Proof that nothing is left. Owns which bytes are looked for, in all files of a directory, and which of them may be there
//! because somebody else's record has the same.
//!
//! A database cuts long texts at the borders of its pages, so what is looked for are pieces.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use aho_corasick::AhoCorasick;
use rusqlite::Connection;

use super::tables::{Collection, Result, told};

/// How long a piece is, in bytes. Shorter ones are anywhere by chance.
const PIECE: usize = 32;
const SHORTEST: usize = 12;

/// How many pieces are taken of one text or vector, and how many are looked for in all.
const PIECES: usize = 6;
const MOST: usize = 60_000;

/// Pieces of texts and vectors that must not be in any file.
#[derive(Default)]
pub(super) struct Traces {
    texts: HashSet<Vec<u8>>,
    vectors: HashSet<Vec<u8>>,
    /// Whether there were more than are looked for.
    cut: bool,
}

impl Traces {
    /// Those of the records in `gone`, and of vectors that belong to no record any more.
    pub(super) fn of(tables: &Connection, collections: &[Collection], ids: &[&str]) -> Result<Self> {
        let mut traces = Self::default();
        for id in ids {
            traces.text(id.as_bytes());
        }
        let texts = "SELECT id FROM gone UNION SELECT string_value FROM main.embedding_metadata
              WHERE id IN (SELECT row FROM gone) AND string_value IS NOT NULL
            UNION SELECT j.value FROM queued q JOIN gone USING (collection, id), json_each(q.metadata) j WHERE j.type = 'text'";
        each(tables, texts, |text| traces.text(text))?;
        let vectors = "SELECT vector FROM queued JOIN gone USING (collection, id) WHERE vector IS NOT NULL";
        each(tables, vectors, |vector| traces.vector(vector))?;
        for collection in collections {
            let Some(index) = &collection.index else { continue };
            let failed = |error: io::Error| error.to_string();
            for vector in index.left_over().map_err(failed)? {
                traces.vector(&vector);
            }
            let mut statement = tables.prepare("SELECT id FROM gone WHERE collection = ?1").map_err(told)?;
            let mut rows = statement.query([&collection.id]).map_err(told)?;
            while let Some(row) = rows.next().map_err(told)? {
                let id: String = row.get(0).map_err(told)?;
                for vector in [index.stored(&id), index.vector(&id)] {
                    if let Some(vector) = vector.map_err(failed)? {
                        traces.vector(&vector);
                    }
                }
            }
        }
        Ok(traces)
    }

    fn text(&mut self, text: &[u8]) {
        self.cut |= !take(text, 1, &mut self.texts);
    }

    fn vector(&mut self, vector: &[u8]) {
        self.cut |= !take(vector, 4, &mut self.vectors);
    }

    /// Whether these are only a sample, because there were more than [`MOST`].
    pub(super) const fn are_a_sample(&self) -> bool {
        self.cut
    }

    /// Looks into every file under a folder. Gives those in which something was found that nobody else's record explains.
    pub(super) fn search(
        &self,
        folder: &Path,
        tables: &Connection,
        untouched: &HashSet<PathBuf>,
    ) -> Result<Vec<PathBuf>> {
        let pieces: Vec<&Vec<u8>> = self.texts.iter().chain(&self.vectors).collect();
        if pieces.is_empty() {
            return Ok(Vec::new());
        }
        let finder = AhoCorasick::new(&pieces).map_err(|error| error.to_string())?;
        let mut found = Vec::new();
        let mut explained = HashSet::new();
        for file in files(folder).map_err(|error| error.to_string())? {
            let open = File::open(&file).map_err(|error| error.to_string())?;
            for hit in finder.stream_find_iter(open) {
                let piece = hit.map_err(|error| error.to_string())?.pattern().as_usize();
                // An index from which nothing was to be removed has other people's vectors only.
                if explained.contains(&piece) || (piece >= self.texts.len() && untouched.contains(&file)) {
                    continue;
                }
                let bytes = pieces.get(piece).copied().map_or(&[][..], Vec::as_slice);
                if !explains(tables, bytes, piece < self.texts.len())? {
                    found.push(file);
                    break;
                }
                explained.insert(piece);
            }
        }
        Ok(found)
    }
}

/// Takes pieces out of the whole length, at steps of `unit` bytes; `false` if there is no room for all of them.
fn take(bytes: &[u8], unit: usize, pieces: &mut HashSet<Vec<u8>>) -> bool {
    let size = PIECE.min(bytes.len() / unit * unit);
    let step = ((bytes.len() - size) / (PIECES - 1) / unit * unit).max(unit);
    for start in (0..=bytes.len() - size).step_by(step).take(PIECES) {
        let piece = &bytes[start..start + size];
        let told_apart = piece.iter().any(|byte| *byte != piece[0]);
        if size >= SHORTEST && told_apart && !pieces.contains(piece) {
            if pieces.len() >= MOST {
                return false;
            }
            pieces.insert(piece.into());
        }
    }
    true
}

/// Whether a record that stays has these bytes too.
fn explains(tables: &Connection, bytes: &[u8], text: bool) -> Result<bool> {
    let places = if text {
        "EXISTS (SELECT 1 FROM embedding_metadata WHERE instr(CAST(string_value AS BLOB), ?1))
           OR EXISTS (SELECT 1 FROM embeddings WHERE instr(CAST(embedding_id AS BLOB), ?1))
           OR EXISTS (SELECT 1 FROM embeddings_queue WHERE instr(CAST(metadata AS BLOB), ?1))
           OR EXISTS (SELECT 1 FROM collection_metadata WHERE instr(CAST(str_value AS BLOB), ?1))"
    } else {
        "EXISTS (SELECT 1 FROM embeddings_queue WHERE instr(vector, ?1))"
    };
    tables.query_row(&format!("SELECT {places}"), [bytes], |row| row.get(0)).map_err(told)
}

fn each(tables: &Connection, query: &str, mut take: impl FnMut(&[u8])) -> Result<()> {
    let mut statement = tables.prepare(query).map_err(told)?;
    let mut rows = statement.query([]).map_err(told)?;
    while let Some(row) = rows.next().map_err(told)? {
        let value = row.get_ref(0).map_err(told)?;
        take(value.as_bytes().unwrap_or_default());
    }
    Ok(())
}

/// All files under a folder; links are not followed.
pub(super) fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                files.push(entry.path());
            }
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_taken_from_begin_to_end() {
        for length in [12, 31, 32, 33, 50, 200, 10_000] {
            let text: Vec<u8> = (0..length).map(|byte: u32| byte.to_le_bytes()[0]).collect();
            let mut pieces = HashSet::new();
            take(&text, 1, &mut pieces);
            assert!(pieces.contains(&text[..text.len().min(PIECE)]) && pieces.len() <= PIECES, "{length}");
        }
        let mut pieces = HashSet::new();
        take(b"too short", 1, &mut pieces);
        take(b"", 4, &mut pieces);
        take(&[0; 100], 4, &mut pieces);
        assert!(pieces.is_empty());
    }

    #[test]
    fn more_than_are_looked_for_is_told_apart_from_all() {
        let mut traces = Traces::default();
        for n in 1..=MOST {
            traces.text(format!("{n:012}").as_bytes());
        }
        assert!(!traces.are_a_sample());
        traces.text(b"000000000001");
        assert!(!traces.are_a_sample(), "it is among them");
        traces.text(b"one too many");
        assert!(traces.are_a_sample());
    }
}
