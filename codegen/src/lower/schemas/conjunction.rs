//! Places in normalised schemas, and lists of them that must all hold.
//!
//! `allOf` never becomes a new schema: a merged schema is the list of the places it was written at, so that what stands
//! in one place only keeps its name and its type wherever it is merged in.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::flat::Types;
use super::keywords::{self, Holds};
use super::normalise::COMPONENTS;
use crate::spec::{escape, unescape};

/// Keywords that say nothing about which values fit.
pub(super) const ANNOTATIONS: &[&str] =
    &["title", "description", "deprecated", "default", "examples", "readOnly", "writeOnly", "discriminator"];

/// The keywords that hold arms.
pub(super) const UNIONS: &[&str] = &["oneOf", "anyOf"];

/// A schema in its place, perhaps without some of its keywords.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'s> {
    pub(super) root: usize,
    /// Pointer within the root's schema; empty for the root itself.
    pub(super) pointer: String,
    pub(super) value: &'s Value,
    /// Its `allOf` has been taken apart already.
    pub(super) without_all_of: bool,
    /// Its arms have been taken apart already.
    pub(super) without_unions: bool,
    /// It was reached through a reference, so that its prose belongs to something else.
    pub(super) referred: bool,
}

/// Tells places apart: every schema stands at an address of its own, and keeps it.
pub(super) type Key = (*const Value, bool, bool);

/// More parts than any real `allOf` has; the rest of a longer list is not looked at.
pub(super) const MAX_PARTS: usize = 200;

/// Most conjunctions that one search goes to.
const MAX_VISITS: usize = 1_000;

impl<'s> Cursor<'s> {
    pub(super) fn key(&self) -> Key {
        (std::ptr::from_ref(self.value), self.without_all_of, self.without_unions)
    }

    pub(super) fn object(&self) -> Option<&'s Map<String, Value>> {
        self.value.as_object()
    }

    /// The value of a keyword, unless it has been taken apart.
    pub(super) fn get(&self, keyword: &str) -> Option<&'s Value> {
        let gone =
            (self.without_all_of && keyword == "allOf") || (self.without_unions && UNIONS.contains(&keyword));
        if gone { None } else { self.object()?.get(keyword) }
    }

    /// The schema below, at these steps.
    pub(super) fn child(&self, steps: &[&str], value: &'s Value) -> Self {
        let mut pointer = self.pointer.clone();
        for step in steps {
            pointer.push('/');
            pointer.push_str(&escape(step));
        }
        Self { pointer, value, without_all_of: false, without_unions: false, ..*self }
    }

    /// The items of a keyword that holds a list of schemas.
    pub(super) fn children(&self, keyword: &str) -> Vec<Self> {
        let list = self.get(keyword).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let items = list.iter().enumerate();
        items.map(|(at, value)| self.child(&[keyword, &at.to_string()], value)).collect()
    }

    /// Every schema directly inside, wherever a keyword holds one.
    pub(super) fn inside(&self) -> Vec<Self> {
        let mut inside = Vec::new();
        for (keyword, value) in self.object().into_iter().flatten() {
            match (keywords::holds(keyword), value) {
                (Some(Holds::Schema | Holds::SchemaOrList), Value::Object(_) | Value::Bool(_)) => {
                    inside.push(self.child(&[keyword], value));
                }
                (Some(Holds::SchemaList | Holds::SchemaOrList), Value::Array(list)) => {
                    let items = list.iter().enumerate();
                    inside.extend(items.map(|(at, item)| self.child(&[keyword, &at.to_string()], item)));
                }
                (Some(Holds::SchemaMap | Holds::Dependencies), Value::Object(members)) => {
                    let schemas = members.iter().filter(|(_, member)| !member.is_array());
                    inside.extend(schemas.map(|(name, member)| self.child(&[keyword, name], member)));
                }
                _ => {}
            }
        }
        inside
    }

    fn is_trivial(&self) -> bool {
        match self.value {
            Value::Bool(truth) => *truth,
            Value::Object(schema) => schema.keys().all(|keyword| {
                ANNOTATIONS.contains(&keyword.as_str())
                    || (keyword.starts_with("x-") && !keyword.starts_with("x-enum") && keyword != "x-open")
                    || (keyword == "allOf" && self.without_all_of)
                    || (UNIONS.contains(&keyword.as_str()) && self.without_unions)
            }),
            _ => true,
        }
    }
}

