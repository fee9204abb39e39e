//! Disks that are full: what doesn't fit is said, and nothing half-written is left behind.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod place;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use place::{ADA, Done, FILTER, ODD, Place};

/// A disk of 64 KiB in a folder `full`.
struct Disk(PathBuf);

impl Disk {
    /// `None` where the test may not mount one.
    fn mount(place: &Place) -> Option<Self> {
        let folder = place.path("full");
        fs::create_dir(&folder).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"])
            .arg(&folder)
            .stderr(Stdio::null())
            .status();
        if mounted.is_ok_and(|status| status.success()) {
            return Some(Self(folder));
        }
        eprintln!("skipped: only root may mount a small disk");
        None
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_full_disk_is_told_and_has_nothing_half_written() {
    let place = Place::with_snapshot();
    let Some(disk) = Disk::mount(&place) else { return };
    fs::write(disk.0.join("out"), "old").unwrap();
    place.put("rows", ADA.repeat(3000));
    place.put("odd", [ADA.into(), ODD.repeat(3000)].concat());
    for (args, message) in [
        (&["rows", "-o", "full/out"][..], "the output can't be written"),
        (&["odd", "-o", "full/out", "--quarantine", "full/q"], "the quarantine can't be written"),
        (&["rows", "-o", "full/"], "full/rows: "),
    ] {
        let done = place.filter(args, "");
        assert_eq!(done.code, 2, "{}", done.err);
        assert!(done.err.contains(message), "{}", done.err);
        assert_eq!(names(&disk.0), ["out"]);
        assert_eq!(fs::read(disk.0.join("out")).unwrap(), b"old");
    }
}

#[test]
fn shards_that_fit_on_a_full_disk_stay_whole() {
    let place = Place::with_snapshot();
    let Some(disk) = Disk::mount(&place) else { return };
    fs::create_dir(place.path("in")).unwrap();
    let rows = ADA.repeat(300);
    for n in 0..12 {
        place.put(&format!("in/{n}"), &rows);
    }
    let done = place.filter(&["in", "-o", "full/", "--manifest", "m"], "");
    assert_eq!(done.code, 2, "{}", done.err);
    assert!(!place.path("m").exists());
    for name in names(&disk.0) {
        assert_eq!(fs::read_to_string(disk.0.join(&name)).unwrap(), rows, "{name}");
    }
}

#[test]
fn a_limit_on_the_size_of_files_is_told_and_leaves_nothing() {
    let place = Place::with_snapshot();
    place.put("rows", ADA.repeat(3000));
    let before = place.names();
    // Ignored, so that the write fails instead of ending the process.
    let limited = "trap '' XFSZ; ulimit -f 64; exec \"$0\" \"$@\"";
    let output = Command::new("sh")
        .args(["-c", limited, env!("CARGO_BIN_EXE_consentry")])
        .args(FILTER)
        .args(["rows", "-o", "out", "--manifest", "m"])
        .current_dir(place.0.path())
        .output()
        .unwrap();
    let done = Done::new(&output);
    assert_eq!(done.code, 2, "{}", done.err);
    assert!(done.err.contains("the output can't be written"), "{}", done.err);
    assert_eq!(place.names(), before);
}
