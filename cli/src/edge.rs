//! `consentry snapshot pull`, `consentry key derive` and `consentry filter --api`. Owns their arguments and what is said; what is
//! done is the library's.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args as ClapArgs;
use consentry::{
    purpose::Purpose,
    slug::Slug,
    subject::{KeyId, SiteKey},
};
use consentry_training::edge::{self, Api, ApiError, Fresh, Pulled, read_api_key};
use consentry_training::key;
use consentry_training::snapshot::{Refused, Snapshot};

use crate::args::{duration, purpose, slug};
use crate::failure::Failure;
use crate::{CONSENT_UNAVAILABLE, DONE, messages, now};

/// Where snapshots come from.
#[derive(ClapArgs, Clone)]
pub(crate) struct Edge {
    /// The address of the edge, such as `https://consent.example.com`
    #[arg(long, value_name = "URL")]
    pub(crate) api: Option<String>,
    /// A file with an API key of the site that has the scope `snapshot:read` (`lineage:write` to register data sets)
    #[arg(long, value_name = "FILE", requires = "api")]
    pub(crate) api_key_file: Option<PathBuf>,
}

impl Edge {
    /// The edge, if one is named.
    pub(crate) fn api(&self) -> Result<Option<Api>, Failure> {
        let Some(url) = &self.api else { return Ok(None) };
        let Some(file) = &self.api_key_file else {
            return Err(Failure::usage("name the file with the API key with --api-key-file"));
        };
        let key = read_api_key(file).map_err(|error| Failure::file(file, error))?;
        Api::new(url, &key).map(Some).map_err(|error| Failure::usage(format!("{url} {error}")))
    }
}

/// Fetch a snapshot from the edge
///
/// Fetches everybody the first time and once a day; in between only what changed. The file is replaced once the new one is whole.
#[derive(ClapArgs)]
pub(crate) struct Pull {
    #[command(flatten)]
    edge: Edge,
    /// The site whose users these are
    #[arg(long, value_parser = slug)]
    site: Slug,
    /// What the users granted
    #[arg(long, value_parser = purpose)]
    purpose: Purpose,
    /// The site's key: one line `KEY_ID:64_HEX_DIGITS`, as `consentry key derive` writes it
    #[arg(long, value_name = "FILE")]
    key_file: PathBuf,
    /// Where to write the snapshot; what the next pull goes on from lies beside it
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Write the snapshot as Parquet too, for an engine that joins, as `snapshot export` does
    #[cfg(feature = "parquet")]
    #[arg(long, value_name = "FILE")]
    parquet: Option<PathBuf>,
    /// How long to wait for a snapshot that is still being built
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = duration)]
    wait: Duration,
}

pub(crate) fn pull(args: &Pull) -> Result<u8, Failure> {
    let api = args.edge.api()?.ok_or_else(|| Failure::usage("name the edge with --api"))?;
    let (key, id) = key::read(&args.key_file).map_err(|error| Failure::file(&args.key_file, error))?;
    let pulled = fetch(&api, &args.site, &args.purpose, (&key, id), &args.output, args.wait)?;
    let how = if pulled.whole { "fetched whole" } else { "brought up to date" };
    messages::say(&format!(
        "users who granted {} to {}: {} ({how}; {} changes, up to {} in the log)",
        args.purpose, args.site, pulled.users, pulled.changes, pulled.position
    ));
    #[cfg(feature = "parquet")]
    if let Some(parquet) = &args.parquet {
        crate::snapshot::write_parquet(&args.output, &args.purpose, Some(&key), parquet)?;
    }
    Ok(DONE)
}

/// Fetches a snapshot into a file.
pub(crate) fn fetch(
    api: &Api,
    site: &Slug,
    purpose: &Purpose,
    key: (&SiteKey, KeyId),
    file: &Path,
    wait: Duration,
) -> Result<Pulled, Failure> {
    let pull = edge::Pull { api, site, purpose, key, file, wait, clock: now };
    edge::pull(&pull).map_err(|error| match error {
        edge::PullError::Io(_) => Failure::file(file, error),
        error => Failure { code: CONSENT_UNAVAILABLE, message: format!("{} {error}", api.url()) },
    })
}

/// Keeps a pulled snapshot fresh.
pub(crate) fn keep_fresh(
    snapshot: Snapshot,
    api: Api,
    every: Duration,
    max_age_ms: i64,
) -> Result<Fresh, Refused> {
    Fresh::start(snapshot, api, every, max_age_ms, now, failed)
}

fn failed(error: &ApiError) {
    messages::say(&format!("could not ask for changes, and go on with what is known: the edge {error}"));
}

/// Make a site's key from the secret of the edge
///
/// For the machine that filters: it gets this one key and not the secret. Whoever has the key can try out which users are in a
/// snapshot, so keep it like a password.
#[derive(ClapArgs)]
pub(crate) struct Derive {
    /// The site
    #[arg(long, value_parser = slug)]
    site: Slug,
    /// Which of the site's keys
    #[arg(long, value_name = "N", default_value_t = 1)]
    key_id: u16,
    /// A file with `CONSENTRY_SECRET` as the edge has it; standard input if absent
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// Where to write the key; there must be no such file yet
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

pub(crate) fn derive(args: &Derive) -> Result<u8, Failure> {
    let mut secret = String::new();
    match &args.secret_file {
        Some(path) => File::open(path)
            .and_then(|mut file| file.read_to_string(&mut secret))
            .map_err(|error| Failure::file(path, error))?,
        None => io::stdin().read_to_string(&mut secret).map_err(|error| Failure::usage(error.to_string()))?,
    };
    let secret = secret.trim_end_matches(['\r', '\n']);
    if secret.len() < 32 {
        return Err(Failure::usage(
            "the secret has fewer than 32 characters, which no edge takes; give CONSENTRY_SECRET as the edge has it",
        ));
    }
    let line = key::line(secret.as_bytes(), &args.site, KeyId(args.key_id));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&args.output).and_then(|mut file| {
        file.write_all(line.as_bytes())?;
        file.sync_all()
    });
    written.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => {
            Failure::file(&args.output, "is there already, and a key is never overwritten; name another file")
        }
        _ => Failure::file(&args.output, error),
    })?;
    messages::say(&format!("key {} of {} is in {}", args.key_id, args.site, args.output.display()));
    Ok(DONE)
}
