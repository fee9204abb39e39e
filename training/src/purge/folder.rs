//! Files and folders that bear a user's id in their name: embeddings, cached outputs. Owns what such a pattern may be and that
//! nothing outside its folder is ever reached, whatever the id and whatever links there are.
//!
//! Everything is reached by its name in an open folder and never by a path, so nobody can put a link in the way meanwhile.

use std::collections::HashMap;
use std::ffi::CString;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, openat, statat, unlinkat};
use rustix::io::Errno;

use super::People;
use super::plan::Named;
use super::report::StoreReport;

/// What stands for the id.
const PLACE: &str = "{user_id}";

/// The deepest that folders are followed down.
const MAX_DEPTH: usize = 128;

/// A folder, and what is before and behind the id in a name in it.
#[derive(Debug)]
pub(super) struct Pattern<'p> {
    folder: PathBuf,
    before: &'p str,
    after: &'p str,
}

impl<'p> Pattern<'p> {
    pub(super) fn parse(path: &'p str) -> Result<Self, &'static str> {
        const HELP: &str = "the last part of the path of a folder has {user_id} in it once, such as embeddings/{user_id}.npy";
        let (folder, name) = path
            .rsplit_once('/')
            .map_or((".", path), |(folder, name)| (if folder.is_empty() { "/" } else { folder }, name));
        let (before, after) = name.split_once(PLACE).ok_or(HELP)?;
        if folder.contains(PLACE) || after.contains(PLACE) || name.contains('\0') {
            return Err(HELP);
        }
        Ok(Self { folder: folder.into(), before, after })
    }

    /// The name that a user's entry has; `None` if the id can't be part of one.
    fn name(&self, id: &str) -> Option<CString> {
        let name = format!("{}{id}{}", self.before, self.after);
        let safe = !id.contains('/') && !matches!(name.as_str(), "." | "..") && name.len() <= 255;
        if safe { CString::new(name).ok() } else { None }
    }
}

pub(super) fn purge(
    store: &Named,
    people: &People<'_>,
    dry_run: bool,
    mut report: StoreReport,
) -> StoreReport {
    if let Err(error) = through(store, people, dry_run, &mut report) {
        report.fail(&store.path, error.to_string());
    }
    report.verified = !dry_run && report.failures.is_empty();
    report
}

fn through(store: &Named, people: &People<'_>, dry_run: bool, report: &mut StoreReport) -> io::Result<()> {
    let pattern = Pattern::parse(&store.path).map_err(io::Error::other)?;
    let folder = File::open(&pattern.folder)?;
    let device = rustix::fs::fstat(&folder)?.st_dev;
    for (user, id) in people.ids.iter().enumerate() {
        let Some(name) = pattern.name(id) else {
            report.notes.push(format!(
                "the id of user {user} can't be part of a file's name, so nothing here is taken for theirs"
            ));
            continue;
        };
        let place = format!("{}/{}", pattern.folder.display(), name.to_string_lossy());
        let mut tree = Tree { device, entries: 0, links: HashMap::new() };
        match tree.look(folder.as_fd(), &name, 0) {
            Ok(()) => {}
            Err(Errno::NOENT) => continue,
            Err(error) => {
                report.fail(place, told(error));
                continue;
            }
        }
        report.found(user, tree.entries);
        if tree.has_names_elsewhere() {
            report.fail(
                place,
                "has files with other names elsewhere (hard links), which would keep what they hold; remove those first",
            );
        } else if !dry_run {
            match remove(folder.as_fd(), &name, 0) {
                Ok(removed) => report.removed += removed,
                Err(error) => report.fail(&place, told(error)),
            }
            if !matches!(statat(&folder, &name, AtFlags::SYMLINK_NOFOLLOW), Err(Errno::NOENT)) {
                report.fail(place, "is still there; something makes it anew, stop that and try again");
            }
        }
    }
    if report.removed > 0 {
        folder.sync_all()?;
    }
    Ok(())
}

/// What is under a user's name.
struct Tree {
    device: u64,
    /// Files, links and folders.
    entries: u64,
    /// Files with several names: how many of these were met, and how many there are.
    links: HashMap<u64, (u64, u64)>,
}

impl Tree {
    fn look(&mut self, folder: impl AsFd, name: &CString, depth: usize) -> rustix::io::Result<()> {
        let found = statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
        self.entries += 1;
        match FileType::from_raw_mode(found.st_mode) {
            FileType::Symlink if depth == 0 => Err(Errno::LOOP),
            FileType::Directory if found.st_dev != self.device => Err(Errno::XDEV),
            FileType::Directory => {
                let inner = open(folder, name, depth)?;
                for name in names(&inner)? {
                    self.look(&inner, &name, depth + 1)?;
                }
                Ok(())
            }
            _ => {
                if found.st_nlink > 1 {
                    self.links.entry(found.st_ino).or_insert((0, found.st_nlink)).0 += 1;
                }
                Ok(())
            }
        }
    }

    fn has_names_elsewhere(&self) -> bool {
        self.links.values().any(|(met, all)| met < all)
    }
}

/// Removes an entry of a folder with all that is in it. Says how many entries these were.
pub(super) fn remove(folder: impl AsFd, name: &CString, depth: usize) -> rustix::io::Result<u64> {
    let found = statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
    if FileType::from_raw_mode(found.st_mode) != FileType::Directory {
        unlinkat(&folder, name, AtFlags::empty())?;
        return Ok(1);
    }
    let inner = open(&folder, name, depth)?;
    let mut removed = 1;
    for name in names(&inner)? {
        removed += remove(&inner, &name, depth + 1)?;
    }
    unlinkat(&folder, name, AtFlags::REMOVEDIR)?;
    Ok(removed)
}

fn open(folder: impl AsFd, name: &CString, depth: usize) -> rustix::io::Result<OwnedFd> {
    if depth > MAX_DEPTH {
        return Err(Errno::NAMETOOLONG);
    }
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat(folder, name, flags, Mode::empty())
}

fn names(folder: &OwnedFd) -> rustix::io::Result<Vec<CString>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if !matches!(name.to_bytes(), b"." | b"..") {
            names.push(name.to_owned());
        }
    }
    Ok(names)
}

fn told(error: Errno) -> String {
    match error {
        Errno::LOOP => {
            "is a link, which is not followed; name the place it leads to in the plan, and remove the link"
                .into()
        }
        Errno::XDEV => "has another file system mounted in it; unmount that, or name it in the plan".into(),
        Errno::NAMETOOLONG => "has folders nested too deep; remove them by hand".into(),
        other => io::Error::from(other).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn an_id_never_leaves_the_folder() {
        let pattern = Pattern::parse("emb/{user_id}").unwrap();
        for id in ["..", ".", "../x", "/etc/passwd", "a/b", "a\0b", &"x".repeat(256)] {
            assert_eq!(pattern.name(id), None, "{id:?}");
        }
        assert_eq!(pattern.name("ada@example.com").unwrap().as_bytes(), b"ada@example.com");
        assert_eq!(Pattern::parse("emb/.{user_id}").unwrap().name("."), None);
    }

    #[test]
    fn the_id_is_in_the_last_part_once() {
        for bad in ["emb", "emb/{user_id}/x", "{user_id}/{user_id}", "emb/{user_id}{user_id}", ""] {
            assert!(Pattern::parse(bad).is_err(), "{bad}");
        }
        let top = Pattern::parse("/{user_id}").unwrap();
        assert_eq!(top.folder, Path::new("/"));
    }
}
