//! Which pages may read an answer (Fetch standard, "CORS protocol"): those on the exact origins that sites have registered.
//! Never `*`; who may act is decided by credentials in [`crate::auth`], not here. Cookies come along only with the two calls for whose
//! answers the browser may be given one; they authorise nothing.

use crate::{
    app::App,
    http::{Answer, Call, answer},
    platform::Platform,
    routes::Endpoint,
};
use http::{HeaderValue, StatusCode, header};

/// The answer to a preflight request, before the origin is looked at.
pub(crate) fn preflight() -> Answer {
    answer(StatusCode::NO_CONTENT, "text/plain", String::new())
}

/// Adds the headers that let a registered origin read the answer.
pub(crate) async fn allow<P: Platform>(app: &App<'_, P>, call: &Call, answer: &mut Answer) {
    let headers = answer.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    let Some(origin) = call.header("origin") else { return };
    if !matches!(app.find(|registry| registry.allows_origin(origin).then_some(())).await, Ok(Some(()))) {
        return;
    }
    let Ok(origin) = HeaderValue::from_str(origin) else { return };
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    if [Endpoint::Decide, Endpoint::Choice].iter().any(|endpoint| call.path == endpoint.path()) {
        // The preflight names no site, so this is for the origins of all; the cookie itself is for those of its own.
        headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    }
    headers.insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("Retry-After, Idempotent-Replayed"),
    );
    if call.method == http::Method::OPTIONS {
        headers
            .insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, PUT, DELETE"));
        headers.insert(
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            HeaderValue::from_static(
                "Authorization, Content-Type, Idempotency-Key, Consentry-Site, Consentry-Secret",
            ),
        );
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("7200"));
    }
}
