//! One view of a list of schemas that must all hold: their keywords, intersected.

use indexmap::IndexMap;
use serde_json::Value;

use super::conjunction::{Conjunction, Cursor, Key, Schemas, UNIONS, Visited};
use crate::model::Constraint;

/// A set of JSON types. Numbers are two: whole ones and the others, so that `integer` is a part of `number`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Types(u8);

impl Types {
    pub(super) const NONE: Self = Self(0);
    pub(super) const NULL: Self = Self(1);
    pub(super) const BOOLEAN: Self = Self(2);
    pub(super) const INTEGER: Self = Self(4);
    pub(super) const NUMBER: Self = Self(4 | 8);
    pub(super) const STRING: Self = Self(16);
    pub(super) const ARRAY: Self = Self(32);
    pub(super) const OBJECT: Self = Self(64);
    pub(super) const ALL: Self = Self(127);

    /// The types a `type` keyword names; unknown names are reported elsewhere and exclude nothing.
    pub(super) fn named(keyword: &Value) -> Self {
        match keyword {
            Value::String(name) => Self::by_name(name).unwrap_or(Self::ALL),
            Value::Array(names) => names.iter().fold(Self::NONE, |all, name| all.with(Self::named(name))),
            _ => Self::NONE,
        }
    }

    pub(super) fn by_name(name: &str) -> Option<Self> {
        Some(match name {
            "null" => Self::NULL,
            "boolean" => Self::BOOLEAN,
            "integer" => Self::INTEGER,
            "number" => Self::NUMBER,
            "string" => Self::STRING,
            "array" => Self::ARRAY,
            "object" => Self::OBJECT,
            _ => return None,
        })
    }

    /// The type of a value.
    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::NULL,
            Value::Bool(_) => Self::BOOLEAN,
            Value::Number(number) if number.is_f64() => {
                let whole = number.as_f64().is_some_and(|number| number.fract() == 0.0);
                if whole { Self::INTEGER } else { Self(8) }
            }
            Value::Number(_) => Self::INTEGER,
            Value::String(_) => Self::STRING,
            Value::Array(_) => Self::ARRAY,
            Value::Object(_) => Self::OBJECT,
        }
    }

    pub(super) fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(super) fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0 && other.0 != 0
    }

    pub(super) fn overlaps(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The single types inside, whole numbers within `number` not counted apart.
    pub(super) fn each(self) -> Vec<Self> {
        let numbers = if self.has(Self::NUMBER) { Self::NUMBER } else { Self::INTEGER };
        let all = [Self::BOOLEAN, numbers, Self::STRING, Self::ARRAY, Self::OBJECT, Self::NULL];
        all.into_iter().filter(|single| self.has(*single)).collect()
    }
}

/// What `items` says.
#[derive(Debug, Clone, Default)]
pub(super) enum Items<'s> {
    /// Nothing.
    #[default]
    Any,
    /// Every item is of these.
    All(Conjunction<'s>),
    /// Items by position, and what may follow.
    Tuple(Vec<Conjunction<'s>>, Option<Cursor<'s>>),
}

/// The arms of one `oneOf` or `anyOf`.
#[derive(Debug, Clone)]
pub(super) struct Group<'s> {
    /// Index of the part it stands in.
    pub(super) part: usize,
    /// `oneOf` rather than `anyOf`.
    pub(super) exclusive: bool,
    pub(super) arms: Vec<Cursor<'s>>,
    pub(super) discriminator: Option<&'s str>,
}

