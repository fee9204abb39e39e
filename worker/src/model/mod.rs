//! What travels: the bodies of requests and of answers.

mod answers;
mod lineage;
mod requests;

pub(crate) use answers::*;
pub(crate) use lineage::*;
pub(crate) use requests::*;
