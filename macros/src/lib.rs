//! Entry points of the `asyncapi!` macro; the work is `bellwire-codegen`'s.

mod expand;
mod input;
mod spec_path;

use proc_macro::TokenStream;

/// Typed routers, services and publishers straight from an AsyncAPI document: what `cargo xtask generate` writes, as
/// modules in place.
///
/// ```ignore
/// mod trading {
///     bellwire::asyncapi!("asyncapi/trading.yaml");
/// }
/// ```
///
/// The path is looked up in the package's own folder first, then in each folder above it, so the same line works for a
/// document beside `Cargo.toml` and for one shared by the workspace. A change of the document, or of a file it refers to,
/// compiles the package again.
///
/// Every mistake in the document is a compiler error of its own that names file, line, column and rule. Warnings are
/// shown by `cargo xtask generate` only.
///
/// `perspective = client` turns the directions round, for a document written from the client's side:
/// `asyncapi!("upstream.yaml", perspective = client)`.
#[proc_macro]
pub fn asyncapi(input: TokenStream) -> TokenStream {
    expand::expand(input.into()).into()
}
