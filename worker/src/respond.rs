//! One call from end to end: route, handler, problem document, cross-origin headers.

use crate::{
    app::App,
    cors, handlers,
    http::{Answer, Call, problem},
    platform::Platform,
    routes::{self, Found},
};

/// Answers one call.
pub(crate) async fn respond<P: Platform>(app: &App<'_, P>, call: &Call) -> Answer {
    let answer = if call.method == http::Method::OPTIONS {
        Ok(cors::preflight())
    } else {
        match routes::find(&call.method, &call.path) {
            Ok(Found { endpoint, params }) => handlers::handle(app, call, endpoint, &params).await,
            Err(problem) => Err(problem),
        }
    };
    let mut answer = answer.unwrap_or_else(|error| {
        // Refused calls are counted by code and leave nothing in the log of events.
        app.platform.log(&format!("refused: {} {}", error.code.status(), error.code.as_str()));
        problem(&error)
    });
    cors::allow(app, call, &mut answer).await;
    answer
}
