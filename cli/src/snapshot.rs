//! `consentry snapshot build` and `export`, and Parquet beside a snapshot. Owns the order of its steps.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

#[cfg(feature = "parquet")]
use consentry::purpose::Purpose;
use consentry::subject::SiteKey;
use consentry_training::key;
use consentry_training::output::Output;
use consentry_training::snapshot::{Builder, Keying, read};
#[cfg(feature = "parquet")]
use consentry_training::snapshot::{Snapshot, Wanted};
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
    let inside = matches!(keying, Keying::Inside(_));
    let site_key = match &keying {
        Keying::Site(key, _) => Some(key.clone()),
        Keying::Inside(_) => None,
    };
    let failed = |error: io::Error| Failure::file(&args.output, error);
    let mut output = Output::create(&args.output).map_err(failed)?;
    let folder = folder_of(&args.output);
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
    parquet_of(args, site_key.as_ref())?;
    if inside {
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
    let count = from_log(path, about, now(), (&key, id), output.file(), folder_of(&args.output))
        .map_err(|error| Failure::file(path, error))?;
    output.publish().map_err(failed)?;
    messages::say(&format!("users who granted {} to {}: {count}", args.purpose, args.site));
    parquet_of(args, Some(&key))?;
    Ok(DONE)
}

fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The Parquet file of a snapshot that was just built, if one is wanted.
#[cfg(feature = "parquet")]
fn parquet_of(args: &Build, key: Option<&SiteKey>) -> Result<(), Failure> {
    match &args.parquet {
        Some(parquet) => write_parquet(&args.output, &args.purpose, key, parquet),
        None => Ok(()),
    }
}

#[cfg(not(feature = "parquet"))]
#[allow(clippy::unnecessary_wraps, reason = "with the feature it can fail")]
fn parquet_of(_: &Build, _: Option<&SiteKey>) -> Result<(), Failure> {
    Ok(())
}

/// Give a snapshot to an engine that joins, such as Spark: Parquet with the columns `subject` and `expires_at`
///
/// The subject of a row's user is the first 16 bytes of HMAC-SHA256 under the key of the key file, over the id in UTF-8. Their yes
/// ends at `expires_at`; null is no end.
#[cfg(feature = "parquet")]
#[derive(clap::Args)]
pub(crate) struct Export {
    /// What the users granted
    #[arg(long, value_parser = crate::args::purpose)]
    purpose: Purpose,
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
    let key = key.as_ref().map(|(key, _)| key);
    write_parquet(&args.snapshot, &args.purpose, key, &args.parquet)?;
    Ok(DONE)
}

/// Writes the Parquet file of a snapshot.
#[cfg(feature = "parquet")]
pub(crate) fn write_parquet(
    snapshot: &Path,
    purpose: &Purpose,
    key: Option<&SiteKey>,
    parquet: &Path,
) -> Result<(), Failure> {
    let wanted = Wanted { purpose, site: None, max_age_ms: i64::MAX, clock: now, key };
    let snapshot =
        Snapshot::open(snapshot, &wanted).map_err(|refused| Failure::consent(snapshot, refused))?;
    let mut output = Output::create(parquet).map_err(|error| Failure::file(parquet, error))?;
    consentry_training::parquet::write_subjects(&snapshot, output.file())
        .map_err(|error| Failure::file(parquet, error))?;
    output.publish().map_err(|error| Failure::file(parquet, error))?;
    messages::say(&format!("subjects in {}: {}", parquet.display(), snapshot.header().count));
    Ok(())
}

fn random() -> Result<[u8; 32], Failure> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)
        .map_err(|error| Failure::usage(format!("this machine has no randomness: {error}")))?;
    Ok(bytes)
}
