//! Strings and numbers: formats, widths, and what only a check can enforce.

use serde_json::Value;

use super::flat::{Flat, Types};
use super::lowering::{Lowering, Site, Use};
use crate::diagnostics::Diagnostic;
use crate::model::{Constraint, IntWidth, Type};
use crate::rules::schemas as rules;

/// The last integer up to which a JavaScript number is exact.
pub(super) const MAX_SAFE: f64 = 9_007_199_254_740_991.0;

/// Formats of strings that are known, and whether input is checked against them.
pub(super) const STRING_FORMATS: &[(&str, bool)] = &[
    ("date-time", true),
    ("date", true),
    ("time", true),
    ("duration", true),
    ("uuid", true),
    ("uri", true),
    ("uri-reference", true),
    ("uri-template", true),
    ("url", false),
    ("iri", true),
    ("iri-reference", true),
    ("email", true),
    ("idn-email", true),
    ("hostname", true),
    ("idn-hostname", true),
    ("ipv4", true),
    ("ipv6", true),
    ("json-pointer", true),
    ("relative-json-pointer", true),
    ("regex", true),
    ("byte", false),
    ("binary", false),
    ("password", false),
    ("decimal", false),
    ("int64", false),
    ("uint64", false),
];

/// Formats of numbers.
pub(super) const NUMBER_FORMATS: &[&str] =
    &["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float", "double"];

/// The type that a format is about, for schemas that give no `type`.
pub(super) fn type_of_format(format: &str) -> Types {
    match format {
        "float" | "double" => Types::NUMBER,
        format if NUMBER_FORMATS.contains(&format) => Types::INTEGER,
        format if STRING_FORMATS.iter().any(|(known, _)| *known == format) => Types::STRING,
        _ => Types::ALL,
    }
}

pub(super) fn string(flat: &Flat<'_>) -> Use {
    let bounded = ["pattern", "minLength", "maxLength"].iter().any(|keyword| flat.has(keyword));
    let format = flat.format;
    let asserted = STRING_FORMATS.iter().any(|(known, asserted)| Some(*known) == format && *asserted);
    let ty = match format {
        Some("decimal") => Type::Decimal,
        Some("int64") => Type::IntegerString { unsigned: false },
        Some("uint64") => Type::IntegerString { unsigned: true },
        format => Type::String { format: format.map(str::to_owned) },
    };
    Use { checked: bounded || asserted, ..Use::plain(ty) }
}

impl<'s> Lowering<'s, '_> {
    pub(super) fn number(&mut self, flat: &Flat<'s>, single: Types, site: &Site) -> Use {
        let whole_steps = flat
            .constraints
            .iter()
            .any(|constraint| constraint.keyword == "multipleOf" && is_whole(&constraint.value));
        let whole_format = flat.format.is_some_and(|format| format.contains("int"));
        if single != Types::INTEGER && !whole_steps && !whole_format {
            let ty = if flat.format == Some("float") { Type::Float32 } else { Type::Float64 };
            return Use { checked: is_bounded(flat), ..Use::plain(ty) };
        }
        let choice = flat.extension("x-int64").and_then(Value::as_str);
        let width = width(flat, choice);
        if matches!(width, IntWidth::I64 | IntWidth::U64) && choice.is_none() {
            let path = self.path(site);
            let message = format!("{path} may exceed 2^53 − 1, and TypeScript gets `number | bigint` for it");
            let span = self.span(site);
            self.report(&rules::UNSAFE_INTEGER, span, message);
        }
        self.report_unheld(flat, width, site);
        Use { checked: is_bounded(flat), ..Use::plain(Type::Integer(width)) }
    }

    /// Says where bounds allow integers that 64 bits do not hold: what is beyond would be refused, though it is valid.
    fn report_unheld(&mut self, flat: &Flat<'s>, width: IntWidth, site: &Site) {
        let (least, most) = match width {
            IntWidth::I64 => (i128::from(i64::MIN), i128::from(i64::MAX)),
            IntWidth::U64 => (0, i128::from(u64::MAX)),
            _ => return,
        };
        // A format is what the author says of the width.
        if flat.format.is_some_and(|format| format.contains("int")) {
            return;
        }
        let beyond = flat.constraints.iter().find(|constraint| match constraint.keyword.as_str() {
            "minimum" => whole(&constraint.value) < least,
            "exclusiveMinimum" => whole(&constraint.value) < least - 1,
            "maximum" => whole(&constraint.value) > most,
            "exclusiveMaximum" => whole(&constraint.value) > most + 1,
            _ => false,
        });
        let Some(Constraint { keyword, value }) = beyond else { return };
        let path = self.path(site);
        let message =
            format!("`{keyword}: {value}` of {path} goes beyond the 64 bits that hold {least} to {most}");
        let help =
            "bound it within them (from `minimum: 0` they reach 18446744073709551615), or make it a string";
        let span = self.span(site);
        self.sink.push(Diagnostic::new(&rules::UNSUPPORTED_SCHEMA, span, message).help(help));
    }
}

