//! The edge of Consentry: HTTP, access and storage around the rules of the crate `consentry`, on Cloudflare Workers and D1.
//!
//! In scope: who may call, what is stored where, which answer a call gets. Out of scope: every rule about consent, which is
//! the core's. A call goes from `workerd` (the runtime) through `respond` and `routes` to one function in `handlers`, which asks
//! `auth` for access and `store` for rows; all of it but `workerd` runs and is tested without a runtime.

#![cfg_attr(not(target_arch = "wasm32"), allow(dead_code, reason = "only the runtime calls the way in"))]

mod app;
mod auth;
mod cache;
mod cors;
mod erasure;
mod export;
mod handlers;
mod http;
mod keys;
mod lineage;
mod model;
mod object;
#[cfg(test)]
mod openapi;
mod platform;
mod respond;
mod routes;
mod scope;
mod sign;
mod site;
mod snapshot;
mod store;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod tree;
#[cfg(target_arch = "wasm32")]
mod workerd;
