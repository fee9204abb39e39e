//! `consentry snapshot build`. Owns the order of its steps.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use consentry_training::key;
use consentry_training::output::Output;
use consentry_training::snapshot::{Builder, Keying, read};

use crate::args::Build;
use crate::failure::Failure;
use crate::{DONE, messages, now};

pub(crate) fn build(args: &Build) -> Result<u8, Failure> {
    let keying = match &args.key_file {
        Some(path) => {
            let (key, id) = key::read(path).map_err(|error| Failure::file(path, error))?;
            Keying::Site(key, id)
        }
        None => Keying::Inside(random()?),
    };
    let pseudonymous = matches!(keying, Keying::Site(..));
    let failed = |error: io::Error| Failure::file(&args.output, error);
    let mut output = Output::create(&args.output).map_err(failed)?;
    let folder = args.output.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let mut builder = Builder::new(args.site.clone(), args.purpose.clone(), now(), keying, folder);
    for path in &args.tables {
        let table: Box<dyn Read + Send> = if path == Path::new("-") {
            Box::new(io::stdin())
        } else {
            Box::new(File::open(path).map_err(|error| Failure::file(path, error))?)
        };
        read(table, &mut builder).map_err(|error| Failure::file(path, error))?;
    }
    let count = builder.finish(output.file()).map_err(failed)?;
    output.publish().map_err(failed)?;
    messages::say(&format!("users who granted {} to {}: {count}", args.purpose, args.site));
    if !pseudonymous {
        messages::say(&format!(
            "{} is not pseudonymous: its key is inside, so whoever has the file can try out who is in it. Guard it like a list \
             of users, or give the site's key with --key-file",
            args.output.display()
        ));
    }
    Ok(DONE)
}

fn random() -> Result<[u8; 32], Failure> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)
        .map_err(|error| Failure::usage(format!("this machine has no randomness: {error}")))?;
    Ok(bytes)
}
