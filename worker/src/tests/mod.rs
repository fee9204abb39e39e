//! Whole calls without a runtime.

mod calls;
mod choice;
mod counted;
mod decided;
mod indexes;
mod lineage;
mod linked_late;
mod log;
mod operated;
mod receipts;
mod replayed;
mod restored;
mod rows;
mod snapshots;
mod tiles;
mod vectors;
mod words;
