//! Whole calls without a runtime.

mod calls;
mod vectors;
