//! Whole calls without a runtime.

mod calls;
mod snapshots;
mod vectors;
