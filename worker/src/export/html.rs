//! The export as a page to read and print. It holds no script and asks for nothing from anywhere; whatever came from outside is
//! escaped, and a policy of the page's own says so once more.

use super::{About, Part, entry};
use crate::{model::ExportedNotice, store::Stored};
use consentry::{
    event::Actor,
    record::{LegalBasis, Status},
    time::Timestamp,
};
use serde_json::Value;
use std::fmt::{self, Display};

/// What the pages for people look like.
const STYLE: &str = include_str!("../../../www/pages/page.css");

/// What stands in an empty section.
const NOTHING: &str = "<p>–</p>";

/// What this part of the export is.
pub(super) fn write(about: &About, part: &Part<'_>, first: bool) -> String {
    let words = &about.words;
    match part {
        Part::Head => head(about),
        Part::Decisions(events) => each(events, |stored| decision(about, stored)),
        Part::AfterDecisions => next(about, first, "history"),
        Part::Events(events) => each(events, |stored| event(about, stored)),
        Part::AfterEvents => next(about, first, "shown"),
        Part::Notices(notices) => each(notices, notice),
        Part::AfterNotices => next(about, first, "erasures"),
        Part::Erasure(value) => erasure(about, value),
        Part::End => {
            let visitors = each(&about.visitors, |visitor| format!("<li><code>{visitor}</code></li>"));
            let none = if about.visitors.is_empty() { NOTHING } else { "" };
            format!(
                "{}{visitors}</ul>{none}</section><section><h2>{}</h2>",
                next(about, first, "visitors"),
                Text(words.get("signature")),
            )
        }
    }
}

fn head(about: &About) -> String {
    let words = &about.words;
    let title = Text(words.get("export_title"));
    format!(
        "<!doctype html>\n<html lang=\"{}\" dir=\"{}\"><head><meta charset=\"utf-8\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"robots\" content=\"noindex\"><title>{title}</title><style>{STYLE}</style></head>\
         <body><header><h1>{title}</h1><p><bdi>{}</bdi> · {}</p><p class=\"small quiet\">{} · <code>{} · {}</code></p></header>\
         <main>{}{}",
        Text(words.get("language")),
        Text(words.get("direction")),
        Text(&about.user),
        time(about.exported_at),
        about.site,
        Text(about.log()),
        about.until,
        erased(about),
        section(about, "choices"),
    )
}

/// That what the person agreed to holds no longer, if they had their data erased.
fn erased(about: &About) -> String {
    about.erased_at.map_or(String::new(), |at| {
        let said = Text(about.words.get("erased_at")).to_string().replace("{date}", &time(at));
        format!("<p class=\"note\">{said}</p>")
    })
}

fn section(about: &About, title: &str) -> String {
    format!("<section><h2>{}</h2><ul class=\"list\">", Text(about.words.get(title)))
}

/// The end of a section, which says so if it is empty, and the beginning of the next.
fn next(about: &About, empty: bool, title: &str) -> String {
    let none = if empty { NOTHING } else { "" };
    format!("</ul>{none}</section>{}", section(about, title))
}

fn decision(about: &About, stored: &Stored) -> String {
    let (words, event) = (&about.words, &stored.event);
    let said = match event.status {
        Some(Status::Granted) => "event_consent_granted",
        Some(Status::Revoked) => "event_consent_revoked",
        Some(Status::Pending) | None => "event_consent_pending",
    };
    let purpose = event.purpose.as_ref().map(ToString::to_string).unwrap_or_default();
    let basis = match event.legal_basis {
        Some(LegalBasis::LegitimateInterest) => "basis_legitimate_interest",
        Some(LegalBasis::Contract) => "basis_contract",
        Some(LegalBasis::Consent) | None => "basis_consent",
    };
    let shown = event
        .notice_hash
        .map_or(String::new(), |hash| format!("<br><a href=\"#n{hash}\">{}</a>", Text(words.get("shown"))));
    format!(
        "<li><b>{}</b> · {} · {}<br><span class=\"small quiet\">{} · {}</span>{shown}{}",
        Text(words.get(said)),
        Text(words.find(&purpose).unwrap_or(&purpose.replace('_', " "))),
        time(event.decided_at.unwrap_or(event.created_at)),
        Text(words.get(basis)),
        Text(words.get(by(&event.actor))),
        evidence(about, stored),
    ) + &place(about, stored)
}

/// What was kept beside a decision.
fn evidence(about: &About, stored: &Stored) -> String {
    let words = &about.words;
    let Some(kept) = entry::kept(stored) else {
        return match entry::left(stored) {
            "redacted" => {
                format!(
                    "<br><span class=\"small quiet\">{}</span>",
                    Text(words.get("event_evidence_redacted"))
                )
            }
            _ => String::new(),
        };
    };
    let lines = [
        ("address", kept.ip_address.map(|ip| ip.to_string())),
        ("browser", kept.user_agent.clone()),
        ("country", kept.country.clone()),
        // Its name is the same in every language.
        ("Global Privacy Control", Some("1".to_owned()).filter(|_| kept.gpc)),
    ];
    let lines: String = lines
        .into_iter()
        .filter_map(|(name, text)| {
            Some(format!("<dt>{}</dt><dd><bdi>{}</bdi></dd>", Text(words.get(name)), Text(&text?)))
        })
        .collect();
    if lines.is_empty() { lines } else { format!("<dl class=\"small\">{lines}</dl>") }
}