/// A bound without its fraction, exact as far as JSON's reader is.
fn whole(value: &Value) -> i128 {
    let exact = value.as_i64().map(i128::from).or_else(|| value.as_u64().map(i128::from));
    exact.unwrap_or_else(|| value.as_f64().unwrap_or_default() as i128)
}

fn is_bounded(flat: &Flat<'_>) -> bool {
    let bounds = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"];
    bounds.iter().any(|keyword| flat.has(keyword))
}

fn is_whole(value: &Value) -> bool {
    value.as_f64().is_some_and(|number| number.fract() == 0.0 && number >= 1.0)
}

/// By format, else by bounds: 32 bits where they suffice, less only where the bounds are exactly those of a width.
fn width(flat: &Flat<'_>, choice: Option<&str>) -> IntWidth {
    let (least, most) = (flat.minimum, flat.maximum);
    let within = |low: f64, high: f64| {
        least.is_some_and(|least| least >= low) && most.is_some_and(|most| most <= high)
    };
    let exactly = |low: f64, high: f64| least == Some(low) && most == Some(high);
    let safe = choice == Some("number") || within(-MAX_SAFE, MAX_SAFE);
    match flat.format {
        Some("int8") => IntWidth::I8,
        Some("int16") => IntWidth::I16,
        Some("int32") => IntWidth::I32,
        Some("uint8") => IntWidth::U8,
        Some("uint16") => IntWidth::U16,
        Some("uint32") => IntWidth::U32,
        Some("int64") if safe => IntWidth::SafeI64,
        Some("int64") => IntWidth::I64,
        // Nothing below zero: the lower bound is the type's own.
        Some("uint64") if safe || most.is_some_and(|most| most <= MAX_SAFE) => IntWidth::SafeU64,
        Some("uint64") => IntWidth::U64,
        _ if exactly(0.0, 255.0) => IntWidth::U8,
        _ if exactly(-128.0, 127.0) => IntWidth::I8,
        _ if exactly(0.0, 65_535.0) => IntWidth::U16,
        _ if exactly(-32_768.0, 32_767.0) => IntWidth::I16,
        _ if within(0.0, f64::from(u32::MAX)) => IntWidth::U32,
        _ if within(f64::from(i32::MIN), f64::from(i32::MAX)) => IntWidth::I32,
        // An integer without a format is JSON's own: exact up to 2^53 − 1, by agreement of all its readers. Bounds
        // beyond say otherwise.
        _ if choice == Some("bigint") || reaches_beyond(least, most) => {
            let unsigned = least.is_some_and(|least| least >= 0.0);
            if safe {
                safe_width(unsigned)
            } else if unsigned {
                IntWidth::U64
            } else {
                IntWidth::I64
            }
        }
        _ => safe_width(least.is_some_and(|least| least >= 0.0)),
    }
}

fn reaches_beyond(least: Option<f64>, most: Option<f64>) -> bool {
    least.is_some_and(|least| least < -MAX_SAFE) || most.is_some_and(|most| most > MAX_SAFE)
}

fn safe_width(unsigned: bool) -> IntWidth {
    if unsigned { IntWidth::SafeU64 } else { IntWidth::SafeI64 }
}
