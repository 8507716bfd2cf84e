//! Identifiers and literals as tokens.

use proc_macro2::{Literal, Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use serde_json::Value;
use syn::Ident;

/// An identifier of the model, which may be raw: `r#type`.
pub(super) fn ident(name: &str) -> Ident {
    match name.strip_prefix("r#") {
        Some(raw) => Ident::new_raw(raw, Span::call_site()),
        // A module or field may be called what Rust reserves; `self`, `super` and `crate` never get here.
        None if syn::parse_str::<Ident>(name).is_err() && name != "_" => {
            Ident::new_raw(name, Span::call_site())
        }
        None => Ident::new(name, Span::call_site()),
    }
}

/// `r#type` as it stands outside of Rust: `type`.
pub(super) fn bare(name: &str) -> &str {
    name.strip_prefix("r#").unwrap_or(name)
}

/// A name made of another: `BarsPublisher`. The underscore that sets a name apart from a keyword is not needed then.
pub(super) fn derived(name: &str, suffix: &str) -> Ident {
    format_ident!("{}{suffix}", bare(name).trim_end_matches('_'))
}

/// An optional value as a constant expression.
pub(super) fn option<T: ToTokens>(value: Option<T>, some: &TokenStream, none: &TokenStream) -> TokenStream {
    value.map_or_else(|| none.clone(), |value| quote!(#some(#value)))
}

/// An integer without a suffix, its digits grouped: `3_600_000`.
pub(super) fn integer(value: impl Into<i128>) -> TokenStream {
    let value = value.into();
    let digits = value.unsigned_abs().to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && digits.len() > 4 && (digits.len() - index).is_multiple_of(3) {
            grouped.push('_');
        }
        grouped.push(digit);
    }
    let literal: Literal = grouped.parse().unwrap_or_else(|_| Literal::u128_unsuffixed(value.unsigned_abs()));
    if value < 0 { quote!(-#literal) } else { quote!(#literal) }
}

/// JSON text as a string literal; raw where that spares backslashes.
pub(super) fn json(value: &Value) -> TokenStream {
    string(&value.to_string())
}

/// A string literal; raw where that spares backslashes.
pub(super) fn string(text: &str) -> TokenStream {
    let plain = text.chars().all(|c| !c.is_control()) && !text.contains("\"#");
    if plain
        && text.contains(['"', '\\'])
        && let Ok(literal) = format!("r#\"{text}\"#").parse::<Literal>()
    {
        return quote!(#literal);
    }
    quote!(#text)
}

/// A list of strings as a static slice.
pub(super) fn strings(items: &[String]) -> TokenStream {
    quote!(&[#(#items),*])
}
