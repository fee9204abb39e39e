//! Every rule of Consentry, without I/O.
//!
//! In scope: what a consent record is, what the current status of a purpose is, whether a purpose may be used, what a
//! banner does next, how an event becomes a leaf of the log. Out of scope: clocks, randomness, storage, HTTP, the DOM;
//! those belong to the faces around this crate and reach it as arguments.
//!
//! Without the feature `full` the crate holds only what a banner needs, without serde, chrono and formatting.
#![no_std]

extern crate alloc;

pub mod banner;
pub mod decision;
pub mod digits;
pub mod history;
pub mod language;
pub mod notice;
pub mod purpose;
pub mod record;
pub mod regime;
pub mod signals;
pub mod slug;
pub mod surface;
pub mod time;
pub mod words;

mod bytes;

#[cfg(feature = "full")]
pub mod checkpoint;
#[cfg(feature = "full")]
pub mod dpv;
#[cfg(feature = "full")]
pub mod erasure;
#[cfg(feature = "full")]
pub mod event;
#[cfg(feature = "full")]
pub mod evidence;
#[cfg(feature = "full")]
pub mod export;
#[cfg(feature = "full")]
pub mod gate;
#[cfg(feature = "full")]
pub mod granted;
#[cfg(feature = "full")]
pub mod handover;
#[cfg(feature = "full")]
pub mod hash;
#[cfg(feature = "full")]
pub mod jws;
#[cfg(feature = "full")]
pub mod lineage;
#[cfg(feature = "full")]
pub mod log;
#[cfg(feature = "full")]
pub mod merkle;
#[cfg(feature = "full")]
pub mod note;
#[cfg(feature = "full")]
pub mod problem;
#[cfg(feature = "full")]
pub mod proof;
#[cfg(feature = "full")]
pub mod receipt;
#[cfg(feature = "full")]
pub mod subject;
#[cfg(feature = "full")]
pub mod tile;
