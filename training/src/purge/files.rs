//! Files that are changed in place. Owns which files a path or pattern means, what must be the same after a change as before
//! it, hard links, and files that somebody else changes at the same time; what is written is the store's.

use std::collections::BTreeSet;
use std::ffi::CString;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt as _, fchown};
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use super::plan::Store;
use super::s3::is_in_bucket;
use crate::output::{self, Output};

/// How often a file that changes meanwhile is begun anew.
const TRIES: usize = 3;

/// The largest extended attribute, or list of their names, that a kernel has.
const MAX_ATTRIBUTE: usize = 1 << 20;

/// The names of all files that a plan replaces, by which it is told whether a file has names elsewhere.
pub(super) struct Names(BTreeSet<PathBuf>);

impl Names {
    pub(super) fn of(stores: &[Store]) -> Self {
        let patterns = stores.iter().filter_map(|store| match store {
            Store::Jsonl(files) | Store::Parquet(files) if !is_in_bucket(&files.path) => Some(&files.path),
            _ => None,
        });
        // What can't be read is told by its store.
        Self(patterns.filter_map(|pattern| expand(pattern).ok()).flatten().flatten().collect())
    }

    /// Removes what killed runs left beside these files.
    pub(super) fn clean(&self) {
        let folders: BTreeSet<_> = self.0.iter().filter_map(|name| name.parent()).collect();
        for folder in folders {
            let _ = Output::clean(folder);
        }
    }

    /// All names of a file but `path`, which it is asked by.
    fn others(&self, path: &Path, state: &State) -> io::Result<Vec<PathBuf>> {
        if state.links == 1 {
            return Ok(Vec::new());
        }
        let same = |name: &&PathBuf| State::at(name).is_ok_and(|other| other.file == state.file);
        let others: Vec<PathBuf> =
            self.0.iter().filter(|name| name.as_path() != path).filter(same).cloned().collect();
        if others.len() as u64 + 1 < state.links {
            return Err(io::Error::other(format!(
                "has {} names (hard links), of which the plan has {}; name all of them in the plan",
                state.links,
                others.len() + 1
            )));
        }
        Ok(others)
    }
}

/// The files that a path or pattern means, links followed, each once; an error for each that can't be had.
///
/// A path must lead to a file. A pattern may match none, as long as the folder it begins in is there.
pub(super) fn expand(pattern: &str) -> Result<Vec<io::Result<PathBuf>>, String> {
    let path = Path::new(pattern);
    if path.exists() || !pattern.contains(['*', '?', '[']) {
        return match fs::canonicalize(path) {
            Ok(file) if file.is_file() => Ok(vec![Ok(file)]),
            Ok(_) => Err("is no file; name files, or a pattern such as DIR/*.jsonl".into()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err("there is no such file; mend its path, or leave it out if nothing is there any more"
                    .into())
            }
            Err(error) => Err(error.to_string()),
        };
    }
    let begin: PathBuf = path
        .components()
        .take_while(|part| !part.as_os_str().to_string_lossy().contains(['*', '?', '[']))
        .collect();
    let begin = if begin.as_os_str().is_empty() { Path::new(".") } else { &begin };
    if !begin.is_dir() {
        return Err("begins in a folder that is not there; check the path".into());
    }
    let matches = glob::glob(pattern).map_err(|error| format!("is no pattern: {}", error.msg))?;
    let mut known = BTreeSet::new();
    let mut files = Vec::new();
    for found in matches {
        let found = match found {
            Ok(found) => found,
            Err(error) => {
                files.push(Err(error.into()));
                continue;
            }
        };
        if found.is_dir() || found.file_name().is_some_and(output::is_temporary) {
            continue;
        }
        match fs::canonicalize(&found) {
            Ok(file) if known.insert(file.clone()) => files.push(Ok(file)),
            Ok(_) => {}
            Err(error) => {
                files.push(Err(io::Error::new(error.kind(), format!("{}: {error}", found.display()))));
            }
        }
    }
    Ok(files)
}

/// How many names a file has.
pub(super) fn links(path: &Path) -> Option<u64> {
    State::at(path).ok().map(|state| state.links)
}

