//! One function an endpoint. A handler reads its input, asks for access, lets the core decide, stores and answers.

mod admin;
mod agent;
mod choice;
mod consent;
mod cookie;
pub(crate) mod erasure;
mod erasure_change;
mod erasure_list;
mod lineage;
mod link;
mod log;
mod notice;
mod once;
mod person;
mod privacy;
mod receipt;
mod service;
mod snapshot;
mod vectors;

use crate::{
    app::App,
    auth::Access,
    http::{Answer, Call},
    platform::Platform,
    routes::Endpoint,
};
use consentry::{
    event::{Actor, Event, Kind},
    hash::Hash,
    problem::Problem,
    record::ConsentRecord,
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
        Endpoint::Choice => choice::choice(app, call).await,
        Endpoint::Link => link::link(app, call).await,
        Endpoint::PutNotice => notice::put(app, call, param(0)).await,
        Endpoint::GetNotice => notice::get(app, call, param(0)).await,
        Endpoint::Status => consent::status(app, call, param(0)).await,
        Endpoint::Decision => consent::decision(app, call, param(0), param(1)).await,
        Endpoint::Erase => erasure::request(app, call, param(0)).await,
        Endpoint::ListErasures => erasure_list::list(app, call).await,
        Endpoint::Erasure => erasure::read(app, call, param(0)).await,
        Endpoint::DeletionReceipt => erasure::receipt(app, call, param(0)).await,
        Endpoint::ExtendErasure => erasure_change::extend(app, call, param(0)).await,
        Endpoint::RefuseErasure => erasure_change::refuse(app, call, param(0)).await,
        Endpoint::HoldErasure => erasure_change::hold(app, call, param(0)).await,
        Endpoint::ReleaseErasure => erasure_change::release(app, call, param(0)).await,
        Endpoint::RetryErasure => erasure_change::retry(app, call, param(0)).await,
        Endpoint::CallBack => erasure::call_back(app, call, param(0), param(1)).await,
        Endpoint::AgentTasks => agent::tasks(app, call).await,
        Endpoint::AgentLease => agent::lease(app, call, param(0)).await,
        Endpoint::AgentResult => agent::result(app, call, param(0)).await,
        Endpoint::Export => person::export(app, call, param(0)).await,
        Endpoint::PrivacySession => privacy::session(app, call).await,
        Endpoint::Words => privacy::words(app, call).await,
        Endpoint::Audit => person::audit(app, call, param(0)).await,
        Endpoint::Receipt => receipt::read(app, call, param(0)).await,
        Endpoint::Snapshot => snapshot::whole(app, call, param(0)).await,
        Endpoint::SnapshotChanges => snapshot::changes(app, call, param(0)).await,
        Endpoint::RegisterDataset => lineage::register(app, call).await,
        Endpoint::RegisterVectors => vectors::register(app, call).await,
        Endpoint::PutIndexChunk => lineage::put_chunk(app, call, param(0), param(1)).await,
        Endpoint::ListDatasets => lineage::list(app, call).await,
        Endpoint::GetDataset => lineage::get(app, call, param(0)).await,
        Endpoint::PutModel => lineage::put_model(app, call, param(0), param(1)).await,
        Endpoint::Holding => lineage::holding_of(app, call, param(0)).await,
        Endpoint::ListSites => admin::list_sites(app, call).await,
        Endpoint::GetSite => admin::get_site(app, call, param(0)).await,
        Endpoint::PutSite => admin::put_site(app, call, param(0)).await,
        Endpoint::CreateKey => admin::create_key(app, call, param(0)).await,
        Endpoint::RevokeKey => admin::revoke_key(app, call, param(0), param(1)).await,
        Endpoint::RestartLog => log::restart(app, call).await,
        Endpoint::LogRows => log::rows(app, call).await,
        Endpoint::Log
        | Endpoint::Checkpoint
        | Endpoint::LogKey
        | Endpoint::Tile
        | Endpoint::InclusionProof
        | Endpoint::ConsistencyProof => log::read(app, call, endpoint, param(0)).await,
        Endpoint::Jwks => log::jwks(app, call).await,
        Endpoint::Health => service::health(app).await,
        Endpoint::GpcStatement => service::gpc_statement(),
    }
}

/// An event that is no consent record.
pub(crate) fn event<P: Platform>(
    app: &App<'_, P>,
    kind: Kind,
    site: &Slug,
    subject: Option<Subject>,
    actor: &Actor,
    details: &[(&str, Value)],
) -> Event {
    debug_assert!(subject.is_none() || kind.is_about_a_person(), "people are told of {}", kind.as_str());
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

/// What the details of a consent record say of a yes over Global Privacy Control.
fn over_gpc(record: &ConsentRecord) -> Option<(&'static str, Value)> {
    record.over_gpc().then_some(("over_gpc", true.into()))
}

/// The event of a consent record.
fn consent_event(
    access: &Access,
    record: &ConsentRecord,
    details: String,
    evidence_commitment: Option<Hash>,
) -> Event {
    Event {
        id: record.id(),
        site: Some(access.site.id.clone()),
        kind: Kind::of_consent(record.status()),
        subject: Some(access.subject),
        purpose: Some(record.purpose().clone()),
        status: Some(record.status()),
        legal_basis: Some(record.legal_basis()),
        notice_hash: record.notice_hash(),
        created_at: record.created_at(),
        decided_at: record.decided_at(),
        actor: access.actor.clone(),
        details,
        evidence_commitment,
    }
}
