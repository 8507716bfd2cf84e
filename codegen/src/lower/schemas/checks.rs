//! Rules about one schema at a time, in normal form.
//!
//! What only shows when schemas are put together (tags, contradictions, recursion) is reported where that happens, in
//! lowering.

use regex::Regex;
use serde_json::{Map, Value};

use super::conjunction::{Cursor, Schemas};
use super::fits::fits;
use super::flat::{Types, equal};
use super::normalise::Normal;
use super::objects::quoted;
use super::scalars::{NUMBER_FORMATS, STRING_FORMATS};
use crate::diagnostics::{Diagnostic, Diagnostics, Rule};
use crate::nearest::nearest;
use crate::rules::operations::EXAMPLE_MISMATCH;
use crate::rules::schemas as rules;
use crate::source::Span;

/// Looks at every schema of every root.
pub(crate) fn check(schemas: &Schemas<'_>, normal: &Normal, sink: &mut Diagnostics) {
    for root in 0..schemas.len() {
        let mut checker = Checker { schemas, normal, sink };
        checker.schema(&schemas.root(root));
    }
}

struct Checker<'c, 's, 'd> {
    schemas: &'c Schemas<'s>,
    normal: &'c Normal,
    sink: &'d mut Diagnostics,
}

impl<'s> Checker<'_, 's, '_> {
    fn schema(&mut self, cursor: &Cursor<'s>) {
        let Some(schema) = cursor.object() else { return };
        if schema.contains_key("$ref") {
            return;
        }
        self.types(cursor, schema);
        self.values(cursor, schema);
        self.value_texts(cursor, schema);
        self.bounds(cursor, schema);
        self.pattern(cursor, schema);
        self.format(cursor, schema);
        self.default(cursor, schema);
        self.examples(cursor, schema);
        for child in cursor.inside() {
            self.schema(&child);
        }
    }

    fn types(&mut self, cursor: &Cursor<'s>, schema: &Map<String, Value>) {
        let names: Vec<&Value> = match schema.get("type") {
            Some(Value::Array(names)) => names.iter().collect(),
            Some(name) => vec![name],
            None => return,
        };
        for name in names.into_iter().filter_map(Value::as_str) {
            if Types::by_name(name).is_some() {
                continue;
            }
            let span = self.span(cursor, "type");
            let diagnostic =
                Diagnostic::new(&rules::UNKNOWN_TYPE, span, format!("there is no type `{name}`"));
            self.sink.push(match meant_type(name) {
                Some(meant) => diagnostic.help(format!("did you mean `{meant}`?")),
                None => diagnostic,
            });
        }
    }

    fn values(&mut self, cursor: &Cursor<'s>, schema: &Map<String, Value>) {
        let types = schema.get("type").map(Types::named).filter(|types| !types.is_empty());
        let wrong = |value: &Value| types.is_some_and(|types| !types.overlaps(Types::of(value)));
        if let Some(value) = schema.get("const").filter(|value| wrong(value)) {
            self.mismatch(cursor, "const", value, schema);
        }
        let Some(values) = schema.get("enum").and_then(Value::as_array) else { return };
        if values.is_empty() {
            self.report(&rules::EMPTY_ENUM, self.span(cursor, "enum"), "`enum` lists no value");
        }
        for (at, value) in values.iter().enumerate() {
            let place = format!("enum/{at}");
            if let Some(first) = values[..at].iter().position(|before| equal(before, value)) {
                let message = format!("`enum` lists {} twice", quoted(value));
                let first = self.span(cursor, &format!("enum/{first}"));
                let diagnostic =
                    Diagnostic::new(&rules::DUPLICATE_ENUM_VALUE, self.span(cursor, &place), message);
                self.sink.push(diagnostic.related(first, "first listed here"));
            }
            if wrong(value) {
                self.mismatch(cursor, &place, value, schema);
            }
        }
    }

    fn mismatch(&mut self, cursor: &Cursor<'s>, place: &str, value: &Value, schema: &Map<String, Value>) {
        let types = schema.get("type").map(ToString::to_string).unwrap_or_default().replace('"', "");
        let message = format!("{} is not of `type: {types}`", quoted(value));
        let mut diagnostic = Diagnostic::new(&rules::ENUM_TYPE_MISMATCH, self.span(cursor, place), message);
        if types.contains("string") && !value.is_array() && !value.is_object() {
            diagnostic = diagnostic.help(format!("in quotes it is a string: `'{value}'`"));
        }
        self.sink.push(diagnostic);
    }

    fn value_texts(&mut self, cursor: &Cursor<'s>, schema: &Map<String, Value>) {
        for name in ["x-enum-varnames", "x-enum-descriptions"] {
            let Some(texts) = schema.get(name) else { continue };
            let count = schema.get("enum").and_then(Value::as_array).map_or(0, Vec::len);
            let nulls = schema
                .get("enum")
                .and_then(Value::as_array)
                .is_some_and(|values| values.contains(&Value::Null));
            let texts = texts.as_array().filter(|texts| texts.iter().all(Value::is_string)).map(Vec::len);
            if texts == Some(count) || (nulls && texts.is_some_and(|texts| texts + 1 == count)) {
                continue;
            }
            let message = format!("`{name}` must be a list of {count} texts, one per value of `enum`");
            self.report(&rules::ENUM_NAMES_MISMATCH, self.span(cursor, name), message);
        }
    }

