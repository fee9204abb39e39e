//! The filter over Parquet. Owns the verdict on each row of a group, the counts and the quarantine of such rows, which holds
//! only where they are, because they have no bytes of their own; the columns are [`crate::parquet`]'s.

use std::fs::File;
use std::io::{self, Write};

use consentry::{
    gate::{Closed, Mark},
    hash::Hash,
    subject::UserId,
};

use super::quarantine;
use super::{Counts, FilterError, Options, Report, Source, Stream};
use crate::digest::Digested;
use crate::gate::Gates;
use crate::grants::{Grants, Together};
use crate::kept::{Kept, Notes};
use crate::parquet::{Copy, Fault, Table};
use crate::scan::Reason;

/// Writes the rows of users whom `grants` knows, from Parquet files of the same columns into one, group by group.
pub fn filter_parquet<W: Write + Send>(
    sources: &[Source],
    grants: &(impl Grants + ?Sized),
    output: W,
    quarantine: Option<&mut (dyn Write + Send)>,
    options: &Options,
) -> Result<(Report, W), FilterError> {
    let mut quarantine = quarantine.map(|writer| Digested::new(writer, options.digests));
    let mut output = Some(Digested::new(output, options.digests));
    let mut copy: Option<Copy<Digested<W>>> = None;
    let mut notes = options.kept.as_deref().map(Kept::notes);
    let (mut inputs, mut counts) = (Vec::new(), Counts::default());
    for source in sources {
        let failed = |fault: Fault| {
            if fault.is_output() {
                FilterError::Output(fault.into())
            } else {
                FilterError::Input { file: source.name(), error: fault.into() }
            }
        };
        let unread = |error| FilterError::Input { file: source.name(), error };
        let table = open(source).map_err(failed)?;
        if let Some(copy) = &copy {
            copy.check(&table).map_err(failed)?;
        }
        if let Some(output) = output.take() {
            copy = Some(Copy::like(&table, output).map_err(failed)?);
        }
        let mut line = 0;
        for group in 0..table.groups() {
            if options.watch.stopped() {
                return Err(FilterError::Stopped);
            }
            let verdicts = judge(&table, group, grants, options, &mut notes).map_err(failed)?;
            grants.trusted().map_err(FilterError::Consents)?;
            for verdict in &verdicts {
                line += 1;
                count(*verdict, &mut counts);
                if let Verdict::Odd(reason) = *verdict {
                    let file = source.name();
                    if options.strict {
                        return Err(FilterError::Unjudgeable { file, line, reason });
                    }
                    if let Some(writer) = &mut quarantine {
                        quarantine::write_place(writer, &file, line, reason)
                            .map_err(FilterError::Quarantine)?;
                    }
                }
            }
            let stay: Vec<bool> = verdicts.iter().map(|verdict| *verdict == Verdict::Stays).collect();
            if let Some(copy) = &mut copy {
                copy.group(&table, group, &stay).map_err(failed)?;
            }
            options.watch.add(table.bytes(group));
        }
        let (bytes, sha256) = whole(source, options).map_err(unread)?;
        inputs.push(Stream { file: source.name(), bytes, sha256 });
    }
    let mut output = match (copy, output) {
        (Some(copy), _) => copy.finish().map_err(|fault| FilterError::Output(fault.into()))?,
        (None, Some(output)) => output,
        (None, None) => return Err(FilterError::Stopped),
    };
    output.flush().map_err(FilterError::Output)?;
    if let Some(quarantine) = &mut quarantine {
        quarantine.flush().map_err(FilterError::Quarantine)?;
    }
    let set_aside = quarantine.map(|quarantine| quarantine.so_far());
    let report = Report { counts, inputs, written: output.so_far(), set_aside };
    Ok((report, output.into_inner()))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Stays,
    Refused,
    Closed(Closed),
    Odd(Reason),
}

fn judge(
    table: &Table,
    group: usize,
    grants: &(impl Grants + ?Sized),
    options: &Options,
    notes: &mut Option<Notes<'_>>,
) -> Result<Vec<Verdict>, Fault> {
    let mut verdicts = Vec::with_capacity(table.rows(group)?);
    let mut together = Together::default();
    let mut ask = |together: &mut Together<(usize, Option<Closed>)>, verdicts: &mut Vec<Verdict>| {
        together.ask(grants, |(place, closed), granted| {
            let (Some(key), Some(verdict)) = (granted, verdicts.get_mut(place)) else { return };
            *verdict = closed.map_or(Verdict::Stays, Verdict::Closed);
            if let (None, Some(notes)) = (closed, &mut *notes) {
                notes.add(key);
            }
        });
    };
    let fields = options.gates.as_ref().map_or(&[][..], Gates::fields);
    table.marked_ids(group, &options.field, fields, |id, marks| {
        verdicts.push(match id.map(UserId::parse) {
            Ok(Ok(user)) => {
                let at = |place: usize| marks.get(place).copied().unwrap_or(Mark::Unreadable);
                let closed = options.gates.as_ref().and_then(|gates| gates.closed_by(at));
                together.add(user, (verdicts.len(), closed));
                Verdict::Refused
            }
            Ok(Err(_)) => Verdict::Odd(Reason::NotAnId),
            Err(reason) => Verdict::Odd(reason),
        });
        if together.len() == TOGETHER {
            ask(&mut together, &mut verdicts);
        }
    })?;
    ask(&mut together, &mut verdicts);
    Ok(verdicts)
}

/// So many users are asked of at once.
const TOGETHER: usize = 1024;

fn count(verdict: Verdict, counts: &mut Counts) {
    counts.rows += 1;
    match verdict {
        Verdict::Stays => counts.kept += 1,
        Verdict::Refused => counts.no_consent += 1,
        Verdict::Closed(Closed::Reserved) => counts.reserved += 1,
        Verdict::Closed(Closed::Child) => counts.child += 1,
        Verdict::Odd(reason) => {
            counts.quarantined += 1;
            *counts.reasons.entry(reason.code().into()).or_default() += 1;
        }
    }
}

fn open(source: &Source) -> Result<Table, Fault> {
    let path = source.path().ok_or(Fault::NoFile)?;
    Table::open(File::open(path).map_err(|error| Fault::Read(error.into()))?)
}

/// Its length, and its digest if that is asked for: Parquet is not read from front to end, so this is a second reading.
fn whole(source: &Source, options: &Options) -> io::Result<(u64, Option<Hash>)> {
    let path = source.path().ok_or(io::ErrorKind::NotFound)?;
    let file = File::open(path)?;
    if !options.digests {
        return Ok((file.metadata()?.len(), None));
    }
    let mut file = Digested::new(file, true);
    io::copy(&mut file, &mut io::sink())?;
    Ok(file.so_far())
}
