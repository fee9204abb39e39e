//! The arguments. Owns names, defaults, help texts and the parsing of values into types.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use consentry::{purpose::Purpose, slug::Slug};
use consentry_training::{codec::Compression, scan::Field};

use crate::edge;

/// Training data obeys consent: keeps only the rows of users who granted a purpose.
#[derive(Parser)]
#[command(name = "consentry", version, after_help = EXIT_CODES)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  done, and no row was kept
  2  wrong arguments, or something that can't be read or written
  3  some input can't be judged (with --strict nothing was written; in a folder or a pipe, nothing more)
  4  it can't be told who granted the purpose; nothing was written (in a folder or a pipe, nothing more)
  5  a purge was not completed: somebody may still be somewhere, and its report says where";

#[derive(Subcommand)]
pub(crate) enum Command {
    Filter(Filter),
    #[cfg(unix)]
    Purge(crate::purge::Args),
    #[cfg(unix)]
    Agent(crate::agent::Args),
    /// Hold what a log of consent says against what it said before
    Verify {
        #[command(subcommand)]
        command: crate::verify::Command,
    },
    Monitor(crate::monitor::Args),
    /// Files that say who granted a purpose
    Snapshot {
        #[command(subcommand)]
        command: SnapshotCommand,
    },
    /// Keys by which a site's users are hashed
    Key {
        #[command(subcommand)]
        command: KeyCommand,
    },
    /// Files that say what a run of `filter` did
    Manifest {
        #[command(subcommand)]
        command: ManifestCommand,
    },
    /// Write manual pages, one for each command
    Man {
        /// Where to; made if it isn't there
        #[arg(value_name = "FOLDER")]
        folder: PathBuf,
    },
    /// Print what a shell needs to complete commands and options
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
}

#[derive(Subcommand)]
pub(crate) enum SnapshotCommand {
    Build(Build),
    Pull(edge::Pull),
    #[cfg(feature = "parquet")]
    Export(crate::snapshot::Export),
}

#[derive(Subcommand)]
pub(crate) enum KeyCommand {
    Derive(edge::Derive),
}

#[derive(Subcommand)]
pub(crate) enum ManifestCommand {
    Check(Check),
    Find(Find),
    Register(Register),
}

/// Keep the rows of users who granted a purpose, byte for byte and in order
///
/// Reads JSONL, plain, gzip or zstd, and Parquet, told apart by content, and writes the rows that stay: to one output in the
/// order of the inputs, or, if the output is a folder, to a file of the same name for each input, several at once. Each file is
/// whole or not there. Rows that can't be judged (no JSON, no UTF-8, a byte-order mark, no user id or two of them) are counted,
/// never written to the output. Of Parquet, schema and values are kept, not bytes.
#[derive(ClapArgs)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Filter {
    /// What the rows are to be used for, such as `model_training`
    #[arg(long, value_parser = purpose)]
    pub(crate) purpose: Purpose,
    /// Who granted that: a file of `consentry snapshot build` or `pull`. A yes in it that has ended by now keeps no row
    #[arg(long, value_name = "FILE", required_unless_present = "api")]
    pub(crate) snapshot: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) edge: edge::Edge,
    /// How often to ask the edge what changed, so that a revocation takes effect in the middle of a run
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = duration, requires = "api")]
    pub(crate) refresh: Duration,
    /// The site whose users these are; the snapshot must be of it
    #[arg(long, value_parser = slug)]
    pub(crate) site: Option<Slug>,
    /// The site's key, if the snapshot was made with it: one line `KEY_ID:64_HEX_DIGITS`
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
    /// The oldest snapshot to trust: a number with s, m, h or d behind it
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = duration_ms)]
    pub(crate) max_age: i64,
    /// Where a row names its user: a key, or a path of keys with dots between them
    #[arg(long, value_name = "PATH", default_value = "user_id", value_parser = field)]
    pub(crate) user_field: Field,
    /// What else keeps rows out: a JSON file that names the fields of reservations and ages, such as
    /// `{"reservations": {"tdm_reservation": "tdm-reservation"}, "age": {"birth_date": "born", "minimum": 16}}`
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// Where to write the rows that stay: a file, or a folder (there already, or with / at its end) for a file of each input;
    /// standard output if absent
    #[arg(short, long, value_name = "FILE|FOLDER")]
    pub(crate) output: Option<PathBuf>,
    /// How to compress the output; as its first input is if absent
    #[arg(long, value_enum)]
    pub(crate) compress: Option<Compress>,
    /// Where to write the rows that can't be judged, with file, line and reason, as JSONL
    #[arg(long, value_name = "FILE")]
    pub(crate) quarantine: Option<PathBuf>,
    /// Fail at the first row that can't be judged: no file is written, though standard output may have had rows before it, and a
    /// folder files that were finished before it
    #[arg(long)]
    pub(crate) strict: bool,
    /// Where to write what was done, with SHA-256 of inputs and outputs, as JSON; and beside it, in FILE.index, the keyed hashes of
    /// users whose rows stayed, for `consentry manifest find`
    #[arg(long, value_name = "FILE")]
    pub(crate) manifest: Option<PathBuf>,
    /// Say nothing but what went wrong, and draw no progress on a terminal
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// What to read: files, folders of files, patterns such as 'data/*.jsonl.gz', `-` for standard input, which is also read
    /// if nothing is named
    #[arg(value_name = "INPUT")]
    pub(crate) inputs: Vec<PathBuf>,
}

