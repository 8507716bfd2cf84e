//! The seam: what generated code imports, and nothing else.

mod values;

pub use values::*;
