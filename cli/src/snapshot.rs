//! `consentry snapshot build` and `export`. Owns the order of its steps.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use consentry_training::key;
use consentry_training::output::Output;
use consentry_training::snapshot::{Builder, Keying, read};
#[cfg(unix)]
use consentry_training::snapshot::{from_log, is_database};

use crate::args::Build;
use crate::failure::Failure;
use crate::{DONE, messages, now};

pub(crate) fn build(args: &Build) -> Result<u8, Failure> {
    #[cfg(unix)]
    if let [path] = args.tables.as_slice()
        && is_database(path).unwrap_or(false)
    {
        return from_database(args, path);
    }
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

#[cfg(unix)]
fn from_database(args: &Build, path: &Path) -> Result<u8, Failure> {
    let Some(key_file) = &args.key_file else {
        return Err(Failure::file(
            path,
            "is a database, which holds no user ids: give the site's key with --key-file (`consentry key derive` makes it)",
        ));
    };
    let (key, id) = key::read(key_file).map_err(|error| Failure::file(key_file, error))?;
    let failed = |error: io::Error| Failure::file(&args.output, error);
    let mut output = Output::create(&args.output).map_err(failed)?;
    let about = (args.site.clone(), args.purpose.clone());
    let count = from_log(path, about, now(), (&key, id), output.file())
        .map_err(|error| Failure::file(path, error))?;
    output.publish().map_err(failed)?;
    messages::say(&format!("users who granted {} to {}: {count}", args.purpose, args.site));
    Ok(DONE)
}

/// Give a snapshot to an engine that joins, such as Spark: Parquet with one column `subject`, 16 bytes each
///
/// The subject of a row's user is the first 16 bytes of HMAC-SHA256 under the key of the key file, over the id in UTF-8.
#[cfg(feature = "parquet")]
#[derive(clap::Args)]
pub(crate) struct Export {
    /// What the users granted
    #[arg(long, value_parser = crate::args::purpose)]
    purpose: consentry::purpose::Purpose,
    /// The site's key, if the snapshot was made with it
    #[arg(long, value_name = "FILE")]
    key_file: Option<std::path::PathBuf>,
    /// Where to write the Parquet file
    #[arg(long, value_name = "FILE")]
    parquet: std::path::PathBuf,
    /// The snapshot
    #[arg(value_name = "SNAPSHOT")]
    snapshot: std::path::PathBuf,
}

#[cfg(feature = "parquet")]
pub(crate) fn export(args: &Export) -> Result<u8, Failure> {
    let read = |path: &std::path::PathBuf| key::read(path).map_err(|error| Failure::file(path, error));
    let key = args.key_file.as_ref().map(read).transpose()?;
    let wanted = consentry_training::snapshot::Wanted {
        purpose: &args.purpose,
        site: None,
        max_age_ms: i64::MAX,
        now: now(),
        key: key.as_ref().map(|(key, _)| key),
    };
    let snapshot = consentry_training::snapshot::Snapshot::open(&args.snapshot, &wanted)
        .map_err(|refused| Failure::consent(&args.snapshot, refused))?;
    let failed = |error: io::Error| Failure::file(&args.parquet, error);
    let mut output = Output::create(&args.parquet).map_err(failed)?;
    consentry_training::parquet::write_subjects(&snapshot, output.file())
        .map_err(|error| Failure::file(&args.parquet, error))?;
    output.publish().map_err(failed)?;
    messages::say(&format!("subjects in {}: {}", args.parquet.display(), snapshot.header().count));
    Ok(DONE)
}

fn random() -> Result<[u8; 32], Failure> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)
        .map_err(|error| Failure::usage(format!("this machine has no randomness: {error}")))?;
    Ok(bytes)
}
