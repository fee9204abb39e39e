//! How everything here calls over HTTP.

use std::time::Duration;

use ureq::Agent;

/// Gives up where nothing happens for so long; sends what it has, such as a key, to no other address than it was told.
pub(crate) fn agent(patience: Duration) -> Agent {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .timeout_connect(Some(patience))
        .timeout_recv_response(Some(patience))
        .timeout_per_read(Some(patience))
        .timeout_per_write(Some(patience))
        .user_agent(concat!("consentry/", env!("CARGO_PKG_VERSION")));
    config.build().new_agent()
}
