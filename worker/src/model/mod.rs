//! What travels: the bodies of requests and of answers.

mod answers;
mod requests;

pub(crate) use answers::*;
pub(crate) use requests::*;
