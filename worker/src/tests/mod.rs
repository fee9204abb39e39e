//! Whole calls without a runtime.

mod calls;
mod decided;
mod lineage;
mod log;
mod receipts;
mod restored;
mod rows;
mod snapshots;
mod tiles;
mod vectors;
mod words;
