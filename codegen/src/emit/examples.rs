//! Example values: what the document gives, else made up from the types, and kept only if they fit the schema.
//!
//! Made-up values aim to be valid, not clever; where a schema asks for more than is understood here there is none.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use jsonschema::{Draft, Validator};
use serde_json::{Map, Value, json};

use super::asyncapi::schema;
use crate::model::{Api, Constraint, Docs, Field, IntWidth, Object, Shape, Type, TypeId};

/// Nesting below which optional members are left out, so that recursion ends.
const DEPTH: usize = 4;

/// Values within a made-up value, and the items and characters that bounds ask for, together: an example is there to be
/// read, and members of members multiply.
const LONGEST: usize = 4_096;

/// Strings tried against a `pattern`.
const CANDIDATES: [&str; 18] = [
    "BTC-USD",
    "AAPL",
    "TEST-001",
    "abc",
    "ABC",
    "a",
    "A",
    "1",
    "1.5",
    "0x1f",
    "a1",
    "A1",
    "abc-123",
    "1h",
    "12:30",
    "2026-01-02",
    "00000000",
    "name@example.com",
];

/// Makes example values of types.
pub(crate) struct Examples<'a> {
    api: &'a Api,
    schemas: Value,
    known: RefCell<HashMap<String, Option<Value>>>,
}

impl<'a> Examples<'a> {
    /// Examples for the types of one API.
    pub(crate) fn new(api: &'a Api) -> Self {
        let schemas = Value::Object(schema::types(api));
        Self { api, schemas, known: RefCell::default() }
    }

    /// A value that fits the type's schema, if one is given or can be made up.
    pub(crate) fn of(&self, ty: &Type) -> Option<Value> {
        let schema = schema::of(self.api, ty);
        let key = schema.to_string();
        if let Some(known) = self.known.borrow().get(&key) {
            return known.clone();
        }
        let found = self.validator(&schema).and_then(|validator| self.fitting(ty, &validator));
        self.known.borrow_mut().insert(key, found.clone());
        found
    }

    /// The first example that the author gives and that fits, else one that is made up.
    pub(crate) fn given(&self, docs: &Docs, ty: &Type) -> Option<Value> {
        let given = docs.examples.iter().find(|example| self.fits(ty, example));
        given.cloned().or_else(|| self.of(ty))
    }

    /// Whether a given value fits the type's schema.
    pub(crate) fn fits(&self, ty: &Type, value: &Value) -> bool {
        self.validator(&schema::of(self.api, ty)).is_some_and(|validator| validator.is_valid(value))
    }

    fn validator(&self, schema: &Value) -> Option<Validator> {
        let document = json!({ "allOf": [schema], "components": { "schemas": self.schemas } });
        let options = jsonschema::options().with_draft(Draft::Draft7).should_validate_formats(true);
        options.build(&document).ok()
    }

    fn fitting(&self, ty: &Type, validator: &Validator) -> Option<Value> {
        let made = |optional| Maker { api: self.api, optional, left: Cell::new(LONGEST) }.value(ty, 0);
        [true, false].into_iter().map(made).find(|value| validator.is_valid(value))
    }
}

struct Maker<'a> {
    api: &'a Api,
    /// Whether optional members are filled in.
    optional: bool,
    /// How many more values, items and characters there may be.
    left: Cell<usize>,
}