/// Schemas that must all hold.
pub(super) type Conjunction<'s> = Vec<Cursor<'s>>;

/// Conjunctions that a search has been to: a union that leads back to itself has nothing new to say, and would say it
/// without end. So would, nearly, unions that multiply; a document with those is refused for the types they make.
#[derive(Debug, Default)]
pub(super) struct Visited(HashSet<Vec<Key>>);

impl Visited {
    /// Whether this is the first visit, and not one too many.
    pub(super) fn enter(&mut self, parts: &[Cursor<'_>]) -> bool {
        self.0.len() < MAX_VISITS && self.0.insert(parts.iter().map(Cursor::key).collect())
    }
}

/// All normalised roots, for looking things up.
#[derive(Debug)]
pub(super) struct Schemas<'s> {
    roots: &'s [Value],
    by_reference: HashMap<String, usize>,
    wires: Vec<&'s str>,
    /// What has been found out about the types of conjunctions.
    pub(super) known_types: RefCell<HashMap<Vec<Key>, Types>>,
}

impl<'s> Schemas<'s> {
    pub(super) fn new(roots: &'s [Value], wires: Vec<&'s str>) -> Self {
        let references = wires.iter().enumerate();
        let by_reference =
            references.map(|(at, wire)| (format!("{COMPONENTS}{}", escape(wire)), at)).collect();
        Self { roots, by_reference, wires, known_types: RefCell::default() }
    }

    pub(super) fn len(&self) -> usize {
        self.roots.len()
    }

