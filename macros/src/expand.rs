//! From the macro's input to the generated items, or to one compiler error per mistake.

use std::env;
use std::path::{Path, PathBuf};

use bellwire_codegen::diagnostics::{Diagnostic, Report, Severity};
use bellwire_codegen::{LoadOptions, Loaded, RustOptions, expand_rust, load};
use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};

use crate::input::Input;
use crate::spec_path::Root;

/// The whole expansion. Errors are part of it, so that all of them are shown at once.
pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let input = match syn::parse2::<Input>(input) {
        Ok(input) => input,
        Err(error) => return error.to_compile_error(),
    };
    let document = PathBuf::from(input.path.value());
    let package = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).unwrap_or_default();
    let root = match Root::find(&package, &document) {
        Ok(root) => root,
        Err(message) => return error(input.path.span(), &message),
    };
    match load(&document, &root, &LoadOptions { perspective: input.perspective }) {
        Ok(loaded) => generated(&loaded, &root, &document),
        Err(report) => mistakes(input.path.span(), &report),
    }
}

fn generated(loaded: &Loaded, root: &Root, document: &Path) -> TokenStream {
    let options = RustOptions {
        // From the crate root, so that no module of the caller's can stand in the way.
        runtime: "::bellwire::contract".to_owned(),
        ..RustOptions::new(document.to_string_lossy())
    };
    let items = expand_rust(&loaded.api, &options);
    // Naming the files makes the compiler watch them.
    let watched = loaded.files.iter().map(|file| {
        let path = root.absolute(file).to_string_lossy().into_owned();
        quote!(
            const _: &[u8] = ::core::include_bytes!(#path);
        )
    });
    quote!(#(#watched)* #items)
}

fn mistakes(span: Span, report: &Report) -> TokenStream {
    let errors = report.diagnostics().iter().filter(|diagnostic| diagnostic.severity() == Severity::Error);
    errors.map(|diagnostic| error(span, &message(report, diagnostic))).collect()
}

/// `asyncapi/trading.yaml:12:7: unknown-reference: …`, then a line of help each.
fn message(report: &Report, diagnostic: &Diagnostic) -> String {
    let sources = report.sources();
    let at = sources.line_column(diagnostic.span.file, diagnostic.span.start);
    let file = sources.path(diagnostic.span.file).display();
    let mut text =
        format!("{file}:{}:{}: {}: {}", at.line, at.column, diagnostic.rule.id, diagnostic.message);
    for help in diagnostic.advice() {
        text.push_str("\nhelp: ");
        text.push_str(help);
    }
    text
}

fn error(span: Span, message: &str) -> TokenStream {
    quote_spanned!(span=> ::core::compile_error!(#message);)
}
