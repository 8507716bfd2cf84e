//! From one AsyncAPI document to everything that is generated from it.
//!
//! [`load`] reads, checks and lowers a document to the [`model`]; each `emit_…` prints one thing from the model. The
//! library does no IO of its own: files come through a [`FileReader`] and go out as [`OutputFile`]s.

pub mod diagnostics;
pub mod emit;
mod lower;
pub mod model;
mod nearest;
pub mod rules;
pub mod source;
pub mod spec;
mod validate;

pub use diagnostics::{RenderStyle, Report};
pub use emit::OutputFile;
pub use emit::asyncapi::{AsyncApiVersion, emit_asyncapi};
pub use emit::docs::emit_docs;
pub use emit::rust::{RustOptions, emit_rust, expand_rust};
pub use emit::typescript::{TypeScriptOptions, emit_typescript};
pub use spec::shapes::editor_schema;

use std::io;
use std::path::{Path, PathBuf};

use diagnostics::Diagnostics;
use source::SourceMap;
use spec::{Document, Node, References};

/// How files are read: the library does no IO of its own.
pub trait FileReader {
    /// The text of a file; paths are the document's own path and its `$ref`s joined to it.
    ///
    /// # Errors
    /// Whatever the system says; it is shown to the document's author.
    fn read(&self, path: &Path) -> io::Result<String>;
}

/// From whose side a document is written: who `send`s and who `receive`s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Perspective {
    /// The described application is the server, as the standard has it where a server publishes its own document.
    #[default]
    Server,
    /// The described application is a client; both directions are turned round.
    Client,
}

/// How to read a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LoadOptions {
    /// From whose side it is written, where the document itself does not say so (`x-bellwire.perspective`).
    pub perspective: Perspective,
}

/// A document that was read without errors.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// What it means.
    pub api: model::Api,
    /// Warnings, with the texts they speak of.
    pub report: Report,
    /// Every file that was read, the document itself first.
    pub files: Vec<PathBuf>,
}

/// Reads a document and everything it refers to.
///
/// # Errors
/// A report of all mistakes, at least one of them an error.
pub fn load(path: &Path, reader: &dyn FileReader, options: &LoadOptions) -> Result<Loaded, Report> {
    let mut sources = SourceMap::default();
    let mut sink = Diagnostics::default();
    let Some(mut references) = References::read(path, reader, &mut sources, &mut sink) else {
        return Err(sink.into_report(sources));
    };
    // Further complaints about a document of another kind would only hide this one.
    if references.root().is_mapping() && !validate::version(references.root(), &mut sink) {
        return Err(sink.into_report(sources));
    }
    validate::structure(&references, &sources, &mut sink);
    spec::state::complete(&mut references);
    let document = Document::read(&references, &mut sink);
    validate::document(&document, &mut sink);
    let stem = path.file_stem().map_or_else(|| "api".into(), |stem| stem.to_string_lossy().into_owned());
    let api = lower::lower(&document, &stem, perspective(references.root(), options), &mut sink);
    validate::examples::check(&document, &api, &mut sink);
    let failed = sink.has_errors();
    let files = sources.paths().map(Path::to_path_buf).collect();
    let report = sink.into_report(sources);
    if failed { Err(report) } else { Ok(Loaded { api, report, files }) }
}

/// What the document says about itself counts more than what its reader supposes.
fn perspective(root: &Node, options: &LoadOptions) -> Perspective {
    match root.get("x-bellwire").and_then(|node| node.get("perspective")).and_then(Node::as_str) {
        Some("server") => Perspective::Server,
        Some("client") => Perspective::Client,
        _ => options.perspective,
    }
}
