//! Where tiles and rows of a log come from: a folder, or an edge. Owns reading both; nothing that comes from here is believed.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use consentry::tile::{Hashes, Tile};
use consentry_training::edge::{Api, ApiError};

use super::disproved;
use crate::failure::Failure;

/// Where the tiles of a log are.
pub(crate) enum Source<'a> {
    /// A folder that holds `tile/`.
    Folder(PathBuf),
    /// An edge, which of its logs, and the name of that.
    Edge(&'a Api, u32, String),
}

impl Source<'_> {
    /// Reads a tile.
    pub(super) fn tile(&self, tile: Tile) -> Result<Hashes, Failure> {
        let (path, bytes) = match self {
            Self::Folder(folder) => file(folder, tile)?,
            Self::Edge(api, log, origin) => {
                let at = |tile: Tile| api.fetch(&format!("/log/{tile}?log={log}&origin={origin}"));
                let bytes = match at(tile) {
                    Err(ApiError::Refused(404, ..)) if !tile.is_whole() => at(tile.whole()),
                    read => read,
                };
                (self.path(tile), bytes.map_err(|error| edge(api, &error))?)
            }
        };
        Hashes::parse(tile, &bytes).ok_or_else(|| {
            let (hashes, first) = (tile.width(), tile.rows().start);
            disproved(&path, format_args!("is no tile of {hashes} hashes: rows from {first} on"))
        })
    }

    /// What a tile is called in a message.
    pub(super) fn path(&self, tile: Tile) -> PathBuf {
        self.root().join(tile.to_string())
    }

    /// What all of them are called.
    pub(super) fn root(&self) -> PathBuf {
        match self {
            Self::Folder(folder) => folder.clone(),
            Self::Edge(api, ..) => Path::new(api.url()).join("log"),
        }
    }
}

fn file(folder: &Path, tile: Tile) -> Result<(PathBuf, Vec<u8>), Failure> {
    let mut path = folder.join(tile.to_string());
    let bytes = match fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && !tile.is_whole() => {
            path = wider(&path, tile.width()).unwrap_or_else(|| folder.join(tile.whole().to_string()));
            fs::read(&path)
        }
        read => read,
    };
    let bytes = bytes.map_err(|error| Failure::file(&path, error))?;
    Ok((path, bytes))
}

/// A file in the same place of the tree that has more hashes, because the log has grown since: what a tile begins with does not
/// change.
fn wider(path: &Path, width: u16) -> Option<PathBuf> {
    let names =
        fs::read_dir(path.parent()?).ok()?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let widest = names.filter_map(|name| name.parse::<u16>().ok()).max().filter(|widest| *widest > width)?;
    Some(path.with_file_name(widest.to_string()))
}

/// An edge that can't be asked.
pub(super) fn edge(api: &Api, error: &ApiError) -> Failure {
    Failure::usage(format!("{} {error}", api.url()))
}
