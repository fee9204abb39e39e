//! What each endpoint does, in words, with an example of every body: one function an endpoint, by resource.

mod admin;
mod consent;
mod erasure;
mod log;
mod person;
mod training;

use super::operation::Operation;
use crate::routes::Endpoint;
use serde_json::json;

/// Describes an endpoint.
pub(super) fn operation(endpoint: Endpoint) -> Operation {
    match endpoint {
        Endpoint::Grant => consent::grant(),
        Endpoint::Revoke => consent::revoke(),
        Endpoint::Decide => consent::decide(),
        Endpoint::Choice => consent::choice(),
        Endpoint::Link => consent::link(),
        Endpoint::PutNotice => consent::put_notice(),
        Endpoint::GetNotice => consent::get_notice(),
        Endpoint::Status => consent::status(),
        Endpoint::Decision => consent::decision(),
        Endpoint::Erase => erasure::request(),
        Endpoint::ListErasures => erasure::list_erasures(),
        Endpoint::Erasure => erasure::read(),
        Endpoint::DeletionReceipt => erasure::deletion_receipt(),
        Endpoint::ExtendErasure => erasure::extend_erasure(),
        Endpoint::RefuseErasure => erasure::refuse_erasure(),
        Endpoint::HoldErasure => erasure::hold_erasure(),
        Endpoint::ReleaseErasure => erasure::release_erasure(),
        Endpoint::RetryErasure => erasure::retry_erasure(),
        Endpoint::CallBack => erasure::call_back(),
        Endpoint::AgentTasks => erasure::agent_tasks(),
        Endpoint::AgentLease => erasure::agent_lease(),
        Endpoint::AgentResult => erasure::agent_result(),
        Endpoint::Export => person::export(),
        Endpoint::PrivacySession => person::privacy_session(),
        Endpoint::Words => person::words(),
        Endpoint::Audit => person::audit(),
        Endpoint::Receipt => person::receipt(),
        Endpoint::Snapshot => training::snapshot(),
        Endpoint::SnapshotChanges => training::snapshot_changes(),
        Endpoint::RegisterDataset => training::register_dataset(),
        Endpoint::RegisterVectors => training::register_vectors(),
        Endpoint::PutIndexChunk => training::put_index_chunk(),
        Endpoint::ListDatasets => training::list_datasets(),
        Endpoint::GetDataset => training::get_dataset(),
        Endpoint::PutModel => training::put_model(),
        Endpoint::Holding => training::holding(),
        Endpoint::ListSites => admin::list_sites(),
        Endpoint::GetSite => admin::get_site(),
        Endpoint::PutSite => admin::put_site(),
        Endpoint::CreateKey => admin::create_key(),
        Endpoint::RevokeKey => admin::revoke_key(),
        Endpoint::RestartLog => admin::restart_log(),
        Endpoint::Log => log::head(),
        Endpoint::LogRows => log::log_rows(),
        Endpoint::Checkpoint => log::checkpoint(),
        Endpoint::LogKey => log::log_key(),
        Endpoint::Jwks => log::jwks(),
        Endpoint::Tile => log::tile(),
        Endpoint::InclusionProof => log::inclusion_proof(),
        Endpoint::ConsistencyProof => log::consistency_proof(),
        Endpoint::Health => admin::health(),
        Endpoint::GpcStatement => admin::gpc_statement(),
    }
}

/// What an endpoint is if nothing else is said of it.
fn base() -> Operation {
    Operation {
        id: "",
        tag: "consent",
        summary: "",
        description: "",
        security: json!([{ "api_key": [] }, { "person": [] }, { "visitor": [], "visitor_site": [] }]),
        request: None,
        bytes: false,
        forms: &[],
        success: (200, "The answer"),
        again: None,
        response: None,
        query: vec![],
    }
}
