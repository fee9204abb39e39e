//! What is held about a person: the export (GDPR Art. 15 and 20), whole in any form or as JSON in pages, and the audit trail, in
//! pages. What a whole export says is in [`crate::export`].
//!
//! Every page is pinned to the place in the log that the first one was made at, so that pages fit together although each
//! of them leaves an event of its own. What a person did as a visitor before they signed in is theirs too (`POST
//! /identity/link`) and stands among the rest.

use super::event;
use crate::{
    app::App,
    auth::{self, Access, Claimed},
    export::{
        self, About, Export, Words,
        entry::{audit_entry, history_entry},
        words,
    },
    http::{Answer, Call, answer, json},
    model::{AuditOutput, ExportOutput, Page},
    object::Object,
    platform::Platform,
    scope::Scope,
    store::{
        Named, Paging, Stored, erased_at, names, present, read_erased, read_names, read_page, read_visitors,
        stored, visitors,
    },
};
use consentry::{event::Kind, export::Format, hash::Hash, problem::Problem};
use http::{HeaderValue, StatusCode, header};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json as value};

/// Events on a page: by default and at most. A page of this size stays well under a megabyte.
const MAX_PAGE: u64 = 1000;

/// The `limit` of whoever wants no pages.
const ALL: &str = "all";

/// What a browser may do with an export that it shows: nothing but style it.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'; sandbox";

/// A page of events.
struct Read {
    page: Page,
    events: Vec<Stored>,
    /// The names that their log had.
    names: Vec<Named>,
    /// The visitors that the person turned out to be.
    visitors: Vec<Hash>,
}

pub(super) async fn export<P: Platform>(
    app: &App<'_, P>,
    call: &Call,
    user: &str,
) -> Result<Answer, Problem> {
    let access = auth::authorise(app, call, Claimed::user(user), Scope::SubjectExport).await?;
    let format = export::wanted(call)?;
    if format != Format::Json || call.query("limit").as_deref() == Some(ALL) {
        return whole(app, call, access, format).await;
    }
    let Read { page, events, names, visitors } =
        read(app, call, &access, Kind::DataExported, "/data/export/").await?;
    let mut named = export::Named::default();
    for stored in &events {
        named.note(stored);
    }
    let (mut notices, mut erasures) = (vec![], vec![]);
    loop {
        let some = named.notices(app, &access.site.id).await?;
        if some.is_empty() {
            break;
        }
        notices.extend(some);
    }
    while let Some(erasure) = named.erasure(app).await? {
        erasures.push(erasure);
    }
    let person = &access.subject.hash;
    let output = ExportOutput {
        page,
        exported_at: app.now,
        linked_visitors: visitors,
        consent_history: events.iter().filter_map(|stored| history_entry(stored, person)).collect(),
        audit_trail: events.iter().map(|stored| audit_entry(stored, person, &names)).collect(),
        notices,
        erasures,
        digest: None,
    };
    let (parts, body) = json(StatusCode::OK, &output)?.into_parts();
    let body = export::sealed(app, &output.page, output.exported_at, body).await?;
    Ok(Answer::from_parts(parts, body))
}

