//! Training data obeys consent.
//!
//! In scope: whose row this is ([`scan`]). Out of scope: arguments, clocks, randomness and what is printed; those belong to
//! the faces around this crate. Rules of consent are the core's.

pub mod scan;
