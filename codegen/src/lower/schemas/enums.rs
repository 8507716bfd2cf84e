//! Values of an enumeration and their names.

use serde_json::Value;

use crate::lower::names::{self, Place};
use crate::model::{Enum, EnumRepr, EnumValue};

/// Names that the variant of unknown values takes in Rust.
const UNKNOWN: &str = "Other";

/// Each value with the name and the description that the document gives it.
pub(super) fn enumeration(
    entries: Vec<(Value, Option<String>, Option<String>)>,
    open: bool,
    constant: bool,
) -> Enum {
    let mut distinct: Vec<(Value, Option<String>, Option<String>)> = Vec::new();
    for entry in entries {
        if !distinct.iter().any(|known| known.0 == entry.0) {
            distinct.push(entry);
        }
    }
    let values: Vec<Value> = distinct.iter().map(|(value, ..)| value.clone()).collect();
    let repr = repr(&values);
    let open = open && repr == EnumRepr::String;
    let texts: Vec<String> =
        distinct.iter().map(|(value, name, _)| name.clone().unwrap_or_else(|| text(value))).collect();
    let wires: Vec<&str> = texts.iter().map(String::as_str).collect();
    let taken: &[&str] = if open { &[UNKNOWN] } else { &[] };
    let names = names::unique(&wires, Place::Variant, taken);
    let named = names.into_iter().zip(distinct).map(|(mut name, (value, _, description))| {
        name.wire = text(&value);
        EnumValue { name, value, description }
    });
    Enum { values: named.collect(), repr, open, constant }
}

/// What the values are on the wire.
pub(super) fn repr(values: &[Value]) -> EnumRepr {
    if values.iter().all(Value::is_string) {
        EnumRepr::String
    } else if values.iter().all(|value| value.as_i64().is_some()) {
        EnumRepr::Integer
    } else {
        EnumRepr::Mixed
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
