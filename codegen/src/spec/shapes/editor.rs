//! The shapes as a JSON Schema: what an editor needs to complete and check a document while it is written.

use serde_json::{Map, Value, json};

use super::asyncapi::DOCUMENT;
use crate::spec::shape::{Kind, Shape};

/// Draft-07, for `# yaml-language-server: $schema=…`. The rules that need more than one place of the document are left
/// to the generator.
#[must_use]
pub fn editor_schema() -> Value {
    let mut definitions = Map::new();
    let document = object(&DOCUMENT, &mut definitions);
    let mut out = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "AsyncAPI 3 with Bellwire's extensions",
    });
    if let (Some(out), Value::Object(document)) = (out.as_object_mut(), document) {
        out.extend(document);
        definitions.insert("reference".into(), reference());
        definitions.insert("schema".into(), schema());
        definitions.sort_keys();
        out.insert("definitions".into(), Value::Object(definitions));
    }
    out
}

fn reference() -> Value {
    json!({
        "type": "object",
        "required": ["$ref"],
        "properties": { "$ref": { "type": "string", "description": "Where it stands: `#/components/…`, or a file." } },
    })
}

/// Schemas are checked by the meta-schema, loosened by what AsyncAPI adds: a wrapped schema has another root.
fn schema() -> Value {
    json!({ "type": ["object", "boolean"], "description": "A JSON Schema (draft-07)." })
}

fn name_of(shape: &Shape) -> String {
    shape
        .name
        .trim_start_matches("a ")
        .trim_start_matches("an ")
        .trim_start_matches("the ")
        .replace(['`', ' '], "-")
        .trim_matches('-')
        .to_owned()
}

fn object(shape: &'static Shape, definitions: &mut Map<String, Value>) -> Value {
    let mut properties = Map::new();
    for field in shape.fields {
        let mut value = kind(field.kind, definitions);
        if value.get("$ref").is_some() {
            value = json!({ "allOf": [value] });
        }
        value["description"] = field.about.into();
        if let Some(default) = field.default.and_then(|json| serde_json::from_str(json).ok()) {
            value["default"] = default;
        }
        properties.insert(field.key.to_owned(), value);
    }
    let required: Vec<&str> =
        shape.fields.iter().filter(|field| field.required).map(|field| field.key).collect();
    let mut out = json!({ "type": "object", "properties": properties });
    if !required.is_empty() {
        out["required"] = required.into();
    }
    out["patternProperties"] = json!({ "^x-": true });
    out["additionalProperties"] = false.into();
    out
}

/// A reference to a shape's definition, made on first use.
fn defined(shape: &'static Shape, definitions: &mut Map<String, Value>) -> Value {
    let name = name_of(shape);
    if !definitions.contains_key(&name) {
        // Shapes refer to one another in circles: the entry must stand before its members are looked at.
        definitions.insert(name.clone(), Value::Null);
        let schema = object(shape, definitions);
        definitions.insert(name.clone(), schema);
    }
    json!({ "$ref": format!("#/definitions/{name}") })
}

fn kind(kind: Kind, definitions: &mut Map<String, Value>) -> Value {
    const DURATION: &str = r"^\d+ *(ms|s|m|h|d)$";
    match kind {
        Kind::Text => json!({ "type": "string" }),
        Kind::TextOrNull => json!({ "type": ["string", "null"] }),
        Kind::Boolean => json!({ "type": "boolean" }),
        Kind::Count => json!({ "type": "integer", "minimum": 0, "maximum": u32::MAX }),
        Kind::Word(words) => json!({ "enum": words }),
        Kind::Duration => json!({ "type": "string", "pattern": DURATION }),
        Kind::DurationOrNever => {
            json!({ "anyOf": [{ "const": "never" }, { "type": "string", "pattern": DURATION }] })
        }
        Kind::Size => json!({ "type": "string", "pattern": r"^\d+ *(B|KiB|MiB|kB|MB)$" }),
        Kind::Anything => json!({}),
        Kind::Schema => json!({ "$ref": "#/definitions/schema" }),
        Kind::Object(shape) => defined(shape, definitions),
        Kind::Reusable(shape) => {
            let shape = defined(shape, definitions);
            json!({ "if": { "type": "object", "required": ["$ref"] }, "then": { "$ref": "#/definitions/reference" }, "else": shape })
        }
        Kind::WordOr(words, shape) => json!({ "anyOf": [{ "enum": words }, defined(shape, definitions)] }),
        Kind::WordOrList(words, item) => {
            json!({ "anyOf": [{ "enum": words }, self::kind(Kind::List(item), definitions)] })
        }
        Kind::Reference => json!({ "$ref": "#/definitions/reference" }),
        Kind::List(item) => json!({ "type": "array", "items": self::kind(*item, definitions) }),
        Kind::Map(value) => {
            json!({ "type": "object", "additionalProperties": self::kind(*value, definitions) })
        }
    }
}
