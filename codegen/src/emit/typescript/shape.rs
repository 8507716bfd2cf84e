//! What a client can check of a frame without a schema validator: enough to tell the messages of a channel apart.

use super::literal::Literal;
use crate::model::{Api, Object, Shape, Type, TypeId};

/// How deep members and items are described; deeper differences do not tell messages apart in practice.
const DEPTH: usize = 2;

type Members = Vec<(String, Literal)>;

/// The frame shape of a type, as the members of an object; empty where anything may come.
pub(super) fn frame_shape(api: &Api, ty: &Type) -> Members {
    of_type(api, ty, DEPTH)
}

fn of_type(api: &Api, ty: &Type, depth: usize) -> Members {
    match ty {
        Type::Any => Vec::new(),
        Type::Null => json_type("null"),
        Type::Boolean => json_type("boolean"),
        Type::Integer(_) => json_type("integer"),
        Type::Float32 | Type::Float64 => json_type("number"),
        Type::String { .. } | Type::Decimal | Type::IntegerString { .. } => json_type("string"),
        Type::Constant(value) if value.is_object() => json_type("object"),
        Type::Constant(value) if value.is_array() => json_type("array"),
        Type::Constant(value) => values([Literal::from(value)]),
        Type::Named(id) => of_named(api, *id, depth),
        Type::Array(_) => json_type("array"),
        Type::Tuple { items, .. } => {
            let mut members = json_type("array");
            if depth > 0 {
                let items = items.iter().map(|item| Literal::Object(of_type(api, item, depth - 1)));
                members.push(("items".to_owned(), Literal::Array(items.collect())));
            }
            members
        }
        Type::Map { .. } => json_type("object"),
        Type::Nullable(inner) => nullable(of_type(api, inner, 0)),
    }
}

fn of_named(api: &Api, id: TypeId, depth: usize) -> Members {
    match &api.type_def(id).shape {
        Shape::Object(object) => of_object(api, object, depth),
        Shape::Enum(shape) if shape.open => Vec::new(),
        Shape::Enum(shape) => values(shape.values.iter().map(|value| Literal::from(&value.value))),
        Shape::Tagged(_) => json_type("object"),
        Shape::Untagged(arms) => {
            let mut shapes = arms.iter().map(|arm| of_type(api, &arm.ty, 0));
            let first = shapes.next().unwrap_or_default();
            let same = shapes.all(|other| other.iter().map(plain).eq(first.iter().map(plain)));
            if same { first } else { Vec::new() }
        }
        Shape::Alias(ty) => of_type(api, ty, depth),
    }
}

fn of_object(api: &Api, object: &Object, depth: usize) -> Members {
    let mut members = json_type("object");
    let required = object.fields.iter().filter(|field| field.required);
    let required: Vec<_> = required.map(|field| Literal::text(&field.name.wire)).collect();
    if !required.is_empty() {
        members.push(("required".to_owned(), Literal::Array(required)));
    }
    if depth > 0 {
        let inner = object.fields.iter().filter_map(|field| {
            let shape = of_type(api, &field.ty, depth - 1);
            let shape = if field.nullable { nullable(shape) } else { shape };
            (!shape.is_empty()).then(|| (field.name.wire.clone(), Literal::Object(shape)))
        });
        let mut inner: Members = inner.collect();
        // Constants tell messages apart; beside them, types would only be noise.
        if inner.iter().any(|(_, shape)| is_constant(shape)) {
            inner.retain(|(_, shape)| is_constant(shape));
        }
        if !inner.is_empty() {
            members.push(("members".to_owned(), Literal::Object(inner)));
        }
    }
    members
}

fn is_constant(shape: &Literal) -> bool {
    matches!(shape, Literal::Object(members) if members.iter().any(|(key, value)| {
        key == "values" && matches!(value, Literal::Array(values) if values.len() == 1)
    }))
}

fn json_type(name: &str) -> Members {
    vec![("type".to_owned(), Literal::text(name))]
}

fn values(values: impl IntoIterator<Item = Literal>) -> Members {
    vec![("values".to_owned(), Literal::Array(values.into_iter().collect()))]
}

/// The same shape or `null`; without a type there is nothing to widen but the values.
fn nullable(shape: Members) -> Members {
    shape
        .into_iter()
        .filter_map(|(key, value)| match (key.as_str(), value) {
            ("type", Literal::Raw(name)) => {
                Some((key, Literal::Array(vec![Literal::Raw(name), Literal::text("null")])))
            }
            ("values", Literal::Array(mut values)) => {
                values.push(Literal::Raw("null".to_owned()));
                Some((key, Literal::Array(values)))
            }
            _ => None,
        })
        .collect()
}

fn plain(member: &(String, Literal)) -> (String, String) {
    (member.0.clone(), member.1.print(0, 0, 0))
}
