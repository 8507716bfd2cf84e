//! Reading input: typed decoding, with the document's own schemas to check and to explain it.
//!
//! Schemas are compiled when first needed and then kept. A payload is read as a type first; its schema is consulted
//! where it demands more than the type (`checked`) and whenever reading failed, to name every fault at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use jsonschema::{Draft, Validator};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::explain::explain;
use crate::protocol::{Fault, Faults, SchemaRef};

/// The schemas of one served document.
#[derive(Debug)]
pub(crate) struct Schemas {
    document: &'static str,
    components: OnceLock<Value>,
    compiled: Mutex<HashMap<&'static str, Option<Arc<Validator>>>>,
}

impl Schemas {
    pub(crate) fn new(document: &'static str) -> Self {
        Self { document, components: OnceLock::new(), compiled: Mutex::default() }
    }

    /// Reads JSON text into a type, or says everything that is wrong with it.
    pub(crate) fn read<T: DeserializeOwned>(&self, schema: SchemaRef, text: &str) -> Result<T, Faults> {
        if !schema.checked
            && let Ok(value) = super::from_text(text)
        {
            return Ok(value);
        }
        let value = serde_json::from_str(text)
            .map_err(|error| Faults::new(vec![Fault::new("", "json", format!("is not JSON: {error}"))]))?;
        self.read_value(schema, &value)
    }

    /// As [`Schemas::read`], from a parsed value.
    pub(crate) fn read_value<T: DeserializeOwned>(
        &self,
        schema: SchemaRef,
        value: &Value,
    ) -> Result<T, Faults> {
        if schema.checked {
            self.check(schema, value)?;
        }
        super::from_value(value).map_err(|error| match self.check(schema, value) {
            Err(faults) => faults,
            Ok(()) => untyped(&error),
        })
    }

    /// Holds a value against a schema.
    pub(crate) fn check(&self, schema: SchemaRef, value: &Value) -> Result<(), Faults> {
        let Some(validator) = self.validator(schema.pointer) else { return Ok(()) };
        if validator.is_valid(value) {
            return Ok(());
        }
        Err(Faults::new(explain(validator.iter_errors(value))))
    }

    fn validator(&self, pointer: &'static str) -> Option<Arc<Validator>> {
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        compiled.entry(pointer).or_insert_with(|| self.compile(pointer).map(Arc::new)).clone()
    }

    fn compile(&self, pointer: &'static str) -> Option<Validator> {
        let root = json!({
            "$schema": "http://json-schema.org/draft-07/schema#",
            "allOf": [{ "$ref": pointer }],
            "components": self.components(),
        });
        let built = jsonschema::options()
            .with_draft(Draft::Draft7)
            .should_validate_formats(true)
            .with_format("uuid", is_uuid)
            .with_format("decimal", is_decimal)
            .with_format("int64", |text: &str| text.parse::<i64>().is_ok())
            .with_format("uint64", |text: &str| text.parse::<u64>().is_ok())
            .build(&root);
        match built {
            Ok(validator) => Some(validator),
            Err(error) => {
                // The generator has checked every schema it emits, so this is a document edited by hand.
                tracing::error!(schema = pointer, %error, "schema cannot be compiled; its input goes unchecked");
                None
            }
        }
    }

    fn components(&self) -> &Value {
        self.components.get_or_init(|| {
            let mut document: Value = serde_json::from_str(self.document).unwrap_or_default();
            let mut components = document.get_mut("components").map(Value::take);
            components.iter_mut().for_each(bound_integers);
            components.unwrap_or_else(|| Value::Object(Map::new()))
        })
    }
}

/// Says in numbers what the format of an integer says in a word, so that one that is too large for its type is found by
/// its schema, with its place: validators hold formats against strings only.
fn bound_integers(schema: &mut Value) {
    match schema {
        Value::Array(schemas) => schemas.iter_mut().for_each(bound_integers),
        Value::Object(members) => {
            let format = members.get("format").and_then(Value::as_str).and_then(bounds_of);
            let bounds = format.or_else(|| is_integer(members).then(|| (json!(i64::MIN), json!(u64::MAX))));
            if let Some((least, most)) = bounds {
                members.entry("minimum").or_insert(least);
                members.entry("maximum").or_insert(most);
            }
            let schemas = members.iter_mut().filter(|(key, _)| !VALUES.contains(&key.as_str()));
            schemas.for_each(|(_, schema)| bound_integers(schema));
        }
        _ => {}
    }
}

/// Whether a schema without a word on its size is an integer's, or null: of 64 bits, with a sign or without.
fn is_integer(members: &Map<String, Value>) -> bool {
    match members.get("type") {
        Some(Value::String(one)) => one == "integer",
        Some(Value::Array(several)) => several.iter().all(|one| one == "integer" || one == "null"),
        _ => false,
    }
}

/// Keywords that hold values, not schemas.
const VALUES: [&str; 5] = ["const", "enum", "default", "examples", "example"];

fn bounds_of(format: &str) -> Option<(Value, Value)> {
    Some(match format {
        "int8" => (json!(i8::MIN), json!(i8::MAX)),
        "uint8" => (json!(0), json!(u8::MAX)),
        "int16" => (json!(i16::MIN), json!(i16::MAX)),
        "uint16" => (json!(0), json!(u16::MAX)),
        "int32" => (json!(i32::MIN), json!(i32::MAX)),
        "uint32" => (json!(0), json!(u32::MAX)),
        "int64" => (json!(i64::MIN), json!(i64::MAX)),
        "uint64" => (json!(0), json!(u64::MAX)),
        _ => return None,
    })
}

fn untyped(error: &dyn std::fmt::Display) -> Faults {
    Faults::new(vec![Fault::new("", "type", format!("does not fit its type: {error}"))])
}

fn is_decimal(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    is_digits(whole) && is_digits(fraction)
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_integer_beyond_its_type_is_refused_with_its_place() {
        let schemas = Schemas::new(
            r#"{ "components": { "schemas": { "A": { "type": "object", "properties": {
                "small": { "type": "integer", "format": "uint8" },
                "least": { "type": "integer", "format": "int32", "minimum": -5 },
                "long": { "type": ["integer", "null"], "format": "int64" },
                "natural": { "type": "integer", "minimum": 0 },
                "format": { "type": "string", "default": "int8" },
                "number": { "type": ["integer", "string"] }
            } } } } }"#,
        );
        let schema = SchemaRef { pointer: "#/components/schemas/A", checked: true };
        for (value, pointer) in [
            (
                json!({ "small": 255, "least": -5, "long": i64::MAX, "natural": u64::MAX, "number": 1e30 }),
                None,
            ),
            (json!({ "format": "int8", "long": null, "number": "x" }), None),
            (json!({ "small": 256 }), Some("/small")),
            (json!({ "small": -1 }), Some("/small")),
            (json!({ "least": -6 }), Some("/least")),
            (json!({ "least": 3_000_000_000_u64 }), Some("/least")),
            (json!({ "long": u64::MAX }), Some("/long")),
            (json!({ "natural": 1e30 }), Some("/natural")),
        ] {
            let found = schemas.check(schema, &value).err();
            let found = found.as_ref().map(|faults| &*faults.as_slice()[0].pointer);
            assert_eq!(found, pointer, "{value}");
        }
    }
}
