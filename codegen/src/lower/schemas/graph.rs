//! What can only be said once all types stand: recursion, hashing, and which types need their schema checked.

use super::circles::Circles;
use crate::model::{Additional, EnumRepr, Shape, Type, TypeDef, TypeId};

/// Fills `boxed`, `hashable` and `checked`, and names the types that no finite value can have.
pub(super) fn finish(types: &mut [TypeDef]) -> Vec<TypeId> {
    let circles = Circles::of(types);
    let endless = endless(types, &circles);
    unwind_aliases(types, &circles);
    box_recursion(types, &circles);
    spread_checks(types, &circles);
    settle_hashing(types, &circles);
    endless
}

/// Types that hold themselves in every value, or are arms of themselves, directly or through others.
fn endless(types: &[TypeDef], circles: &Circles) -> Vec<TypeId> {
    let mut finite = vec![false; types.len()];
    circles.settle(|at| {
        let changed = !finite[at] && shape_is_finite(&types[at].shape, &finite);
        finite[at] |= changed;
        changed
    });
    let itself = |at: &usize| {
        each_arm(&types[*at].shape).iter().any(|arm| {
            let arms = |shape: &Shape, visit: &mut dyn FnMut(TypeId)| {
                each_arm(shape).iter().for_each(|arm| each_itself(arm, visit));
            };
            circles.leads_back(types, |visit| each_itself(arm, visit), *at, &arms)
        })
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

/// Calls `visit` with the type that this one is: trying arms in order would never end where that leads back.
fn each_itself(ty: &Type, visit: &mut dyn FnMut(TypeId)) {
    match ty {
        Type::Named(id) => visit(*id),
        Type::Nullable(inner) => each_itself(inner, visit),
        _ => {}
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
fn unwind_aliases(types: &mut [TypeDef], circles: &Circles) {
    let inside = |shape: &Shape, visit: &mut dyn FnMut(TypeId)| {
        if let Shape::Alias(inner) = shape {
            each_name(inner, visit);
        }
    };
    for at in 0..types.len() {
        let Shape::Alias(ty) = &types[at].shape else { continue };
        if circles.leads_back(types, |visit| each_name(ty, visit), at, &inside) {
            let ty = ty.clone();
            types[at].shape = super::unions::untagged(vec![("Value".to_owned(), ty)]);
        }
    }
}

/// Boxes the members and arms through which a type would contain itself by value.
fn box_recursion(types: &mut [TypeDef], circles: &Circles) {
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
            if !circles.leads_back(types, |visit| each_held(ty, visit), at, &each_unboxed) {
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

/// Calls `visit` with the types that values of a shape hold without a box, list or map between.
fn each_unboxed(shape: &Shape, visit: &mut dyn FnMut(TypeId)) {
    match shape {
        Shape::Object(object) => {
            let unboxed = object.fields.iter().filter(|field| !field.boxed);
            unboxed.for_each(|field| each_held(&field.ty, visit));
        }
        Shape::Untagged(arms) => {
            arms.iter().filter(|arm| !arm.boxed).for_each(|arm| each_held(&arm.ty, visit));
        }
        Shape::Tagged(union) => union.arms.iter().for_each(|arm| visit(arm.ty)),
        Shape::Alias(inner) => each_held(inner, visit),
        Shape::Enum(_) => {}
    }
}

/// The same for a type.
fn each_held(ty: &Type, visit: &mut dyn FnMut(TypeId)) {
    match ty {
        Type::Named(id) => visit(*id),
        Type::Nullable(inner) => each_held(inner, visit),
        Type::Tuple { items, .. } => items.iter().for_each(|item| each_held(item, visit)),
        _ => {}
    }
}

/// A type whose parts need checking needs it too.
fn spread_checks(types: &mut [TypeDef], circles: &Circles) {
    circles.settle(|at| {
        let mut checked = false;
        each_part(&types[at].shape, &mut |ty| each_name(ty, &mut |id| checked |= types[id.0].checked));
        let changed = checked && !types[at].checked;
        types[at].checked |= checked;
        changed
    });
}

/// Everything may be hashed but floats, open values and what holds them.
fn settle_hashing(types: &mut [TypeDef], circles: &Circles) {
    for definition in types.iter_mut() {
        definition.hashable = true;
    }
    circles.settle(|at| {
        let mut hashable = !matches!(&types[at].shape, Shape::Enum(values) if values.repr == EnumRepr::Mixed);
        each_part(&types[at].shape, &mut |ty| hashable &= is_hashable(ty, types));
        let changed = types[at].hashable && !hashable;
        types[at].hashable &= hashable;
        changed
    });
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
pub(super) fn each_part(shape: &Shape, visit: &mut dyn FnMut(&Type)) {
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
pub(super) fn each_name(ty: &Type, visit: &mut dyn FnMut(TypeId)) {
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
