//! The export as JSON, in the shape of one page (`ExportOutput`) without `next`. It is written as it is read, so decisions are read
//! before everything else a second time.

use super::{About, Part};
use crate::model::ExportHead;
use serde::Serialize;

/// What this part of the export is.
pub(super) fn write(about: &About, part: &Part<'_>, first: bool) -> String {
    match part {
        Part::Head => {
            let head = ExportHead {
                page: about.page(),
                exported_at: about.exported_at,
                linked_visitors: about.visitors.clone(),
            };
            let head = text(&head);
            format!("{},\"consent_history\":[", head.strip_suffix('}').unwrap_or(&head))
        }
        Part::Decisions(events) => {
            list(events.iter().filter_map(|stored| about.history(stored).as_ref().map(text)), first)
        }
        Part::AfterDecisions => "],\"audit_trail\":[".into(),
        Part::Events(events) => list(events.iter().map(|stored| text(&about.audit(stored))), first),
        Part::AfterEvents => "],\"notices\":[".into(),
        Part::Notices(notices) => list(notices.iter().map(text), first),
        Part::AfterNotices => "],\"erasures\":[".into(),
        Part::Erasure(erasure) => list([text(erasure)].into_iter(), first),
        Part::End => "]".into(),
    }
}

/// Members of an array, with a comma before each that isn't its first.
pub(super) fn list(members: impl Iterator<Item = String>, mut first: bool) -> String {
    let mut list = String::new();
    for member in members {
        if !first {
            list.push(',');
        }
        first = false;
        list.push_str(&member);
    }
    list
}

/// Nothing that is written here can fail to be JSON: no map has names that are no texts.
pub(super) fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
