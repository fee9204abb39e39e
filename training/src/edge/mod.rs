//! Who granted a purpose, from the edge. Owns fetching a snapshot ([`pull`]) and keeping one fresh during a long run
//! ([`Fresh`]), and telling it of data sets ([`register`]); the file of a snapshot is [`crate::snapshot`]'s.

mod api;
mod base;
mod beside;
mod fresh;
mod pull;
mod register;

#[cfg(all(unix, feature = "agent"))]
pub(crate) use api::parse_api_key;
pub use api::{Api, ApiError, read_api_key};
pub use base::Base;
pub use fresh::Fresh;
pub use pull::{Pull, PullError, Pulled, pull};
pub use register::{RegisterError, Registered, Registration, register};

use consentry::granted::Key;
use std::collections::BTreeMap;

/// What changed since a snapshot: the minute since 1970 in which a person's yes ends, nothing for those who have none. A yes stands
/// while its own is larger than the present one.
type Changes = BTreeMap<Key, Option<u32>>;
