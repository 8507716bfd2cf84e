//! Tests at the boundary of the library, one module per subject.

mod diagnostics;
mod files;
mod references;
mod samples;
