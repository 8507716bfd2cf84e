//! From a schema as written to the same schema in draft-07, with the place of every part on the side.
//!
//! Spelling only: nothing is merged and no type is chosen here. Normalising what came out changes nothing.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::keywords::{self, Fate, Holds};
use super::roots::{Roots, schema_of};
use crate::diagnostics::{Diagnostic, Diagnostics, Rule};
use crate::nearest::nearest;
use crate::rules::schemas as rules;
use crate::source::Span;
use crate::spec::{Entry, Node, escape};

/// Prefix of every reference in the served document.
pub(super) const COMPONENTS: &str = "#/components/schemas/";

/// The normal form of all roots.
#[derive(Debug, Default)]
pub(super) struct Normal {
    /// One per root.
    pub(super) schemas: Vec<Value>,
    /// Places by root and pointer within its schema (empty for the root itself).
    spans: HashMap<(usize, String), Span>,
}

impl Normal {
    /// The place of a part of a root, or of the nearest part around it that was written by the author.
    pub(super) fn span(&self, root: usize, pointer: &str) -> Span {
        let mut pointer = pointer;
        loop {
            if let Some(span) = self.spans.get(&(root, pointer.to_owned())) {
                return *span;
            }
            match pointer.rfind('/') {
                Some(at) => pointer = &pointer[..at],
                None => return Span::default(),
            }
        }
    }
}

/// Brings every root into normal form.
pub(super) fn normalise(roots: &Roots<'_>, sink: &mut Diagnostics) -> Normal {
    let mut normaliser = Normaliser { roots, sink, normal: Normal::default(), root: 0 };
    for (at, root) in roots.list.iter().enumerate() {
        normaliser.root = at;
        let schema = normaliser.schema(root.node, root.span, String::new());
        normaliser.normal.schemas.push(schema);
    }
    normaliser.normal
}

struct Normaliser<'r, 'a> {
    roots: &'r Roots<'a>,
    sink: &'r mut Diagnostics,
    normal: Normal,
    root: usize,
}

impl Normaliser<'_, '_> {
    /// A schema at `pointer`; `span` is where to point at when it is meant as a whole.
    fn schema(&mut self, node: &Node, span: Span, pointer: String) -> Value {
        self.place(&pointer, span);
        // A schema that some reference leads to is a component of its own.
        let elsewhere = self.roots.of_node(node).filter(|_| !pointer.is_empty());
        if let Some(root) = elsewhere {
            return self.reference_to(root);
        }
        if let (Some(_), Some(_)) = (node.get("schemaFormat"), node.get("schema")) {
            let schema = schema_of(node);
            let readable = !super::roots::is_foreign(node);
            return if readable { self.schema(schema, span, pointer) } else { Value::Bool(true) };
        }
        if let Some(truth) = node.as_bool() {
            return Value::Bool(truth);
        }
        if !node.is_mapping() {
            let message = format!("a schema must be a mapping or a boolean, not {}", node.kind());
            self.report(&rules::MALFORMED_KEYWORD, node.span, message);
            return Value::Bool(true);
        }
        if node.get("$ref").is_some() {
            return self.reference(node);
        }
        let wrapped = needs_wrapping(node);
        let inner = if wrapped { format!("{pointer}/anyOf/0") } else { pointer };
        let mut schema = Map::new();
        for entry in node.entries() {
            self.keyword(node, entry, &inner, &mut schema);
        }
        close_tuple(&mut schema);
        if wrapped {
            return wrap_nullable(schema);
        }
        if node.get("nullable").and_then(Node::as_bool) == Some(true) {
            add_null(&mut schema);
        }
        Value::Object(schema)
    }

    fn reference(&mut self, node: &Node) -> Value {
        let siblings: Vec<&str> =
            node.entries().iter().map(|entry| entry.key.as_str()).filter(|key| *key != "$ref").collect();
        if let Some(first) = node.entries().iter().find(|entry| entry.key != "$ref") {
            let list = siblings.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            let verb = if siblings.len() == 1 { "is" } else { "are" };
            self.report(&rules::REF_SIBLINGS, first.key_span, format!("{list} {verb} ignored beside `$ref`"));
        }
        match self.roots.known_target(node) {
            Some(root) => self.reference_to(root),
            // It leads nowhere, which has been reported, or is no string.
            None => Value::Bool(true),
        }
    }

    fn reference_to(&self, root: usize) -> Value {
        let mut schema = Map::new();
        let target = format!("{COMPONENTS}{}", escape(&self.roots.list[root].wire));
        schema.insert("$ref".to_owned(), Value::String(target));
        Value::Object(schema)
    }