impl Maker<'_> {
    fn value(&self, ty: &Type, depth: usize) -> Value {
        self.constrained(ty, &[], depth)
    }

    fn constrained(&self, ty: &Type, constraints: &[Constraint], depth: usize) -> Value {
        if self.afford(1.0) == 0 {
            return Value::Null;
        }
        match ty {
            Type::Any => json!({}),
            Type::Null => Value::Null,
            Type::Boolean => json!(true),
            Type::Integer(width) => integer(*width, constraints),
            Type::Float32 | Type::Float64 => float(constraints),
            Type::String { format } => json!(self.string(format.as_deref(), constraints)),
            Type::Decimal => json!("101.25"),
            Type::IntegerString { .. } => json!("42"),
            Type::Constant(value) => value.clone(),
            Type::Named(id) => self.named(*id, depth),
            Type::Array(item) => {
                let least = bound(constraints, "minItems").unwrap_or(0.0);
                let count = self.afford(if depth > DEPTH { least } else { least.max(1.0) });
                Value::Array((0..count).map(|_| self.value(item, depth + 1)).collect())
            }
            Type::Tuple { items, .. } => items.iter().map(|item| self.value(item, depth + 1)).collect(),
            Type::Map { .. } if depth > DEPTH => json!({}),
            Type::Map { key, value } => {
                let key = key.and_then(|key| self.named(key, depth).as_str().map(str::to_owned));
                json!({ key.unwrap_or_else(|| "key".into()): self.value(value, depth + 1) })
            }
            Type::Nullable(_) if depth > DEPTH => Value::Null,
            Type::Nullable(inner) => self.constrained(inner, constraints, depth),
        }
    }

    /// So many items or characters, or none where they are too many: what then lacks them is no example.
    fn afford(&self, count: f64) -> usize {
        let count = Some(count as usize).filter(|count| *count <= self.left.get()).unwrap_or_default();
        self.left.set(self.left.get() - count);
        count
    }

    fn string(&self, format: Option<&str>, constraints: &[Constraint]) -> String {
        let pattern = constraints.iter().find(|constraint| constraint.keyword == "pattern");
        let pattern = pattern.and_then(|pattern| regex::Regex::new(pattern.value.as_str()?).ok());
        let fitting =
            pattern.and_then(|pattern| CANDIDATES.iter().find(|candidate| pattern.is_match(candidate)));
        if let Some(fitting) = fitting {
            return (*fitting).to_owned();
        }
        let text = plain(format.unwrap_or_default());
        let least = self.afford(bound(constraints, "minLength").unwrap_or(0.0));
        let most = bound(constraints, "maxLength").map_or(usize::MAX, |most| most as usize);
        let padded = text.chars().chain(std::iter::repeat_n('x', least.saturating_sub(text.len())));
        padded.take(most).collect()
    }

    fn named(&self, id: TypeId, depth: usize) -> Value {
        let def = self.api.type_def(id);
        if let Some(given) = def.docs.examples.first() {
            return given.clone();
        }
        match &def.shape {
            Shape::Object(object) => self.object(object, depth),
            Shape::Enum(values) => values.values.first().map_or(Value::Null, |first| first.value.clone()),
            Shape::Tagged(union) => union.arms.first().map_or(Value::Null, |arm| {
                if depth > 2 * DEPTH { Value::Null } else { self.named(arm.ty, depth + 1) }
            }),
            Shape::Untagged(arms) => {
                let arm = arms.iter().find(|arm| !arm.boxed).or(arms.first());
                let within = depth <= 2 * DEPTH;
                arm.filter(|_| within).map_or(Value::Null, |arm| self.value(&arm.ty, depth + 1))
            }
            Shape::Alias(_) if depth > 2 * DEPTH => Value::Null,
            Shape::Alias(ty) => self.constrained(ty, &def.constraints, depth + 1),
        }
    }

    fn object(&self, object: &Object, depth: usize) -> Value {
        let mut members = Map::new();
        for field in &object.fields {
            let wanted = field.required || (self.optional && depth <= DEPTH && !field.boxed);
            if wanted && depth <= 2 * DEPTH && self.left.get() > 0 {
                members.insert(field.name.wire.clone(), self.field(field, depth));
            }
        }
        Value::Object(members)
    }

    fn field(&self, field: &Field, depth: usize) -> Value {
        if let Some(given) = field.docs.examples.first().or(field.default.as_ref()) {
            return given.clone();
        }
        if field.nullable && (depth > DEPTH || field.boxed) {
            return Value::Null;
        }
        self.constrained(&field.ty, &field.constraints, depth + 1)
    }
}

fn bound(constraints: &[Constraint], keyword: &str) -> Option<f64> {
    constraints.iter().find(|constraint| constraint.keyword == keyword)?.value.as_f64()
}

fn integer(width: IntWidth, constraints: &[Constraint]) -> Value {
    let least = bound(constraints, "minimum")
        .or_else(|| bound(constraints, "exclusiveMinimum").map(|least| least + 1.0));
    let most = bound(constraints, "maximum")
        .or_else(|| bound(constraints, "exclusiveMaximum").map(|most| most - 1.0));
    let small = matches!(width, IntWidth::I8 | IntWidth::U8 | IntWidth::I16 | IntWidth::U16);
    let mut value: f64 = if small { 1.0 } else { 42.0 };
    value = value.max(least.unwrap_or(value)).min(most.unwrap_or(f64::MAX));
    if let Some(step) = bound(constraints, "multipleOf").filter(|step| *step > 0.0) {
        value = (value / step).ceil() * step;
    }
    json!(value as i64)
}

fn float(constraints: &[Constraint]) -> Value {
    let least = bound(constraints, "minimum")
        .or_else(|| bound(constraints, "exclusiveMinimum").map(|least| least + 0.5));
    let most = bound(constraints, "maximum")
        .or_else(|| bound(constraints, "exclusiveMaximum").map(|most| most - 0.5));
    let value = 101.25_f64.max(least.unwrap_or(f64::MIN)).min(most.unwrap_or(f64::MAX));
    match bound(constraints, "multipleOf").filter(|step| *step > 0.0) {
        Some(step) => json!((value / step).floor() * step),
        None => json!(value),
    }
}

/// A text of this format.
fn plain(format: &str) -> &'static str {
    match format {
        "date-time" => "2026-01-02T15:04:05Z",
        "date" => "2026-01-02",
        "time" => "15:04:05Z",
        "duration" => "PT1H",
        "uuid" => "6f1d2c3b-4a59-4e68-8f70-123456789abc",
        "uri" | "url" | "iri" => "https://example.com/",
        "uri-reference" | "iri-reference" => "/path",
        "email" | "idn-email" => "name@example.com",
        "hostname" | "idn-hostname" => "example.com",
        "ipv4" => "192.0.2.1",
        "ipv6" => "2001:db8::1",
        "byte" => "aGVsbG8=",
        "json-pointer" => "/member",
        "regex" => "^a+$",
        _ => "text",
    }
}
