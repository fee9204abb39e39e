//! One function an endpoint. A handler reads its input, asks for access, lets the core decide, stores and answers.

mod admin;
mod consent;
pub(crate) mod erasure;
mod once;
mod person;
mod service;

use crate::{
    app::App,
    http::{Answer, Call},
    platform::Platform,
    routes::Endpoint,
};
use consentry::{
    event::{Actor, Event, Kind},
    problem::Problem,
    slug::Slug,
    subject::Subject,
};
use serde_json::Value;
use std::collections::BTreeMap;

/// Calls the function of an endpoint. The table of routes gives each path as many segments as are taken here.
pub(crate) async fn handle<P: Platform>(
    app: &App<'_, P>,
    call: &Call,
    endpoint: Endpoint,
    params: &[String],
) -> Result<Answer, Problem> {
    let param = |index: usize| params.get(index).map(String::as_str).unwrap_or_default();
    match endpoint {
        Endpoint::Grant => consent::grant(app, call).await,
        Endpoint::Revoke => consent::revoke(app, call).await,
        Endpoint::Decide => consent::decide(app, call).await,
        Endpoint::Status => consent::status(app, call, param(0)).await,
        Endpoint::Decision => consent::decision(app, call, param(0), param(1)).await,
        Endpoint::Erase => erasure::request(app, call, param(0)).await,
        Endpoint::Erasure => erasure::read(app, call, param(0)).await,
        Endpoint::Export => person::export(app, call, param(0)).await,
        Endpoint::Audit => person::audit(app, call, param(0)).await,
        Endpoint::ListSites => admin::list_sites(app, call).await,
        Endpoint::GetSite => admin::get_site(app, call, param(0)).await,
        Endpoint::PutSite => admin::put_site(app, call, param(0)).await,
        Endpoint::CreateKey => admin::create_key(app, call, param(0)).await,
        Endpoint::RevokeKey => admin::revoke_key(app, call, param(0), param(1)).await,
        Endpoint::Health => service::health(app).await,
        Endpoint::GpcStatement => service::gpc_statement(),
    }
}

/// An event that is no consent record.
fn event<P: Platform>(
    app: &App<'_, P>,
    kind: Kind,
    site: &Slug,
    subject: Option<Subject>,
    actor: &Actor,
    details: &[(&str, Value)],
) -> Event {
    Event {
        id: app.store().new_id(),
        site: Some(site.clone()),
        kind,
        subject,
        purpose: None,
        status: None,
        legal_basis: None,
        notice_hash: None,
        created_at: app.now,
        decided_at: None,
        actor: actor.clone(),
        details: canonical(details),
        evidence_commitment: None,
    }
}

/// A JSON object in the form of RFC 8785: names in order, no white space. Values here are texts, whole numbers and objects
/// whose names `serde_json` sorts, for which `serde_json` writes that form.
fn canonical(pairs: &[(&str, Value)]) -> String {
    let sorted: BTreeMap<_, _> = pairs.iter().map(|(name, value)| (*name, value)).collect();
    serde_json::to_string(&sorted).unwrap_or_else(|_| "{}".into())
}
