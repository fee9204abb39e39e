//! The export as linked data (JSON-LD 1.1): what [`super::json`] writes, under a context that gives each of its names a meaning. An
//! event, the record of consent that it may be, and its receipt have the names that they have in `GET /receipts/{log_index}`; a record
//! is told in the terms of ISO/IEC TS 27560 too, beside the members of JSON.
//!
//! The context stands in the file. Names that aren't DPV's get one of this project's, so that no processor leaves any out; what was
//! said of an event stays JSON, and texts stay in order.

use super::{
    About, Part,
    json::{self, list, text},
};
use crate::store::Stored;
use consentry::{dpv, hash::Hash, purpose::Purpose, record::Status};
use std::{collections::BTreeMap, fmt::Display};

const CONTEXT: &str = include_str!("context.json");

/// What was decided last for each purpose so far, by the person and by the visitors that they were: it tells a refusal from a
/// withdrawal.
#[derive(Clone, Debug, Default)]
pub(super) struct Before(BTreeMap<(Hash, Purpose), Status>);

impl Before {
    /// What was decided before this; asked but undecided if nothing.
    fn decided(&mut self, stored: &Stored) -> Status {
        let event = &stored.event;
        let (Some(subject), Some(purpose), Some(status)) = (event.subject, &event.purpose, event.status)
        else {
            return Status::Pending;
        };
        self.0.insert((subject.hash, purpose.clone()), status).unwrap_or(Status::Pending)
    }
}

/// What this part of the export is.
pub(super) fn write(about: &About, part: &Part<'_>, first: bool, before: &mut Before) -> String {
    match part {
        Part::Head => {
            let context = CONTEXT.trim_end();
            with(&format!("\"@context\":{context},\"@type\":\"Export\""), &json::write(about, part, first))
        }
        Part::Decisions(events) => {
            list(events.iter().filter_map(|stored| record(about, stored, before.decided(stored))), first)
        }
        Part::Events(events) => {
            let event = |stored: &Stored| with(&node(stored.event.id, "Event"), &text(&about.audit(stored)));
            list(events.iter().map(event), first)
        }
        Part::Erasure(erasure) => {
            let id = erasure["id"].as_str().unwrap_or_default();
            list([with(&node(id, "Erasure"), &text(erasure))].into_iter(), first)
        }
        _ => json::write(about, part, first),
    }
}

/// A decision in both forms, and the name of its receipt.
fn record(about: &About, stored: &Stored, before: Status) -> Option<String> {
    let history = text(&about.history(stored)?);
    let record = text(&dpv::record(&about.controller, &stored.event, Some(before))?);
    let receipt = format!("\"receipt\":\"urn:uuid:{}#receipt\"", stored.event.id);
    let record = record.strip_prefix('{')?.strip_suffix('}')?;
    Some(with(record, &with(&receipt, &history)))
}

/// The members that make an object a node of its own.
fn node(id: impl Display, kind: &str) -> String {
    format!("\"@id\":\"urn:uuid:{id}\",\"@type\":\"{kind}\"")
}

/// An object, or the beginning of one, with these members before its own.
fn with(members: &str, object: &str) -> String {
    format!("{{{members},{}", object.strip_prefix('{').unwrap_or(object))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn the_context_has_the_names_of_records_and_receipts() {
        let context: Value = serde_json::from_str(CONTEXT).unwrap();
        for (name, address) in dpv::context().as_object().unwrap() {
            assert_eq!(&context[name], address, "{name}");
        }
    }
}
