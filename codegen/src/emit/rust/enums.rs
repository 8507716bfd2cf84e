//! Enums over scalar values.

use proc_macro2::TokenStream;
use quote::quote;
use serde_json::Value;

use super::literal::{ident, integer, string};
use super::prose;
use super::types::{Derives, TypePlace};
use crate::model::{Enum, EnumRepr, EnumValue, TypeDef};

/// The enum and its conversions.
pub(super) fn definition(place: &TypePlace<'_>, def: &TypeDef, values: &Enum) -> Vec<TokenStream> {
    match values.repr {
        EnumRepr::String => strings(place, def, values),
        EnumRepr::Integer => integers(place, def, values),
        EnumRepr::Mixed => mixed(place, def, values),
    }
}

/// The enum itself. `open` is the type unknown values are kept as.
fn declaration(
    place: &TypePlace<'_>,
    def: &TypeDef,
    values: &Enum,
    serde: &TokenStream,
    open: Option<TokenStream>,
) -> TokenStream {
    let name = ident(&def.name.rust);
    let docs = place.docs(def);
    let is_single = values.values.len() == 1 && !values.open;
    let ordered = values.repr != EnumRepr::Mixed || !values.open;
    let hash = ordered || def.hashable;
    let derives = Derives { copy: !values.open, default: is_single, hash, order: ordered, by_hand: false };
    let attributes = place.derives_with(&derives, serde, &listed(values));
    let variants = values.values.iter().map(|value| variant(values, value, is_single));
    let other = open.map(|ty| {
        let other = other(values);
        let untagged = (values.repr == EnumRepr::String).then(|| quote!(#[serde(untagged)]));
        quote!(#[doc = " A value the document does not name."] #untagged #other(#ty),)
    });
    quote!(#docs #attributes pub enum #name { #(#variants,)* #other })
}

/// The values for a schema that would otherwise know the type they are converted from, and nothing else.
fn listed(values: &Enum) -> TokenStream {
    if values.open || values.repr == EnumRepr::String {
        return TokenStream::new();
    }
    let values = values.values.iter().map(|value| match &value.value {
        Value::Null => quote!(null),
        // Without a suffix the compiler takes an integer for an `i32`.
        value if value.is_i64() && i32::try_from(value.as_i64().unwrap_or_default()).is_err() => {
            format!("{value}i64").parse().unwrap_or_default()
        }
        value if value.is_u64() && !value.is_i64() => format!("{value}u64").parse().unwrap_or_default(),
        // Read back from its text: a negative or fractional number has no token of its own.
        value => value.to_string().parse().unwrap_or_default(),
    });
    quote!(extend("enum" = [#(#values),*]))
}

fn variant(values: &Enum, value: &EnumValue, is_default: bool) -> TokenStream {
    let name = ident(&value.name.rust);
    let docs = value
        .description
        .as_deref()
        .map_or_else(|| vec![format!("{}.", prose::code(&value.value.to_string()))], prose::text);
    let docs = prose::outer(&docs);
    let default = is_default.then(|| quote!(#[default]));
    let wire = &value.name.wire;
    let rename = (values.repr == EnumRepr::String && value.name.wire != value.name.rust)
        .then(|| quote!(#[serde(rename = #wire)]));
    quote!(#docs #default #rename #name)
}

/// The variant that holds unknown values.
fn other(values: &Enum) -> syn::Ident {
    let mut name = "Other".to_owned();
    while values.values.iter().any(|value| value.name.rust == name) {
        name.push('_');
    }
    ident(&name)
}

fn strings(place: &TypePlace<'_>, def: &TypeDef, values: &Enum) -> Vec<TokenStream> {
    let open = values.open.then(|| place.scope.std("String"));
    let mut items = vec![declaration(place, def, values, &quote!(), open)];
    if values.constant {
        return items;
    }
    let name = ident(&def.name.rust);
    let variants: Vec<_> = values.values.iter().map(|value| ident(&value.name.rust)).collect();
    let wires: Vec<_> = values.values.iter().map(|value| string(&value.name.wire)).collect();
    let (result, other) = if values.open {
        let other = other(values);
        (quote!(&str), Some(quote!(Self::#other(value) => value,)))
    } else {
        (quote!(&'static str), None)
    };
    items.push(quote! {
        impl #name {
            #[doc = " Every value the document names, in its order."]
            pub const ALL: &'static [Self] = &[#(Self::#variants),*];

            #[doc = " The value as it stands on the wire."]
            #[must_use]
            pub fn as_str(&self) -> #result {
                match self { #(Self::#variants => #wires,)* #other }
            }
        }
    });
    items
}

fn integers(place: &TypePlace<'_>, def: &TypeDef, values: &Enum) -> Vec<TokenStream> {
    let (name, wire) = (ident(&def.name.rust), &def.name.wire);
    let variants: Vec<_> = values.values.iter().map(|value| ident(&value.name.rust)).collect();
    let numbers: Vec<_> =
        values.values.iter().map(|value| integer(value.value.as_i64().unwrap_or_default())).collect();
    let from = place.scope.std("From");
    let into = |other: Option<TokenStream>| {
        quote! {
            impl #from<#name> for i64 {
                fn from(value: #name) -> Self {
                    match value { #(#name::#variants => #numbers,)* #other }
                }
            }
        }
    };
    if values.open {
        let other = other(values);
        return vec![
            declaration(place, def, values, &quote!(from = "i64", into = "i64"), Some(quote!(i64))),
            into(Some(quote!(#name::#other(value) => value,))),
            quote! {
                impl #from<i64> for #name {
                    fn from(value: i64) -> Self {
                        match value { #(#numbers => Self::#variants,)* value => Self::#other(value) }
                    }
                }
            },
        ];
    }
    let try_from = try_from(
        place,
        def,
        &quote!(i64),
        &quote! {
            match value {
                #(#numbers => Ok(Self::#variants),)*
                value => Err(rt::UnknownValue::new(#wire, value)),
            }
        },
    );
    vec![declaration(place, def, values, &quote!(try_from = "i64", into = "i64"), None), into(None), try_from]
}

fn try_from(place: &TypePlace<'_>, def: &TypeDef, source: &TokenStream, body: &TokenStream) -> TokenStream {
    let name = ident(&def.name.rust);
    let trait_name = place.scope.std("TryFrom");
    let result = place.scope.result(&quote!(Self), &quote!(rt::UnknownValue));
    let (ok, err) = (place.scope.std("Ok"), place.scope.std("Err"));
    let body = rename(body.clone(), &ok, &err);
    quote! {
        impl #trait_name<#source> for #name {
            type Error = rt::UnknownValue;

            fn try_from(value: #source) -> #result { #body }
        }
    }
}

/// Replaces `Ok` and `Err` where the document took the names.
fn rename(tokens: TokenStream, ok: &TokenStream, err: &TokenStream) -> TokenStream {
    use proc_macro2::{Group, TokenTree};
    tokens
        .into_iter()
        .flat_map(|token| match token {
            TokenTree::Group(group) => quote::ToTokens::to_token_stream(&Group::new(
                group.delimiter(),
                rename(group.stream(), ok, err),
            )),
            TokenTree::Ident(name) if name == "Ok" => ok.clone(),
            TokenTree::Ident(name) if name == "Err" => err.clone(),
            token => token.into(),
        })
        .collect()
}

/// Numbers with fractions, booleans, null, or a mixture: told apart by their JSON.
fn mixed(place: &TypePlace<'_>, def: &TypeDef, values: &Enum) -> Vec<TokenStream> {
    let (name, wire) = (ident(&def.name.rust), &def.name.wire);
    let variants: Vec<_> = values.values.iter().map(|value| ident(&value.name.rust)).collect();
    let jsons: Vec<_> = values.values.iter().map(|value| string(&value.value.to_string())).collect();
    let from = place.scope.std("From");
    let (serde, open) = if values.open {
        (quote!(from = "rt::Value", into = "rt::Value"), Some(quote!(rt::Value)))
    } else {
        (quote!(try_from = "rt::Value", into = "rt::Value"), None)
    };
    let kept = values.open.then(|| {
        let other = other(values);
        quote!(#name::#other(value) => value,)
    });
    let mut items = vec![declaration(place, def, values, &serde, open)];
    items.push(quote! {
        impl #from<#name> for rt::Value {
            fn from(value: #name) -> Self {
                match value { #(#name::#variants => rt::literal(#jsons),)* #kept }
            }
        }
    });
    items.push(if values.open {
        let other = other(values);
        quote! {
            impl #from<rt::Value> for #name {
                fn from(value: rt::Value) -> Self {
                    match value { #(value if rt::same_json(#jsons, &value) => Self::#variants,)* value => Self::#other(value) }
                }
            }
        }
    } else {
        try_from(place, def, &quote!(rt::Value), &quote! {
            match value {
                #(value if rt::same_json(#jsons, &value) => Ok(Self::#variants),)*
                value => Err(rt::UnknownValue::new(#wire, value)),
            }
        })
    });
    items
}
