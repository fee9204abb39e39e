//! Everything that is held about a person, as one file. Owns the order in which it is read and written, the form that a caller
//! wants, and the digest at its end; each form has a module. Access and the event that says who exported are the handler's.
//!
//! A history may be long and a Worker's memory is not, so an export is made as it is read by whoever takes it: a page of events at a
//! time, all of them up to the place in the log at which the export itself was recorded, of the person and of the visitors that
//! they were known to be then. If the database fails in between, the file ends without a digest.

mod csv;
pub(crate) mod entry;
mod gather;
mod html;
mod json;
mod jsonld;
mod words;

pub(crate) use gather::Named;
pub(crate) use words::{Words, text, words};

use crate::{
    app::App,
    http::Call,
    model::{AuditEntry, ExportedNotice, HistoryEntry, Page},
    platform::Platform,
    sign,
    store::{self, Of, Stored, read_events, stored},
};
use consentry::{
    dpv::Controller,
    export::{Digest, Format, TYP},
    hash::Hash,
    problem::Problem,
    slug::Slug,
    subject::Subject,
    time::Timestamp,
};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// Events that are read at a time: about a megabyte of them.
const AT_ONCE: u64 = 1000;

/// What an export is about.
#[derive(Clone, Debug)]
pub(crate) struct About {
    pub(crate) format: Format,
    pub(crate) user: String,
    pub(crate) site: Slug,
    /// The names that the log had.
    pub(crate) names: Vec<store::Named>,
    pub(crate) subject: Subject,
    /// The visitors that the person was known to be.
    pub(crate) visitors: Vec<Hash>,
    /// The place in the log up to which it goes.
    pub(crate) until: u64,
    /// When the erasure of the person's data was last asked for.
    pub(crate) erased_at: Option<Timestamp>,
    pub(crate) exported_at: Timestamp,
    /// What the site says of itself, for records of consent as linked data.
    pub(crate) controller: Controller,
    /// In the person's language, for a page to read.
    pub(crate) words: Words,
}

impl About {
    /// The name of the log.
    fn log(&self) -> &str {
        store::present(&self.names)
    }

    /// The name that the log had at a place, where that is not the present one.
    fn log_at(&self, log_index: u64) -> Option<&str> {
        Some(store::name_at(&self.names, log_index)).filter(|log| *log != self.log())
    }

    fn page(&self) -> Page {
        Page {
            user_id: self.user.clone(),
            log: self.log().into(),
            site: self.site.to_string(),
            subject: self.subject.hash,
            subject_key_id: self.subject.key_id.0,
            erased_at: self.erased_at,
            until: self.until,
            next: None,
        }
    }

    fn history(&self, stored: &Stored) -> Option<HistoryEntry> {
        entry::history_entry(stored, &self.subject.hash)
    }

    fn audit(&self, stored: &Stored) -> AuditEntry {
        entry::audit_entry(stored, &self.subject.hash, &self.names)
    }
}

