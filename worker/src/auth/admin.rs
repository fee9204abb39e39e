//! Whoever runs the service, by the bootstrap secret.

use crate::{
    app::App,
    http::Call,
    platform::{LimitClass, Platform},
};
use consentry::problem::Problem;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Checks the bootstrap secret; a wrong one counts against the caller's address.
pub(crate) async fn authenticate_admin<P: Platform>(app: &App<'_, P>, call: &Call) -> Result<(), Problem> {
    app.count(LimitClass::Person, call.address().to_owned()).await?;
    let header = call.header("authorization").unwrap_or_default();
    let token = super::bearer(header)?;
    // Digests of equal length, so that the comparison tells nothing of the secret's own length either.
    let equal = Sha256::digest(token).ct_eq(&Sha256::digest(&app.config.admin_secret));
    if bool::from(equal) {
        Ok(())
    } else {
        Err(super::unauthenticated(
            "this needs the admin secret: 'Authorization: Bearer <CONSENTRY_ADMIN_SECRET>'",
        ))
    }
}
