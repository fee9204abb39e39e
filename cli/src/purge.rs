//! `consentry purge`. Owns its arguments, where users and stores come from, and what is said of the report.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use clap::Args as ClapArgs;
use consentry::subject::UserId;
use consentry_training::key;
use consentry_training::output::Output;
use consentry_training::purge::{
    Options, Outcome, Plan, PlanError, Report, Store, plan, purge, report::hidden,
};
use consentry_training::scan::Field;

use crate::args::{EXIT_CODES, field};
use crate::failure::Failure;
use crate::{DONE, INCOMPLETE, messages, now};

/// Remove users from the places where their data was kept
///
/// Files and objects are replaced as a whole: whatever stops a purge, each is the old or the new one. Everything is read again at the end,
/// and the report says per store what was found, removed, verified gone, and what failed. Users are named in it by their place
/// in the plan, never by id.
#[derive(ClapArgs)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Args {
    /// Whom to remove; may be repeated. Others on this machine can see it in the list of processes: --user-file keeps it out
    #[arg(long = "user", value_name = "ID")]
    users: Vec<String>,
    /// A file with the ids of users, one a line; `-` for standard input
    #[arg(long, value_name = "FILE")]
    user_file: Option<PathBuf>,
    /// From where, as KIND:WHERE; may be repeated
    ///
    /// - `jsonl:PATTERN`: files of one JSON object a line
    /// - `parquet:PATTERN`: Parquet files
    /// - `jsonl:s3://BUCKET/PATTERN`, `parquet:s3://BUCKET/PATTERN`: objects in a bucket of S3, R2 and their like, reached by
    ///   `AWS_ENDPOINT_URL`, `AWS_REGION`, `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, or as a plan says
    /// - `folder:DIR/{user_id}`: files or folders named after a user, such as `folder:embeddings/{user_id}.npy`; objects as
    ///   `folder:s3://BUCKET/embeddings/{user_id}.npy`
    /// - `chroma:http://HOST:PORT/COLLECTION`: a collection of a Chroma server, which deletes logically only
    /// - `chroma_files:DIR`: the data directory of a Chroma that is stopped, from whose files texts and vectors leave
    /// - `pgvector:TABLE@FILE`: a table of PostgreSQL, with the connection in a file (`host=… dbname=… user=… password=…
    ///   sslmode=verify-full sslrootcert=…`, or `postgresql://…`)
    #[arg(long = "store", value_name = "KIND:WHERE", verbatim_doc_comment)]
    stores: Vec<String>,
    /// The same as --store `chroma_files:DIR`
    #[arg(long, value_name = "DIR")]
    chroma_path: Vec<String>,
    /// Where rows of the stores named here say whose they are: a key, or a path of keys with dots between them
    #[arg(long, value_name = "PATH", default_value = "user_id", value_parser = field)]
    user_field: Field,
    /// Users and stores as JSON, beside those named here: `{"users": […], "stores": [{"kind": "jsonl", "path": "data/*.jsonl"}]}`
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
    /// Only look and count; nothing is changed
    #[arg(long)]
    dry_run: bool,
    /// Where to write the report, as JSON; standard output if absent
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// The site's key, to name users in the report by their keyed hash: one line `KEY_ID:64_HEX_DIGITS`
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> Result<u8, Failure> {
    let plan = read(args)?;
    let key = args
        .key_file
        .as_deref()
        .map(|path| key::read(path).map_err(|error| Failure::file(path, error)))
        .transpose()?
        .map(|(key, _)| key);
    // Before anything is removed, so that what was done can be written down.
    let output = args
        .report
        .as_deref()
        .map(|path| Output::create(path).map_err(|error| Failure::file(path, error)))
        .transpose()?;
    let report = purge(&plan, &Options { dry_run: args.dry_run, key: key.as_ref(), clock: &now });
    say(&report, plan.users());
    let written = match output {
        Some(output) => file(&report, output),
        None => stdout(&report),
    };
    written.map_err(|error| Failure {
        code: INCOMPLETE,
        message: format!(
            "the purge has ended, but its report can't be written ({error}); run it again for one"
        ),
    })?;
    Ok(match report.outcome {
        Outcome::Done | Outcome::DryRun => DONE,
        Outcome::Partial | Outcome::DryRunPartial => INCOMPLETE,
    })
}

fn read(args: &Args) -> Result<Plan, Failure> {
    let wrong = |error: PlanError| Failure::usage(error.to_string());
    let mut stores = Vec::new();
    // Not by the parser of arguments, whose errors repeat what was typed.
    let users = args.users.iter().enumerate().map(|(index, text)| plan::user_id(index, text));
    let mut users = users.collect::<Result<Vec<_>, _>>().map_err(wrong)?;
    if let Some(path) = &args.plan {
        let text = fs::read(path).map_err(|error| Failure::file(path, error))?;
        let (more, named) = plan::read(&text).map_err(|error| Failure::file(path, error))?;
        users.extend(more);
        stores.extend(named);
    }
    if let Some(path) = &args.user_file {
        let mut text = String::new();
        let read = if path == Path::new("-") {
            io::stdin().read_to_string(&mut text)
        } else {
            fs::File::open(path).and_then(|mut file| file.read_to_string(&mut text))
        };
        read.map_err(|error| Failure::file(path, error))?;
        for (index, line) in text.lines().filter(|line| !line.is_empty()).enumerate() {
            users.push(plan::user_id(index, line).map_err(|error| Failure::file(path, error))?);
        }
    }
    let directories = args.chroma_path.iter().map(|path| format!("chroma_files:{path}"));
    for store in args.stores.iter().cloned().chain(directories) {
        let store = &store;
        stores.push(
            Store::parse(store, &args.user_field)
                .map_err(|error| Failure::usage(format!("--store {}: {error}", hidden(store, &users))))?,
        );
    }
    Plan::new(users, stores).map_err(wrong)
}

fn file(report: &Report, mut output: Output) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut output, report)?;
    output.write_all(b"\n")?;
    output.publish()
}

fn stdout(report: &Report) -> io::Result<()> {
    let mut output = io::stdout().lock();
    serde_json::to_writer_pretty(&mut output, report)?;
    output.write_all(b"\n")?;
    output.flush()
}

fn say(report: &Report, users: &[UserId]) {
    for store in &report.stores {
        let left = match store.unjudged {
            0 => String::new(),
            rows => format!(", {rows} that can't be judged stay"),
        };
        let place = format!("{}:{}", store.kind, store.place);
        messages::say(&format!("{place}: {} found, {} removed{left}", store.found, store.removed));
        for note in &store.notes {
            messages::say(&format!("{place}: {note}"));
        }
        for failure in &store.failures {
            messages::say(&format!("{}: {}", failure.place, failure.reason));
        }
    }
    let users = match users.len() {
        1 => "1 user".into(),
        users => format!("{users} users"),
    };
    messages::say(&match report.outcome {
        Outcome::Done if report.stores.iter().all(|store| store.found == 0) => {
            format!("{users} looked for, and nothing found to remove")
        }
        Outcome::Done => format!("{users} removed, and seen to be gone"),
        Outcome::DryRun => "nothing was changed (--dry-run)".into(),
        Outcome::Partial => {
            format!("NOT DONE: {users} may still be in what is named above; mend it and run this again")
        }
        Outcome::DryRunPartial => {
            "nothing was changed (--dry-run), and not everything could be looked at".into()
        }
    });
}
