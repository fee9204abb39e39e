//! Who may act. Owns the three kinds of callers (a site's backend, a signed-in person, an anonymous visitor) and the one
//! place that decides what each of them reaches. Everything is refused unless a line here allows it.

mod admin;
mod api_key;
mod jwt;
mod session;

pub(crate) use admin::authenticate_admin;
pub(crate) use api_key::{hash_secret, issue, text_of};
pub(crate) use jwt::{Link, algorithm, read_link};
pub(crate) use session::open as open_session;

use crate::{
    app::App,
    http::Call,
    object::Object,
    platform::{LimitClass, Platform},
    scope::Scope,
    site::Site,
};
use consentry::{
    event::Actor,
    problem::{Code, Problem},
    purpose::Purpose,
    subject::{SiteKey, Subject, UserId, VisitorSecret},
};
use serde::Deserialize;
use std::rc::Rc;

/// How an anonymous visitor proves to be the one who made earlier decisions.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct AnonymousProof {
    /// The site's id.
    #[cfg_attr(test, schemars(schema_with = "crate::openapi::schema::slug"))]
    pub(crate) site: String,
    /// 32 random bytes that the visitor's browser made and keeps, in base64url without padding.
    #[cfg_attr(test, schemars(schema_with = "crate::openapi::schema::secret"))]
    pub(crate) secret: String,
}

/// Whom a call says it is about.
#[derive(Debug, Default)]
pub(crate) struct Claimed {
    /// A user id from path or body.
    pub(crate) user_id: Option<String>,
    /// A visitor's proof from the body.
    pub(crate) anonymous: Option<Object<AnonymousProof>>,
}

impl Claimed {
    /// The user id in a path.
    pub(crate) fn user(id: &str) -> Self {
        Self { user_id: Some(id.into()), anonymous: None }
    }
}

/// A caller and the person the call is about; that there is one means that the call is allowed.
#[derive(Debug)]
pub(crate) struct Access {
    pub(crate) site: Rc<Site>,
    pub(crate) key: SiteKey,
    pub(crate) actor: Actor,
    pub(crate) user: UserId,
    pub(crate) subject: Subject,
}

impl Access {
    /// A purpose by its name, if the site has it.
    pub(crate) fn purpose(&self, field: &str, name: &str) -> Result<Purpose, Problem> {
        self.site.purpose(field, name)
    }
}

/// Who is calling, before it is known about whom.
pub(crate) struct Caller {
    pub(crate) site: Rc<Site>,
    pub(crate) actor: Actor,
    reach: Reach,
}

enum Reach {
    /// Everybody of the site, within these scopes.
    Scopes(Vec<Scope>),
    /// One person, everything.
    Person(UserId),
}

impl Caller {
    pub(super) fn backend(site: Rc<Site>, actor: Actor, scopes: Vec<Scope>) -> Self {
        Self { site, actor, reach: Reach::Scopes(scopes) }
    }

    pub(super) fn person(site: Rc<Site>, user: UserId) -> Self {
        Self { site, actor: Actor::User, reach: Reach::Person(user) }
    }

    /// Whether the caller has the scope; a person has every scope over themself.
    pub(crate) fn has(&self, scope: Scope) -> Result<(), Problem> {
        match &self.reach {
            Reach::Scopes(scopes) if !scopes.contains(&scope) => Err(Problem::new(
                Code::Forbidden,
                format!("this API key lacks the scope {scope}; use a key that has it"),
            )),
            _ => Ok(()),
        }
    }

    /// The one person whom the caller reaches, if it is one.
    pub(crate) fn only(&self) -> Option<&UserId> {
        match &self.reach {
            Reach::Scopes(_) => None,
            Reach::Person(user) => Some(user),
        }
    }

    fn reaches(&self, claimed: Option<&str>) -> Result<UserId, Problem> {
        let claimed = claimed
            .map(|id| {
                UserId::parse(id).map_err(|error| Problem::field("user_id", format!("user_id {error}")))
            })
            .transpose()?;
        match (&self.reach, claimed) {
            (Reach::Scopes(_), Some(user)) => Ok(user),
            (Reach::Scopes(_), None) => {
                Err(Problem::field("user_id", "user_id is missing; say whom the decision belongs to"))
            }
            (Reach::Person(person), None) => Ok(person.clone()),
            (Reach::Person(person), Some(user)) if user == *person => Ok(user),
            (Reach::Person(_), Some(_)) => Err(Problem::new(
                Code::Forbidden,
                "these credentials belong to another person; a person's credentials reach that person only",
            )),
        }
    }
}

/// Decides whether the call is allowed, and counts it against the caller's limit.
pub(crate) async fn authorise<P: Platform>(
    app: &App<'_, P>,
    call: &Call,
    claimed: Claimed,
    scope: Scope,
) -> Result<Access, Problem> {
    let caller = authenticate(app, call, claimed.anonymous.map(|Object(proof)| proof)).await?;
    caller.has(scope)?;
    let user = caller.reaches(claimed.user_id.as_deref())?;
    let key = app.site_key(&caller.site.id);
    let subject = key.subject(&user);
    Ok(Access { site: caller.site, key, actor: caller.actor, user, subject })
}

