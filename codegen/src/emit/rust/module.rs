//! A module of the output before it is printed.

use proc_macro2::{Spacing, TokenStream, TokenTree};
use quote::quote;
use syn::Ident;

use super::literal::ident;
use super::prose;
use super::scope::Scope;
use crate::model::Docs;

/// The type that stands for what the document declares as a `kind` under this name and pointer.
pub(super) fn marker(name: &Ident, docs: &Docs, kind: &str, wire: &str, pointer: &str) -> TokenStream {
    let docs = prose::item(docs, &format!("The {kind} {}.", prose::code(wire)), pointer);
    quote! {
        #docs
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct #name;
    }
}

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
    /// Names of the document that its items define or import.
    pub(super) scope: Scope,
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
            scope: Scope::default(),
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

    /// Whether a name is the document's own here, so that nothing else may be imported under it.
    pub(super) fn owns(&self, name: &str) -> bool {
        self.scope.has(name)
            || self.children.iter().any(|child| child.exports.iter().any(|export| export == name))
    }

    /// [`Module::mentions`], here or in a module inside.
    pub(super) fn mentions_inside(&self, name: &str) -> bool {
        self.mentions(name) || self.children.iter().any(|child| child.mentions_inside(name))
    }

    /// Whether a name stands anywhere in the items as the start of a path or as a generic type.
    pub(super) fn mentions(&self, name: &str) -> bool {
        self.items.iter().any(|item| mentions(item.clone(), name))
    }
}

fn mentions(tokens: TokenStream, name: &str) -> bool {
    // How many colons stand directly before the token: two make it the continuation of a path.
    let mut colons = 0;
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let goes_on = match tokens.peek() {
            // A single colon, as after the name of a field, is not joined to what follows it.
            Some(TokenTree::Punct(punct)) if punct.as_char() == ':' => punct.spacing() == Spacing::Joint,
            Some(TokenTree::Punct(punct)) => punct.as_char() == '<',
            _ => false,
        };
        let found = match &token {
            TokenTree::Group(group) => mentions(group.stream(), name),
            TokenTree::Ident(ident) => colons < 2 && goes_on && ident == name,
            _ => false,
        };
        if found {
            return true;
        }
        colons =
            if matches!(&token, TokenTree::Punct(punct) if punct.as_char() == ':') { colons + 1 } else { 0 };
    }
    false
}