/// By what it is seen that a file is another one, or was written to.
#[derive(Clone, PartialEq, Eq)]
struct State {
    file: (u64, u64),
    size: u64,
    changed: [i64; 4],
    links: u64,
}

impl State {
    fn at(path: &Path) -> io::Result<Self> {
        fs::metadata(path).map(|metadata| Self::of(&metadata))
    }

    fn of(metadata: &fs::Metadata) -> Self {
        Self {
            file: (metadata.dev(), metadata.ino()),
            size: metadata.size(),
            changed: [metadata.mtime(), metadata.mtime_nsec(), metadata.ctime(), metadata.ctime_nsec()],
            links: metadata.nlink(),
        }
    }
}

/// Puts in the place of a file what `write` makes of it, under all its names in the plan. Owner, permissions and extended
/// attributes stay; the time of change does not, so that backups see it.
///
/// `path` is canonical. `write` may be called several times, if somebody else changes the file meanwhile.
pub(super) fn replace(
    path: &Path,
    names: &Names,
    mut write: impl FnMut(&File, &mut Output) -> io::Result<()>,
) -> io::Result<()> {
    for _ in 0..TRIES {
        let file = File::open(path)?;
        let before = State::of(&file.metadata()?);
        let others = names.others(path, &before)?;
        // Others may begin files in the same folder now, and cleaning it would be in their way; it was done before.
        let mut output = Output::create_in_clean(path)?;
        keep(&file, output.file())?;
        write(&file, &mut output)?;
        if State::of(&file.metadata()?) != before || State::at(path)? != before {
            continue;
        }
        output.publish_with(&others)?;
        // Whoever had it open could still write to what is no longer the file.
        let after = State::of(&file.metadata()?);
        if after.size != before.size || after.changed[..2] != before.changed[..2] {
            return Err(io::Error::other(
                "was written to while it was replaced, and what was written is lost; stop what writes to it first",
            ));
        }
        return Ok(());
    }
    Err(io::Error::other(
        "changes all the time, so it was left as it is; stop what writes to it and try again",
    ))
}

/// Gives a new file the owner, permissions and extended attributes of the old one.
pub(super) fn keep(old: &File, new: &File) -> io::Result<()> {
    let (kept, made) = (old.metadata()?, new.metadata()?);
    let failed = |what: &str, error: io::Error| {
        io::Error::new(
            error.kind(),
            format!("{what} can't be kept ({error}); run this as its owner or as root"),
        )
    };
    if (kept.uid(), kept.gid()) != (made.uid(), made.gid()) {
        fchown(new, Some(kept.uid()), Some(kept.gid())).map_err(|error| failed("its owner", error))?;
    }
    new.set_permissions(kept.permissions()).map_err(|error| failed("its permissions", error))?;
    for name in attributes(old)? {
        let value = attribute(old, &name)?;
        // Some are set by the system itself, which lets nobody else do it.
        if attribute(new, &name).is_ok_and(|there| there == value) {
            continue;
        }
        rustix::fs::fsetxattr(new, &name, &value, rustix::fs::XattrFlags::empty())
            .map_err(|error| failed("an extended attribute", error.into()))?;
    }
    Ok(())
}

fn attributes(file: &File) -> io::Result<Vec<CString>> {
    let list = match whole(|buffer| rustix::fs::flistxattr(file, buffer)) {
        Ok(list) => list,
        // The file system has none.
        Err(Errno::NOTSUP) => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    Ok(list.split(|byte| *byte == 0).filter(|name| !name.is_empty()).flat_map(CString::new).collect())
}

fn attribute(file: &File, name: &CString) -> io::Result<Vec<u8>> {
    Ok(whole(|buffer| rustix::fs::fgetxattr(file, name, buffer))?)
}

/// Calls with more and more memory until it is enough.
fn whole(call: impl Fn(&mut [u8]) -> rustix::io::Result<usize>) -> rustix::io::Result<Vec<u8>> {
    let mut bytes = vec![0; 1024];
    loop {
        match call(&mut bytes) {
            Ok(size) => {
                bytes.truncate(size);
                return Ok(bytes);
            }
            Err(Errno::RANGE) if bytes.len() < MAX_ATTRIBUTE => bytes.resize(2 * bytes.len(), 0),
            Err(error) => return Err(error),
        }
    }
}
