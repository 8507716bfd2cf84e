//! Schema faults in plain words, to be read after the member's name: `/symbol` "is required".

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use serde_json::Value;

use crate::protocol::Fault;

/// Most faults that are told at once: enough for a person, and an answer that stays small.
const FAULT_LIMIT: usize = 16;

/// One fault per mistake; missing members first, then in the schema's order.
pub(super) fn explain<'a>(errors: impl Iterator<Item = ValidationError<'a>>) -> Vec<Fault> {
    let mut faults = Vec::new();
    for error in errors.take(FAULT_LIMIT) {
        push(&mut faults, error.instance_path().as_str(), error.kind());
    }
    faults.sort_by_key(|fault| fault.rule != "required");
    faults.truncate(FAULT_LIMIT);
    faults
}

fn push(faults: &mut Vec<Fault>, pointer: &str, kind: &Kind) {
    match kind {
        Kind::Required { property } => {
            let member = property.as_str().unwrap_or_default();
            faults.push(Fault::new(format!("{pointer}/{}", escaped(member)), "required", "is required"));
        }
        Kind::AdditionalProperties { unexpected } => {
            for member in unexpected {
                let pointer = format!("{pointer}/{}", escaped(member));
                faults.push(Fault::new(pointer, "additionalProperties", "is not a known member"));
            }
        }
        // The arm that got furthest tells more than "none fits", where one arm has a single complaint about a member.
        Kind::AnyOf { context } | Kind::OneOfNotValid { context } => {
            match context.iter().filter(|arm| !arm.is_empty()).min_by_key(|arm| arm.len()) {
                Some(arm) if context.len() == 1 => {
                    for error in arm {
                        push(faults, error.instance_path().as_str(), error.kind());
                    }
                }
                _ => faults.push(Fault::new(pointer, kind.keyword(), "fits none of the allowed forms")),
            }
        }
        other => faults.push(Fault::new(pointer, other.keyword(), words(other))),
    }
}

fn words(kind: &Kind) -> String {
    match kind {
        Kind::Enum { options } => format!("is not one of {}", listed(options)),
        Kind::Constant { expected_value } => format!("is not {expected_value}"),
        Kind::Type { kind: TypeKind::Single(expected) } => {
            format!("is not {}", with_article(&expected.to_string()))
        }
        Kind::Type { kind: TypeKind::Multiple(set) } => {
            let names: Vec<String> = set.iter().map(|name| with_article(&name.to_string())).collect();
            format!("is neither {}", names.join(" nor "))
        }
        Kind::Minimum { limit } => format!("is less than {limit}"),
        Kind::Maximum { limit } => format!("is greater than {limit}"),
        Kind::ExclusiveMinimum { limit } => format!("is not greater than {limit}"),
        Kind::ExclusiveMaximum { limit } => format!("is not less than {limit}"),
        Kind::MultipleOf { multiple_of } => format!("is not a multiple of {multiple_of}"),
        Kind::MinLength { limit } => format!("is shorter than {}", counted(*limit, "character")),
        Kind::MaxLength { limit } => format!("is longer than {}", counted(*limit, "character")),
        Kind::MinItems { limit } => format!("has fewer than {}", counted(*limit, "item")),
        Kind::MaxItems { limit } => format!("has more than {}", counted(*limit, "item")),
        Kind::AdditionalItems { limit } => format!("has more than {}", counted(*limit as u64, "item")),
        Kind::MinProperties { limit } => format!("has fewer than {}", counted(*limit, "member")),
        Kind::MaxProperties { limit } => format!("has more than {}", counted(*limit, "member")),
        Kind::UniqueItems => "has equal items".to_owned(),
        Kind::Contains => "lacks an item that it must contain".to_owned(),
        Kind::Pattern { pattern } => format!("does not match {pattern}"),
        Kind::Format { format } => format!("is not of the format {format}"),
        Kind::OneOfMultipleValid { .. } => "fits more than one of the allowed forms".to_owned(),
        Kind::Not { .. } => "is what it may not be".to_owned(),
        Kind::FalseSchema => "is not allowed".to_owned(),
        Kind::PropertyNames { .. } => "has a member whose name is not allowed".to_owned(),
        other => format!("does not meet {}", other.keyword()),
    }
}

fn listed(options: &Value) -> String {
    let Some(options) = options.as_array() else { return options.to_string() };
    options.iter().map(Value::to_string).collect::<Vec<_>>().join(", ")
}

fn with_article(name: &str) -> String {
    match name {
        "null" => "null".to_owned(),
        "integer" | "array" | "object" => format!("an {name}"),
        _ => format!("a {name}"),
    }
}

fn counted(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

fn escaped(member: &str) -> String {
    member.replace('~', "~0").replace('/', "~1")
}
