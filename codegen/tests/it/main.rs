//! Tests at the boundary of the library, one module per subject.

mod diagnostics;
mod editor_schema;
mod files;
mod lowering;
mod references;
mod robustness;
mod samples;
