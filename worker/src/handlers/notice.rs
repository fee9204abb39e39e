//! The words of notices, so that an auditor can read exactly what a person was shown. A notice is named by the hash of its
//! canonical form, so nobody can register other words under it.

use super::event;
use crate::{
    app::App,
    auth,
    http::{Answer, Call, answer, json},
    model::NoticeText,
    platform::Platform,
    scope::Scope,
    store::{FIRST, save_notice},
};
use consentry::{
    event::Kind,
    hash::Hash,
    notice::Notice,
    problem::{Code, Problem},
    subject::Subject,
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
    let notice = shown(call)?;
    check_language("language", &notice.language)?;
    if Hash(notice.hash()) != hash {
        let detail = "the path does not name the hash of this notice; hash its canonical form as src/notice.rs describes it";
        return Err(Problem::field("hash", detail));
    }
    let text = NoticeText::from(notice);
    let site = caller.site.id.clone();
    // Everybody's browser sends a new notice until it is known everywhere, so an old registry is not believed.
    let entry = (site.clone(), hash);
    if app.find(|registry| registry.notices.contains(&entry).then_some(())).await?.is_some() {
        return json(StatusCode::OK, &text);
    }
    if let Some(person) = caller.only() {
        let count = app.registry().await?.notices.iter().filter(|(of, _)| *of == site).count();
        let subject = app.site_key(&site).subject(person);
        may_register(app, &subject, hash, count).await?;
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

/// The notice in the body: its canonical bytes, which a browser has hashed anyway, or JSON.
fn shown(call: &Call) -> Result<Notice, Problem> {
    if call.is_announced_as("application/octet-stream") {
        Notice::parse(call.bytes()?).map_err(|error| Problem::field("body", error.to_string()))
    } else {
        call.json::<NoticeText>().map(Notice::from)
    }
}

/// Whether a person may register the notice with this hash: where they decided by it, and the site does not have too many. So
/// whoever fills the database with inventions must leave a decision in the log for each.
async fn may_register<P: Platform>(
    app: &App<'_, P>,
    person: &Subject,
    hash: Hash,
    count: usize,
) -> Result<(), Problem> {
    let refused = |detail: String| Err(Problem::new(Code::Forbidden, detail));
    if count >= MAX_NOTICES {
        return refused(format!(
            "the site has {MAX_NOTICES} notices already; more can be registered by its backend only, with an API key"
        ));
    }
    if !app.store().decided_by(person, hash).await.map_err(|error| app.fault(&error))? {
        return refused(
            "nothing is recorded of this person that names the notice; record their decision first".into(),
        );
    }
    Ok(())
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