/// A site's backend, for what is about everybody of the site.
pub(crate) async fn backend<P: Platform>(
    app: &App<'_, P>,
    call: &Call,
    scope: Scope,
) -> Result<Caller, Problem> {
    let caller = authenticate(app, call, None).await?;
    if caller.only().is_some() {
        return Err(Problem::new(
            Code::Forbidden,
            format!("this is about everybody; only a site's API key with the scope {scope} reaches it"),
        ));
    }
    caller.has(scope)?;
    Ok(caller)
}

/// Finds out who is calling, from the `Authorization` header or a visitor's secret, and counts the call.
pub(crate) async fn authenticate<P: Platform>(
    app: &App<'_, P>,
    call: &Call,
    proof: Option<AnonymousProof>,
) -> Result<Caller, Problem> {
    let caller = identify(app, call, proof).await;
    let (class, name) = match &caller {
        Ok(Caller { actor: Actor::Key(id), .. }) => (LimitClass::Key, id.to_string()),
        Ok(Caller { site, reach: Reach::Person(user), .. }) if !user.is_anonymous() => {
            (LimitClass::Person, app.site_key(&site.id).subject(user).hash.to_string())
        }
        // A visitor makes as many secrets as they like and a refused caller as many guesses, so the address counts.
        _ => (LimitClass::Person, call.address().to_owned()),
    };
    app.count(class, name).await?;
    caller
}

async fn identify<P: Platform>(
    app: &App<'_, P>,
    call: &Call,
    proof: Option<AnonymousProof>,
) -> Result<Caller, Problem> {
    match (call.header("authorization"), proof.or_else(|| proof_in_headers(call))) {
        (Some(_), Some(_)) => Err(Problem::new(
            Code::MalformedRequest,
            "the call shows two credentials; send either an Authorization header or a visitor's secret",
        )),
        (Some(header), None) => match bearer(header)? {
            token if token.starts_with(api_key::PREFIX) => api_key::identify(app, token).await,
            token if token.starts_with(session::PREFIX) => session::identify(app, token).await,
            token => jwt::identify(app, token).await,
        },
        (None, Some(proof)) => visitor(app, call, &proof).await,
        (None, None) => Err(unauthenticated(
            "send an API key or a person's token as 'Authorization: Bearer …', or a visitor's secret",
        )),
    }
}

/// The visitor's secret that a call shows, in its body or else in its headers. What it is worth, [`authorise`] says.
pub(crate) fn shown_secret<'a>(call: &'a Call, proof: Option<&'a Object<AnonymousProof>>) -> Option<&'a str> {
    proof.map(|Object(proof)| proof.secret.as_str()).or_else(|| call.header("consentry-secret"))
}

fn proof_in_headers(call: &Call) -> Option<AnonymousProof> {
    let secret = call.header("consentry-secret")?.to_owned();
    Some(AnonymousProof { site: call.header("consentry-site").unwrap_or_default().into(), secret })
}

/// The token of a `Bearer` header (RFC 6750 § 2.1).
fn bearer(header: &str) -> Result<&str, Problem> {
    header
        .split_once(' ')
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
        .ok_or_else(|| unauthenticated("the Authorization header must be 'Bearer' and a token"))
}

async fn visitor<P: Platform>(
    app: &App<'_, P>,
    call: &Call,
    proof: &AnonymousProof,
) -> Result<Caller, Problem> {
    let secret = VisitorSecret::parse(&proof.secret).ok_or_else(|| {
        unauthenticated("a visitor's secret is 32 random bytes in base64url without padding (43 characters)")
    })?;
    let site = app.find(|registry| registry.site(&proof.site)).await?.ok_or_else(|| {
        unauthenticated("there is no such site; check data-site or the header Consentry-Site")
    })?;
    match call.header("origin") {
        Some(origin) if site.allows_origin(origin) => {}
        // The service's own pages, such as the person's own.
        Some(origin) if is_own(call, origin) => {}
        // Browsers leave Origin out of reads from the same origin, and only of those.
        None if call.method == http::Method::GET => {}
        _ => {
            return Err(Problem::new(
                Code::Forbidden,
                "this origin is not one of the site's; add it to the site's origins",
            ));
        }
    }
    Ok(Caller::person(site, UserId::of_visitor(&secret)))
}

/// The token of a call that is about one task and nobody's credential; whether it is the right one is the task's to say. Every such
/// call counts against the address.
pub(crate) async fn one_task_token<P: Platform>(app: &App<'_, P>, call: &Call) -> Result<String, Problem> {
    app.count(LimitClass::Person, call.address().to_owned()).await?;
    bearer(call.header("authorization").unwrap_or_default()).map(Into::into)
}

/// Whether an origin is the one that is called. A browser lets no page change either header.
fn is_own(call: &Call, origin: &str) -> bool {
    let host = origin.split_once("://").map(|(_, host)| host);
    host.is_some() && host == call.header("host")
}

fn unauthenticated(detail: &str) -> Problem {
    Problem::new(Code::Unauthenticated, detail)
}
