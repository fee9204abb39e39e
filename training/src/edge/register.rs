//! Telling the edge of a data set: what the manifest of a run says, and the keyed hashes of the users whose rows were kept. Owns
//! the order of the calls; what an index is, is the core's ([`consentry::granted::file`]).
//!
//! No path of this machine leaves it: of a manifest the lists of files are left out.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use consentry::granted::file::{CHUNK, DIGEST, HEADER, Header, SNAPSHOT};
use consentry::slug::Slug;
use serde::Deserialize;
use serde_json::json;

use super::api::{Api, ApiError};
use crate::find::{self, FindError};
use crate::manifest::{Held, hold_at, index_of};

/// A data set that is to be told of.
pub struct Registration<'a> {
    /// To whom.
    pub api: &'a Api,
    /// Its name, which no other data set of the site has.
    pub dataset: &'a Slug,
    /// The models that were trained on it, as far as they are known.
    pub models: &'a [Slug],
    /// The manifest of the run that made it, with its index beside it.
    pub manifest: &'a Path,
}

/// What the edge knows now.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Registered {
    /// How many users have rows in the data set.
    pub users: u64,
    /// Every model that was trained on it.
    pub models: Vec<String>,
    /// The piece of the index that the edge waits for.
    next: Option<u64>,
}

/// Why the edge doesn't know of the data set. What was sent stays, and the next attempt goes on from there.
#[derive(Debug)]
pub enum RegisterError {
    /// The manifest or its index can't be read.
    Manifest(FindError),
    /// The index can't be read.
    Index(PathBuf, io::Error),
    /// The run's snapshot had a key of its own, which must not leave the machine and says nothing to the edge.
    OwnKey,
    /// The edge can't be asked, or refused.
    Api(ApiError),
}

impl fmt::Display for RegisterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Manifest(error) => write!(f, "{error}"),
            Self::Index(path, error) => {
                write!(f, "has an index, {}, that can't be read: {error}", path.display())
            }
            Self::OwnKey => f.write_str(
                "is of a run whose snapshot has a key of its own; filter with one that was pulled from the edge, or built with --key-file",
            ),
            Self::Api(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for RegisterError {}

impl From<ApiError> for RegisterError {
    fn from(error: ApiError) -> Self {
        Self::Api(error)
    }
}

/// Tells the edge.
pub fn register(registration: &Registration<'_>) -> Result<Registered, RegisterError> {
    let Registration { api, dataset, models, manifest: path } = registration;
    let mut manifest = find::read(path).map_err(RegisterError::Manifest)?;
    let (Some(stream), Some(beside)) = (&manifest.index, index_of(path)) else {
        return Err(RegisterError::Manifest(FindError::NoIndex));
    };
    match hold_at(stream, &beside) {
        Held::Same => {}
        Held::Changed | Held::Unknown => {
            return Err(RegisterError::Manifest(FindError::OtherIndex(beside)));
        }
        Held::Unreadable(error) => return Err(RegisterError::Index(beside, error)),
    }
    let unreadable = |error| RegisterError::Index(beside.clone(), error);
    let mut index = Index::open(&beside).map_err(unreadable)?;
    if index.has_a_key() {
        return Err(RegisterError::OwnKey);
    }
    (manifest.inputs, manifest.outputs) = (Vec::new(), Vec::new());
    (manifest.policy, manifest.quarantine, manifest.index) = (None, None, None);
    manifest.snapshot.file = String::new();
    let names: Vec<_> = models.iter().map(Slug::as_str).collect();
    let body = json!({
        "dataset": dataset.as_str(), "models": names, "manifest": manifest,
        "index": { "header": hex(&index.header), "digest": hex(&index.digest) },
    });
    let mut told: Registered = api.post("/lineage", &body)?;
    while let Some(number) = told.next {
        let piece = index.piece(number).map_err(unreadable)?;
        let now: Registered = api.put_bytes(&format!("/lineage/{dataset}/index/{number}"), &piece)?;
        if now.next == told.next {
            return Err(ApiError::Unreadable("it waits for what it was sent").into());
        }
        told = now;
    }
    Ok(told)
}

/// The parts of an index, as it lies on the disk.
struct Index {
    file: File,
    header: [u8; HEADER],
    digest: [u8; DIGEST],
    end: u64,
}

impl Index {
    fn open(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let (mut header, mut digest) = ([0; HEADER], [0; DIGEST]);
        file.read_exact(&mut header)?;
        let end = file.seek(SeekFrom::End(-i64::try_from(DIGEST).unwrap_or_default()))?;
        file.read_exact(&mut digest)?;
        Ok(Self { file, header, digest, end })
    }

    fn has_a_key(&self) -> bool {
        let mut header = self.header;
        header[..SNAPSHOT.len()].copy_from_slice(&SNAPSHOT);
        Header::decode(&header).is_ok_and(|header| header.key_inside.is_some())
    }

    fn piece(&mut self, number: u64) -> io::Result<Vec<u8>> {
        let chunk = CHUNK as u64;
        let start = number.checked_mul(chunk).map_or(self.end, |from| from.saturating_add(HEADER as u64));
        self.file.seek(SeekFrom::Start(start))?;
        let mut piece = Vec::new();
        (&self.file).take(chunk.min(self.end.saturating_sub(start))).read_to_end(&mut piece)?;
        Ok(piece)
    }
}

fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
