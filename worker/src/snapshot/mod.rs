//! Who granted a purpose, as the edge serves it. Owns building the object and folding the lines of the log into who is in it; its
//! bytes and whether a yes stands are the core's, the SQL is [`crate::store`]'s, who may read one the handlers'.

pub(crate) mod build;
mod lines;
mod position;

pub(crate) use build::{Built, advance};
pub(crate) use lines::{Said, add, granted};
pub(crate) use position::Position;

/// Bytes of a piece of an object, which tests make small.
pub(crate) const PIECE: usize = if cfg!(test) { 50 } else { consentry::granted::form::PIECE };
