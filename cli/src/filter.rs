//! `consentry filter`. Owns the order of its steps: nothing gets its name before everything is known to be good.

use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::path::{Path, PathBuf};

use consentry::time::Timestamp;
use consentry_training::filter::{Counts, FilterError, Options, Report, Source, Stream, filter};
use consentry_training::key;
use consentry_training::manifest::{Consents, Manifest};
use consentry_training::output::Output;
use consentry_training::snapshot::{Snapshot, Wanted};

use crate::args::Filter;
use crate::failure::Failure;
use crate::{DONE, NOTHING_KEPT, QUARANTINED, messages, now};

pub(crate) fn run(args: &Filter) -> Result<u8, Failure> {
    let started_at = now();
    let sources = sources(&args.inputs)?;
    apart(args)?;
    // First, so that what a killed run left is gone whatever comes of this one.
    let output = Sink::create(args.output.as_deref())?;
    let mut quarantine = args.quarantine.as_deref().map(create).transpose()?.map(BufWriter::new);
    let manifest = args.manifest.as_deref().map(create).transpose()?;
    let snapshot = open(args, started_at)?;

    let options = Options {
        field: args.user_field.clone(),
        strict: args.strict,
        compression: args.compress.map(Into::into),
        digests: manifest.is_some(),
        ..Options::default()
    };
    let set_aside = quarantine.as_mut().map(|writer| writer as &mut dyn Write);
    let to_stdout = matches!(output, Sink::Stdout(_));
    let (report, output) = match filter(&sources, &|user| snapshot.holds(user), output, set_aside, &options) {
        Err(FilterError::Output(error)) if to_stdout && error.kind() == io::ErrorKind::BrokenPipe => {
            return Ok(DONE);
        }
        done => done.map_err(|error| failure(&error))?,
    };

    if let (Some(writer), Some(path)) = (quarantine, &args.quarantine) {
        let output = writer.into_inner().map_err(|error| Failure::file(path, error.error()))?;
        output.publish().map_err(|error| Failure::file(path, error))?;
    }
    if let (Sink::File(output), Some(path)) = (output, &args.output) {
        output.publish().map_err(|error| Failure::file(path, error))?;
    }
    // Last, so that it speaks of files that are there.
    if let (Some(output), Some(path)) = (manifest, &args.manifest) {
        write(&described(args, started_at, &snapshot, &report), output)
            .map_err(|error| Failure::file(path, error))?;
    }
    messages::say(&summary(&report.counts));
    if report.counts.quarantined > 0 && args.quarantine.is_none() {
        messages::say("the quarantined rows were left out; keep them with --quarantine FILE");
    }
    Ok(match report.counts {
        Counts { quarantined: 1.., .. } => QUARANTINED,
        Counts { kept: 0, .. } => NOTHING_KEPT,
        _ => DONE,
    })
}

/// Where rows that stay are written.
enum Sink {
    File(Output),
    Stdout(io::Stdout),
}

impl Sink {
    fn create(path: Option<&Path>) -> Result<Self, Failure> {
        Ok(match path {
            Some(path) => Self::File(create(path)?),
            None => Self::Stdout(io::stdout()),
        })
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::File(output) => output.write(bytes),
            Self::Stdout(output) => output.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::File(output) => output.flush(),
            Self::Stdout(output) => output.flush(),
        }
    }
}

fn create(path: &Path) -> Result<Output, Failure> {
    Output::create(path).map_err(|error| Failure::file(path, error))
}

fn sources(inputs: &[PathBuf]) -> Result<Vec<Source>, Failure> {
    let stdin = Path::new("-");
    if inputs.is_empty() && io::stdin().is_terminal() {
        return Err(Failure::usage("name the files to read, or pipe rows into this command"));
    }
    if inputs.iter().filter(|path| *path == stdin).count() > 1 {
        return Err(Failure::usage("standard input can be read once; name `-` once"));
    }
    if let Some(missing) = inputs.iter().find(|path| *path != stdin && !path.exists()) {
        return Err(Failure::file(missing, "there is no such file"));
    }
    if inputs.is_empty() {
        return Ok(vec![Source::Stdin]);
    }
    let source = |path: &PathBuf| if path == stdin { Source::Stdin } else { Source::File(path.clone()) };
    Ok(inputs.iter().map(source).collect())
}

/// Two outputs must not be one file.
fn apart(args: &Filter) -> Result<(), Failure> {
    let mut outputs: Vec<_> =
        [&args.output, &args.quarantine, &args.manifest].into_iter().flatten().collect();
    outputs.sort();
    match outputs.windows(2).find(|pair| pair.first() == pair.last()) {
        Some(_) => {
            Err(Failure::usage("output, quarantine and manifest need a file each; give them different names"))
        }
        None => Ok(()),
    }
}

fn open(args: &Filter, now: Timestamp) -> Result<Snapshot, Failure> {
    let read = |path: &Path| key::read(path).map_err(|error| Failure::file(path, error));
    let key = args.key_file.as_deref().map(read).transpose()?.map(|(key, _)| key);
    let wanted = Wanted {
        purpose: &args.purpose,
        site: args.site.as_ref(),
        max_age_ms: args.max_age,
        now,
        key: key.as_ref(),
    };
    Snapshot::open(&args.snapshot, &wanted).map_err(|refused| Failure::consent(&args.snapshot, refused))
}

fn failure(error: &FilterError) -> Failure {
    match error {
        FilterError::Unjudgeable { .. } => Failure { code: QUARANTINED, message: error.to_string() },
        FilterError::Input { .. } | FilterError::Output(_) | FilterError::Quarantine(_) => {
            Failure::usage(error.to_string())
        }
    }
}

fn summary(counts: &Counts) -> String {
    let Counts { rows, kept, no_consent, blank, quarantined, reasons } = counts;
    let mut parts = vec![format!("{kept} kept"), format!("{no_consent} without consent")];
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

fn described(args: &Filter, started_at: Timestamp, snapshot: &Snapshot, report: &Report) -> Manifest {
    let name = |path: Option<&PathBuf>| path.map_or("-".into(), |path| path.display().to_string());
    let header = snapshot.header();
    let (bytes, sha256) = report.written;
    Manifest {
        version: env!("CARGO_PKG_VERSION").into(),
        started_at,
        ended_at: now(),
        purpose: args.purpose.clone(),
        user_field: args.user_field.to_string(),
        snapshot: Consents {
            file: args.snapshot.display().to_string(),
            digest: snapshot.digest(),
            site: header.site.clone(),
            users: header.count,
            created_at: header.created_at,
            age_ms: started_at.as_ms() - header.created_at.as_ms(),
            log_position: header.log_position,
        },
        inputs: report.inputs.clone(),
        outputs: vec![Stream { file: name(args.output.as_ref()), bytes, sha256 }],
        quarantine: report.set_aside.map(|(bytes, sha256)| Stream {
            file: name(args.quarantine.as_ref()),
            bytes,
            sha256,
        }),
        counts: report.counts.clone(),
    }
}

fn write(manifest: &Manifest, mut output: Output) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut output, manifest)?;
    output.write_all(b"\n")?;
    output.publish()
}
