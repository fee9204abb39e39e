//! Files that are either whole or not there. Owns the temporary file beside the one that is wanted, its lock, and what a
//! killed run left behind; what is written is up to the caller.
//!
//! The lock lives as long as its process, so a temporary file that can be locked belongs to nobody any more.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// What temporary names end with.
const SUFFIX: &str = ".consentry-tmp";

/// A file to be: written under a temporary name until [`Self::publish`], removed when dropped before.
#[derive(Debug)]
pub struct Output {
    file: File,
    place: Place,
}

#[derive(Debug)]
enum Place {
    /// Renamed from the first name to the second.
    Whole { temporary: PathBuf, name: PathBuf },
    /// A pipe or device: what is written is written.
    Direct,
    /// Nothing is left to do.
    Published,
}

impl Output {
    /// Begins to write the file `name`. Removes what killed runs left in its folder.
    ///
    /// An error of the kind [`io::ErrorKind::ResourceBusy`] says that another run is writing that file.
    pub fn create(name: &Path) -> io::Result<Self> {
        Self::begin(name, true, false)
    }

    /// The same of a file with personal data: a new one can be read by its owner alone.
    pub fn create_private(name: &Path) -> io::Result<Self> {
        Self::begin(name, true, true)
    }

    /// The same in a folder that [`Self::clean`] has just seen to.
    pub(crate) fn create_in_clean(name: &Path) -> io::Result<Self> {
        Self::begin(name, false, false)
    }

    fn begin(name: &Path, cleans: bool, private: bool) -> io::Result<Self> {
        let existing = fs::metadata(name).ok();
        if existing.as_ref().is_some_and(|kept| !kept.is_file() && !kept.is_dir()) {
            let file = OpenOptions::new().write(true).open(name)?;
            return Ok(Self { file, place: Place::Direct });
        }
        // A link stays a link; what it leads to is replaced.
        let name = if existing.is_some() { fs::canonicalize(name)? } else { name.to_owned() };
        let (folder, last) = match (name.parent(), name.file_name()) {
            (Some(folder), Some(last)) if !existing.as_ref().is_some_and(fs::Metadata::is_dir) => {
                (folder, last)
            }
            _ => return Err(io::Error::new(io::ErrorKind::IsADirectory, "is a folder; name a file")),
        };
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        if !folder.is_dir() {
            let told = format!("there is no folder {}; make it first", folder.display());
            return Err(io::Error::new(io::ErrorKind::NotFound, told));
        }
        if cleans {
            Self::clean(folder)?;
        }
        let temporary = hidden(&folder.join(last))?;
        let file = claim(&temporary, private)?;
        if let Some(kept) = existing {
            file.set_permissions(kept.permissions())?;
        }
        Ok(Self { file, place: Place::Whole { temporary, name } })
    }

    /// Removes the temporary files in a folder that belong to no running process.
    pub(crate) fn clean(folder: &Path) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if is_temporary(&entry.file_name()) {
                // One that can't be removed is in nobody's way.
                let _ = remove_if_left(&entry.path());
            }
        }
        Ok(())
    }

    /// Gives the file its name, once all of it is on the disk.
    pub fn publish(self) -> io::Result<()> {
        self.publish_with(&[])
    }

    /// Gives the file its name and `more` names on the same file system, one after the other, once all of it is on the
    /// disk. Whatever stops it, each name leads to the old file or to the new one.
    pub fn publish_with(mut self, more: &[PathBuf]) -> io::Result<()> {
        if let Place::Whole { temporary, name } = &self.place {
            self.file.sync_all()?;
            for other in more {
                let hidden = hidden(other)?;
                if !remove_if_left(&hidden)? {
                    return Err(busy());
                }
                fs::hard_link(temporary, &hidden)?;
                fs::rename(&hidden, other).inspect_err(|_| drop(fs::remove_file(&hidden)))?;
                sync_folder(other)?;
            }
            fs::rename(temporary, name)?;
            sync_folder(name)?;
            self.place = Place::Published;
        }
        Ok(())
    }

    /// Where the file is until it is published; `None` if it is written in place.
    #[cfg(unix)]
    pub(crate) fn path(&self) -> Option<&Path> {
        match &self.place {
            Place::Whole { temporary, .. } => Some(temporary),
            Place::Direct | Place::Published => None,
        }
    }

    /// The file itself, to write anywhere in it.
    pub const fn file(&mut self) -> &mut File {
        &mut self.file
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if let Place::Whole { temporary, .. } = &self.place {
            // Should it fail, the next run finds the file unlocked.
            let _ = fs::remove_file(temporary);
        }
    }
}

/// The temporary name beside a name.
fn hidden(name: &Path) -> io::Result<PathBuf> {
    let last = name.file_name().ok_or(io::ErrorKind::IsADirectory)?;
    let mut hidden = OsString::from(".");
    hidden.push(last);
    hidden.push(SUFFIX);
    Ok(name.with_file_name(hidden))
}

