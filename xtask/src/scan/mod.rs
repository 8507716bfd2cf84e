//! A look at source text without parsing it: what is code, where functions begin and end, what is imported.
//!
//! Deliberately not a parser: it serves budgets and import rules in two languages, and must read files that do not
//! compile yet.

mod functions;
mod imports;
mod strip;

pub(crate) use functions::functions;
pub(crate) use imports::{rust_imports, typescript_imports};
pub(crate) use strip::code_only;

/// How a file is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    Rust,
    TypeScript,
}

impl Language {
    /// By file extension; `None` for everything that is not source code.
    pub(crate) fn of(extension: &str) -> Option<Self> {
        match extension {
            "rs" => Some(Self::Rust),
            "ts" | "tsx" | "mts" | "js" | "mjs" => Some(Self::TypeScript),
            _ => None,
        }
    }
}

/// The 1-based line of a byte offset.
pub(crate) fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes()[..offset].iter().filter(|byte| **byte == b'\n').count() + 1
}
