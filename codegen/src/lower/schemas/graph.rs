//! What can only be said once all types stand: recursion, hashing, and which types need their schema checked.

use std::collections::HashSet;

use crate::model::{Additional, EnumRepr, Shape, Type, TypeDef, TypeId};

/// Fills `boxed`, `hashable` and `checked`, and names the types that no finite value can have.
pub(super) fn finish(types: &mut [TypeDef]) -> Vec<TypeId> {
    let endless = endless(types);
    unwind_aliases(types);
    box_recursion(types);
    spread_checks(types);
    settle_hashing(types);
    endless
}

/// Types that hold themselves in every value, or are arms of themselves, directly or through others.
fn endless(types: &[TypeDef]) -> Vec<TypeId> {
    let mut finite = vec![false; types.len()];
    loop {
        let mut changed = false;
        for at in 0..types.len() {
            if !finite[at] && shape_is_finite(&types[at].shape, &finite) {
                finite[at] = true;
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    let itself = |at: &usize| {
        each_arm(&types[*at].shape).iter().any(|arm| is_arm(types, arm, *at, &mut HashSet::new()))
    };
    (0..types.len()).filter(|at| !finite[*at] || itself(at)).map(TypeId).collect()
}

/// The arms of a union; none for anything else.
fn each_arm(shape: &Shape) -> Vec<Type> {
    match shape {
        Shape::Tagged(union) => union.arms.iter().map(|arm| Type::Named(arm.ty)).collect(),
        Shape::Untagged(arms) => arms.iter().map(|arm| arm.ty.clone()).collect(),
        Shape::Alias(ty @ (Type::Named(_) | Type::Nullable(_))) => vec![ty.clone()],
        Shape::Object(_) | Shape::Enum(_) | Shape::Alias(_) => Vec::new(),
    }
}

/// Whether a type is, or has among its arms, the type at `goal`: trying arms in order would never end.
fn is_arm(types: &[TypeDef], ty: &Type, goal: usize, seen: &mut HashSet<usize>) -> bool {
    match ty {
        Type::Named(id) if id.0 == goal => true,
        Type::Named(id) if seen.insert(id.0) => {
            each_arm(&types[id.0].shape).iter().any(|arm| is_arm(types, arm, goal, seen))
        }
        Type::Nullable(inner) => is_arm(types, inner, goal, seen),
        _ => false,
    }
}

fn shape_is_finite(shape: &Shape, finite: &[bool]) -> bool {
    match shape {
        Shape::Object(object) => object
            .fields
            .iter()
            .filter(|field| field.required && !field.nullable && field.default.is_none())
            .all(|field| is_finite(&field.ty, finite)),
        Shape::Enum(_) => true,
        Shape::Tagged(union) => union.arms.iter().any(|arm| finite[arm.ty.0]),
        Shape::Untagged(arms) => arms.is_empty() || arms.iter().any(|arm| is_finite(&arm.ty, finite)),
        Shape::Alias(ty) => is_finite(ty, finite),
    }
}

fn is_finite(ty: &Type, finite: &[bool]) -> bool {
    match ty {
        Type::Named(id) => finite[id.0],
        Type::Tuple { items, .. } => items.iter().all(|item| is_finite(item, finite)),
        _ => true,
    }
}

/// An alias that holds itself (`Tree: array of Tree`) is no type in Rust: it becomes a union of one arm.
fn unwind_aliases(types: &mut [TypeDef]) {
    for at in 0..types.len() {
        let Shape::Alias(ty) = &types[at].shape else { continue };
        if alias_reaches(types, ty, at, &mut HashSet::new()) {
            let ty = ty.clone();
            types[at].shape = super::unions::untagged(vec![("Value".to_owned(), ty)]);
        }
    }
}

fn alias_reaches(types: &[TypeDef], ty: &Type, goal: usize, seen: &mut HashSet<usize>) -> bool {
    let mut found = false;
    each_name(ty, &mut |id| {
        if id.0 == goal {
            found = true;
        } else if seen.insert(id.0)
            && let Shape::Alias(inner) = &types[id.0].shape
        {
            found |= alias_reaches(types, inner, goal, seen);
        }
    });
    found
}

/// Boxes the members and arms through which a type would contain itself by value.
fn box_recursion(types: &mut [TypeDef]) {
    for at in 0..types.len() {
        let count = match &types[at].shape {
            Shape::Object(object) => object.fields.len(),
            Shape::Untagged(arms) => arms.len(),
            _ => 0,
        };
        for part in 0..count {
            let ty = match &types[at].shape {
                Shape::Object(object) => &object.fields[part].ty,
                Shape::Untagged(arms) => &arms[part].ty,
                _ => continue,
            };
            if !contains(types, ty, at, &mut HashSet::new()) {
                continue;
            }
            match &mut types[at].shape {
                Shape::Object(object) => object.fields[part].boxed = true,
                Shape::Untagged(arms) => arms[part].boxed = true,
                _ => {}
            }
        }
    }
}

/// Whether a value of this type holds one of `goal` without a box, list or map between.
fn contains(types: &[TypeDef], ty: &Type, goal: usize, seen: &mut HashSet<usize>) -> bool {
    match ty {
        Type::Named(id) => {
            if id.0 == goal {
                return true;
            }
            if !seen.insert(id.0) {
                return false;
            }
            match &types[id.0].shape {
                Shape::Object(object) => object
                    .fields
                    .iter()
                    .filter(|field| !field.boxed)
                    .any(|field| contains(types, &field.ty, goal, seen)),
                Shape::Untagged(arms) => {
                    arms.iter().filter(|arm| !arm.boxed).any(|arm| contains(types, &arm.ty, goal, seen))
                }
                Shape::Tagged(union) => {
                    union.arms.iter().any(|arm| contains(types, &Type::Named(arm.ty), goal, seen))
                }
                Shape::Alias(inner) => contains(types, inner, goal, seen),
                Shape::Enum(_) => false,
            }
        }
        Type::Nullable(inner) => contains(types, inner, goal, seen),
        Type::Tuple { items, .. } => items.iter().any(|item| contains(types, item, goal, seen)),
        _ => false,
    }
}

/// A type whose parts need checking needs it too.
fn spread_checks(types: &mut [TypeDef]) {
    loop {
        let mut changed = false;
        for at in 0..types.len() {
            if types[at].checked {
                continue;
            }
            let mut checked = false;
            each_part(&types[at].shape, &mut |ty| each_name(ty, &mut |id| checked |= types[id.0].checked));
            if checked {
                types[at].checked = true;
                changed = true;
            }
        }
        if !changed {
            return;
        }
    }
}

/// Everything may be hashed but floats, open values and what holds them.
fn settle_hashing(types: &mut [TypeDef]) {
    for definition in types.iter_mut() {
        definition.hashable = true;
    }
    loop {
        let mut changed = false;
        for at in 0..types.len() {
            if !types[at].hashable {
                continue;
            }
            let mut hashable =
                !matches!(&types[at].shape, Shape::Enum(values) if values.repr == EnumRepr::Mixed);
            each_part(&types[at].shape, &mut |ty| hashable &= is_hashable(ty, types));
            if !hashable {
                types[at].hashable = false;
                changed = true;
            }
        }
        if !changed {
            return;
        }
    }
}

fn is_hashable(ty: &Type, types: &[TypeDef]) -> bool {
    match ty {
        Type::Any | Type::Float32 | Type::Float64 | Type::Constant(_) | Type::Map { .. } => false,
        Type::Null | Type::Boolean | Type::Integer(_) | Type::String { .. } | Type::Decimal => true,
        Type::IntegerString { .. } => true,
        Type::Named(id) => types[id.0].hashable,
        Type::Array(inner) | Type::Nullable(inner) => is_hashable(inner, types),
        Type::Tuple { items, rest } => {
            items.iter().chain(rest.as_deref()).all(|item| is_hashable(item, types))
        }
    }
}

/// Calls `visit` with every type directly inside a shape.
fn each_part(shape: &Shape, visit: &mut dyn FnMut(&Type)) {
    match shape {
        Shape::Object(object) => {
            object.fields.iter().for_each(|field| visit(&field.ty));
            if let Additional::Kept(ty) = &object.additional {
                // A dictionary is not hashed, whatever it holds.
                visit(&Type::Map { key: None, value: Box::new(ty.clone()) });
            }
        }
        Shape::Enum(_) => {}
        Shape::Tagged(union) => union.arms.iter().for_each(|arm| visit(&Type::Named(arm.ty))),
        Shape::Untagged(arms) => arms.iter().for_each(|arm| visit(&arm.ty)),
        Shape::Alias(ty) => visit(ty),
    }
}

/// Calls `visit` with every named type inside a type.
fn each_name(ty: &Type, visit: &mut dyn FnMut(TypeId)) {
    match ty {
        Type::Named(id) => visit(*id),
        Type::Array(inner) | Type::Nullable(inner) => each_name(inner, visit),
        Type::Tuple { items, rest } => {
            items.iter().chain(rest.as_deref()).for_each(|item| each_name(item, visit));
        }
        Type::Map { key, value } => {
            key.iter().for_each(|key| visit(*key));
            each_name(value, visit);
        }
        _ => {}
    }
}
