//! Unions as enums: the arm is found by the tag, or by trying.

use proc_macro2::TokenStream;
use quote::quote;
use serde_json::Value;

use super::literal::{ident, integer, string};
use super::prose;
use super::types::{Derives, TypePlace};
use crate::model::{Tagged, TaggedArm, TypeDef, UnionArm};

/// A union told apart by one member. The arms keep that member, so the enum itself adds nothing on the wire.
pub(super) fn tagged(place: &TypePlace<'_>, def: &TypeDef, union: &Tagged) -> Vec<TokenStream> {
    let variants = union.arms.iter().map(|arm| {
        let (name, ty) = (ident(&arm.name.rust), place.named(arm.ty));
        let values: Vec<_> = arm.values.iter().map(|value| prose::code(&value.to_string())).collect();
        let docs = prose::outer(&[format!("{} is {}.", prose::code(&union.tag), values.join(" or "))]);
        quote!(#docs #name(#ty))
    });
    let declaration = declaration(place, def, variants);
    let tag = &union.tag;
    let arms = union.arms.iter().map(|arm| {
        let (name, patterns) = (ident(&arm.name.rust), arm.values.iter().map(pattern));
        quote!(#(#patterns)|* => value.arm().map(Self::#name))
    });
    let known = string(&known(&union.arms));
    let err = place.scope.std("Err");
    let body = quote! {
        let value = rt::TaggedValue::read(deserializer, #tag)?;
        match value.tag() {
            #(#arms,)*
            _ => #err(value.refuse(#known)),
        }
    };
    vec![declaration, deserialize(place, def, &body)]
}

fn known(arms: &[TaggedArm]) -> String {
    let values: Vec<_> = arms.iter().flat_map(|arm| &arm.values).map(Value::to_string).collect();
    values.join(", ")
}

fn pattern(value: &Value) -> TokenStream {
    match value {
        Value::Bool(value) => quote!(rt::Tag::Boolean(#value)),
        Value::Number(number) => {
            let number = integer(number.as_i64().unwrap_or_default());
            quote!(rt::Tag::Integer(#number))
        }
        value => {
            let text = string(value.as_str().unwrap_or_default());
            quote!(rt::Tag::Text(#text))
        }
    }
}

/// A union whose first fitting arm counts.
pub(super) fn untagged(place: &TypePlace<'_>, def: &TypeDef, arms: &[UnionArm]) -> Vec<TokenStream> {
    let variants = arms.iter().map(|arm| {
        let name = ident(&arm.name.rust);
        let mut ty = place.ty(&arm.ty);
        if arm.boxed {
            let boxed = place.scope.std("Box");
            ty = quote!(#boxed<#ty>);
        }
        let docs = prose::outer(&[format!("{}.", prose::code(&arm.name.wire))]);
        quote!(#docs #name(#ty))
    });
    let declaration = declaration(place, def, variants);
    let (some, ok, err) = (place.scope.std("Some"), place.scope.std("Ok"), place.scope.std("Err"));
    let tries = arms.iter().map(|arm| {
        let name = ident(&arm.name.rust);
        quote!(if let #some(arm) = value.arm() { return #ok(Self::#name(arm)); })
    });
    let known: Vec<_> = arms.iter().map(|arm| arm.name.wire.clone()).collect();
    let known = string(&known.join(", "));
    let body = quote! {
        let value = rt::UntaggedValue::read(deserializer)?;
        #(#tries)*
        #err(value.refuse(#known))
    };
    vec![declaration, deserialize(place, def, &body)]
}

fn declaration(
    place: &TypePlace<'_>,
    def: &TypeDef,
    variants: impl Iterator<Item = TokenStream>,
) -> TokenStream {
    let (name, docs) = (ident(&def.name.rust), place.docs(def));
    let derives = Derives { hash: def.hashable, by_hand: true, ..Derives::default() };
    let attributes = place.derives(&derives, &quote!(untagged));
    quote!(#docs #attributes pub enum #name { #(#variants,)* })
}

fn deserialize(place: &TypePlace<'_>, def: &TypeDef, body: &TokenStream) -> TokenStream {
    let name = ident(&def.name.rust);
    let result = place.scope.result(&quote!(Self), &quote!(D::Error));
    quote! {
        impl<'de> rt::Deserialize<'de> for #name {
            fn deserialize<D: rt::Deserializer<'de>>(deserializer: D) -> #result { #body }
        }
    }
}
