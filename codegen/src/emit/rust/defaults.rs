//! Declared defaults as Rust expressions.

use proc_macro2::{Literal, TokenStream};
use quote::quote;
use serde_json::Value;

use super::literal::{ident, integer, json};
use super::types::TypePlace;
use crate::model::{Enum, EnumRepr, IntWidth, Shape, Type};

/// The value as an expression of the type; what has no short form is read from its JSON.
pub(super) fn expression(place: &TypePlace<'_>, ty: &Type, value: &Value) -> TokenStream {
    plain(place, ty, value).unwrap_or_else(|| {
        let json = json(value);
        quote!(rt::literal(#json))
    })
}

fn plain(place: &TypePlace<'_>, ty: &Type, value: &Value) -> Option<TokenStream> {
    match (ty, value) {
        (Type::Boolean, Value::Bool(value)) => Some(quote!(#value)),
        (Type::Integer(width), Value::Number(_)) => whole(*width, value),
        (Type::Float64 | Type::Float32, Value::Number(number)) => number.as_f64().map(float),
        (Type::String { .. }, Value::String(text)) => {
            let string = place.scope.std("String");
            Some(quote!(#string::from(#text)))
        }
        (Type::Array(_), Value::Array(items)) if items.is_empty() => {
            let vec = place.scope.std("Vec");
            Some(quote!(#vec::new()))
        }
        (Type::Array(item), Value::Array(items)) => {
            let items: Option<Vec<_>> = items.iter().map(|value| plain(place, item, value)).collect();
            let vec = place.scope.std("Vec");
            items.map(|items| quote!(#vec::from([#(#items),*])))
        }
        (Type::Map { .. }, Value::Object(members)) if members.is_empty() => {
            let map = place.scope.std("BTreeMap");
            Some(quote!(#map::new()))
        }
        (Type::Nullable(_), Value::Null) => Some(place.scope.std("None")),
        (Type::Nullable(inner), value) => {
            let some = place.scope.std("Some");
            plain(place, inner, value).map(|inner| quote!(#some(#inner)))
        }
        (Type::Named(id), value) => match &place.context.api.type_def(*id).shape {
            Shape::Alias(ty) if !matches!(ty, Type::Named(_)) => {
                plain(place, ty, value).filter(|_| is_scalar(ty))
            }
            Shape::Enum(values) => variant(values, value).map(|variant| {
                let ty = place.named(*id);
                quote!(#ty::#variant)
            }),
            _ => None,
        },
        _ => None,
    }
}

/// Aliases that may turn out to be structs are left to [`expression`].
fn is_scalar(ty: &Type) -> bool {
    matches!(ty, Type::Boolean | Type::Integer(_) | Type::Float32 | Type::Float64 | Type::String { .. })
}

fn variant(values: &Enum, value: &Value) -> Option<syn::Ident> {
    if values.repr == EnumRepr::Mixed && values.open {
        return None;
    }
    values.values.iter().find(|known| known.value == *value).map(|known| ident(&known.name.rust))
}

fn whole(width: IntWidth, value: &Value) -> Option<TokenStream> {
    let exact = value.as_i64().map(i128::from).or_else(|| value.as_u64().map(i128::from));
    let range = match width {
        IntWidth::I8 => i128::from(i8::MIN)..=i128::from(i8::MAX),
        IntWidth::I16 => i128::from(i16::MIN)..=i128::from(i16::MAX),
        IntWidth::I32 => i128::from(i32::MIN)..=i128::from(i32::MAX),
        IntWidth::SafeI64 | IntWidth::I64 => i128::from(i64::MIN)..=i128::from(i64::MAX),
        IntWidth::U8 => 0..=i128::from(u8::MAX),
        IntWidth::U16 => 0..=i128::from(u16::MAX),
        IntWidth::U32 => 0..=i128::from(u32::MAX),
        IntWidth::SafeU64 | IntWidth::U64 => 0..=i128::from(u64::MAX),
    };
    exact.filter(|value| range.contains(value)).map(integer)
}

fn float(value: f64) -> TokenStream {
    let literal = Literal::f64_unsuffixed(value.abs());
    if value.is_sign_negative() { quote!(-#literal) } else { quote!(#literal) }
}
