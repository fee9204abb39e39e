//! The words of notices, so that an auditor can read exactly what a person was shown. A notice is named by the hash of its
//! canonical form, so nobody can register other words under it.

use super::event;
use crate::{
    app::App,
    auth,
    http::{Answer, Call, answer, json},
    model::{ExplainedText, NoticeText},
    object::Object,
    platform::Platform,
    scope::Scope,
    store::{FIRST, save_notice},
};
use consentry::{
    event::{Actor, Kind},
    hash::Hash,
    notice::{Explained, Notice, NoticeVersion},
    problem::{Code, Problem},
};
use http::StatusCode;
use serde_json::json as value;

/// The most notices of a site that browsers may register. A site has a few versions in some languages; whoever invents
/// notices must not fill the database, nor keep the site's own backend from registering real ones.
const MAX_NOTICES: usize = 1000;

pub(super) async fn put<P: Platform>(app: &App<'_, P>, call: &Call, hash: &str) -> Result<Answer, Problem> {
    let caller = auth::authenticate(app, call, None).await?;
    caller.has(Scope::ConsentWrite)?;
    let hash = parse(hash)?;
    let text: NoticeText = call.json()?;
    check_language("language", &text.language)?;
    if Hash(notice(&text).hash()) != hash {
        let detail = "the path does not name the hash of this notice; hash its canonical form as src/notice.rs describes it";
        return Err(Problem::field("hash", detail));
    }
    let site = caller.site.id.clone();
    let registry = app.registry().await?;
    if registry.notices.contains(&(site.clone(), hash)) {
        return json(StatusCode::OK, &text);
    }
    let full = || registry.notices.iter().filter(|(of, _)| *of == site).count() >= MAX_NOTICES;
    if caller.actor == Actor::User && full() {
        let detail = format!(
            "the site has {MAX_NOTICES} notices already; more can be registered by its backend only, with an API key"
        );
        return Err(Problem::new(Code::Forbidden, detail));
    }
    let details = [("language", value!(text.language)), ("version", value!(text.version))];
    let mut registered = event(app, Kind::NoticeRegistered, &site, None, &caller.actor, &details);
    registered.notice_hash = Some(hash);
    let save = save_notice(&site, hash, &value!(text).to_string(), app.now);
    app.store().append(FIRST, vec![registered.into()], None, vec![save]).await.map_err(|e| app.fault(&e))?;
    app.load_registry().await?;
    json(StatusCode::OK, &text)
}

pub(super) async fn get<P: Platform>(app: &App<'_, P>, call: &Call, hash: &str) -> Result<Answer, Problem> {
    let caller = auth::authenticate(app, call, None).await?;
    caller.has(Scope::AuditRead)?;
    let found = app.store().notice(&caller.site.id, parse(hash)?).await.map_err(|error| app.fault(&error))?;
    let body = found
        .ok_or_else(|| Problem::new(Code::NotFound, "the words of this notice were never registered"))?;
    Ok(answer(StatusCode::OK, "application/json", body))
}

fn parse(hash: &str) -> Result<Hash, Problem> {
    Hash::parse(hash).ok_or_else(|| {
        Problem::field("hash", "the path must name a SHA-256 in 64 lower-case hexadecimal digits")
    })
}

fn notice(text: &NoticeText) -> Notice {
    let explained = |Object(text): &Object<ExplainedText>| Explained {
        purpose: text.purpose.clone(),
        title: text.title.clone(),
        description: text.description.clone(),
        legal_basis: text.legal_basis,
    };
    Notice {
        version: NoticeVersion::new(text.version.get()).unwrap_or(NoticeVersion::FIRST),
        language: text.language.clone(),
        texts: text.texts.clone(),
        purposes: text.purposes.iter().map(explained).collect(),
    }
}

/// Whether a text has the form of a language tag (BCP 47), as far as that tells languages from mistakes.
pub(super) fn check_language(field: &str, tag: &str) -> Result<(), Problem> {
    let mut parts = tag.split('-');
    let primary = parts.next().unwrap_or_default();
    let well_formed = tag.len() <= 35
        && (2..=8).contains(&primary.len())
        && primary.bytes().all(|byte| byte.is_ascii_alphabetic())
        && parts.all(|part| {
            (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
        });
    if well_formed {
        Ok(())
    } else {
        Err(Problem::field(field, "the language must be a BCP 47 tag, such as en or pt-BR"))
    }
}
