//! `oneOf` and `anyOf`: told apart by a tag, tried in order, or no union at all.

use serde_json::Value;

use super::conjunction::{Conjunction, Cursor, Visited, arm_name};
use super::enums;
use super::flat::{Flat, Group, Types};
use super::lowering::{Lowering, Site};
use super::objects::quoted;
use crate::diagnostics::Diagnostic;
use crate::lower::names::{self, Place};
use crate::model::{Shape, Tagged, TaggedArm, Type, UnionArm};
use crate::rules::schemas as rules;

/// Unions within unions are looked into this deep for a tag.
const MAX_DEPTH: usize = 12;

/// One arm with everything that stands around the union merged in.
#[derive(Debug, Clone)]
struct Arm<'s> {
    conjunction: Conjunction<'s>,
    site: Site,
    /// The arm as written.
    written: Cursor<'s>,
    /// What to call it.
    name: String,
    /// The name is only its place.
    anonymous: bool,
}

impl<'s> Lowering<'s, '_> {
    pub(super) fn union(&mut self, flat: &Flat<'s>, group: &Group<'s>, site: &Site) -> (Shape, bool) {
        if let Some(shape) = self.union_of_values(flat, group) {
            return (shape, false);
        }
        let arms = self.arms(flat, group, site);
        let reported = self.sink.count();
        if arms.iter().all(|arm| self.schemas.types_of(&arm.conjunction) == Types::OBJECT)
            && let Some(tag) = self.tag(&arms, group, site)
        {
            return self.tagged(arms, tag);
        }
        if let Some(member) = group.discriminator {
            self.missing_tag(&arms, member);
        }
        if self.sink.count() == reported {
            self.warn_of_overlap(&arms, site);
        }
        let mut checked = group.exclusive || flat.parts.len() > 1;
        let mut named = Vec::new();
        for arm in arms {
            let used = self.use_of(&arm.conjunction, &arm.site);
            checked |= used.checked;
            let nameless = arm.anonymous && !matches!(used.ty, Type::Named(_));
            let name = if nameless { type_name(&used.ty).to_owned() } else { arm.name };
            named.push((name, used.whole()));
        }
        (untagged(named), checked)
    }

    /// `anyOf: [{ enum: […] }, { type: string }]` is an open enumeration; arms that are all constants are a closed one.
    fn union_of_values(&mut self, flat: &Flat<'s>, group: &Group<'s>) -> Option<Shape> {
        let mut entries = Vec::new();
        let mut open = flat.open;
        for arm in &group.arms {
            let inner = Flat::new(self.schemas.resolved(std::slice::from_ref(arm)));
            match &inner.values {
                Some(values) if values.iter().all(|value| !value.is_object() && !value.is_array()) => {
                    let text = |name: &str| inner.extension(name).and_then(Value::as_str).map(str::to_owned);
                    let single = values.len() == 1 && self.schemas.target(arm).is_none();
                    let title = text("title").filter(|_| single);
                    let description = text("description").filter(|_| single);
                    let names = inner.extension("x-enum-varnames").and_then(Value::as_array);
                    for (at, value) in values.iter().enumerate() {
                        let listed = names.and_then(|names| names.get(at)?.as_str()).map(str::to_owned);
                        entries.push((value.clone(), listed.or_else(|| title.clone()), description.clone()));
                    }
                }
                None if inner.types == Types::STRING
                    && inner.constraints.is_empty()
                    && inner.groups.is_empty()
                    && !group.exclusive =>
                {
                    open = true;
                }
                _ => return None,
            }
        }
        let strings = entries.iter().all(|(value, ..)| value.is_string());
        (!entries.is_empty() && (!open || strings))
            .then(|| Shape::Enum(enums::enumeration(entries, open, false)))
    }

    /// The arms, each with what stands beside the union.
    fn arms(&self, flat: &Flat<'s>, group: &Group<'s>, site: &Site) -> Vec<Arm<'s>> {
        let around = flat.around(group);
        let keyword = if group.exclusive { "oneOf" } else { "anyOf" };
        let listed = flat.parts.get(group.part).and_then(|part| part.get(keyword)?.as_array());
        let siblings = listed.map(Vec::as_slice).unwrap_or_default();
        group
            .arms
            .iter()
            .map(|written| {
                // Arms of `null` are gone from the group, but the others keep their places.
                let step = written.pointer.rsplit('/').next().unwrap_or_default();
                let index = step.parse::<usize>().unwrap_or_default();
                let beside: Conjunction<'s> =
                    around.iter().filter(|part| !self.is_implied(part, written)).cloned().collect();
                let name = match self.schemas.target(written) {
                    Some(target) => self.schemas.wire(target).to_owned(),
                    None => arm_name(written, index, siblings),
                };
                let site = site.inside(&name, &format!("/{keyword}/{index}"));
                let anonymous = name == format!("Variant{}", index + 1);
                let conjunction = std::iter::once(written.clone()).chain(beside).collect();
                Arm { conjunction, site, written: written.clone(), name, anonymous }
            })
            .collect()
    }

    /// Whether the arm itself demands all that this part beside the union does.
    fn is_implied(&self, part: &Cursor<'s>, arm: &Cursor<'s>) -> bool {
        let Some(schema) = part.object() else { return false };
        let needed = |keyword: &&String| {
            !super::conjunction::ANNOTATIONS.contains(&keyword.as_str())
                && !keyword.starts_with("x-")
                && part.get(keyword).is_some()
        };
        let keywords: Vec<&String> = schema.keys().filter(needed).collect();
        if keywords.iter().any(|keyword| !matches!(keyword.as_str(), "type" | "required")) {
            return false;
        }
        if keywords.is_empty() {
            return true;
        }
        let inner = Flat::new(self.schemas.resolved(std::slice::from_ref(arm)));
        let own = if inner.groups.is_empty() { super::lowering::narrowed(&inner) } else { inner.types };
        let types = part.get("type").map_or(Types::ALL, Types::named);
        let required = part.get("required").and_then(Value::as_array).into_iter().flatten();
        let mut required = required.filter_map(Value::as_str);
        (own != Types::ALL && own.without(types).is_empty() || types == Types::ALL)
            && required.all(|name| inner.required.contains(&name))
    }

    /// The member that tells the arms apart, with its values arm by arm.
    fn tag(&mut self, arms: &[Arm<'s>], group: &Group<'s>, site: &Site) -> Option<(String, Vec<Vec<Value>>)> {
        let mut candidates: Vec<&str> = group.discriminator.into_iter().collect();
        candidates.extend(self.members_of(&arms.first()?.conjunction, 0));
        let mut shared: Option<(String, usize, usize, Value)> = None;
        for member in candidates {
            let values: Option<Vec<Vec<Value>>> = arms
                .iter()
                .map(|arm| self.fixed_values(&arm.conjunction, member, &mut Visited::default()))
                .collect();
            let Some(values) = values else { continue };
            match first_shared(&values) {
                None => return Some((member.to_owned(), values)),
                // A member that is the same in all arms is a mark of the union, not a tag within it.
                Some(_)
                    if values.iter().all(|other| *other == values[0])
                        && group.discriminator != Some(member) => {}
                Some((a, b, value)) => {
                    shared.get_or_insert((member.to_owned(), a, b, value));
                }
            }
        }
        let (member, a, b, value) = shared?;
        let message = format!(
            "the arms `{}` and `{}` of {} share the tag `{member}: {}`",
            arms[a].name,
            arms[b].name,
            self.path(site),
            quoted(&value)
        );
        let place = |arm: &Arm<'s>| self.normal.span(arm.written.root, &arm.written.pointer);
        let diagnostic = Diagnostic::new(&rules::SHARED_UNION_TAG, place(&arms[b]), message);
        let diagnostic = diagnostic.related(place(&arms[a]), "the other arm");
        self.sink.push(diagnostic);
        None
    }

    /// Members that could be a tag, in document order.
    fn members_of(&self, conjunction: &[Cursor<'s>], depth: usize) -> Vec<&'s str> {
        let flat = Flat::new(self.schemas.resolved(conjunction));
        let mut members: Vec<&str> = flat.properties.keys().copied().collect();
        if depth < MAX_DEPTH
            && let Some(arm) = flat.groups.first().and_then(|group| group.arms.first())
        {
            members.extend(self.members_of(std::slice::from_ref(arm), depth + 1));
        }
        members
    }

    /// The constants that a required member may have, if it may have nothing else.
    pub(super) fn fixed_values(
        &self,
        conjunction: &[Cursor<'s>],
        member: &str,
        visited: &mut Visited,
    ) -> Option<Vec<Value>> {
        let parts = self.schemas.resolved(conjunction);
        if !visited.enter(&parts) {
            return Some(Vec::new());
        }
        let flat = Flat::new(parts);
        if let Some(property) = flat.properties.get(member)
            && flat.required.contains(&member)
        {
            let values = Flat::new(self.schemas.resolved(property)).values.unwrap_or_default();
            let scalar = |value: &Value| value.is_string() || value.is_boolean() || value.as_i64().is_some();
            if !values.is_empty() && values.iter().all(scalar) {
                return Some(values);
            }
        }
        let [group] = flat.groups.as_slice() else { return None };
        let mut all: Vec<Value> = Vec::new();
        for arm in &group.arms {
            let mut whole = vec![arm.clone()];
            whole.extend(flat.around(group));
            for value in self.fixed_values(&whole, member, visited)? {
                if !all.contains(&value) {
                    all.push(value);
                }
            }
        }
        (!all.is_empty()).then_some(all)
    }

    fn tagged(&mut self, arms: Vec<Arm<'s>>, (tag, values): (String, Vec<Vec<Value>>)) -> (Shape, bool) {
        let mut lowered = Vec::new();
        for (arm, values) in arms.into_iter().zip(values) {
            let used = self.use_of(&arm.conjunction, &arm.site);
            let Type::Named(ty) = used.ty else { continue };
            let wire = match values.as_slice() {
                [Value::String(value)] => value.clone(),
                _ => arm.name,
            };
            lowered.push((wire, values, ty));
        }
        let wires: Vec<&str> = lowered.iter().map(|(wire, ..)| wire.as_str()).collect();
        let names = names::unique(&wires, Place::Variant, &[]);
        let arms =
            names.into_iter().zip(lowered).map(|(name, (_, values, ty))| TaggedArm { name, values, ty });
        (Shape::Tagged(Tagged { tag, arms: arms.collect() }), false)
    }

    /// Says which arms lack the member that `discriminator` names, or a constant for it.
    fn missing_tag(&mut self, arms: &[Arm<'s>], member: &str) {
        for arm in arms {
            if self.fixed_values(&arm.conjunction, member, &mut Visited::default()).is_some() {
                continue;
            }
            let message =
                format!("the arm `{}` has no required constant member `{member}` to be told by", arm.name);
            let span = self.normal.span(arm.written.root, &arm.written.pointer);
            self.report(&rules::DISCRIMINATOR_NOT_FOUND, span, message);
        }
    }

    /// Whether an object of the one arm cannot be one of the other, which demands a member that the first allows nobody.
    fn excludes(closed: &Flat<'s>, other: &Flat<'s>) -> bool {
        closed.additional.iter().any(|part| part.value == &Value::Bool(false))
            && closed.patterns.is_empty()
            && other.required.iter().any(|name| !closed.properties.contains_key(name))
    }

    fn warn_of_overlap(&mut self, arms: &[Arm<'s>], site: &Site) {
        let types: Vec<Types> = arms.iter().map(|arm| self.schemas.types_of(&arm.conjunction)).collect();
        let flat = |arm: &Arm<'s>| Flat::new(self.schemas.resolved(&arm.conjunction));
        let flats: Vec<Flat<'s>> = arms.iter().map(flat).collect();
        for (b, second) in types.iter().enumerate() {
            for (a, first) in types[..b].iter().enumerate() {
                let objects = *first == Types::OBJECT && *second == Types::OBJECT;
                let [one, other] = [&flats[a], &flats[b]];
                let apart = objects && (Self::excludes(one, other) || Self::excludes(other, one));
                if first.overlaps(*second) && !apart {
                    let message = format!(
                        "nothing tells the arms `{}` and `{}` of {} apart; they are tried in order",
                        arms[a].name,
                        arms[b].name,
                        self.path(site)
                    );
                    let span = self.span(site);
                    self.report(&rules::UNTAGGED_UNION, span, message);
                    return;
                }
            }
        }
    }
}

/// The first value that two arms have in common.
fn first_shared(values: &[Vec<Value>]) -> Option<(usize, usize, Value)> {
    for (b, second) in values.iter().enumerate() {
        for (a, first) in values[..b].iter().enumerate() {
            if let Some(value) = second.iter().find(|value| first.contains(value)) {
                return Some((a, b, value.clone()));
            }
        }
    }
    None
}

/// Whether the arms only say which members must come together: no types of their own.
pub(super) fn only_checks(group: &Group<'_>, flat: &Flat<'_>) -> bool {
    const CHECKS: &[&str] = &["required", "not", "minProperties", "maxProperties", "title", "description"];
    flat.has_properties
        && group.arms.iter().all(|arm| {
            arm.object().is_some_and(|arm| arm.keys().all(|keyword| CHECKS.contains(&keyword.as_str())))
        })
}

/// A union whose arms are tried in order.
pub(super) fn untagged(arms: Vec<(String, Type)>) -> Shape {
    let mut distinct: Vec<(String, Type)> = Vec::new();
    for arm in arms {
        if !distinct.iter().any(|known| known.1 == arm.1) {
            distinct.push(arm);
        }
    }
    let wires: Vec<&str> = distinct.iter().map(|(wire, _)| wire.as_str()).collect();
    let names = names::unique(&wires, Place::Variant, &[]);
    let arms = names.into_iter().zip(distinct).map(|(name, (_, ty))| UnionArm { name, ty, boxed: false });
    Shape::Untagged(arms.collect())
}

/// What an arm of one JSON type is called.
pub(super) fn kind_name(kind: Types) -> &'static str {
    match kind {
        Types::BOOLEAN => "Boolean",
        Types::INTEGER => "Integer",
        Types::NUMBER => "Number",
        Types::STRING => "String",
        Types::ARRAY => "List",
        Types::OBJECT => "Map",
        _ => "Null",
    }
}

/// What an arm is called that has no name but its type's.
fn type_name(ty: &Type) -> &'static str {
    match ty {
        Type::Any | Type::Constant(_) | Type::Named(_) => "Value",
        Type::Null => "Null",
        Type::Boolean => "Boolean",
        Type::Integer(_) => "Integer",
        Type::Float32 | Type::Float64 => "Number",
        Type::String { .. } => "String",
        Type::Decimal => "Decimal",
        Type::IntegerString { .. } => "Integer",
        Type::Array(_) => "List",
        Type::Tuple { .. } => "Tuple",
        Type::Map { .. } => "Map",
        Type::Nullable(inner) => type_name(inner),
    }
}
