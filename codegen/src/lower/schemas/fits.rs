//! Whether a default fits its own schema.
//!
//! Small on purpose: it knows what a default can break that the author did not mean. Input at run time is checked by a
//! full validator.

use regex::Regex;
use serde_json::Value;

use super::conjunction::{Cursor, Schemas, Visited};
use super::flat::{Flat, Items, Types, equal, shown};

/// Deeper than any default is written.
const MAX_DEPTH: usize = 32;

/// Says in a few words what a value breaks.
pub(super) fn fits<'s>(
    schemas: &Schemas<'s>,
    value: &Value,
    conjunction: &[Cursor<'s>],
) -> Result<(), String> {
    check(schemas, value, conjunction, 0, &mut Visited::default())
}

fn check<'s>(
    schemas: &Schemas<'s>,
    value: &Value,
    conjunction: &[Cursor<'s>],
    depth: usize,
    visited: &mut Visited,
) -> Result<(), String> {
    if depth > MAX_DEPTH {
        return Ok(());
    }
    let flat = Flat::new(schemas.resolved(conjunction));
    if !visited.enter(&flat.parts) {
        return Err(format!("{} fits no arm", super::objects::quoted(value)));
    }
    if !flat.types.overlaps(Types::of(value)) {
        let names: Vec<&str> = flat.types.each().into_iter().map(name).collect();
        return Err(format!("{} is not of type {}", super::objects::quoted(value), names.join(" or ")));
    }
    if let Some(values) = &flat.values
        && !flat.open
        && !values.iter().any(|known| equal(known, value))
    {
        return Err(format!("{} is none of the values", super::objects::quoted(value)));
    }
    for group in &flat.groups {
        let mut fitting =
            |arm: &Cursor<'s>| check(schemas, value, std::slice::from_ref(arm), depth + 1, visited).is_ok();
        if !group.arms.iter().any(&mut fitting) {
            return Err(format!("{} fits no arm", super::objects::quoted(value)));
        }
    }
    constraints(&flat, value)?;
    format(&flat, value)?;
    let inside = |value: &Value, schema: &[Cursor<'s>]| {
        check(schemas, value, schema, depth + 1, &mut Visited::default())
    };
    match (value, &flat.items) {
        (Value::Object(members), _) => {
            for (name, member) in members {
                if let Some(property) = flat.properties.get(name.as_str()) {
                    inside(member, property).map_err(|problem| format!("`{name}`: {problem}"))?;
                }
            }
            let missing = flat.required.iter().find(|name| !members.contains_key(**name));
            missing.map_or(Ok(()), |name| Err(format!("`{name}` is missing")))
        }
        (Value::Array(list), Items::All(items)) => list.iter().try_for_each(|item| inside(item, items)),
        (Value::Array(list), Items::Tuple(items, _)) => {
            list.iter().zip(items).try_for_each(|(item, schema)| inside(item, schema))
        }
        _ => Ok(()),
    }
}

fn constraints(flat: &Flat<'_>, value: &Value) -> Result<(), String> {
    for constraint in &flat.constraints {
        let bound = constraint.value.as_f64().unwrap_or_default();
        let length = match value {
            Value::String(text) => text.chars().count() as f64,
            Value::Array(items) => items.len() as f64,
            Value::Object(members) => members.len() as f64,
            _ => 0.0,
        };
        let number = value.as_f64().unwrap_or_default();
        let is_number = value.is_number();
        let broken = match constraint.keyword.as_str() {
            "minimum" => is_number && number < bound,
            "maximum" => is_number && number > bound,
            "exclusiveMinimum" => is_number && number <= bound,
            "exclusiveMaximum" => is_number && number >= bound,
            "minLength" => value.is_string() && length < bound,
            "maxLength" => value.is_string() && length > bound,
            "minItems" => value.is_array() && length < bound,
            "maxItems" => value.is_array() && length > bound,
            "minProperties" => value.is_object() && length < bound,
            "maxProperties" => value.is_object() && length > bound,
            "pattern" => {
                let pattern = constraint.value.as_str().and_then(|pattern| Regex::new(pattern).ok());
                matches!((value, pattern), (Value::String(text), Some(pattern)) if !pattern.is_match(text))
            }
            _ => false,
        };
        if broken {
            let (value, bound) = (super::objects::quoted(value), shown(&constraint.value));
            return Err(format!("{value} breaks `{}: {bound}`", constraint.keyword));
        }
    }
    Ok(())
}

/// Formats that decide the type in generated code, so that a default must be one of its values.
fn format(flat: &Flat<'_>, value: &Value) -> Result<(), String> {
    let Some(format) = flat.format else { return Ok(()) };
    let good = match (value, format) {
        (Value::String(text), "int64") => text.parse::<i64>().is_ok(),
        (Value::String(text), "uint64") => text.parse::<u64>().is_ok(),
        (Value::String(text), "decimal") => is_decimal(text),
        (Value::Number(number), format) => {
            let integer = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
            let bits = format.trim_start_matches(|c: char| !c.is_ascii_digit()).parse::<u32>();
            match (integer, bits) {
                (Some(integer), Ok(bits @ 1..=64)) if format.starts_with("int") => {
                    let most = 1_i128 << (bits - 1);
                    (-most..most).contains(&integer)
                }
                (Some(integer), Ok(bits @ 1..=64)) if format.starts_with("uint") => {
                    (0..1_i128 << bits).contains(&integer)
                }
                _ => true,
            }
        }
        _ => true,
    };
    if good {
        Ok(())
    } else {
        Err(format!("{} is no value of `format: {format}`", super::objects::quoted(value)))
    }
}

fn is_decimal(text: &str) -> bool {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole) && digits(fraction)
}

/// The name of a single type.
pub(super) fn name(single: Types) -> &'static str {
    match single {
        Types::NULL => "null",
        Types::BOOLEAN => "boolean",
        Types::INTEGER => "integer",
        Types::STRING => "string",
        Types::ARRAY => "array",
        Types::OBJECT => "object",
        _ => "number",
    }
}