/// Make a snapshot from a table of `user_id` and `status`, or from the database of an edge
///
/// The table is CSV with a first line of names, or JSONL; plain, gzip or zstd. The last status of a user counts: granted,
/// revoked or pending. A column `purpose` leaves out what is about another one; a column `expires_at` (RFC 3339) says when a
/// grant ends, which holds for whoever filters by the snapshot later.
/// One database of an edge as a file of SQLite (what D1 is locally, or an export of it) may stand in the place of tables.
#[derive(ClapArgs)]
pub(crate) struct Build {
    /// What the users granted or not
    #[arg(long, value_parser = purpose)]
    pub(crate) purpose: Purpose,
    /// The site whose users these are
    #[arg(long, value_parser = slug)]
    pub(crate) site: Slug,
    /// The site's key: one line `KEY_ID:64_HEX_DIGITS`. Without it a random key is kept inside the snapshot
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
    /// Where to write the snapshot
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Write the snapshot as Parquet too, for an engine that joins, as `snapshot export` does
    #[cfg(feature = "parquet")]
    #[arg(long, value_name = "FILE")]
    pub(crate) parquet: Option<PathBuf>,
    /// The tables, `-` for standard input; what later ones say counts more
    #[arg(value_name = "TABLE", required = true)]
    pub(crate) tables: Vec<PathBuf>,
}

/// Hold the files of a run against its manifest
///
/// Exits with 1 if one of them is not what it was.
#[derive(ClapArgs)]
pub(crate) struct Check {
    /// Where relative paths in the manifest begin
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) root: PathBuf,
    /// The manifest
    #[arg(value_name = "MANIFEST")]
    pub(crate) manifest: PathBuf,
}

/// Find the data sets that hold rows of a user
///
/// Asks the index beside each manifest and prints a line for each manifest whose run kept rows of the user. Exits with 0 if there
/// is one, with 1 if there is none, and with 2 if a manifest gave no answer, whatever the others said.
#[derive(ClapArgs)]
#[command(group(clap::ArgGroup::new("whose").required(true).args(["user", "user_file"])))]
pub(crate) struct Find {
    /// The user's id. Others on this machine can see it in the list of processes, and a shell remembers it: --user-file keeps it
    /// out of both
    #[arg(long, value_name = "ID")]
    pub(crate) user: Option<String>,
    /// A file with the user's id and nothing else; `-` for standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) user_file: Option<PathBuf>,
    /// The site's key, if the run's snapshot was made with it: one line `KEY_ID:64_HEX_DIGITS`
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
    /// Manifests, or folders of them
    #[arg(value_name = "MANIFEST|FOLDER", required = true)]
    pub(crate) manifests: Vec<PathBuf>,
}

/// Tell the edge of a data set, so that an erasure names the models that were trained on it
///
/// Sends what the manifest says, without the names of files, and the keyed hashes of the users whose rows were kept, from the index
/// beside it. What was cut off is gone on with; the same data set may be registered again to name further models.
#[derive(ClapArgs)]
pub(crate) struct Register {
    #[command(flatten)]
    pub(crate) edge: edge::Edge,
    /// A name that no other data set of the site has, such as `corpus_2026_11`
    #[arg(long, value_name = "NAME", value_parser = name)]
    pub(crate) dataset: Slug,
    /// A model that was trained on it; may be repeated
    #[arg(long = "model", value_name = "NAME", value_parser = name)]
    pub(crate) models: Vec<Slug>,
    /// The manifest, with its index beside it
    #[arg(value_name = "MANIFEST")]
    pub(crate) manifest: PathBuf,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Compress {
    None,
    Gzip,
    Zstd,
}

impl From<Compress> for Compression {
    fn from(compress: Compress) -> Self {
        match compress {
            Compress::None => Self::None,
            Compress::Gzip => Self::Gzip,
            Compress::Zstd => Self::Zstd,
        }
    }
}

pub(crate) fn purpose(text: &str) -> Result<Purpose, &'static str> {
    Purpose::parse(text).ok_or(
        "a purpose is model_training, inference, analytics, personalization, sale_or_sharing or a name of up to 64 \
         lower-case letters, digits and underscores that the site declares",
    )
}

pub(crate) fn slug(text: &str) -> Result<Slug, &'static str> {
    Slug::parse(text).ok_or("a site is a name of up to 64 lower-case letters, digits and underscores")
}

fn name(text: &str) -> Result<Slug, &'static str> {
    Slug::parse(text)
        .ok_or("a name has up to 64 lower-case letters, digits and underscores and begins with a letter")
}

pub(crate) fn field(text: &str) -> Result<Field, &'static str> {
    Field::parse(text).ok_or("write up to 16 keys with dots between them, such as meta.user_id")
}

/// More than none, so that nobody is asked without end.
pub(crate) fn duration(text: &str) -> Result<Duration, &'static str> {
    let ms = u64::try_from(duration_ms(text)?).unwrap_or(0);
    if ms == 0 {
        Err("write a number from 1 on and s, m, h or d, such as 5m")
    } else {
        Ok(Duration::from_millis(ms))
    }
}

fn duration_ms(text: &str) -> Result<i64, &'static str> {
    const HELP: &str = "write a number and s, m, h or d, such as 36h";
    let unit = match text.chars().next_back() {
        Some('s') => 1000,
        Some('m') => 60_000,
        Some('h') => 3_600_000,
        Some('d') => 86_400_000,
        _ => return Err(HELP),
    };
    let number = text[..text.len() - 1].parse::<u32>().map_err(|_| HELP)?;
    Ok(i64::from(number) * unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_defined_without_contradiction() {
        use clap::CommandFactory as _;
        Args::command().debug_assert();
    }

    #[test]
    fn times_have_a_unit() {
        assert_eq!(duration_ms("36h"), Ok(129_600_000));
        assert_eq!(duration_ms("0s"), Ok(0));
        for bad in ["", "1", "h", "-1d", "1.5h", "1w", "1é", "99999999999d"] {
            assert!(duration_ms(bad).is_err(), "{bad:?}");
        }
    }
}