    fn bounds(&mut self, cursor: &Cursor<'s>, schema: &Map<String, Value>) {
        const PAIRS: &[(&str, &str)] = &[
            ("minimum", "maximum"),
            ("minimum", "exclusiveMaximum"),
            ("exclusiveMinimum", "maximum"),
            ("exclusiveMinimum", "exclusiveMaximum"),
            ("minLength", "maxLength"),
            ("minItems", "maxItems"),
            ("minProperties", "maxProperties"),
        ];
        let number = |name: &str| schema.get(name).and_then(Value::as_f64);
        for (lower, upper) in PAIRS {
            let (Some(least), Some(most)) = (number(lower), number(upper)) else { continue };
            let open = lower.starts_with("exclusive") || upper.starts_with("exclusive");
            if least > most || (open && least >= most) {
                let message = format!("nothing lies between `{lower}: {least}` and `{upper}: {most}`");
                self.report(&rules::INVALID_BOUNDS, self.span(cursor, lower), message);
            }
        }
        if number("multipleOf").is_some_and(|step| step <= 0.0) {
            let message = "`multipleOf` must be above 0";
            let diagnostic =
                Diagnostic::new(&rules::INVALID_BOUNDS, self.span(cursor, "multipleOf"), message);
            self.sink.push(diagnostic.help("give the step between two values"));
        }
    }

    fn pattern(&mut self, cursor: &Cursor<'s>, schema: &Map<String, Value>) {
        if let Some(pattern) = schema.get("pattern").and_then(Value::as_str) {
            self.expression(pattern, self.span(cursor, "pattern"));
        }
        let members = schema.get("patternProperties").and_then(Value::as_object);
        for pattern in members.into_iter().flat_map(Map::keys) {
            let place = format!("patternProperties/{}", crate::spec::escape(pattern));
            self.expression(pattern, self.span(cursor, &place));
        }
    }

    /// Patterns are ECMA-262; the validator that checks input translates them, and has the last word.
    fn expression(&mut self, pattern: &str, span: Span) {
        let Err(error) = Regex::new(pattern) else { return };
        let error = error.to_string();
        let last = error.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
        if jsonschema::draft7::new(&serde_json::json!({ "pattern": pattern })).is_err() {
            let message = format!("`{pattern}` is no regular expression: {last}");
            self.report(&rules::INVALID_PATTERN, span, message);
        } else if last.contains("look-around") || last.contains("backreferences") {
            let what = if last.contains("look-around") { "look-around" } else { "back-references" };
            let message = format!("`{pattern}` uses {what}, which only a backtracking engine can match");
            self.report(&rules::UNSUPPORTED_PATTERN, span, message);
        }
    }

    fn format(&mut self, cursor: &Cursor<'s>, schema: &Map<String, Value>) {
        let Some(format) = schema.get("format").and_then(Value::as_str) else { return };
        let types = schema.get("type").map_or(Types::ALL, Types::named);
        let strings = STRING_FORMATS.iter().map(|(known, _)| *known);
        let for_strings = types.overlaps(Types::STRING) && strings.clone().any(|known| known == format);
        let for_numbers = types.overlaps(Types::NUMBER) && NUMBER_FORMATS.contains(&format);
        if for_strings || for_numbers {
            return;
        }
        let mut known: Vec<&str> = Vec::new();
        known.extend(strings.filter(|_| types.overlaps(Types::STRING)));
        known.extend(NUMBER_FORMATS.iter().filter(|_| types.overlaps(Types::NUMBER)));
        let message = format!("nothing checks the format `{format}`");
        let diagnostic = Diagnostic::new(&rules::UNKNOWN_FORMAT, self.span(cursor, "format"), message);
        self.sink.push(match nearest(format, known) {
            Some(meant) => diagnostic.help(format!("did you mean `{meant}`?")),
            None => diagnostic,
        });
    }

    fn default(&mut self, cursor: &Cursor<'s>, schema: &Map<String, Value>) {
        let Some(default) = schema.get("default") else { return };
        if let Err(problem) = fits(self.schemas, default, std::slice::from_ref(cursor)) {
            let message = format!("the default does not fit: {problem}");
            self.report(&rules::DEFAULT_MISMATCH, self.span(cursor, "default"), message);
        }
    }

    fn examples(&mut self, cursor: &Cursor<'s>, schema: &Map<String, Value>) {
        let examples = schema.get("examples").and_then(Value::as_array);
        for (at, example) in examples.into_iter().flatten().enumerate() {
            if let Err(problem) = fits(self.schemas, example, std::slice::from_ref(cursor)) {
                let message = format!("the example does not fit: {problem}");
                self.report(&EXAMPLE_MISMATCH, self.span(cursor, &format!("examples/{at}")), message);
            }
        }
    }

    fn span(&self, cursor: &Cursor<'s>, place: &str) -> Span {
        self.normal.span(cursor.root, &format!("{}/{place}", cursor.pointer))
    }

    fn report(&mut self, rule: &'static Rule, span: Span, message: impl Into<String>) {
        self.sink.push(Diagnostic::new(rule, span, message));
    }
}

/// What other languages call a type, or a misspelling of it.
fn meant_type(name: &str) -> Option<&'static str> {
    match name.to_lowercase().as_str() {
        "int" | "int32" | "int64" | "long" | "uint" => Some("integer"),
        "float" | "double" | "decimal" => Some("number"),
        "bool" => Some("boolean"),
        "str" | "text" | "date" | "datetime" | "uuid" | "file" => Some("string"),
        "list" | "tuple" | "set" => Some("array"),
        "map" | "dict" | "struct" | "record" => Some("object"),
        "none" | "nil" => Some("null"),
        _ => nearest(name, ["string", "number", "integer", "boolean", "object", "array", "null"]),
    }
}
