//! TypeScript: the types of an API, and a client over the `bellwire` runtime.
//!
//! All decisions are made here in view structs; the templates in `templates/typescript/` only loop and print. The
//! output is what `prettier` would print, so that nothing has to run after the generator.

mod client;
mod contract;
mod docs;
mod endpoint;
mod errors;
mod expression;
mod files;
mod literal;
mod members;
mod scope;
mod shape;
mod types;
mod usage;

use self::scope::Scope;
use self::usage::Usage;
use super::OutputFile;
use crate::model::Api;

/// Settings of the TypeScript emitter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeScriptOptions {
    /// Path of the document, for the first line of every file.
    pub source: String,
}

/// The TypeScript of an API: `types/`, one contract and client per endpoint, and `index.ts`.
#[must_use]
pub fn emit_typescript(api: &Api, options: &TypeScriptOptions) -> Vec<OutputFile> {
    let header = super::header(&options.source);
    let usage = Usage::of(api);
    let scope = Scope::of(api);
    let mut files = files::types(api, &usage, &scope, &header);
    files.extend(files::clients(api, &usage, &scope, &header));
    files
}
