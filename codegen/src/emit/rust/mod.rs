//! Rust: typed routers, services and publishers over the runtime's seam.
//!
//! Each part of the model becomes a `Module`: tokens with a name and prose. [`emit_rust`] prints the tree as
//! formatted files, [`expand_rust`] as inline modules, so the macro and the files cannot drift apart. What a method
//! does is one call into the seam; nothing is computed in generated code.

mod api;
mod broadcasts;
mod defaults;
mod endpoint;
mod enums;
mod errors;
mod http;
mod literal;
mod module;
mod objects;
mod operations;
mod print;
mod prose;
mod publishers;
mod requests;
mod scope;
mod stores;
mod topics;
mod types;
mod unions;

use proc_macro2::TokenStream;
use quote::quote;

use super::OutputFile;
use super::asyncapi::{AsyncApiVersion, emit_asyncapi};
use super::docs::emit_docs;
use crate::model::{Api, Endpoint};
use module::Module;
use scope::Names;

/// What the emitter is told beside the model.
#[derive(Debug, Clone)]
pub struct RustOptions {
    /// Path of the seam: `bellwire::contract`.
    pub runtime: String,
    /// Path of the document, for the header: `asyncapi/trading.yaml`.
    pub source: String,
}

impl RustOptions {
    /// Output over the `bellwire` crate, from this document.
    #[must_use]
    pub fn new(source: impl Into<String>) -> Self {
        Self { runtime: "bellwire::contract".to_owned(), source: source.into() }
    }
}

/// Where the served documents come from: beside the files, or as text in the expansion.
pub(super) enum Documents {
    /// `include_str!` of files in the root of the output.
    Files,
    /// The text itself, for the macro.
    Inline { asyncapi: String, asyncapi_2: String, docs: String },
}

/// The files of `generated/`, formatted, in a fixed order. The documents they include (`asyncapi.json`,
/// `asyncapi-2.4.0.json`, `docs.html`) are other emitters' output and not among them.
#[must_use]
pub fn emit_rust(api: &Api, options: &RustOptions) -> Vec<OutputFile> {
    print::files(&root(api, options, &Documents::Files), options)
}

/// The same items as inline modules, with the served documents as string literals.
#[must_use]
pub fn expand_rust(api: &Api, options: &RustOptions) -> TokenStream {
    let documents = Documents::Inline {
        asyncapi: emit_asyncapi(api, AsyncApiVersion::V3_0_0),
        asyncapi_2: emit_asyncapi(api, AsyncApiVersion::V2_4_0),
        docs: emit_docs(api),
    };
    print::inline(&root(api, options, &documents), options)
}

/// What every part of the emitter is handed.
struct Context<'a> {
    api: &'a Api,
    options: &'a RustOptions,
    documents: &'a Documents,
}

/// One endpoint on its way out.
struct EndpointContext<'a> {
    all: &'a Context<'a>,
    endpoint: &'a Endpoint,
    /// First part of the names of the endpoint's own items: `Trading`.
    prefix: &'a str,
    /// How deep the endpoint's module stands below the output's root.
    depth: usize,
}

impl EndpointContext<'_> {
    /// The name of an item of the endpoint as a whole: `TradingApi`.
    fn item(&self, suffix: &str) -> syn::Ident {
        literal::ident(&format!("{}{suffix}", self.prefix))
    }
}

fn root(api: &Api, options: &RustOptions, documents: &Documents) -> Module {
    let context = Context { api, options, documents };
    let types = types::module(&context);
    let mut root = match api.endpoints.as_slice() {
        [endpoint] => {
            let context = EndpointContext { all: &context, endpoint, prefix: &api.name.rust, depth: 0 };
            endpoint_module(&context, "mod".to_owned())
        }
        endpoints => several(&context, endpoints),
    };
    root.docs = prose::api(api);
    root.allowances = true;
    root.children.push(types);
    root
}

/// With several endpoints each has a folder of its own, so that their names cannot meet.
fn several(context: &Context<'_>, endpoints: &[Endpoint]) -> Module {
    let mut root = Module::new("mod", Vec::new());
    let mut names = Names::reserving(["types", "mod", "bellwire", "rt"]);
    for endpoint in endpoints {
        let name = names.module(&endpoint.name.rust);
        let context = EndpointContext { all: context, endpoint, prefix: &endpoint.name.rust, depth: 1 };
        let mut module = endpoint_module(&context, name);
        module.public = true;
        if module.mentions_inside("types") {
            module.items.insert(
                0,
                quote!(
                    use super::types;
                ),
            );
        }
        module.docs = prose::endpoint(endpoint);
        root.children.push(module);
    }
    root
}

/// Text inside a diagnostic message, where braces mean something.
fn braced(text: &str) -> String {
    text.replace('{', "{{").replace('}', "}}")
}

/// The modules of one endpoint, and what of them is public.
fn endpoint_module(context: &EndpointContext<'_>, name: String) -> Module {
    let mut module = Module::new(name, Vec::new());
    module.children.push(api::module(context));
    module.children.push(endpoint::module(context));
    module.children.extend(publishers::module(context));
    module.children.extend(context.endpoint.topics.iter().map(|topic| topics::module(context, topic)));
    module.children.extend(requests::module(context));
    module.children.extend(broadcasts::module(context));
    module.children.extend(operations::module(context));
    module.children.extend(stores::module(context));
    module.items = module.children.iter().filter_map(Module::reexport).collect();
    module
}