/// What is written at a time.
enum Part<'a> {
    Head,
    Decisions(&'a [Stored]),
    AfterDecisions,
    /// Everything in the forms that repeat decisions here, else everything that is none.
    Events(&'a [Stored]),
    AfterEvents,
    Notices(&'a [ExportedNotice]),
    AfterNotices,
    Erasure(&'a Value),
    End,
}

/// Where an export stands.
#[derive(Clone, Copy, Debug)]
enum Step {
    Head,
    /// Decisions after this place.
    Decisions(Option<u64>),
    /// Events after this place.
    Events(Option<u64>),
    Notices,
    Erasures,
    End,
    Over,
}

/// An export that is being made.
#[derive(Clone, Debug)]
pub(crate) struct Export {
    about: About,
    step: Step,
    /// Whether nothing of the present list was written yet.
    first: bool,
    named: Named,
    before: jsonld::Before,
    hash: Sha256,
    bytes: u64,
}

impl Export {
    pub(crate) fn new(about: About) -> Self {
        Self {
            about,
            step: Step::Head,
            first: true,
            named: Named::default(),
            before: jsonld::Before::default(),
            hash: Sha256::new(),
            bytes: 0,
        }
    }

    /// The next piece; `None` after the digest.
    pub(crate) async fn next<P: Platform>(&mut self, app: &App<'_, P>) -> Result<Option<String>, Problem> {
        // A step that has nothing to say leads to the next one.
        loop {
            let piece = match self.step {
                Step::Over => return Ok(None),
                Step::End => {
                    self.step = Step::Over;
                    let end = self.write(&Part::End);
                    self.cover(&end);
                    return Ok(Some(end + &self.seal(app).await?));
                }
                _ => self.advance(app).await?,
            };
            if !piece.is_empty() {
                self.cover(&piece);
                return Ok(Some(piece));
            }
        }
    }

    async fn advance<P: Platform>(&mut self, app: &App<'_, P>) -> Result<String, Problem> {
        Ok(match self.step {
            Step::Head => {
                // A table has one record for each event, whatever it is.
                let table = self.about.format == Format::Csv;
                self.step = if table { Step::Events(None) } else { Step::Decisions(None) };
                self.write(&Part::Head)
            }
            Step::Decisions(after) => {
                let events = self.read(app, Of::Decisions, after).await?;
                if let Some(last) = events.last() {
                    self.step = Step::Decisions(Some(last.log_index));
                    self.write(&Part::Decisions(&events))
                } else {
                    self.step = Step::Events(None);
                    self.write(&Part::AfterDecisions)
                }
            }
            Step::Events(after) => {
                let of = if self.about.format == Format::Html { Of::Others } else { Of::All };
                let events = self.read(app, of, after).await?;
                if let Some(last) = events.last() {
                    self.step = Step::Events(Some(last.log_index));
                    self.write(&Part::Events(&events))
                } else {
                    self.step = Step::Notices;
                    self.write(&Part::AfterEvents)
                }
            }
            Step::Notices => {
                let notices = self.named.notices(app, &self.about.site).await?;
                if notices.is_empty() {
                    self.step = Step::Erasures;
                    self.write(&Part::AfterNotices)
                } else {
                    self.write(&Part::Notices(&notices))
                }
            }
            Step::Erasures => {
                if let Some(erasure) = self.named.erasure(app).await? {
                    self.write(&Part::Erasure(&erasure))
                } else {
                    self.step = Step::End;
                    String::new()
                }
            }
            Step::End | Step::Over => String::new(),
        })
    }

    async fn read<P: Platform>(
        &mut self,
        app: &App<'_, P>,
        of: Of,
        after: Option<u64>,
    ) -> Result<Vec<Stored>, Problem> {
        let About { subject, visitors, until, .. } = &self.about;
        let read = read_events(of, subject, visitors, after, *until, AT_ONCE);
        let shard = app.store().shard_of(subject);
        let rows = app.platform.batch(shard, vec![read]).await.map_err(|error| app.fault(&error))?;
        let events =
            stored(rows.into_iter().next().unwrap_or_default()).map_err(|error| app.fault(&error))?;
        for stored in &events {
            self.named.note(stored);
        }
        Ok(events)
    }

    fn write(&mut self, part: &Part<'_>) -> String {
        let first = std::mem::replace(
            &mut self.first,
            matches!(part, Part::Head | Part::AfterDecisions | Part::AfterEvents | Part::AfterNotices),
        );
        match self.about.format {
            Format::Json => json::write(&self.about, part, first),
            Format::Csv => csv::write(&self.about, part),
            Format::Html => html::write(&self.about, part, first),
            Format::JsonLd => jsonld::write(&self.about, part, first, &mut self.before),
        }
    }

    fn cover(&mut self, piece: &str) {
        self.hash.update(piece);
        self.bytes += piece.len() as u64;
    }

    async fn seal<P: Platform>(&self, app: &App<'_, P>) -> Result<String, Problem> {
        let sha256 = Hash(self.hash.clone().finalize().into());
        seal(app, &self.about.page(), self.about.format, self.about.exported_at, sha256, self.bytes).await
    }
}

/// A whole page of JSON with its digest.
pub(crate) async fn sealed<P: Platform>(
    app: &App<'_, P>,
    page: &Page,
    exported_at: Timestamp,
    mut json: String,
) -> Result<String, Problem> {
    json.pop();
    let (sha256, bytes) = (Hash(Sha256::digest(&json).into()), json.len() as u64);
    json.push_str(&seal(app, page, Format::Json, exported_at, sha256, bytes).await?);
    Ok(json)
}

/// The end of a file. A service without a key leaves the place empty: a person's right to their data does not wait for it.
async fn seal<P: Platform>(
    app: &App<'_, P>,
    page: &Page,
    format: Format,
    exported_at: Timestamp,
    sha256: Hash,
    bytes: u64,
) -> Result<String, Problem> {
    if app.config.log_keys.at(app.now).is_none() {
        return Ok(format.trailer(None));
    }
    let digest = Digest {
        bytes,
        exported_at,
        format,
        log: page.log.clone(),
        sha256,
        site: page.site.clone(),
        subject: page.subject,
        until: page.until,
    };
    Ok(format.trailer(Some(&sign::jws(app, TYP, &digest).await?)))
}

/// The form that a caller wants: by `format` in the query, for links, which can't say more; else by `Accept` (RFC 9110 § 12.5.1).
/// Whoever takes none of those that there are gets JSON.
pub(crate) fn wanted(call: &Call) -> Result<Format, Problem> {
    if let Some(name) = call.query("format") {
        return Format::parse(&name).ok_or_else(|| {
            Problem::field("format", "there is no such form of export")
                .allowing(Format::ALL.map(Format::as_str))
        });
    }
    let ranges = call.header("accept").unwrap_or_default().split(',').map(|range| {
        let (media_type, parameters) = range.split_once(';').unwrap_or((range, ""));
        let weight = parameters.split(';').find_map(|parameter| parameter.trim().strip_prefix("q="));
        // In thousandths, the finest that there is.
        let weight = weight.map_or(Some(1.0), |weight| weight.trim().parse::<f32>().ok()).unwrap_or_default();
        (media_type.trim().to_ascii_lowercase(), weight)
    });
    let mut best = (Format::Json, 0.0);
    for (range, weight) in ranges {
        let format = Format::ALL.into_iter().find(|format| format.media_type() == range);
        let format = format.or((range == "*/*" || range == "application/*").then_some(Format::Json));
        if let Some(format) = format.filter(|_| weight > best.1) {
            best = (format, weight);
        }
    }
    Ok(best.0)
}