fn event(about: &About, stored: &Stored) -> String {
    let (words, event) = (&about.words, &stored.event);
    let name = format!("event_{}", event.kind.as_str());
    format!(
        "<li>{} · {} · {}<br><span class=\"small quiet\"><bdi>{}</bdi></span>",
        Text(words.get(&name)),
        Text(words.get(by(&event.actor))),
        time(event.created_at),
        Text(&event.details),
    ) + &place(about, stored)
}

/// Where an event is in the log, and the name that the log had then if that is not the present one.
fn place(about: &About, stored: &Stored) -> String {
    let log = about.log_at(stored.log_index).map_or(String::new(), |log| format!(" · {}", Text(log)));
    format!("<br><code>{} · {}{log}</code></li>", stored.log_index, stored.leaf_hash)
}

const fn by(actor: &Actor) -> &'static str {
    match actor {
        Actor::User => "by_you",
        Actor::Key(_) | Actor::Admin => "by_site",
        Actor::System => "Consentry",
    }
}

fn notice(notice: &ExportedNotice) -> String {
    let ExportedNotice { hash, notice } = notice;
    let Some(notice) = notice else {
        return format!("<li id=\"n{hash}\"><code>{hash}</code></li>");
    };
    let texts = each(&notice.texts, |text| format!("<p>{}</p>", Text(text)));
    let purposes = each(&notice.purposes, |one| {
        format!("<dt>{}</dt><dd>{}</dd>", Text(&one.0.title), Text(&one.0.description))
    });
    let purposes = if purposes.is_empty() { purposes } else { format!("<dl>{purposes}</dl>") };
    format!(
        "<li id=\"n{hash}\"><div lang=\"{}\" dir=\"auto\">{texts}{purposes}</div><code>{} · {hash}</code></li>",
        Text(&notice.language),
        notice.version,
    )
}

/// An erasure as `GET /erasures/{id}` tells of it.
fn erasure(about: &About, erasure: &Value) -> String {
    let words = &about.words;
    let state = |value: &Value| {
        let state = format!("state_{}", value["state"].as_str().unwrap_or_default());
        Text(words.get(&state)).to_string()
    };
    let stores = erasure["stores"].as_array().map(Vec::as_slice).unwrap_or_default();
    let stores = each(stores, |store| {
        let name = store["store"].as_str().or(store["name"].as_str()).unwrap_or_default();
        format!("<dt>{}</dt><dd>{}</dd>", Text(name), state(store))
    });
    let stores = if stores.is_empty() { stores } else { format!("<dl>{stores}</dl>") };
    let dated = |name: &str, field: &str| {
        let date = erasure[field].as_str().map(|time| words.get(name).replace("{date}", &moment(time)));
        date.map_or(String::new(), |text| format!("<br>{}", Text(&text)))
    };
    format!(
        "<li><b>{}</b>{}{}{stores}<code>{}</code></li>",
        state(erasure),
        if erasure["completed_at"].is_null() { dated("due", "due_at") } else { String::new() },
        dated("horizon", "restore_horizon"),
        Text(erasure["id"].as_str().unwrap_or_default()),
    )
}

/// What is written of each, one behind the other.
fn each<T>(all: &[T], write: impl Fn(&T) -> String) -> String {
    let mut text = String::new();
    for one in all {
        text.push_str(&write(one));
    }
    text
}

/// A moment (RFC 3339) in a form that means the same everywhere.
fn moment(time: &str) -> String {
    format!("{} UTC", time.get(..16).unwrap_or(time).replace('T', " "))
}

fn time(time: Timestamp) -> String {
    format!("<time datetime=\"{time}\">{}</time>", moment(&time.to_string()))
}

/// A text inside an element or an attribute in double quotes.
struct Text<'a>(&'a str);

impl Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        while let Some(at) = rest.find(['&', '<', '>', '"', '\'']) {
            let (before, from) = rest.split_at(at);
            f.write_str(before)?;
            f.write_str(match from.as_bytes()[0] {
                b'&' => "&amp;",
                b'<' => "&lt;",
                b'>' => "&gt;",
                b'"' => "&quot;",
                _ => "&#39;",
            })?;
            rest = &from[1..];
        }
        f.write_str(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_becomes_markup() {
        let odd = "<script>alert('1')</script> & \"quoted\" ä";
        let escaped = Text(odd).to_string();
        assert_eq!(escaped, "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; &amp; &quot;quoted&quot; ä");
    }
}
