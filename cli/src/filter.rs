//! `consentry filter`. Owns what the arguments ask of the library's run, what is said of it, and the exit codes.

use std::io::{self, IsTerminal as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use consentry_training::filter::{Counts, FilterError, Options, Source};
use consentry_training::gate::Gates;
use consentry_training::grants::Witness;
use consentry_training::key;
use consentry_training::manifest::index_of;
use consentry_training::run::{Job, RunError, Target, inputs};
use consentry_training::scan::Field;
use consentry_training::snapshot::{Keying, Snapshot, Wanted};
use tempfile::TempDir;

use crate::args::Filter;
use crate::edge;
use crate::failure::Failure;
use crate::progress::Progress;
use crate::{CONSENT_UNAVAILABLE, DONE, NOTHING_KEPT, QUARANTINED, messages, now};

/// How long a run waits for a snapshot that is still being built.
const WAIT: Duration = Duration::from_mins(10);

pub(crate) fn run(args: &Filter) -> Result<u8, Failure> {
    if args.inputs.is_empty() && io::stdin().is_terminal() {
        return Err(Failure::usage("name the files to read, or pipe rows into this command"));
    }
    let job = job(args)?;
    let (inputs, watch) = (job.inputs.clone(), Arc::clone(&job.options.watch));
    let run = job.begin().map_err(|error| failure(&error))?;
    let mut folder = None;
    let witness = consents(args, &mut folder)?;
    let progress = Progress::of(&inputs, watch, args.quiet);
    let finished = run.finish(&*witness);
    drop(progress);
    let counts = match finished {
        Err(RunError::ReaderGone) => return Ok(DONE),
        done => done.map_err(|error| failure(&error))?.counts,
    };
    if !args.quiet {
        messages::say(&summary(&counts, args.policy.is_some()));
        let users = witness.consents(now()).users;
        if counts.of_nobody() && users > 0 {
            messages::say(&format!(
                "WARNING: of {} rows with a user not one is of the {users} who granted {}. If you didn't expect that, the ids in \
                 --user-field {} are others than those consent was recorded for, or the snapshot was made with another key than \
                 the site's",
                counts.no_consent, args.purpose, args.user_field
            ));
        }
        if let (Some(index), Keying::Inside(_)) =
            (args.manifest.as_deref().and_then(index_of), witness.keying())
        {
            messages::say(&format!(
                "{} is not pseudonymous, because the snapshot's key is inside: guard it like a list of users",
                index.display()
            ));
        }
        if let Some(advice) = advice(&counts, &args.user_field) {
            messages::say(&advice);
        }
        if counts.quarantined > 0 && args.quarantine.is_none() {
            messages::say("the quarantined rows were left out; keep them with --quarantine FILE");
        }
    }
    Ok(match counts {
        Counts { quarantined: 1.., .. } => QUARANTINED,
        Counts { kept: 0, .. } => NOTHING_KEPT,
        _ => DONE,
    })
}

fn job(args: &Filter) -> Result<Job, Failure> {
    let inputs = match args.inputs.as_slice() {
        [] => vec![Source::Stdin],
        names => inputs(names).map_err(|error| failure(&error))?,
    };
    let output = args.output.as_deref().map_or(Target::Stdout, Target::at);
    Ok(Job {
        quarantine: args.quarantine.clone(),
        manifest: args.manifest.clone(),
        options: Options {
            field: args.user_field.clone(),
            gates: args.policy.as_deref().map(gates).transpose()?,
            strict: args.strict,
            compression: args.compress.map(Into::into),
            ..Options::default()
        },
        ..Job::new(args.purpose.clone(), inputs, output, now)
    })
}

fn gates(policy: &Path) -> Result<Gates, Failure> {
    Gates::open(policy, now()).map_err(|error| Failure::file(policy, error))
}

/// Who granted the purpose: a file, or the edge, which is then asked for changes until the run ends. What is fetched for this run
/// alone goes with `folder`.
fn consents(args: &Filter, folder: &mut Option<TempDir>) -> Result<Box<dyn Witness>, Failure> {
    let read = |path: &Path| key::read(path).map_err(|error| Failure::file(path, error));
    let key = args.key_file.as_deref().map(read).transpose()?;
    let api = args.edge.api()?;
    let file = match (&args.snapshot, &api) {
        (Some(file), _) => file.clone(),
        (None, Some(api)) => {
            let (Some(site), Some((key, id))) = (&args.site, &key) else {
                return Err(Failure::usage(
                    "to fetch a snapshot, name the site with --site and its key with --key-file",
                ));
            };
            let made = tempfile::tempdir().map_err(|error| Failure::usage(error.to_string()))?;
            let file = made.path().join("snapshot");
            *folder = Some(made);
            edge::fetch(api, site, &args.purpose, (key, *id), &file, WAIT)?;
            file
        }
        (None, None) => {
            return Err(Failure::usage("say who granted the purpose: with --snapshot or with --api"));
        }
    };
    let wanted = Wanted {
        purpose: &args.purpose,
        site: args.site.as_ref(),
        max_age_ms: args.max_age,
        clock: now,
        key: key.as_ref().map(|(key, _)| key),
    };
    let refused = |refused| Failure::consent(&file, refused);
    let snapshot = Snapshot::open(&file, &wanted).map_err(refused)?;
    Ok(match api {
        Some(api) => Box::new(edge::keep_fresh(snapshot, api, args.refresh, args.max_age).map_err(refused)?),
        None => Box::new(snapshot),
    })
}

fn failure(error: &RunError) -> Failure {
    let code = match error {
        RunError::Filter(FilterError::Unjudgeable { .. }) => QUARANTINED,
        RunError::Filter(FilterError::Consents(_)) => CONSENT_UNAVAILABLE,
        _ => return Failure::usage(error.to_string()),
    };
    Failure { code, message: error.to_string() }
}

/// What is the matter if not one row could be judged, and all for one reason, as when another field was meant.
fn advice(counts: &Counts, field: &Field) -> Option<String> {
    let (code, rows) = counts.reasons.iter().next()?;
    if *rows != counts.quarantined || counts.rows != counts.quarantined + counts.blank {
        return None;
    }
    Some(match &**code {
        "no_id" => format!(
            "not one row has a user in {field}; say with --user-field where rows name theirs, such as meta.user_id"
        ),
        "id_not_a_string" => {
            format!(
                "not one user in {field} is text; write ids as JSON strings, in Parquet as a column of text"
            )
        }
        "not_json" => {
            "not one row is JSON; an input has one JSON object a line (plain, gzip or zstd), or is Parquet"
                .into()
        }
        _ => return None,
    })
}

fn summary(counts: &Counts, gated: bool) -> String {
    let Counts { rows, kept, no_consent, reserved, child, blank, quarantined, reasons } = counts;
    let mut parts = vec![format!("{kept} kept"), format!("{no_consent} without consent")];
    if gated {
        parts.push(format!("{reserved} reserved"));
        parts.push(format!("{child} of children"));
    }
    let reasons: Vec<String> = reasons.iter().map(|(code, n)| format!("{n} {code}")).collect();
    parts.push(match reasons.as_slice() {
        [] => "0 quarantined".into(),
        reasons => format!("{quarantined} quarantined ({})", reasons.join(", ")),
    });
    if *blank > 0 {
        parts.push(format!("{blank} blank"));
    }
    format!("{rows} rows: {}", parts.join(", "))
}