fn busy() -> io::Error {
    io::Error::new(
        io::ErrorKind::ResourceBusy,
        "is being written by another run; wait for it or name another file",
    )
}

/// Makes the file and locks it. A file of that name which nobody holds is removed first, never written into: it could be a link.
fn claim(temporary: &Path, private: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    if private {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    #[cfg(not(unix))]
    let _ = private;
    loop {
        match options.open(temporary) {
            Ok(file) => {
                // Between making and locking it, another run may have taken it for a leftover.
                if file.try_lock().is_ok() && is_at(&file, temporary) {
                    return Ok(file);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                if !remove_if_left(temporary)? {
                    return Err(busy());
                }
            }
            Err(error) => return Err(error),
        }
    }
}

/// Whether a name is one that an output has before it is published.
pub(crate) fn is_temporary(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    name.starts_with(b".") && name.ends_with(SUFFIX.as_bytes())
}

/// Whether the file is gone now.
fn remove_if_left(temporary: &Path) -> io::Result<bool> {
    if fs::symlink_metadata(temporary).is_ok_and(|kept| !kept.is_file()) {
        return Ok(false);
    }
    let file = match File::open(temporary) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(error),
    };
    match file.try_lock() {
        Ok(()) if is_at(&file, temporary) => fs::remove_file(temporary).map(|()| true),
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let (Ok(held), Ok(there)) = (file.metadata(), fs::symlink_metadata(path)) else { return false };
    (held.dev(), held.ino()) == (there.dev(), there.ino())
}

#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> bool {
    path.exists()
}

/// Puts the new name on the disk too.
#[cfg(unix)]
fn sync_folder(name: &Path) -> io::Result<()> {
    let folder = name.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn until_it_is_published_the_old_file_stands() {
        let folder = tempfile::tempdir().unwrap();
        let name = folder.path().join("out");
        fs::write(&name, "old").unwrap();
        let mut output = Output::create(&name).unwrap();
        output.write_all(b"new").unwrap();
        assert_eq!(fs::read(&name).unwrap(), b"old");
        output.publish().unwrap();
        assert_eq!(fs::read(&name).unwrap(), b"new");
        assert_eq!(names(folder.path()), ["out"]);
    }

    #[test]
    fn an_output_that_is_given_up_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut output = Output::create(&folder.path().join("out")).unwrap();
        output.write_all(b"half").unwrap();
        drop(output);
        assert!(names(folder.path()).is_empty());
    }

    #[test]
    fn two_runs_cannot_write_one_file() {
        let folder = tempfile::tempdir().unwrap();
        let name = folder.path().join("out");
        let _first = Output::create(&name).unwrap();
        assert_eq!(Output::create(&name).unwrap_err().kind(), io::ErrorKind::ResourceBusy);
    }

    #[test]
    fn what_a_killed_run_left_is_removed_and_what_another_writes_is_not() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(".dead.consentry-tmp"), "half").unwrap();
        fs::write(folder.path().join(".out.consentry-tmp"), "half").unwrap();
        let _alive = Output::create(&folder.path().join("alive")).unwrap();
        let _output = Output::create(&folder.path().join("out")).unwrap();
        assert_eq!(names(folder.path()), [".alive.consentry-tmp", ".out.consentry-tmp"]);
        assert_eq!(fs::read(folder.path().join(".out.consentry-tmp")).unwrap(), b"");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_in_the_place_of_the_temporary_file_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("precious"), "kept").unwrap();
        std::os::unix::fs::symlink("precious", folder.path().join(".out.consentry-tmp")).unwrap();
        assert!(Output::create(&folder.path().join("out")).is_err());
        assert_eq!(fs::read(folder.path().join("precious")).unwrap(), b"kept");
    }

    #[cfg(unix)]
    #[test]
    fn permissions_and_links_of_the_old_file_stay() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let (name, link) = (folder.path().join("out"), folder.path().join("link"));
        fs::write(&name, "old").unwrap();
        fs::set_permissions(&name, fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink("out", &link).unwrap();
        let mut output = Output::create(&link).unwrap();
        output.write_all(b"new").unwrap();
        output.publish().unwrap();
        assert_eq!(fs::read(&name).unwrap(), b"new");
        assert_eq!(fs::metadata(&name).unwrap().permissions().mode() & 0o777, 0o640);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    }

    #[cfg(unix)]
    #[test]
    fn a_private_file_is_never_readable_by_others() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let name = folder.path().join("out");
        let mode = |name: &Path| fs::metadata(name).unwrap().permissions().mode() & 0o777;
        let output = Output::create_private(&name).unwrap();
        assert_eq!(mode(&folder.path().join(".out.consentry-tmp")), 0o600);
        output.publish().unwrap();
        assert_eq!(mode(&name), 0o600);
    }

    #[cfg(unix)]
    #[test]
    fn a_device_is_written_to_and_not_replaced() {
        let mut output = Output::create(Path::new("/dev/null")).unwrap();
        output.write_all(b"gone").unwrap();
        output.publish().unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }
}
