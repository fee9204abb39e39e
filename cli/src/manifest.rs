//! `consentry manifest check`. Owns what is said of each file.

use std::fs;

use consentry_training::manifest::{Held, Manifest, hold};

use crate::args::Check;
use crate::failure::Failure;
use crate::{DONE, messages};

/// A file is not what it was.
const DIFFERS: u8 = 1;

pub(crate) fn check(args: &Check) -> Result<u8, Failure> {
    let path = &args.manifest;
    let text = fs::read(path).map_err(|error| Failure::file(path, error))?;
    let manifest: Manifest = serde_json::from_slice(&text).map_err(|_| {
        Failure::file(path, "is no manifest; name a file that `consentry filter --manifest` wrote")
    })?;
    let mut code = DONE;
    for stream in manifest.streams() {
        let held = match hold(stream, &args.root) {
            Held::Same => "is the same".into(),
            Held::Unknown => "can't be held against anything".into(),
            Held::Changed => {
                code = DIFFERS;
                "has changed".into()
            }
            Held::Unreadable(error) => {
                code = DIFFERS;
                format!("can't be read: {error}")
            }
        };
        messages::say(&format!("{} {held}", stream.file));
    }
    Ok(code)
}