/// The keywords of several schemas, intersected.
#[derive(Debug, Clone)]
pub(super) struct Flat<'s> {
    pub(super) parts: Conjunction<'s>,
    pub(super) types: Types,
    /// The values of `enum` or `const`.
    pub(super) values: Option<Vec<Value>>,
    /// They come from a `const`.
    pub(super) constant: bool,
    /// Unknown strings are accepted too.
    pub(super) open: bool,
    pub(super) properties: IndexMap<&'s str, Conjunction<'s>>,
    /// There is a `properties`, if perhaps an empty one.
    pub(super) has_properties: bool,
    pub(super) required: Vec<&'s str>,
    pub(super) additional: Conjunction<'s>,
    pub(super) patterns: Vec<Cursor<'s>>,
    pub(super) key_names: Conjunction<'s>,
    pub(super) items: Items<'s>,
    pub(super) groups: Vec<Group<'s>>,
    pub(super) minimum: Option<f64>,
    pub(super) maximum: Option<f64>,
    pub(super) format: Option<&'s str>,
    /// What documentation shows, strongest bounds first come.
    pub(super) constraints: Vec<Constraint>,
    /// Keywords that only a check of the whole schema can honour.
    pub(super) check_only: Vec<(&'s str, Cursor<'s>)>,
    /// Pairs of contradicting parts, as sentences.
    pub(super) contradictions: Vec<String>,
}

/// Keywords shown in documentation as they are.
const CONSTRAINTS: &[&str] = &[
    "format",
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
    "contentEncoding",
    "contentMediaType",
];

/// Keywords that nothing but a check of the whole schema can honour.
const CHECK_ONLY: &[&str] = &["not", "if", "contains", "dependencies"];

impl<'s> Flat<'s> {
    /// Intersects the parts; references among them must have been followed.
    pub(super) fn new(parts: Conjunction<'s>) -> Self {
        let mut flat = Self {
            parts: Vec::new(),
            types: Types::ALL,
            values: None,
            constant: false,
            open: false,
            properties: IndexMap::new(),
            has_properties: false,
            required: Vec::new(),
            additional: Vec::new(),
            patterns: Vec::new(),
            key_names: Vec::new(),
            items: Items::Any,
            groups: Vec::new(),
            minimum: None,
            maximum: None,
            format: None,
            constraints: Vec::new(),
            check_only: Vec::new(),
            contradictions: Vec::new(),
        };
        for (at, part) in parts.iter().enumerate() {
            flat.absorb(at, part);
        }
        flat.contradict(&parts);
        flat.parts = parts;
        flat
    }

    /// Whether some keyword needs a check of the schema beyond what types enforce.
    pub(super) fn has(&self, keyword: &str) -> bool {
        self.constraints.iter().any(|constraint| constraint.keyword == keyword)
    }

    /// All parts without the arms of this union.
    pub(super) fn around(&self, group: &Group<'s>) -> Conjunction<'s> {
        let parts = self.parts.iter().enumerate();
        let gone = |at: usize, part: &Cursor<'s>| part.without_unions || at == group.part;
        parts.map(|(at, part)| Cursor { without_unions: gone(at, part), ..part.clone() }).collect()
    }

    /// The value of an extension, the first part's that has it.
    pub(super) fn extension(&self, name: &str) -> Option<&'s Value> {
        self.parts.iter().find_map(|part| part.get(name))
    }

    fn absorb(&mut self, at: usize, part: &Cursor<'s>) {
        if part.value == &Value::Bool(false) {
            self.types = Types::NONE;
            return;
        }
        if let Some(types) = part.get("type") {
            let narrowed = self.types.and(Types::named(types));
            if narrowed.is_empty() && !self.types.is_empty() {
                self.contradictions.push(format!("no value is of `type: {}` as well", shown(types)));
            }
            self.types = narrowed;
        }
        self.absorb_values(part);
        self.absorb_object(part);
        self.absorb_array(part);
        self.absorb_numbers(part);
        self.open |= part.get("x-open") == Some(&Value::Bool(true));
        if let Some(format) = part.get("format").and_then(Value::as_str) {
            self.format = Some(format);
        }
        for keyword in CONSTRAINTS {
            if let Some(value) = part.get(keyword) {
                self.constrain(keyword, value);
            }
        }
        for keyword in CHECK_ONLY {
            if part.get(keyword).is_some() {
                self.check_only.push((keyword, part.clone()));
            }
        }
        for keyword in UNIONS {
            if part.get(keyword).is_some() {
                let discriminator = part.get("discriminator").and_then(Value::as_str);
                let (exclusive, arms) = (*keyword == "oneOf", part.children(keyword));
                self.groups.push(Group { part: at, exclusive, arms, discriminator });
            }
        }
    }

