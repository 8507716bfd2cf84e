//! From one AsyncAPI document to everything that is generated from it.

pub mod diagnostics;
pub mod emit;
mod lower;
pub mod model;
mod nearest;
pub mod rules;
pub mod source;
pub mod spec;

pub use emit::OutputFile;
pub use emit::asyncapi::{AsyncApiVersion, emit_asyncapi};
pub use emit::docs::emit_docs;
pub use emit::rust::{RustOptions, emit_rust, expand_rust};

use std::io;
use std::path::Path;

/// How files are read: the library does no IO of its own.
pub trait FileReader {
    /// The text of a file; paths are the document's own path and its `$ref`s joined to it.
    ///
    /// # Errors
    /// Whatever the system says; it is shown to the document's author.
    fn read(&self, path: &Path) -> io::Result<String>;
}
