//! TypeScript: the types of an API, and a client over the `bellwire` runtime.
//!
//! All decisions are made here in view structs; the templates in `templates/typescript/` only loop and print. The
//! output is what `prettier` would print, so that nothing has to run after the generator.

mod client;
mod compact;
mod contract;
mod docs;
mod endpoint;
mod errors;
mod exports;
mod expression;
mod files;
mod http;
mod literal;
mod members;
mod messages;
mod prose;
mod scope;
mod shape;
mod types;
mod usage;

pub(super) use self::http::{function as http_function, reads_lists};
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

/// What every part of one run reads.
#[derive(Debug)]
struct Project<'a> {
    api: &'a Api,
    usage: Usage<'a>,
    scope: Scope<'a>,
    /// The first line of every file, without comment signs.
    header: String,
}

/// The TypeScript of an API: `types/`, one contract and client per endpoint, what goes over plain HTTP, and `index.ts`.
#[must_use]
pub fn emit_typescript(api: &Api, options: &TypeScriptOptions) -> Vec<OutputFile> {
    let header = super::header(&options.source);
    let project = Project { api, usage: Usage::of(api), scope: Scope::of(api), header };
    let mut files = files::types(&project);
    files.extend(files::clients(&project));
    files
}