    fn absorb_values(&mut self, part: &Cursor<'s>) {
        let constant = part.get("const").map(|value| vec![value.clone()]);
        self.constant |= constant.is_some();
        let listed = part.get("enum").and_then(Value::as_array).cloned();
        for values in [constant, listed].into_iter().flatten() {
            self.values = Some(match self.values.take() {
                None => values,
                Some(before) => {
                    let both: Vec<Value> = before
                        .iter()
                        .filter(|value| values.iter().any(|other| equal(value, other)))
                        .cloned()
                        .collect();
                    if both.is_empty() && !before.is_empty() && !values.is_empty() {
                        self.contradictions.push(format!(
                            "no value is among both {} and {}",
                            shown(&Value::Array(before)),
                            shown(&Value::Array(values))
                        ));
                    }
                    both
                }
            });
        }
    }

    fn absorb_object(&mut self, part: &Cursor<'s>) {
        if let Some(members) = part.get("properties").and_then(Value::as_object) {
            self.has_properties = true;
            for (name, schema) in members {
                let cursor = part.child(&["properties", name], schema);
                self.properties.entry(name).or_default().push(cursor);
            }
        }
        for name in
            part.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
        {
            if !self.required.contains(&name) {
                self.required.push(name);
            }
        }
        if let Some(schema) = part.get("additionalProperties") {
            self.additional.push(part.child(&["additionalProperties"], schema));
        }
        for (pattern, schema) in
            part.get("patternProperties").and_then(Value::as_object).into_iter().flatten()
        {
            self.patterns.push(part.child(&["patternProperties", pattern], schema));
        }
        if let Some(schema) = part.get("propertyNames") {
            self.key_names.push(part.child(&["propertyNames"], schema));
        }
    }

    fn absorb_array(&mut self, part: &Cursor<'s>) {
        let new = match part.get("items") {
            None => return,
            Some(Value::Array(items)) => {
                let items = items.iter().enumerate();
                let items =
                    items.map(|(at, item)| vec![part.child(&["items", &at.to_string()], item)]).collect();
                let rest = part.get("additionalItems").map(|rest| part.child(&["additionalItems"], rest));
                Items::Tuple(items, rest)
            }
            Some(items) => Items::All(vec![part.child(&["items"], items)]),
        };
        self.items = match (std::mem::take(&mut self.items), new) {
            (Items::Any, new) => new,
            (Items::All(mut all), Items::All(more)) => {
                all.extend(more);
                Items::All(all)
            }
            (Items::All(all), Items::Tuple(items, rest)) | (Items::Tuple(items, rest), Items::All(all)) => {
                let items = items.into_iter().map(|item| item.into_iter().chain(all.clone()).collect());
                Items::Tuple(items.collect(), rest)
            }
            (Items::Tuple(items, rest), Items::Tuple(more, _)) => {
                if items.len() != more.len() {
                    self.contradictions.push("two lists of `items` differ in length".to_owned());
                }
                let items =
                    items.into_iter().zip(more).map(|(item, more)| item.into_iter().chain(more).collect());
                Items::Tuple(items.collect(), rest)
            }
            (items, Items::Any) => items,
        };
    }

    fn absorb_numbers(&mut self, part: &Cursor<'s>) {
        let number = |keyword| part.get(keyword).and_then(Value::as_f64);
        let integer_step = if self.types == Types::INTEGER { 1.0 } else { 0.0 };
        let lower = [number("minimum"), number("exclusiveMinimum").map(|bound| bound + integer_step)];
        let upper = [number("maximum"), number("exclusiveMaximum").map(|bound| bound - integer_step)];
        for bound in lower.into_iter().flatten() {
            self.minimum = Some(self.minimum.map_or(bound, |before| before.max(bound)));
        }
        for bound in upper.into_iter().flatten() {
            self.maximum = Some(self.maximum.map_or(bound, |before| before.min(bound)));
        }
    }

