//! Objects as structs.

use proc_macro2::TokenStream;
use quote::quote;

use super::defaults;
use super::literal::{bare, ident};
use super::prose;
use super::types::{Derives, TypePlace, admits_null};
use crate::model::{Additional, Enum, EnumRepr, Field, Object, Shape, Type, TypeDef};

/// The struct, its defaults, and `Default` where every member has one.
pub(super) fn definition(place: &TypePlace<'_>, def: &TypeDef, object: &Object) -> Vec<TokenStream> {
    let name = ident(&def.name.rust);
    let docs = place.docs(def);
    let has_default = object.fields.iter().all(|field| is_defaultable(place, field));
    let is_derived = has_default && object.fields.iter().all(|field| field.default.is_none());
    let serde = if object.additional == Additional::Refused { quote!(deny_unknown_fields) } else { quote!() };
    let derives = Derives { default: is_derived, hash: def.hashable, ..Derives::default() };
    let attributes = place.derives(&derives, &serde);
    let fields = object.fields.iter().map(|field| member(place, def, field));
    let additional = additional(place, object);
    let mut items = vec![quote!(#docs #attributes pub struct #name { #(#fields,)* #additional })];
    items.extend(default_functions(place, def, object));
    if has_default && !is_derived {
        items.push(default_impl(place, def, object));
    }
    items
}

/// The Rust type of a field: the four shapes of optional × nullable, and a box where recursion needs one.
pub(super) fn field_type(place: &TypePlace<'_>, field: &Field) -> TokenStream {
    let mut ty = place.ty(&field.ty);
    if field.boxed {
        let boxed = place.scope.std("Box");
        ty = quote!(#boxed<#ty>);
    }
    if field.nullable {
        ty = place.scope.option(&ty);
    }
    if is_optional(field) {
        ty = place.scope.option(&ty);
    }
    ty
}

fn is_optional(field: &Field) -> bool {
    !field.required && field.default.is_none()
}

fn member(place: &TypePlace<'_>, def: &TypeDef, field: &Field) -> TokenStream {
    let name = ident(&field.name.rust);
    let docs = prose::field(field);
    let ty = field_type(place, field);
    let arguments = serde_arguments(place, def, field);
    quote!(#docs #(#[serde(#arguments)])* pub #name: #ty)
}

/// Arguments of the field's `serde` attributes, one element each.
fn serde_arguments(place: &TypePlace<'_>, def: &TypeDef, field: &Field) -> Vec<TokenStream> {
    let mut arguments = Vec::new();
    if field.name.wire != bare(&field.name.rust) {
        let wire = &field.name.wire;
        arguments.push(quote!(rename = #wire));
    }
    if is_optional(field) {
        let skip = format!("{}::is_none", path(&place.scope.std("Option")));
        // Serde alone would read `null` as absent; whether a member may be `null` is the type's to say.
        arguments.push(quote!(default, skip_serializing_if = #skip));
        arguments.push(quote!(deserialize_with = "rt::present"));
    } else if field.default.is_some() {
        let function = format!("{}::{}", def.name.rust, default_name(field));
        arguments.push(quote!(default = #function));
    } else if field.nullable || admits_null(place.context.api, &field.ty) {
        // Serde alone would read an absent member as `null`.
        arguments.push(quote!(deserialize_with = "rt::nullable"));
    }
    arguments
}

fn path(tokens: &TokenStream) -> String {
    tokens.to_string().replace(' ', "")
}

/// Members the schema does not name, kept in a map.
fn additional(place: &TypePlace<'_>, object: &Object) -> Option<TokenStream> {
    let Additional::Kept(ty) = &object.additional else { return None };
    let (name, ty) = (additional_name(object), place.map(None, ty));
    Some(quote! {
        #[doc = " Members the document does not name."]
        #[serde(flatten)]
        pub #name: #ty,
    })
}

/// `additional`, unless the document has a member of that name.
fn additional_name(object: &Object) -> syn::Ident {
    let mut name = "additional".to_owned();
    while object.fields.iter().any(|field| bare(&field.name.rust) == name) {
        name.push_str("_members");
    }
    ident(&name)
}

fn default_name(field: &Field) -> String {
    format!("default_{}", bare(&field.name.rust))
}

fn default_functions(place: &TypePlace<'_>, def: &TypeDef, object: &Object) -> Option<TokenStream> {
    let name = ident(&def.name.rust);
    let functions: Vec<_> = object
        .fields
        .iter()
        .filter_map(|field| {
            let value = field.default.as_ref()?;
            let (function, ty) = (ident(&default_name(field)), field_type(place, field));
            let value = default_value(place, field, value);
            Some(quote!(fn #function() -> #ty { #value }))
        })
        .collect();
    (!functions.is_empty()).then(|| quote!(impl #name { #(#functions)* }))
}

fn default_value(place: &TypePlace<'_>, field: &Field, value: &serde_json::Value) -> TokenStream {
    if field.nullable && value.is_null() {
        return place.scope.std("None");
    }
    let mut expression = defaults::expression(place, &field.ty, value);
    if field.boxed {
        let boxed = place.scope.std("Box");
        expression = quote!(#boxed::new(#expression));
    }
    if field.nullable {
        let some = place.scope.std("Some");
        expression = quote!(#some(#expression));
    }
    expression
}

/// Whether a value of the field exists without anyone choosing it: absent, defaulted or constant.
fn is_defaultable(place: &TypePlace<'_>, field: &Field) -> bool {
    is_optional(field) || field.default.is_some() || (!field.nullable && is_constant(place, &field.ty))
}

fn is_constant(place: &TypePlace<'_>, ty: &Type) -> bool {
    match ty {
        Type::Null | Type::Constant(serde_json::Value::Bool(_)) => true,
        Type::Named(id) => match &place.context.api.type_def(*id).shape {
            Shape::Enum(Enum { values, open: false, repr: EnumRepr::String | EnumRepr::Integer, .. }) => {
                values.len() == 1
            }
            _ => false,
        },
        _ => false,
    }
}

fn default_impl(place: &TypePlace<'_>, def: &TypeDef, object: &Object) -> TokenStream {
    let (name, default) = (ident(&def.name.rust), place.scope.std("Default"));
    let fields = object.fields.iter().map(|field| {
        let member = ident(&field.name.rust);
        if field.default.is_some() {
            let function = ident(&default_name(field));
            quote!(#member: Self::#function())
        } else if is_optional(field) {
            let none = place.scope.std("None");
            quote!(#member: #none)
        } else {
            quote!(#member: #default::default())
        }
    });
    let kept = matches!(object.additional, Additional::Kept(_)).then(|| {
        let (name, map) = (additional_name(object), place.scope.std("BTreeMap"));
        quote!(#name: #map::new(),)
    });
    quote! {
        impl #default for #name {
            fn default() -> Self { Self { #(#fields,)* #kept } }
        }
    }
}
