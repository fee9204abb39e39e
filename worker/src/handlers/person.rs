//! What is held about a person: the export (GDPR Art. 15 and 20) and the audit trail, in pages.
//!
//! Every page is pinned to the place in the log that the first one was made at, so that pages fit together although each
//! of them leaves an event of its own. What a person did as a visitor before they signed in is theirs too (`POST
//! /identity/link`) and stands among the rest.

use super::event;
use crate::{
    app::App,
    auth::{self, Access, Claimed},
    http::{Answer, Call, json},
    model::{AuditEntry, AuditOutput, ExportOutput, HistoryEntry, Page},
    platform::Platform,
    scope::Scope,
    store::{Stored, StoredEvidence, read_page, read_visitors, stored, visitors},
};
use consentry::{
    event::Kind,
    hash::Hash,
    problem::Problem,
    record::{ConsentRecord, LegalBasis, NewRecord},
    subject::Subject,
};
use http::StatusCode;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json as value;

/// Events on a page: by default and at most. A page of this size stays well under a megabyte.
const MAX_PAGE: u64 = 1000;

pub(super) async fn export<P: Platform>(
    app: &App<'_, P>,
    call: &Call,
    user: &str,
) -> Result<Answer, Problem> {
    let access = auth::authorise(app, call, Claimed::user(user), Scope::SubjectExport).await?;
    let (page, events) = read(app, call, &access, Kind::DataExported, "/data/export/").await?;
    let output = ExportOutput {
        page,
        exported_at: app.now,
        consent_history: events.iter().filter_map(|stored| history_entry(stored, &access.subject)).collect(),
        audit_trail: events.iter().map(|stored| audit_entry(stored, &access.subject)).collect(),
    };
    json(StatusCode::OK, &output)
}

pub(super) async fn audit<P: Platform>(app: &App<'_, P>, call: &Call, user: &str) -> Result<Answer, Problem> {
    let access = auth::authorise(app, call, Claimed::user(user), Scope::AuditRead).await?;
    let (page, events) = read(app, call, &access, Kind::AuditRead, "/audit/").await?;
    let audit_trail = events.iter().map(|stored| audit_entry(stored, &access.subject)).collect();
    let output = AuditOutput { page, audit_trail };
    json(StatusCode::OK, &output)
}

/// A page of events, and the event that says it was read. That event comes first, so that the first page is pinned to it
/// and shows it.
async fn read<P: Platform>(
    app: &App<'_, P>,
    call: &Call,
    access: &Access,
    kind: Kind,
    path: &str,
) -> Result<(Page, Vec<Stored>), Problem> {
    let limit = call.query_number("limit")?.unwrap_or(MAX_PAGE);
    if !(1..=MAX_PAGE).contains(&limit) {
        return Err(Problem::field("limit", format!("the query parameter limit must be 1 to {MAX_PAGE}")));
    }
    let after = call.query_number("after")?;
    let pinned = call.query_number("until")?;
    let subject = access.subject;
    let store = app.store();
    let shard = store.shard_of(&subject);
    let details: Vec<_> = [("after", after), ("until", pinned)]
        .into_iter()
        .filter_map(|(name, number)| Some((name, value!(number?))))
        .collect();
    let event = event(app, kind, &access.site.id, Some(subject), &access.actor, &details);
    let fault = |error| app.fault(&error);
    let reads = vec![read_page(false, &subject, after, pinned, limit + 1), read_visitors(&subject)];
    let mut appended = store.append(shard, vec![event.into()], None, reads).await.map_err(fault)?;
    let own = appended.events.pop().map_or(0, |own| own.log_index);
    let until = pinned.unwrap_or(own).min(own);
    let joined = visitors(&subject, appended.after.pop().unwrap_or_default()).map_err(fault)?;
    let mut rows = appended.after.pop().unwrap_or_default();
    if !joined.is_empty() {
        let read = read_page(true, &subject, after, Some(until), limit + 1);
        rows = app.platform.batch(shard, vec![read]).await.map_err(fault)?.pop().unwrap_or_default();
    }
    let mut events = stored(rows).map_err(fault)?;
    let more = events.len() as u64 > limit;
    events.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next = events.last().filter(|_| more).map(|last| {
        let user = utf8_percent_encode(access.user.as_str(), NON_ALPHANUMERIC);
        format!("{path}{user}?after={}&until={until}&limit={limit}", last.log_index)
    });
    let page = Page {
        user_id: access.user.as_str().into(),
        log: store.origin(shard).await.map_err(fault)?,
        site: access.site.id.to_string(),
        subject: subject.hash,
        subject_key_id: subject.key_id.0,
        until,
        next,
    };
    Ok((page, events))
}

/// The subject of an event, where it is not the person whom the page is about.
fn other_subject(stored: &Stored, person: &Subject) -> Option<Hash> {
    stored.event.subject.filter(|subject| subject != person).map(|subject| subject.hash)
}

fn history_entry(stored: &Stored, person: &Subject) -> Option<HistoryEntry> {
    let event = &stored.event;
    let new = NewRecord {
        id: event.id,
        purpose: event.purpose.clone()?,
        status: event.status?,
        legal_basis: event.legal_basis.unwrap_or(LegalBasis::Consent),
        decided_at: event.decided_at,
        notice_hash: event.notice_hash,
        over_gpc: stored.over_gpc(),
    };
    let kept = match &stored.evidence {
        StoredEvidence::Kept(sealed) => Some(&sealed.evidence),
        StoredEvidence::None | StoredEvidence::Redacted => None,
    };
    Some(HistoryEntry {
        log_index: stored.log_index,
        leaf_hash: stored.leaf_hash,
        subject: other_subject(stored, person),
        record: ConsentRecord::new(new, event.created_at).ok()?,
        evidence: match &stored.evidence {
            StoredEvidence::None => "none",
            StoredEvidence::Kept(_) => "kept",
            StoredEvidence::Redacted => "redacted",
        },
        ip_address: kept.and_then(|evidence| evidence.ip_address).map(|ip| ip.to_string()),
        user_agent: kept.and_then(|evidence| evidence.user_agent.clone()),
        country: kept.and_then(|evidence| evidence.country.clone()),
        gpc: kept.map(|evidence| evidence.gpc),
    })
}

fn audit_entry(stored: &Stored, person: &Subject) -> AuditEntry {
    let event = &stored.event;
    AuditEntry {
        log_index: stored.log_index,
        leaf_hash: stored.leaf_hash,
        id: event.id,
        timestamp: event.created_at,
        action: event.kind.as_str(),
        performed_by: event.actor.to_string(),
        details: serde_json::from_str(&event.details).unwrap_or_default(),
        subject: other_subject(stored, person),
        purpose: event.purpose.as_ref().map(ToString::to_string),
        status: event.status,
        legal_basis: event.legal_basis,
        notice_hash: event.notice_hash,
        decided_at: event.decided_at,
        evidence_commitment: event.evidence_commitment,
    }
}