    fn keyword(&mut self, node: &Node, entry: &Entry, pointer: &str, schema: &mut Map<String, Value>) {
        let name = entry.key.as_str();
        let Some((holds, fate)) = keywords::keyword(name) else {
            self.unknown(entry, pointer, schema);
            return;
        };
        match fate {
            Fate::Dropped => {}
            Fate::Unsupported => {
                let message =
                    format!("`{name}` is newer than draft-07, the dialect of AsyncAPI; it is dropped");
                self.report(&rules::UNSUPPORTED_SCHEMA, entry.key_span, message);
            }
            Fate::Stays | Fate::Rewritten if !fits(holds, &entry.value) => self.malformed(name, holds, entry),
            Fate::Stays => {
                let value = self.value(holds, entry, &format!("{pointer}/{}", escape(name)));
                schema.insert(name.to_owned(), value);
            }
            Fate::Rewritten => self.rewritten(node, entry, pointer, schema),
        }
    }

    /// The value of a keyword that stays as it is, schemas inside it in normal form.
    fn value(&mut self, holds: Holds, entry: &Entry, pointer: &str) -> Value {
        self.place(pointer, entry.value.span);
        match holds {
            Holds::Schema => self.schema(&entry.value, entry.key_span, pointer.to_owned()),
            Holds::SchemaList => self.list(entry.value.items(), pointer),
            Holds::SchemaMap => {
                let members = entry.value.entries().iter().map(|member| {
                    let at = format!("{pointer}/{}", escape(&member.key));
                    (member.key.clone(), self.schema(&member.value, member.key_span, at))
                });
                Value::Object(members.collect())
            }
            _ => {
                for (at, item) in entry.value.items().iter().enumerate() {
                    self.place(&format!("{pointer}/{at}"), item.span);
                }
                whole_numbers(entry.value.to_json())
            }
        }
    }

    fn list(&mut self, items: &[Node], pointer: &str) -> Value {
        let schemas = items.iter().enumerate();
        schemas.map(|(at, item)| self.schema(item, item.span, format!("{pointer}/{at}"))).collect()
    }

    /// Keywords that draft-07 spells differently.
    fn rewritten(&mut self, node: &Node, entry: &Entry, pointer: &str, schema: &mut Map<String, Value>) {
        let value = &entry.value;
        match entry.key.as_str() {
            "example" => {
                if node.get("examples").is_none() {
                    self.place(&format!("{pointer}/examples/0"), value.span);
                }
                let examples = schema.entry("examples").or_insert_with(|| Value::Array(Vec::new()));
                if let Value::Array(examples) = examples {
                    examples.insert(0, whole_numbers(value.to_json()));
                }
            }
            "nullable" => {}
            "exclusiveMinimum" => self.exclusive(node, entry, "minimum", pointer, schema),
            "exclusiveMaximum" => self.exclusive(node, entry, "maximum", pointer, schema),
            "items" | "prefixItems" | "additionalItems" => self.items(node, pointer, schema),
            "dependencies" | "dependentRequired" | "dependentSchemas" => {
                self.dependencies(entry, pointer, schema);
            }
            "discriminator" => match value.as_str() {
                Some(member) => {
                    self.place(&format!("{pointer}/discriminator"), value.span);
                    schema.insert("discriminator".to_owned(), Value::String(member.to_owned()));
                }
                None => {
                    let message = "`discriminator` must be the name of a member";
                    self.report(&rules::DISCRIMINATOR_OBJECT_FORM, entry.key_span, message);
                }
            },
            _ => {}
        }
    }

    /// Drafts before 6 gave a boolean that sharpens the bound beside it.
    fn exclusive(
        &mut self,
        node: &Node,
        entry: &Entry,
        bound: &str,
        pointer: &str,
        schema: &mut Map<String, Value>,
    ) {
        let number = match entry.value.as_bool() {
            None => whole_numbers(entry.value.to_json()),
            Some(false) => return,
            Some(true) => match node.get(bound) {
                Some(bound) => whole_numbers(bound.to_json()),
                None => {
                    let message = format!("`{}: true` needs a `{bound}` beside it", entry.key);
                    self.report(&rules::MALFORMED_KEYWORD, entry.key_span, message);
                    return;
                }
            },
        };
        self.place(&format!("{pointer}/{}", entry.key), entry.value.span);
        schema.insert(entry.key.clone(), number);
    }

