//! Training data obeys consent.
//!
//! In scope: whose row this is ([`scan`]), who granted a purpose ([`grants`], [`snapshot`], [`edge`]), what else keeps a row out
//! ([`gate`]), keeping the other rows ([`filter`]), from files to files ([`run`]), what that did ([`manifest`]), whose rows are in
//! what came out ([`kept`], [`find`]), removing people from where their data was kept (`purge`) and doing that for an edge (`agent`), and files that are either whole
//! or not there ([`output`]). Out of scope: arguments, clocks, randomness and what is printed; those belong to the faces around
//! this crate. Rules of consent are the core's.

#[cfg(all(unix, feature = "agent"))]
pub mod agent;
pub mod codec;
mod digest;
pub mod edge;
pub mod filter;
pub mod find;
pub mod gate;
pub mod grants;
mod http;
pub mod kept;
pub mod key;
pub mod manifest;
pub mod output;
#[cfg(feature = "parquet")]
pub mod parquet;
#[cfg(unix)]
mod private;
#[cfg(unix)]
pub mod purge;
pub mod run;
pub mod scan;
pub mod snapshot;
