//! What a visitor's browser is to keep of their choice once they decided elsewhere. Owns reading what it keeps and giving back what
//! the core makes of it and the record ([`Choice::renewed`]); nothing is decided by it.

use super::{consent::read, cookie::Cookie};
use crate::{
    app::App,
    auth::{self, Claimed},
    http::{Answer, Call, json},
    model::{ChoiceInput, ChoiceOutput, CookieInput},
    object::Object,
    platform::Platform,
    scope::Scope,
};
use consentry::{
    banner::{Choice, Set},
    problem::Problem,
    purpose::Purpose,
};
use http::StatusCode;

/// The storage of a browser and its cookie.
const MAX_CHOICES: usize = 2;

pub(super) async fn choice<P: Platform>(app: &App<'_, P>, call: &Call) -> Result<Answer, Problem> {
    let input: ChoiceInput = call.json()?;
    let secret = auth::shown_secret(call, input.anonymous.as_ref()).map(String::from);
    let claimed = Claimed { user_id: input.user_id, anonymous: input.anonymous };
    let access = auth::authorise(app, call, claimed, Scope::ConsentRead).await?;
    let kept = kept(&input.choices)?;
    check(&input.purposes)?;
    let wanted = input.cookie.map(|Object(place)| place);
    let cookie = |choice: &Choice<'_>| {
        let wanted = wanted.as_ref().map(|place| CookieInput {
            choice: choice.to_text(),
            domain: place.domain.clone(),
            embedded: place.embedded,
        });
        let cookie = wanted.map(|wanted| Cookie::new(app, call, &access.site.id, secret.as_deref(), &wanted));
        cookie.transpose().map(Option::flatten)
    };
    // A wish that can't be met is refused before anything is read.
    cookie(&kept)?;
    let record = read(app, &access, &[]).await?;
    let asked: Vec<_> = input.purposes.iter().map(String::as_str).collect();
    let choice = kept.renewed(&record, &asked, app.now);
    let output = ChoiceOutput { user_id: access.user.as_str().into(), choice: choice.to_text() };
    let mut answer = json(StatusCode::OK, &output)?;
    // With what came later it may be too long for one; the browser then keeps it by itself.
    if let Ok(Some(cookie)) = cookie(&choice) {
        cookie.set(&mut answer);
    }
    Ok(answer)
}

/// The later of the choices that a browser keeps.
fn kept(texts: &[String]) -> Result<Choice<'_>, Problem> {
    let known = if texts.len() > MAX_CHOICES { &[] } else { texts };
    known.iter().map(|text| Choice::parse(text)).fold(None, Choice::later).ok_or_else(|| {
        let detail = "choices must hold the one or two choices that the browser keeps, as the banner does, such as \
                      1 3 analytics=granted@1795000000000";
        Problem::field("choices", detail)
    })
}

fn check(purposes: &[String]) -> Result<(), Problem> {
    if purposes.len() <= Set::MOST && purposes.iter().all(|name| Purpose::is_name(name)) {
        return Ok(());
    }
    let detail = format!("purposes must hold at most {} names of purposes, such as analytics", Set::MOST);
    Err(Problem::field("purposes", detail))
}