    /// `prefixItems` with `items`, and `items` with `additionalItems`, become the latter.
    fn items(&mut self, node: &Node, pointer: &str, schema: &mut Map<String, Value>) {
        if schema.contains_key("items") {
            return;
        }
        let prefix = node.entry("prefixItems").filter(|entry| entry.value.is_sequence());
        let items = node.entry("items");
        let (tuple, rest) = match (prefix, items) {
            (Some(prefix), rest) => (Some(prefix), rest.filter(|rest| !rest.value.is_sequence())),
            (None, Some(items)) if items.value.is_sequence() => (Some(items), node.entry("additionalItems")),
            (None, _) => (None, None),
        };
        let at = format!("{pointer}/items");
        if let Some(tuple) = tuple {
            self.place(&at, tuple.value.span);
            let list = self.list(tuple.value.items(), &at);
            schema.insert("items".to_owned(), list);
            if let Some(rest) = rest {
                let rest_at = format!("{pointer}/additionalItems");
                let rest = self.schema(&rest.value, rest.key_span, rest_at);
                schema.insert("additionalItems".to_owned(), rest);
            }
        } else if let Some(items) = items {
            let items = self.schema(&items.value, items.key_span, at);
            schema.insert("items".to_owned(), items);
        }
    }

    fn dependencies(&mut self, entry: &Entry, pointer: &str, schema: &mut Map<String, Value>) {
        let at = format!("{pointer}/dependencies");
        self.place(&at, entry.value.span);
        let mut members: Vec<(String, Value)> = Vec::new();
        for member in entry.value.entries() {
            let value = if member.value.is_sequence() {
                member.value.to_json()
            } else {
                self.schema(&member.value, member.key_span, format!("{at}/{}", escape(&member.key)))
            };
            members.push((member.key.clone(), value));
        }
        let all = schema.entry("dependencies").or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(all) = all {
            all.extend(members);
        }
    }

    fn unknown(&mut self, entry: &Entry, pointer: &str, schema: &mut Map<String, Value>) {
        if entry.key.starts_with("x-") {
            self.place(&format!("{pointer}/{}", escape(&entry.key)), entry.value.span);
            schema.insert(entry.key.clone(), entry.value.to_json());
            return;
        }
        let message = format!("`{}` is no keyword of JSON Schema draft-07", entry.key);
        let mut diagnostic = Diagnostic::new(&rules::UNKNOWN_KEYWORD, entry.key_span, message);
        if let Some(meant) = nearest(&entry.key, keywords::names()) {
            diagnostic = diagnostic.help(format!("did you mean `{meant}`?"));
        }
        self.sink.push(diagnostic);
    }

    fn malformed(&mut self, name: &str, holds: Holds, entry: &Entry) {
        let value = &entry.value;
        // Of the right kind, but not in what it holds: its kind alone would explain nothing.
        let found = match value.items() {
            [] if value.is_sequence() => "an empty list",
            [_, ..] if matches!(holds, Holds::Strings | Holds::TypeNames) => "a list of something else",
            _ if value.as_integer().is_some_and(|number| number < 0) => "a negative number",
            _ => value.kind(),
        };
        let message = format!("`{name}` must be {}, not {found}", wanted(holds));
        let mut diagnostic = Diagnostic::new(&rules::MALFORMED_KEYWORD, value.span, message);
        if name == "required" && value.as_bool().is_some() {
            diagnostic = diagnostic.help("list the member under `required` of the object around it");
        }
        self.sink.push(diagnostic);
    }

    fn place(&mut self, pointer: &str, span: Span) {
        self.normal.spans.insert((self.root, pointer.to_owned()), span);
    }

    fn report(&mut self, rule: &'static Rule, span: Span, message: impl Into<String>) {
        self.sink.push(Diagnostic::new(rule, span, message));
    }
}

/// `1.0` is the integer 1, as JSON Schema says: one spelling, so that no target has to know.
fn whole_numbers(value: Value) -> Value {
    match value {
        Value::Number(number) if number.is_f64() => match number.as_f64() {
            Some(float) if float.fract() == 0.0 && float.abs() < super::scalars::MAX_SAFE => {
                Value::from(float as i64)
            }
            _ => Value::Number(number),
        },
        Value::Array(items) => items.into_iter().map(whole_numbers).collect(),
        Value::Object(members) => {
            members.into_iter().map(|(name, member)| (name, whole_numbers(member))).collect()
        }
        other => other,
    }
}

