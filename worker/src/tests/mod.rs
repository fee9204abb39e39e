//! Whole calls without a runtime.

mod calls;
mod log;
mod snapshots;
mod vectors;
