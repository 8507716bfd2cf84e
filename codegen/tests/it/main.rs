//! Tests at the boundary of the library, one module per subject.

mod files;
mod samples;
