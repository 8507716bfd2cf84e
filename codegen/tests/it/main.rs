//! Tests at the boundary of the library, one module per subject.

mod determinism;
mod diagnostics;
mod editor_schema;
mod files;
mod golden;
mod lowering;
mod references;
mod robustness;
mod samples;
mod yaml;
