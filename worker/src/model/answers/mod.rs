//! The bodies of answers. They only ever gain fields.

mod admin;
mod consent;
mod erasure;
mod log;
mod person;
mod snapshot;

pub(crate) use admin::*;
pub(crate) use consent::*;
pub(crate) use erasure::*;
pub(crate) use log::*;
pub(crate) use person::*;
pub(crate) use snapshot::*;
