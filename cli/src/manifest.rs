//! `consentry manifest`. Owns what is said of each file, and of whom a manifest tells.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use consentry::subject::UserId;
use consentry_training::edge::{self, RegisterError, Registration};
use consentry_training::find::{self, FindError, find, manifests_in};
use consentry_training::key;
use consentry_training::manifest::{Held, Manifest, hold};

use crate::args::{Check, Find, Register};
use crate::failure::Failure;
use crate::{DONE, USAGE, messages};

/// A file is not what it was.
const DIFFERS: u8 = 1;
/// No data set holds rows of the user.
const NOT_FOUND: u8 = 1;

pub(crate) fn check(args: &Check) -> Result<u8, Failure> {
    let path = &args.manifest;
    let manifest = find::read(path).map_err(|error| Failure::file(path, error))?;
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

/// Prints a line for each manifest whose data sets hold rows of the user.
pub(crate) fn find_user(args: &Find) -> Result<u8, Failure> {
    let user = user(args)?;
    let read = |path: &Path| key::read(path).map_err(|error| Failure::file(path, error));
    let key = args.key_file.as_deref().map(read).transpose()?.map(|(key, _)| key);
    let (mut found, mut unanswered) = (false, false);
    for path in manifests(&args.manifests)? {
        match find(&path, &user, key.as_ref()) {
            Ok(Some(manifest)) => {
                found = true;
                // Nobody who listens is told by the code all the same.
                let _ = writeln!(io::stdout(), "{}: {}", path.display(), data_sets(&manifest));
            }
            Ok(None) => {}
            Err(error) => {
                unanswered = true;
                messages::say(&format!("{} {error}", path.display()));
            }
        }
    }
    if !unanswered && !found {
        messages::say("no data set of these manifests has rows of the user");
    }
    Ok(match (unanswered, found) {
        (true, _) => USAGE,
        (false, true) => DONE,
        (false, false) => NOT_FOUND,
    })
}

/// Tells the edge of the data set.
pub(crate) fn register(args: &Register) -> Result<u8, Failure> {
    let api = args.edge.api()?.ok_or_else(|| Failure::usage("name the edge with --api"))?;
    let Register { dataset, models, manifest, .. } = args;
    let done = edge::register(&Registration { api: &api, dataset, models, manifest });
    let told = done.map_err(|error| match error {
        RegisterError::Api(error) => Failure::usage(format!("{} {error}", api.url())),
        error => Failure::file(manifest, error),
    })?;
    let models = match told.models.as_slice() {
        [] => "none so far".into(),
        models => models.join(", "),
    };
    messages::say(&format!("{dataset} is registered: rows of {} users; models: {models}", told.users));
    Ok(DONE)
}

fn data_sets(manifest: &Manifest) -> String {
    match manifest.outputs.as_slice() {
        [one] => one.file.clone(),
        [first, more @ ..] => format!("{} and {} more", first.file, more.len()),
        [] => "nothing".into(),
    }
}

fn manifests(names: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut manifests = Vec::new();
    for name in names {
        if name.is_dir() {
            let found = manifests_in(name).map_err(|error| Failure::file(name, error))?;
            if found.is_empty() {
                return Err(Failure::file(name, FindError::NotAManifest));
            }
            manifests.extend(found);
        } else {
            manifests.push(name.clone());
        }
    }
    Ok(manifests)
}

fn user(args: &Find) -> Result<UserId, Failure> {
    let text = match (&args.user, &args.user_file) {
        (Some(user), _) => user.clone(),
        (None, Some(path)) => {
            let read = if path == Path::new("-") {
                let mut text = String::new();
                io::stdin().read_to_string(&mut text).map(|_| text)
            } else {
                fs::read_to_string(path)
            };
            let text = read.map_err(|error| Failure::file(path, error))?;
            let line = text.strip_suffix('\n').unwrap_or(&text);
            line.strip_suffix('\r').unwrap_or(line).into()
        }
        (None, None) => return Err(Failure::usage("say whose rows are meant, with --user-file or --user")),
    };
    UserId::parse(&text).map_err(|error| Failure::usage(format!("the user id {error}")))
}
