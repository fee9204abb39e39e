//! A person's own page. Owns letting them in by a link that the site's backend made for them, once, and the words of the page; what
//! they do there is what a signed-in person does everywhere.

use super::event;
use crate::{
    app::App,
    auth::{Link, open_session, read_link},
    export,
    http::{Answer, Call, answer, json},
    model::{SessionInput, SessionOutput},
    platform::{DatabaseError, LimitClass, Platform},
    store::use_link,
};
use consentry::{
    event::{Actor, Kind},
    hash::Hash,
    problem::{Code, Problem},
};
use http::{HeaderValue, StatusCode, header};
use sha2::{Digest, Sha256};

pub(super) async fn session<P: Platform>(app: &App<'_, P>, call: &Call) -> Result<Answer, Problem> {
    app.count(LimitClass::Person, call.address().to_owned()).await?;
    let SessionInput { token } = call.json()?;
    let Link { site, user, id, expires_at } = read_link(app, &token).await?;
    let subject = app.site_key(&site.id).subject(&user);
    let key = Sha256::new().chain_update(site.id.as_str()).chain_update([0]).chain_update(&id).finalize();
    let opened = event(app, Kind::PrivacyOpened, &site.id, Some(subject), &Actor::User, &[]);
    let store = app.store();
    let after = vec![use_link(Hash(key.into()), expires_at)];
    match store.append(store.shard_of(&subject), vec![opened.into()], None, after).await {
        Ok(_) => {}
        Err(DatabaseError::Duplicate(_)) => {
            let detail = "this link was used already; ask the site for a new one";
            return Err(Problem::new(Code::Unauthenticated, detail));
        }
        Err(error) => return Err(app.fault(&error)),
    }
    let (session, expires_at) = open_session(app, &site.id, &user);
    let output =
        SessionOutput { session, expires_at, user_id: user.as_str().into(), site: site.id.to_string() };
    json(StatusCode::CREATED, &output)
}

pub(super) async fn words<P: Platform>(app: &App<'_, P>, call: &Call) -> Result<Answer, Problem> {
    let mut answer = answer(StatusCode::OK, "application/json", export::text(app, call).await?);
    let headers = answer.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=300"));
    headers.insert(header::VARY, HeaderValue::from_static("Accept-Language"));
    Ok(answer)
}
