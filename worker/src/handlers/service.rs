//! What the service says about itself; open to everybody.

use crate::{
    app::App,
    http::{Answer, json},
    model::{GpcOutput, HealthOutput},
    platform::Platform,
};
use consentry::problem::Problem;
use http::StatusCode;

pub(super) async fn health<P: Platform>(app: &App<'_, P>) -> Result<Answer, Problem> {
    app.store().ping().await.map_err(|error| app.fault(&error))?;
    json(StatusCode::OK, &HealthOutput { status: "ok", version: env!("CARGO_PKG_VERSION") })
}

/// The GPC support resource (Global Privacy Control § 4.1).
pub(super) fn gpc_statement() -> Result<Answer, Problem> {
    json(StatusCode::OK, &GpcOutput { gpc: true, last_update: "2026-11-24" })
}
