//! Makes schemas say what they mean where the standard, or plain sense, reads more into them than they write.
//!
//! `discriminator`: where an arm is a component that gives no constant for the discriminating member, the standard says
//! that its value is the component's name. Once that is written into the schema, every reader of the document checks
//! it too, and unions need to know one kind of tag only.
//!
//! `type` beside a union some of whose arms are of another type would make them unreachable. It goes, with a warning.

use serde_json::{Map, Value, json};

use super::conjunction::{Cursor, Schemas, UNIONS};
use super::flat::{Flat, Types, shown};
use super::normalise::{COMPONENTS, Normal};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::rules::schemas::TYPE_BESIDE_UNION;
use crate::spec::escape;

/// A constant that a component lacks.
struct Implied {
    root: usize,
    member: String,
}

/// Removes every `type` that its own union contradicts.
pub(super) fn drop_contradicted_types(normal: &mut Normal, wires: &[&str], sink: &mut Diagnostics) {
    let mut contradicted = Vec::new();
    {
        let schemas = Schemas::new(&normal.schemas, wires.to_vec());
        for root in 0..schemas.len() {
            contradictions(&schemas, &schemas.root(root), &mut contradicted);
        }
    }
    for (root, pointer, types) in contradicted {
        let place = format!("{COMPONENTS}{}{pointer}", escape(wires[root]));
        let message = format!(
            "`type: {types}` beside the union at `{place}` contradicts some of its arms; it is ignored"
        );
        let span = normal.span(root, &format!("{pointer}/type"));
        sink.push(Diagnostic::new(&TYPE_BESIDE_UNION, span, message));
        if let Some(Value::Object(schema)) = normal.schemas[root].pointer_mut(&pointer) {
            schema.shift_remove("type");
        }
    }
}

fn contradictions<'s>(schemas: &Schemas<'s>, cursor: &Cursor<'s>, found: &mut Vec<(usize, String, String)>) {
    if let Some(written) = cursor.get("type") {
        let types = Types::named(written);
        let arms: Vec<Cursor<'s>> = UNIONS.iter().flat_map(|union| cursor.children(union)).collect();
        let fits = |arm: &Cursor<'s>| schemas.types_of(std::slice::from_ref(arm)).overlaps(types);
        if !arms.iter().all(fits) {
            found.push((cursor.root, cursor.pointer.clone(), shown(written)));
        }
    }
    for inner in cursor.inside() {
        contradictions(schemas, &inner, found);
    }
}

/// Adds the implied constants to the components that lack them.
pub(super) fn write_out_tags(normal: &mut Normal, wires: &[&str]) {
    let mut implied = Vec::new();
    {
        let schemas = Schemas::new(&normal.schemas, wires.to_vec());
        for root in 0..schemas.len() {
            search(&schemas, &schemas.root(root), &mut implied);
        }
    }
    for Implied { root, member } in implied {
        if let Some(schema) = normal.schemas[root].as_object_mut() {
            demand(schema, &member, wires[root]);
        }
    }
}

fn search<'s>(schemas: &Schemas<'s>, cursor: &Cursor<'s>, implied: &mut Vec<Implied>) {
    if let Some(member) = cursor.get("discriminator").and_then(Value::as_str) {
        for arm in UNIONS.iter().flat_map(|union| cursor.children(union)) {
            implied.extend(missing(schemas, &arm, member));
        }
    }
    for inner in cursor.inside() {
        search(schemas, &inner, implied);
    }
}

/// The constant that an arm lacks: it declares the member as a string without saying which.
fn missing<'s>(schemas: &Schemas<'s>, arm: &Cursor<'s>, member: &str) -> Option<Implied> {
    let root = schemas.target(arm)?;
    let flat = Flat::new(schemas.resolved(std::slice::from_ref(arm)));
    let property = flat.properties.get(member)?;
    let inner = Flat::new(schemas.resolved(property));
    let name = Value::String(schemas.wire(root).to_owned());
    let fits = inner.values.as_ref().is_none_or(|values| values.len() > 1 && values.contains(&name));
    let is_string = inner.types.has(Types::STRING);
    (fits && is_string).then(|| Implied { root, member: member.to_owned() })
}

fn demand(schema: &mut Map<String, Value>, member: &str, name: &str) {
    let own = schema.get_mut("properties").and_then(|properties| properties.get_mut(member));
    let plain = own.and_then(Value::as_object_mut).filter(|property| {
        !property.contains_key("$ref") && !property.contains_key("const") && !property.contains_key("allOf")
    });
    if let Some(property) = plain {
        property.remove("enum");
        property.insert("const".to_owned(), name.into());
        require(schema, member);
        return;
    }
    let mut demanded = Map::new();
    demanded.insert(member.to_owned(), json!({ "const": name }));
    let part = json!({ "properties": demanded, "required": [member] });
    let parts = schema.entry("allOf").or_insert_with(|| Value::Array(Vec::new()));
    if let Value::Array(parts) = parts
        && !parts.contains(&part)
    {
        parts.push(part);
    }
}

fn require(schema: &mut Map<String, Value>, member: &str) {
    let required = schema.entry("required").or_insert_with(|| Value::Array(Vec::new()));
    if let Value::Array(required) = required
        && !required.contains(&member.into())
    {
        required.push(member.into());
    }
}