/// Whether a keyword's value is of its kind; what is inside schemas is looked at when they are.
fn fits(holds: Holds, value: &Node) -> bool {
    let is_count = |value: &Node| value.as_integer().is_some_and(|count| count >= 0);
    match holds {
        Holds::Text => value.as_str().is_some(),
        Holds::Flag => value.as_bool().is_some(),
        Holds::Number => value.as_f64().is_some(),
        Holds::Count => is_count(value),
        Holds::Anything => true,
        Holds::Values => value.is_sequence(),
        Holds::Strings => value.is_sequence() && value.items().iter().all(|item| item.as_str().is_some()),
        Holds::Schema => value.is_mapping() || value.as_bool().is_some(),
        Holds::SchemaList => value.is_sequence() && !value.items().is_empty(),
        Holds::SchemaMap | Holds::Dependencies => value.is_mapping(),
        Holds::SchemaOrList => value.is_mapping() || value.as_bool().is_some() || value.is_sequence(),
        Holds::TypeNames => {
            value.as_str().is_some()
                || (!value.items().is_empty() && value.items().iter().all(|item| item.as_str().is_some()))
        }
        Holds::ExclusiveBound => value.as_f64().is_some() || value.as_bool().is_some(),
    }
}

fn wanted(holds: Holds) -> &'static str {
    match holds {
        Holds::Text => "a string",
        Holds::Flag => "`true` or `false`",
        Holds::Number | Holds::ExclusiveBound => "a number",
        Holds::Count => "a whole number from 0",
        Holds::Anything => "a value",
        Holds::Values => "a list of values",
        Holds::Strings => "a list of names",
        Holds::Schema => "a schema",
        Holds::SchemaList => "a list of one schema or more",
        Holds::SchemaMap => "a mapping of schemas",
        Holds::SchemaOrList => "a schema or a list of schemas",
        Holds::Dependencies => "a mapping",
        Holds::TypeNames => "the name of a type or a list of them",
    }
}

/// Whether `nullable: true` stands beside something that no `null` can be added to.
fn needs_wrapping(node: &Node) -> bool {
    let has = |keyword| node.get(keyword).is_some();
    node.get("nullable").and_then(Node::as_bool) == Some(true)
        && !["type", "enum", "const", "anyOf", "oneOf", "properties"].iter().any(|keyword| has(keyword))
        && ["allOf", "not", "if", "additionalProperties", "items"].iter().any(|keyword| has(keyword))
}

/// `nullable` around a schema: prose stays outside, the rest becomes an arm beside `null`.
fn wrap_nullable(inner: Map<String, Value>) -> Value {
    let mut outer = Map::new();
    let mut arm = Map::new();
    for (name, value) in inner {
        let prose = matches!(
            name.as_str(),
            "title" | "description" | "deprecated" | "default" | "examples" | "readOnly" | "writeOnly"
        );
        let place = if prose || name.starts_with("x-") { &mut outer } else { &mut arm };
        place.insert(name, value);
    }
    outer.insert("anyOf".to_owned(), Value::Array(vec![Value::Object(arm), null_schema()]));
    Value::Object(outer)
}

/// `nullable` where `null` can join the types, the values or the arms.
fn add_null(schema: &mut Map<String, Value>) {
    if let Some(value) = schema.remove("const") {
        schema.insert("enum".to_owned(), Value::Array(vec![value]));
    }
    if let Some(Value::Array(values)) = schema.get_mut("enum")
        && !values.contains(&Value::Null)
    {
        values.push(Value::Null);
    }
    if schema.contains_key("properties") && !schema.contains_key("type") {
        schema.insert("type".to_owned(), "object".into());
    }
    match schema.get_mut("type") {
        Some(Value::Array(types)) if !types.contains(&"null".into()) => types.push("null".into()),
        Some(name @ Value::String(_)) if *name != "null" => {
            *name = Value::Array(vec![name.clone(), "null".into()]);
        }
        _ => {}
    }
    for union in ["anyOf", "oneOf"] {
        if let Some(Value::Array(arms)) = schema.get_mut(union)
            && !arms.contains(&null_schema())
        {
            arms.push(null_schema());
        }
    }
}

/// A tuple says how long it is: draft-07 lets any list pass that begins like it, which nobody means.
fn close_tuple(schema: &mut Map<String, Value>) {
    let Some(Value::Array(items)) = schema.get("items") else { return };
    let length = items.len();
    schema.entry("minItems").or_insert_with(|| length.into());
    schema.entry("additionalItems").or_insert(Value::Bool(false));
}

/// `{"type": "null"}`.
pub(super) fn null_schema() -> Value {
    serde_json::json!({ "type": "null" })
}
