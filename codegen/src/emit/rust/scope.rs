//! Which names a file has in scope, so that a schema called `Option` or `Vec` breaks nothing.

use std::collections::BTreeSet;

use proc_macro2::TokenStream;
use quote::quote;

use super::literal::{bare, ident};
use crate::emit::{is_device, short};

/// Names generated code uses that are not in every edition's prelude; a file that mentions one imports it.
pub(super) const IMPORTED: &[(&str, &str)] = &[
    ("Arc", "::std::sync::Arc"),
    ("BTreeMap", "::std::collections::BTreeMap"),
    ("Future", "::std::future::Future"),
];

/// Prelude names generated code uses, and where they live.
const PRELUDE: &[(&str, &str)] = &[
    ("Box", "::std::boxed::Box"),
    ("Default", "::core::default::Default"),
    ("Err", "::core::result::Result::Err"),
    ("From", "::core::convert::From"),
    ("None", "::core::option::Option::None"),
    ("Ok", "::core::result::Result::Ok"),
    ("Option", "::core::option::Option"),
    ("Result", "::core::result::Result"),
    ("Send", "::core::marker::Send"),
    ("Some", "::core::option::Option::Some"),
    ("String", "::std::string::String"),
    ("Sync", "::core::marker::Sync"),
    ("TryFrom", "::core::convert::TryFrom"),
    ("Vec", "::std::vec::Vec"),
];

/// The names one file defines or imports.
#[derive(Clone, Default)]
pub(super) struct Scope(BTreeSet<String>);

impl Scope {
    /// A scope with these names of the document in it.
    pub(super) fn with<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        Self(names.into_iter().map(str::to_owned).collect())
    }

    /// Whether the document took a name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains(name)
    }

    /// A prelude name: as it is, or by its full path where the document took it.
    ///
    /// Names of [`IMPORTED`] stand bare too: the printer adds the import.
    pub(super) fn std(&self, name: &str) -> TokenStream {
        if self.0.contains(name)
            && let Some((_, path)) = PRELUDE.iter().chain(IMPORTED).find(|(short, _)| *short == name)
        {
            let segments = path.trim_start_matches("::").split("::").map(ident);
            return quote!(#(::#segments)*);
        }
        let name = ident(name);
        quote!(#name)
    }

    /// `Option<inner>`.
    pub(super) fn option(&self, inner: &TokenStream) -> TokenStream {
        let option = self.std("Option");
        quote!(#option<#inner>)
    }

    /// `Result<ok, err>`.
    pub(super) fn result(&self, ok: &TokenStream, err: &TokenStream) -> TokenStream {
        let result = self.std("Result");
        quote!(#result<#ok, #err>)
    }

    /// `Send + Sync + 'static`.
    pub(super) fn service_bounds(&self) -> TokenStream {
        let (send, sync) = (self.std("Send"), self.std("Sync"));
        quote!(#send + #sync + 'static)
    }

    /// `impl Future<Output = output> + Send`.
    pub(super) fn future(&self, output: &TokenStream) -> TokenStream {
        let (future, send) = (self.std("Future"), self.std("Send"));
        quote!(impl #future<Output = #output> + #send)
    }
}

/// Names of modules within one folder; they become file names.
pub(super) struct Names(BTreeSet<String>);

impl Names {
    /// An empty folder in which these names are taken.
    pub(super) fn reserving<const N: usize>(names: [&str; N]) -> Self {
        Self(names.into_iter().map(str::to_owned).collect())
    }

    /// A module for an `UpperCamel` name: `OrderBook` stands in `order_book`.
    pub(super) fn module(&mut self, name: &str) -> String {
        let stem = stem(&snake(bare(name)));
        let mut candidate = stem.clone();
        let mut count = 1;
        // `self`, `super` and `crate` cannot be raw identifiers; two types may differ in case alone.
        while !self.0.insert(candidate.clone()) || matches!(candidate.as_str(), "self" | "super" | "crate") {
            count += 1;
            candidate = format!("{stem}_{count}");
        }
        candidate
    }
}

/// A module's name in ASCII alone: Rust looks for no file of another, and archives disagree on how to write one.
pub(super) fn stem(name: &str) -> String {
    let spelt = |c: char| if c.is_ascii() { c.to_string() } else { format!("u{:04x}", u32::from(c)) };
    let ascii: String = name.chars().map(spelt).collect();
    let stem = short(&ascii).to_owned();
    if is_device(&stem) { stem + "_" } else { stem }
}

fn snake(name: &str) -> String {
    let characters: Vec<char> = name.chars().collect();
    let mut snake = String::new();
    for (index, character) in characters.iter().enumerate() {
        let before = index.checked_sub(1).map(|before| characters[before]);
        let starts_word = character.is_uppercase()
            && before.is_some_and(|before| {
                before.is_lowercase()
                    || before.is_numeric()
                    || (before.is_uppercase()
                        && characters.get(index + 1).is_some_and(|next| next.is_lowercase()))
            });
        if starts_word {
            snake.push('_');
        }
        snake.extend(character.to_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn module_names_are_snake_case_and_unique() {
        let mut names = Names::reserving(["mod"]);
        let modules = ["OrderBook", "Orderbook", "HTTPError", "Bar2D", "Mod", "Self_", "Type"];
        let stems: Vec<_> = modules.iter().map(|name| names.module(name)).collect();
        assert_eq!(stems, ["order_book", "orderbook", "http_error", "bar2_d", "mod_2", "self_", "type"]);
    }

    #[test]
    fn module_names_are_files_everywhere() {
        let mut names = Names::reserving(["mod"]);
        let (long, longer) = (format!("A{}", "b".repeat(300)), format!("A{}", "b".repeat(301)));
        let modules = ["Größe", "名", "Aux", "Com1", "Com10", &long, &longer];
        let stems: Vec<_> = modules.iter().map(|name| names.module(name)).collect();
        let short = format!("a{}", "b".repeat(99));
        let other = format!("{short}_2");
        assert_eq!(stems, ["gru00f6u00dfe", "u540d", "aux_", "com1_", "com10", &short, &other]);
    }

    #[test]
    fn prelude_names_give_way_to_the_document() {
        let scope = Scope::with(["Option"]);
        assert_eq!(scope.std("Option").to_string(), ":: core :: option :: Option");
        assert_eq!(scope.std("Vec").to_string(), "Vec");
    }
}
