//! What a browser is to keep once it hears what is on record of its visitor: what they decided elsewhere, such as on their own page,
//! and the erasure they asked for. Owns [`Choice::renewed`]; asking is left to the faces, and what follows from another choice to
//! [`super::State`], for which it is [`super::Event::StorageChanged`].
//!
//! A browser and the service have two clocks. So an answer that is on record is known by its own moment and has its place in the log;
//! one that isn't yet is taken as if it arrived now, because it is on its way and will count as [`History`] says.

use super::{Answer, Choice, Mark};
use crate::{
    history::{Entry, History, ends},
    purpose::Purpose,
    record::Status,
    time::Timestamp,
};
use alloc::vec::Vec;

impl<'a> Choice<'a> {
    /// The choice to keep at `now` where `record` is what is on record of the visitor, and `asked` what their page asks about and
    /// they can answer.
    ///
    /// Of each purpose that holds which comes later. A yes that this browser doesn't know counts only if it came after everything that
    /// the browser keeps: an earlier one may have been said to another version of the notice and been dropped for that.
    ///
    /// A yes that an erasure ended is a no since then, and so is silence about what is `asked`, because neither a default nor a
    /// legitimate interest speaks for somebody who had their data erased. Like a question that is recorded as left open, it counts
    /// and the person is asked again.
    #[must_use]
    pub fn renewed(&self, record: &'a History, asked: &[&'a str], now: Timestamp) -> Self {
        let asked = if record.erased_at().is_some() { asked } else { &[] };
        let mut names: Vec<&'a str> = Vec::new();
        let kept = self.answers.iter().map(|answer| answer.purpose);
        for name in
            kept.chain(record.purposes().into_iter().map(Purpose::as_str)).chain(asked.iter().copied())
        {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let known = self.answers.iter().map(|answer| moment(answer, record, now)).max();
        let answers =
            names.into_iter().filter_map(|name| self.answer_now(name, record, known, now)).collect();
        Self { notice: self.notice, answers }
    }

    /// The answer about one purpose; `known` is when the browser last kept one.
    fn answer_now(
        &self,
        name: &'a str,
        record: &'a History,
        known: Option<Timestamp>,
        now: Timestamp,
    ) -> Option<Answer<'a>> {
        let kept = self.answer(name).copied();
        let open = |at| Answer { mark: Mark::Outdated, ..Answer::new(name, Status::Revoked, at) };
        let Some(last) = last(name, kept.as_ref(), record, now) else {
            return kept.or_else(|| record.erased_at().map(open));
        };
        let since = last.effective_at();
        if ends(record.erased_at(), last.status, since) {
            return record.erased_at().map(open);
        }
        if kept.is_some_and(|kept| is(&last, &kept)) {
            return kept;
        }
        // Such a no is nobody's answer but what was left of one.
        if kept.is_some_and(|kept| kept.mark == Mark::Outdated && kept.decided_at >= since) {
            return kept;
        }
        match last.status {
            Status::Pending => Some(open(since)),
            Status::Revoked => Some(Answer::new(name, Status::Revoked, since)),
            Status::Granted if Some(since) <= known => kept,
            Status::Granted => {
                let mark = if last.over_gpc { Mark::OverGpc } else { Mark::None };
                Some(Answer { mark, ..Answer::new(name, Status::Granted, since) })
            }
        }
    }
}

/// What decides about a purpose once the kept answer has arrived.
fn last(name: &str, kept: Option<&Answer<'_>>, record: &History, now: Timestamp) -> Option<Entry> {
    let mut entries: Vec<_> = about(record, name).cloned().collect();
    let purpose = entries.first().map(|entry| entry.purpose.clone()).or_else(|| Purpose::parse(name))?;
    if let Some(kept) = kept.filter(|kept| kept.mark != Mark::Outdated && on_record(kept, record).is_none()) {
        let log_index = entries.iter().map(|entry| entry.log_index + 1).max().unwrap_or(0);
        entries.push(Entry {
            log_index,
            purpose: purpose.clone(),
            status: kept.status,
            created_at: now,
            decided_at: Some(kept.decided_at),
            over_gpc: kept.mark == Mark::OverGpc,
        });
    }
    History::new(entries).deciding(&purpose).cloned()
}

fn about<'h>(record: &'h History, name: &str) -> impl Iterator<Item = &'h Entry> {
    record.entries().iter().filter(move |entry| entry.purpose.as_str() == name)
}

/// Whether a record is that of an answer, which was sent with its moment or taken over with that of the record.
fn is(entry: &Entry, answer: &Answer<'_>) -> bool {
    entry.status == answer.status
        && (entry.decided_at == Some(answer.decided_at) || entry.effective_at() == answer.decided_at)
}

fn on_record<'h>(answer: &Answer<'_>, record: &'h History) -> Option<&'h Entry> {
    about(record, answer.purpose).find(|entry| is(entry, answer))
}

/// When an answer was given by the service's clock, as far as is known.
fn moment(answer: &Answer<'_>, record: &History, now: Timestamp) -> Timestamp {
    on_record(answer, record).map_or(answer.decided_at.min(now), Entry::effective_at)
}
