//! What a run did, as JSON. Owns the form of a manifest and holding files against it.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use consentry::{hash::Hash, purpose::Purpose, slug::Slug, time::Timestamp};
use serde::{Deserialize, Serialize};

use crate::digest::Digested;
use crate::filter::{Counts, Stream};

/// A manifest. Fields are added, never taken away.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of the program.
    pub version: String,
    /// When the run began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
    /// What the rows are to be used for.
    pub purpose: Purpose,
    /// Where a row names its user.
    pub user_field: String,
    /// Who had granted that.
    pub snapshot: Consents,
    /// What kept rows out beside consent, if anything did.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub policy: Option<Stream>,
    /// What was read.
    pub inputs: Vec<Stream>,
    /// What was written.
    pub outputs: Vec<Stream>,
    /// Where the rows went that can't be judged, if they were kept.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub quarantine: Option<Stream>,
    /// The index of users whose rows stayed, beside the manifest: its name with `.index` behind it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub index: Option<Stream>,
    /// What became of the rows.
    pub counts: Counts,
}

/// The snapshot of a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Consents {
    /// Its path.
    pub file: String,
    /// The digest of all its bytes.
    pub digest: Hash,
    /// Whose users.
    #[serde(with = "slug")]
    pub site: Slug,
    /// How many.
    pub users: u32,
    /// As of when.
    pub created_at: Timestamp,
    /// How old it was when the run began, in milliseconds.
    pub age_ms: i64,
    /// The last entry of the log that is in it.
    pub log_position: Option<u64>,
    /// Up to when changes were taken in during the run, if they were; then `log_position` is that of the last of them.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub refreshed_at: Option<Timestamp>,
}

mod slug {
    use consentry::slug::Slug;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(slug: &Slug, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(slug.as_str())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Slug, D::Error> {
        Slug::parse(&String::deserialize(deserializer)?)
            .ok_or_else(|| D::Error::custom("is no name of a site"))
    }
}

/// How a file compares with what a manifest says of it.
#[derive(Debug)]
pub enum Held {
    /// It is the same.
    Same,
    /// It has other bytes.
    Changed,
    /// It was a standard stream, or no hash was kept; nothing can be said.
    Unknown,
    /// It can't be read.
    Unreadable(io::Error),
}

impl Manifest {
    /// Everything that was read and written.
    pub fn streams(&self) -> impl Iterator<Item = &Stream> {
        let written = self.outputs.iter().chain(&self.quarantine).chain(&self.index);
        self.inputs.iter().chain(&self.policy).chain(written)
    }
}

/// Where the index of a manifest is; `None` for one that goes to a pipe or a device.
pub fn index_of(manifest: &Path) -> Option<PathBuf> {
    if fs::metadata(manifest).is_ok_and(|kept| !kept.is_file()) {
        return None;
    }
    let mut name = manifest.as_os_str().to_owned();
    name.push(".index");
    Some(name.into())
}

/// Reads the file again, from `folder` on if its path is relative.
pub fn hold(stream: &Stream, folder: &Path) -> Held {
    if stream.file == "-" { Held::Unknown } else { hold_at(stream, &folder.join(&stream.file)) }
}

/// The same with the file at another place.
pub(crate) fn hold_at(stream: &Stream, path: &Path) -> Held {
    if stream.sha256.is_none() {
        return Held::Unknown;
    }
    match sha256(path) {
        Ok(found) if found == stream.sha256 => Held::Same,
        Ok(_) => Held::Changed,
        Err(error) => Held::Unreadable(error),
    }
}

fn sha256(path: &Path) -> io::Result<Option<Hash>> {
    let mut file = Digested::new(File::open(path)?, true);
    io::copy(&mut file, &mut io::sink())?;
    Ok(file.so_far().1)
}