    /// Adds a constraint, or keeps the stronger of two.
    fn constrain(&mut self, keyword: &str, value: &Value) {
        let known = self.constraints.iter_mut().find(|constraint| constraint.keyword == keyword);
        let Some(known) = known.filter(|_| keyword != "pattern") else {
            self.constraints.push(Constraint { keyword: keyword.to_owned(), value: value.clone() });
            return;
        };
        let (Some(before), Some(new)) = (known.value.as_f64(), value.as_f64()) else { return };
        let is_lower = keyword.starts_with("min") || keyword == "exclusiveMinimum";
        if (is_lower && new > before) || (!is_lower && new < before) {
            known.value = value.clone();
        }
    }

    /// What only shows once several parts are seen together.
    fn contradict(&mut self, parts: &[Cursor<'s>]) {
        if parts.len() < 2 {
            return;
        }
        if let (Some(minimum), Some(maximum)) = (self.minimum, self.maximum)
            && minimum > maximum
        {
            self.contradictions.push(format!("no number is at least {minimum} and at most {maximum}"));
        }
        if let Some(values) = &mut self.values {
            let types = self.types;
            let before = values.len();
            values.retain(|value| types.overlaps(Types::of(value)));
            if values.is_empty() && before > 0 && !types.is_empty() {
                self.contradictions.push("none of the values is of the type".to_owned());
            }
        }
        for part in parts.iter().filter(|part| part.get("additionalProperties") == Some(&Value::Bool(false)))
        {
            let own = part.get("properties").and_then(Value::as_object);
            if part.get("patternProperties").is_some() {
                continue;
            }
            for name in self.properties.keys() {
                if !own.is_some_and(|own| own.contains_key(*name)) {
                    self.contradictions.push(format!(
                        "the member `{name}` is refused by another part's `additionalProperties: false`"
                    ));
                }
            }
        }
    }
}

impl<'s> Schemas<'s> {
    /// The types that fit a schema, references and unions followed.
    pub(super) fn types_of(&self, conjunction: &[Cursor<'s>]) -> Types {
        self.types_within(conjunction, &mut Visited::default()).0
    }

    /// The same without what has been visited, and whether nothing is missing because of that: only then it is kept.
    fn types_within(&self, conjunction: &[Cursor<'s>], visited: &mut Visited) -> (Types, bool) {
        let parts = self.resolved(conjunction);
        let key: Vec<Key> = parts.iter().map(Cursor::key).collect();
        if let Some(known) = self.known_types.borrow().get(&key) {
            return (*known, true);
        }
        if !visited.enter(&parts) {
            return (Types::NONE, false);
        }
        let flat = Flat::new(parts);
        let own = super::lowering::narrowed(&flat);
        let (types, whole) = if let Some(values) = &flat.values {
            (values.iter().fold(Types::NONE, |all, value| all.with(Types::of(value))), true)
        } else if let Some(group) = flat.groups.first().filter(|_| own == Types::ALL) {
            let arms = group.arms.iter().map(|arm| self.types_within(std::slice::from_ref(arm), visited));
            arms.fold((Types::NONE, true), |all, arm| (all.0.with(arm.0), all.1 && arm.1))
        } else {
            (own, true)
        };
        if whole {
            self.known_types.borrow_mut().insert(key, types);
        }
        (types, whole)
    }
}

/// Equality as JSON Schema means it: `1` is `1.0`.
pub(super) fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(x), Value::Number(y)) if x.is_f64() != y.is_f64() => x.as_f64() == y.as_f64(),
        _ => a == b,
    }
}

/// A value in a sentence.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Whether an object has members of its own, rather than being a dictionary.
pub(super) fn is_record(flat: &Flat<'_>) -> bool {
    let closed = flat.additional.iter().any(|part| part.value == &Value::Bool(false));
    flat.has_properties
        || (closed && flat.patterns.is_empty())
        || (!flat.required.is_empty() && flat.additional.is_empty() && flat.patterns.is_empty())
}

/// Whether an arm accepts `null` and nothing else.
pub(super) fn is_null(arm: &Cursor<'_>) -> bool {
    let only = |values: &[Value]| values.len() == 1 && values[0].is_null();
    arm.get("type").is_some_and(|types| Types::named(types) == Types::NULL)
        || arm.get("const").is_some_and(Value::is_null)
        || arm.get("enum").and_then(Value::as_array).is_some_and(|values| only(values))
}
