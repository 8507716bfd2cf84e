//! What the rest of lowering asks about finished types.

use serde_json::Value;

use crate::model::{Object, Shape, Type, TypeDef};

/// Objects within objects are looked into this deep for constants.
const MAX_DEPTH: usize = 4;

/// The members of an object type, seen through aliases and nullability; `None` for anything else.
pub(crate) fn members<'t>(types: &'t [TypeDef], ty: &Type) -> Option<&'t Object> {
    let mut ty = ty;
    // A chain of aliases cannot be longer than there are types.
    for _ in 0..=types.len() {
        match ty {
            Type::Nullable(inner) => ty = inner,
            Type::Named(id) => match &types.get(id.0)?.shape {
                Shape::Object(object) => return Some(object),
                Shape::Alias(inner) => ty = inner,
                Shape::Enum(_) | Shape::Tagged(_) | Shape::Untagged(_) => return None,
            },
            _ => return None,
        }
    }
    None
}

/// Required members that can only have one value, with their JSON pointers: what a frame can be recognised by. Nearer
/// the surface first, then in document order; for a union only what all its arms agree on.
pub(crate) fn const_tags(types: &[TypeDef], ty: &Type) -> Vec<(String, Value)> {
    let mut tags = Vec::new();
    collect(types, ty, "", 0, &mut tags);
    tags.sort_by_key(|(pointer, _)| pointer.matches('/').count());
    tags
}

fn collect(types: &[TypeDef], ty: &Type, pointer: &str, depth: usize, tags: &mut Vec<(String, Value)>) {
    if depth > MAX_DEPTH {
        return;
    }
    match ty {
        Type::Constant(value) if !pointer.is_empty() && (value.is_boolean() || value.is_string()) => {
            tags.push((pointer.to_owned(), value.clone()));
        }
        Type::Named(id) => match types.get(id.0).map(|definition| &definition.shape) {
            Some(Shape::Object(object)) => {
                for field in object.fields.iter().filter(|field| field.required && !field.nullable) {
                    let pointer = format!("{pointer}/{}", crate::spec::escape(&field.name.wire));
                    collect(types, &field.ty, &pointer, depth + 1, tags);
                }
            }
            Some(Shape::Enum(values)) if values.values.len() == 1 && !values.open && !pointer.is_empty() => {
                tags.push((pointer.to_owned(), values.values[0].value.clone()));
            }
            Some(Shape::Alias(inner)) => collect(types, inner, pointer, depth + 1, tags),
            Some(Shape::Tagged(union)) => {
                let arms: Vec<Type> = union.arms.iter().map(|arm| Type::Named(arm.ty)).collect();
                common(types, &arms, pointer, depth, tags);
            }
            Some(Shape::Untagged(arms)) => {
                let arms: Vec<Type> = arms.iter().map(|arm| arm.ty.clone()).collect();
                common(types, &arms, pointer, depth, tags);
            }
            _ => {}
        },
        _ => {}
    }
}

fn common(types: &[TypeDef], arms: &[Type], pointer: &str, depth: usize, tags: &mut Vec<(String, Value)>) {
    let each = arms.iter().map(|arm| {
        let mut tags = Vec::new();
        collect(types, arm, pointer, depth + 1, &mut tags);
        tags
    });
    let agreed = each.reduce(|agreed, tags| agreed.into_iter().filter(|tag| tags.contains(tag)).collect());
    tags.extend(agreed.unwrap_or_default());
}