/// Records that everything is exported, then lets it be made by whoever writes the answer.
async fn whole<P: Platform>(
    app: &App<'_, P>,
    call: &Call,
    access: Access,
    format: Format,
) -> Result<Answer, Problem> {
    let paged = ["after", "until", "limit"]
        .into_iter()
        .find(|name| call.query(name).is_some_and(|value| *name != "limit" || value != ALL));
    if let Some(name) = paged {
        return Err(Problem::field(
            name,
            "a whole export has no pages; leave this out, or ask for pages of JSON",
        ));
    }
    let words = if format == Format::Html { words(app, call).await? } else { Words::default() };
    let controller = access.site.settings.controller.clone().filter(|_| format == Format::JsonLd);
    let Access { site, actor, user, subject, .. } = access;
    let store = app.store();
    let shard = store.shard_of(&subject);
    let fault = |error| app.fault(&error);
    let details = [("format", value!(format.as_str()))];
    let event = event(app, Kind::DataExported, &site.id, Some(subject), &actor, &details);
    let reads = vec![read_visitors(&subject), read_names(), read_erased(&subject)];
    let mut appended = store.append(shard, vec![event.into()], None, reads).await.map_err(fault)?;
    let own = appended.events.pop().map_or(0, |own| own.log_index);
    let erased_at = erased_at(appended.after.pop().unwrap_or_default()).map_err(fault)?;
    let names = names(appended.after.pop().unwrap_or_default()).map_err(fault)?;
    let joined = appended.after.pop().unwrap_or_default();
    let about = About {
        format,
        user: user.as_str().into(),
        site: site.id.clone(),
        names,
        subject,
        visitors: visitors(&subject, joined).map_err(fault)?.iter().map(|visitor| visitor.hash).collect(),
        until: own,
        erased_at,
        exported_at: app.now,
        controller: controller.map(|Object(controller)| controller).unwrap_or_default(),
        words,
    };
    let (media_type, place) = match format {
        Format::Json => ("application/json", "attachment"),
        Format::Csv => ("text/csv; charset=utf-8; header=present", "attachment"),
        Format::Html => ("text/html; charset=utf-8", "inline"),
        Format::JsonLd => ("application/ld+json", "attachment"),
    };
    let mut answer = answer(StatusCode::OK, media_type, String::new());
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::VARY, HeaderValue::from_static("Accept, Accept-Language"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    let name = format!("{place}; filename=\"{}-{}.{}\"", about.site, about.until, format.as_str());
    headers.extend(HeaderValue::from_str(&name).ok().map(|name| (header::CONTENT_DISPOSITION, name)));
    answer.extensions_mut().insert(Export::new(about));
    Ok(answer)
}

pub(super) async fn audit<P: Platform>(app: &App<'_, P>, call: &Call, user: &str) -> Result<Answer, Problem> {
    let access = auth::authorise(app, call, Claimed::user(user), Scope::AuditRead).await?;
    let Read { page, events, names, .. } = read(app, call, &access, Kind::AuditRead, "/audit/").await?;
    let audit_trail = events.iter().map(|stored| audit_entry(stored, &access.subject.hash, &names)).collect();
    let output = AuditOutput { page, audit_trail };
    json(StatusCode::OK, &output)
}

/// The page that a caller wants: of an export in the order of the log and whole, of the trail also the other way round or only some
/// kinds of events.
struct Wanted {
    paging: Paging,
    /// The place that the caller's pages are pinned to.
    pinned: Option<u64>,
    /// What the event of the read says of it.
    details: Vec<(&'static str, Value)>,
    /// What the next page's query begins with: all but the place.
    next: String,
}

fn wanted(call: &Call, read: Kind) -> Result<Wanted, Problem> {
    let limit = call.query_number("limit")?.unwrap_or(MAX_PAGE);
    if !(1..=MAX_PAGE).contains(&limit) {
        return Err(Problem::field("limit", format!("the query parameter limit must be 1 to {MAX_PAGE}")));
    }
    let trail = |name| call.query(name).filter(|_| read == Kind::AuditRead);
    let newest_first = read == Kind::AuditRead && call.query_descends()?;
    let after = call.query_number("after")?;
    let before = if newest_first { call.query_number("before")? } else { None };
    let asked = trail("kind");
    let kinds = asked.as_deref().map_or(Ok(vec![]), |names| names.split(',').map(kind).collect())?;
    let pinned = call.query_number("until")?;
    let mut details: Vec<_> = [("after", after), ("before", before), ("until", pinned)]
        .into_iter()
        .filter_map(|(name, number)| Some((name, value!(number?))))
        .collect();
    let cursor = if newest_first { "order=desc&before" } else { "after" };
    let next = match &asked {
        Some(names) => format!("kind={names}&{cursor}"),
        None => cursor.to_owned(),
    };
    details.extend(asked.map(|names| ("kind", value!(names))));
    let last = before.map(|place| place.saturating_sub(1));
    let until = [pinned, last].into_iter().flatten().min();
    Ok(Wanted { paging: Paging { newest_first, after, until, limit, kinds }, pinned, details, next })
}

fn kind(name: &str) -> Result<Kind, Problem> {
    Kind::parse(name).filter(|kind| kind.is_about_a_person()).ok_or_else(|| {
        let there_are = Kind::ALL.iter().filter(|kind| kind.is_about_a_person()).map(|kind| kind.as_str());
        Problem::field("kind", "the query parameter kind is one or more kinds of events, separated by commas")
            .allowing(there_are)
    })
}

/// A page of events, and the event that says it was read. That event comes first, so that the first page is pinned to it
/// and shows it.
async fn read<P: Platform>(
    app: &App<'_, P>,
    call: &Call,
    access: &Access,
    kind: Kind,
    path: &str,
) -> Result<Read, Problem> {
    let Wanted { mut paging, pinned, details, next } = wanted(call, kind)?;
    // One more than there is room for says whether there is another page.
    let limit = paging.limit;
    paging.limit += 1;
    let subject = access.subject;
    let store = app.store();
    let shard = store.shard_of(&subject);
    let event = event(app, kind, &access.site.id, Some(subject), &access.actor, &details);
    let fault = |error| app.fault(&error);
    let reads = vec![
        read_page(false, &subject, &paging),
        read_visitors(&subject),
        read_names(),
        read_erased(&subject),
    ];
    let mut appended = store.append(shard, vec![event.into()], None, reads).await.map_err(fault)?;
    let own = appended.events.pop().map_or(0, |own| own.log_index);
    let until = pinned.unwrap_or(own).min(own);
    let erased_at = erased_at(appended.after.pop().unwrap_or_default()).map_err(fault)?;
    let names = names(appended.after.pop().unwrap_or_default()).map_err(fault)?;
    let joined = visitors(&subject, appended.after.pop().unwrap_or_default()).map_err(fault)?;
    let mut rows = appended.after.pop().unwrap_or_default();
    if !joined.is_empty() {
        paging.until = Some(paging.until.map_or(until, |last| last.min(until)));
        let read = read_page(true, &subject, &paging);
        rows = app.platform.batch(shard, vec![read]).await.map_err(fault)?.pop().unwrap_or_default();
    }
    let mut events = stored(rows).map_err(fault)?;
    let more = events.len() as u64 > limit;
    events.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next = events.last().filter(|_| more).map(|last| {
        let user = utf8_percent_encode(access.user.as_str(), NON_ALPHANUMERIC);
        format!("{path}{user}?{next}={}&until={until}&limit={limit}", last.log_index)
    });
    let page = Page {
        user_id: access.user.as_str().into(),
        log: present(&names).into(),
        site: access.site.id.to_string(),
        subject: subject.hash,
        subject_key_id: subject.key_id.0,
        erased_at,
        until,
        next,
    };
    Ok(Read { page, events, names, visitors: joined.iter().map(|visitor| visitor.hash).collect() })
}