    pub(super) fn wire(&self, root: usize) -> &'s str {
        self.wires[root]
    }

    pub(super) fn root(&self, root: usize) -> Cursor<'s> {
        let (pointer, value) = (String::new(), &self.roots[root]);
        Cursor { root, pointer, value, without_all_of: false, without_unions: false, referred: false }
    }

    /// The root a schema refers to, if it is a reference.
    pub(super) fn target(&self, cursor: &Cursor<'s>) -> Option<usize> {
        self.by_reference.get(cursor.get("$ref")?.as_str()?).copied()
    }

    /// Takes `allOf` apart and leaves out what adds nothing. References stay as they are while they stand alone.
    pub(super) fn parts(&self, conjunction: &[Cursor<'s>]) -> Conjunction<'s> {
        let parts = self.expand(conjunction, false);
        if parts.len() > 1 { self.resolved(&parts) } else { parts }
    }

    /// The same with references replaced by what they refer to.
    pub(super) fn resolved(&self, conjunction: &[Cursor<'s>]) -> Conjunction<'s> {
        self.expand(conjunction, true)
    }

    fn expand(&self, conjunction: &[Cursor<'s>], through: bool) -> Conjunction<'s> {
        let mut parts = Vec::new();
        let mut targets = HashSet::new();
        let mut places = HashSet::new();
        let mut references = HashSet::new();
        // Not by recursion: references may form a chain of any length.
        let mut waiting: Vec<Cursor<'s>> = conjunction.iter().rev().cloned().collect();
        while let Some(cursor) = waiting.pop() {
            if parts.len() > MAX_PARTS {
                break;
            }
            if let Some(target) = self.target(&cursor).filter(|_| through) {
                // A schema adds nothing to itself, nor a second time: without this, references would multiply.
                if targets.insert(target) {
                    waiting.push(Cursor { referred: true, ..self.root(target) });
                }
                continue;
            }
            let all_of = cursor.children("allOf");
            let own = Cursor { without_all_of: cursor.without_all_of || !all_of.is_empty(), ..cursor };
            let known = own.get("$ref").and_then(Value::as_str).is_some_and(|name| !references.insert(name));
            if !own.is_trivial() && places.insert(own.key()) && !known {
                parts.push(own);
            }
            waiting.extend(all_of.into_iter().rev());
        }
        parts
    }

    /// The schemas themselves, `allOf` taken apart but references not followed: where prose about this use stands.
    pub(super) fn own(&self, conjunction: &[Cursor<'s>]) -> Conjunction<'s> {
        let mut own = Vec::new();
        for cursor in conjunction.iter().filter(|cursor| !cursor.referred) {
            own.push(cursor.clone());
            own.extend(cursor.children("allOf").into_iter().filter(|part| self.target(part).is_none()));
        }
        own
    }

    /// What a schema is called by its position, in words with dots between: `Bar.venue` for the member `venue` of `Bar`.
    pub(super) fn position_name(&self, cursor: &Cursor<'s>) -> String {
        let mut name = vec![self.wires[cursor.root].to_owned()];
        let mut steps = cursor.pointer.split('/').skip(1).map(unescape);
        let mut at = self.root(cursor.root);
        while let Some(keyword) = steps.next() {
            let Some(inside) = at.object().and_then(|schema| schema.get(&keyword)) else { break };
            let inner = match (keyword.as_str(), inside) {
                ("items" | "allOf" | "anyOf" | "oneOf", Value::Array(list)) => {
                    let step = steps.next().unwrap_or_default();
                    let index = step.parse::<usize>().unwrap_or_default();
                    let Some(value) = list.get(index) else { break };
                    let child = at.child(&[&keyword, &step], value);
                    name.extend(match keyword.as_str() {
                        "items" => Some(format!("Item{}", index + 1)),
                        "allOf" => None,
                        _ if is_only_arm(list) => None,
                        _ => Some(arm_name(&child, index, list)),
                    });
                    child
                }
                ("properties" | "patternProperties" | "dependencies", Value::Object(members)) => {
                    let step = steps.next().unwrap_or_default();
                    let Some(value) = members.get(&step) else { break };
                    name.push(if keyword == "properties" { step.clone() } else { "Value".to_owned() });
                    at.child(&[&keyword, &step], value)
                }
                (_, value) => {
                    let word = match keyword.as_str() {
                        "items" | "contains" => "Item",
                        "additionalItems" => "Rest",
                        "propertyNames" => "Key",
                        _ => "Value",
                    };
                    name.push(word.to_owned());
                    at.child(&[&keyword], value)
                }
            };
            at = inner;
        }
        name.join(".")
    }
}

/// The name of an inline arm: its title, the constant that sets it apart, what it extends, else its place.
pub(super) fn arm_name(arm: &Cursor<'_>, index: usize, siblings: &[Value]) -> String {
    if let Some(title) = arm.get("title").and_then(Value::as_str) {
        return title.to_owned();
    }
    let mut constants = constants(arm.value).into_iter();
    let own = constants.find(|constant| {
        let others = siblings.iter().enumerate().filter(|(at, _)| *at != index);
        others.map(|(_, other)| self::constants(other)).all(|others| !others.contains(constant))
    });
    if let Some((member, value)) = own {
        return match value {
            Value::String(text) => text.clone(),
            other => format!("{member} {other}"),
        };
    }
    let extended = arm.children("allOf").into_iter().find_map(|part| {
        let target = part.get("$ref")?.as_str()?.strip_prefix(COMPONENTS)?;
        Some(unescape(target))
    });
    extended.unwrap_or_else(|| format!("Variant{}", index + 1))
}

/// The members of an inline arm that have one value only.
fn constants(arm: &Value) -> Vec<(&str, &Value)> {
    let members = arm.get("properties").and_then(Value::as_object).into_iter().flatten();
    let constant = members.filter_map(|(name, member)| {
        let single = member.get("enum").and_then(Value::as_array).filter(|values| values.len() == 1);
        let value = member.get("const").or_else(|| single.map(|values| &values[0]))?;
        (value.is_string() || value.is_boolean() || value.is_i64()).then_some((name.as_str(), value))
    });
    constant.collect()
}

/// Whether all arms but one are `null`, so that there is nothing to tell apart.
fn is_only_arm(arms: &[Value]) -> bool {
    arms.iter().filter(|arm| arm.get("type") != Some(&Value::from("null"))).count() == 1
}
