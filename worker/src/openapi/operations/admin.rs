//! Sites and keys, for whoever runs the service, and what the service says of itself.

use super::base;
use crate::{
    model,
    openapi::{
        examples::{ID, key, settings, site, with},
        operation::{Operation, body},
    },
    site::Settings,
};
use serde_json::{Value, json};

/// The credentials of whoever runs the service.
fn admin() -> Value {
    json!([{ "admin": [] }])
}

pub(super) fn list_sites() -> Operation {
    Operation {
        id: "listSites",
        tag: "admin",
        summary: "All sites",
        description: "With their keys, without secrets.",
        security: admin(),
        response: body::<model::SitesOutput>(json!({ "sites": [site()] })),
        ..base()
    }
}

pub(super) fn get_site() -> Operation {
    Operation {
        id: "readSite",
        tag: "admin",
        summary: "One site",
        description: "With its keys, without secrets.",
        security: admin(),
        response: body::<model::SiteOutput>(site()),
        ..base()
    }
}

pub(super) fn put_site() -> Operation {
    Operation {
        id: "putSite",
        tag: "admin",
        summary: "Create a site or replace its settings",
        description: "Other servers of the deployment see the change within a minute.",
        security: admin(),
        request: body::<Settings>(settings()),
        response: body::<model::SiteOutput>(site()),
        ..base()
    }
}

pub(super) fn create_key() -> Operation {
    Operation {
        id: "createKey",
        tag: "admin",
        summary: "Issue an API key",
        description: "The answer is the only one that shows the key.",
        security: admin(),
        request: body::<model::KeyInput>(
            json!({ "name": "backend", "scopes": ["consent:read", "consent:write"] }),
        ),
        success: (201, "Issued"),
        response: body::<model::KeyIssued>(with(key(), &[("key", json!("ck_k1f_…"))])),
        ..base()
    }
}

pub(super) fn revoke_key() -> Operation {
    Operation {
        id: "revokeKey",
        tag: "admin",
        summary: "Withdraw an API key",
        description: "Other servers of the deployment refuse it within a minute.",
        security: admin(),
        success: (204, "Withdrawn"),
        ..base()
    }
}

pub(super) fn restart_log() -> Operation {
    Operation {
        id: "restartLog",
        tag: "admin",
        summary: "Let a log go on under another name",
        description: "For a database that was restored to an earlier state, whose log is no longer signed. The last checkpoint under \
                      the old name then names the new one, and an event `log_restarted` the old one; what was published stays \
                      readable. With `?log=1` the second database's.",
        security: admin(),
        response: body::<model::RestartedOutput>(
            json!({ "first": 120, "log": format!("consentry.example/log/0/{ID}"), "kept": 118 }),
        ),
        ..base()
    }
}

pub(super) fn health() -> Operation {
    Operation {
        id: "health",
        tag: "service",
        summary: "Whether the service works",
        description: "Asks the database too.",
        security: json!([]),
        response: body::<model::HealthOutput>(
            json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") }),
        ),
        ..base()
    }
}

pub(super) fn gpc_statement() -> Operation {
    Operation {
        id: "gpcStatement",
        tag: "service",
        summary: "That Global Privacy Control is honoured",
        description: "The GPC support resource.",
        security: json!([]),
        response: body::<model::GpcOutput>(json!({ "gpc": true, "lastUpdate": "2026-11-24" })),
        ..base()
    }
}
