//! From modules to files or to one stream of tokens.

use proc_macro2::TokenStream;
use quote::quote;

use super::literal::ident;
use super::module::Module;
use super::scope::IMPORTED;
use super::{RustOptions, prose};
use crate::emit::{OutputFile, header};

/// The name under which every file imports the seam.
const RT: &str = "rt";

/// Lints the output as a whole is exempt from, and why.
fn allowances() -> TokenStream {
    quote! {
        dead_code,
        non_camel_case_types,
        non_snake_case,
        unreachable_pub,
        unused_imports,
        clippy::doc_lazy_continuation,
        clippy::doc_overindented_list_items,
        clippy::enum_variant_names,
        clippy::large_enum_variant,
        clippy::too_many_lines,
        clippy::upper_case_acronyms,
        clippy::wrong_self_convention,
        reason = "the document decides what there is and what it is called; an app need not use all of it"
    }
}

/// The tree as formatted files.
pub(super) fn files(root: &Module, options: &RustOptions) -> Vec<OutputFile> {
    let mut files = Vec::new();
    file(root, "", options, &mut files);
    files
}

fn file(module: &Module, folder: &str, options: &RustOptions, files: &mut Vec<OutputFile>) {
    let is_folder = !module.children.is_empty() || module.name == "mod";
    let inside = match (is_folder, module.name.as_str()) {
        (true, "mod") => folder.to_owned(),
        _ => format!("{folder}{}/", module.name),
    };
    let path = if is_folder { format!("{inside}mod.rs") } else { format!("{folder}{}.rs", module.name) };
    files.push(OutputFile::new(path, contents(module, options)));
    for child in &module.children {
        file(child, &inside, options, files);
    }
}

/// How many lines the module's own file would have.
pub(super) fn lines(module: &Module, options: &RustOptions) -> usize {
    contents(module, options).lines().count()
}

fn contents(module: &Module, options: &RustOptions) -> String {
    let docs = prose::inner(&module.docs);
    let lints = allowances();
    let lints = module.allowances.then(|| quote!(#![allow(#lints)]));
    let children = declarations(&module.children);
    let mut text = format!("// {}\n", header(&options.source));
    let parts = [quote!(#docs #lints), children, std_imports(module), imports(module, options)];
    for part in parts.iter().chain(&module.items) {
        append(&mut text, &format(part));
    }
    text
}

/// Appends one formatted part, a blank line before it except between lines of imports.
fn append(text: &mut String, part: &str) {
    if part.is_empty() {
        return;
    }
    let last = text.lines().next_back().unwrap_or_default();
    let after_header = text.lines().count() == 1 && part.starts_with("//!");
    let first = part.lines().next().unwrap_or_default();
    let is_std = |line: &str| line.starts_with("use std::");
    let in_use_group = ["use ", "pub use "]
        .iter()
        .any(|import| first.starts_with(import) && (last.starts_with(import) || last == "};"))
        && is_std(first) == is_std(last);
    if !after_header && !in_use_group {
        text.push('\n');
    }
    text.push_str(part);
}

fn declarations(children: &[Module]) -> TokenStream {
    let mut private: Vec<_> =
        children.iter().filter(|child| !child.public).map(|child| &child.name).collect();
    private.sort();
    let private = private.into_iter().map(|name| ident(name));
    let public = children.iter().filter(|child| child.public).map(|child| ident(&child.name));
    quote!(#(mod #private;)* #(pub mod #public;)*)
}

/// What a module needs of the standard library beyond the prelude.
fn std_imports(module: &Module) -> TokenStream {
    let paths = IMPORTED
        .iter()
        .filter(|(name, _)| module.mentions(name) && !module.owns(name))
        .filter_map(|(_, path)| syn::parse_str::<syn::Path>(path.trim_start_matches(':')).ok());
    quote!(#(use #paths;)*)
}

/// What a module needs of its surroundings, found by looking at its items.
fn imports(module: &Module, options: &RustOptions) -> TokenStream {
    let runtime: syn::Path = match syn::parse_str(&options.runtime) {
        Ok(path) => path,
        Err(_) => syn::parse_quote!(bellwire::contract),
    };
    let rt = module.mentions(RT).then(|| quote!(use #runtime as rt;));
    let types = (!module.allowances && module.mentions("types") && !imports_types(module)).then(|| {
        quote!(
            use super::types;
        )
    });
    quote!(#rt #types)
}

fn imports_types(module: &Module) -> bool {
    module.items.first().is_some_and(|item| {
        item.to_string()
            == quote!(
                use super::types;
            )
            .to_string()
    })
}

fn format(tokens: &TokenStream) -> String {
    if tokens.is_empty() {
        return String::new();
    }
    let file = match syn::parse2::<syn::File>(tokens.clone()) {
        Ok(file) => file,
        // Reached only by a fault of the emitter itself: show the tokens, the compiler will point at them.
        Err(_) => return format!("{tokens}\n"),
    };
    space_out(&prettyplease::unparse(&file))
}

/// The printer leaves no blank line anywhere: put one before each item, and before each documented member of an
/// `impl` or a `trait`.
fn space_out(code: &str) -> String {
    let mut out = String::with_capacity(code.len() + code.len() / 16);
    let mut before = "";
    for line in code.lines() {
        let trimmed = line.trim_start();
        let depth = line.len() - trimmed.len();
        let opens = trimmed.starts_with("///")
            || trimmed.starts_with("#[")
            || [
                "fn ",
                "async fn ",
                "pub fn ",
                "pub const fn ",
                "impl",
                "pub struct ",
                "pub enum ",
                "pub trait ",
            ]
            .iter()
            .any(|start| trimmed.starts_with(start));
        let ended = before.ends_with('}') || (depth > 0 && before.ends_with(';'));
        let is_item = depth == 0 || depth == 4;
        let is_comment = before.trim_start().starts_with("//");
        let is_first_const = trimmed.starts_with("const ") && before.trim_start().starts_with("type ");
        if is_item && ((opens && ended && !is_comment) || is_first_const) {
            out.push('\n');
        }
        out.push_str(line);
        out.push('\n');
        before = line;
    }
    out
}

/// The tree as inline modules.
pub(super) fn inline(root: &Module, options: &RustOptions) -> TokenStream {
    let children = root.children.iter().map(|child| inline_module(child, options));
    let items = &root.items;
    quote!(#(#children)* #(#items)*)
}

fn inline_module(module: &Module, options: &RustOptions) -> TokenStream {
    let name = ident(&module.name);
    let docs = prose::outer(&module.docs);
    let lints = allowances();
    let visibility = module.public.then(|| quote!(pub));
    let (std, imports) = (std_imports(module), imports(module, options));
    let items = &module.items;
    let children = module.children.iter().map(|child| inline_module(child, options));
    quote! {
        #docs
        #[allow(#lints)]
        #visibility mod #name { #std #imports #(#children)* #(#items)* }
    }
}
