//! Tests at the boundary of the library, one module per subject.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its own files has failed")]

mod determinism;
mod diagnostics;
mod editor_schema;
mod files;
mod golden;
mod lowering;
mod references;
mod robustness;
mod samples;
mod served;
mod yaml;
