//! A module of the output before it is printed.

use proc_macro2::{TokenStream, TokenTree};
use quote::quote;

use super::literal::ident;

/// A module: prose, items, and modules inside.
pub(super) struct Module {
    /// File stem and module name, without `r#`.
    pub(super) name: String,
    /// Lines of documentation.
    pub(super) docs: Vec<String>,
    /// Items in order, each one syn item (or a few that belong together).
    pub(super) items: Vec<TokenStream>,
    /// Names that the parent re-exports.
    pub(super) exports: Vec<String>,
    /// Modules inside, in order.
    pub(super) children: Vec<Module>,
    /// Whether the parent declares it `pub`.
    pub(super) public: bool,
    /// Whether it carries the lint allowances of the whole output.
    pub(super) allowances: bool,
}

impl Module {
    pub(super) fn new(name: impl Into<String>, items: Vec<TokenStream>) -> Self {
        Self {
            name: name.into(),
            docs: Vec::new(),
            items,
            exports: Vec::new(),
            children: Vec::new(),
            public: false,
            allowances: false,
        }
    }

    /// `pub use bars::{Bars, BarsPublisher};`
    pub(super) fn reexport(&self) -> Option<TokenStream> {
        let module = ident(&self.name);
        let mut names: Vec<_> = self.exports.iter().map(|name| ident(name)).collect();
        names.sort();
        match names.as_slice() {
            [] => None,
            [name] => Some(quote!(pub use #module::#name;)),
            names => Some(quote!(pub use #module::{#(#names),*};)),
        }
    }

    /// Whether a name stands anywhere in the items as the start of a path.
    pub(super) fn mentions(&self, name: &str) -> bool {
        self.items.iter().any(|item| mentions(item.clone(), name))
    }
}

fn mentions(tokens: TokenStream, name: &str) -> bool {
    // How many colons stand directly before the token: two make it the continuation of a path.
    let mut colons = 0;
    tokens.into_iter().any(|token| {
        let found = match &token {
            TokenTree::Group(group) => mentions(group.stream(), name),
            TokenTree::Ident(ident) => colons < 2 && ident == name,
            _ => false,
        };
        colons =
            if matches!(&token, TokenTree::Punct(punct) if punct.as_char() == ':') { colons + 1 } else { 0 };
        found
    })
}
