//! Whole calls without a runtime.

mod calls;
mod lineage;
mod log;
mod snapshots;
mod vectors;
