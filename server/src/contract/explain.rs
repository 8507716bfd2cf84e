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
        Kind::AnyOf { context } | Kind::OneOfNotValid { context } => {
            let arms = arms(pointer, context);
            if let Some(arm) = arm_meant(pointer, &arms) {
                for error in arm {
                    push(faults, error.instance_path().as_str(), error.kind());
                }
            } else if let Some(told) = no_arm(pointer, &arms) {
                faults.extend(told);
            } else if let Some(arm) = arm_complete(pointer, &arms) {
                for error in arm {
                    push(faults, error.instance_path().as_str(), error.kind());
                }
            } else {
                let message = needs(pointer, &arms);
                let message = message.unwrap_or_else(|| "fits none of the allowed forms".to_owned());
                faults.push(Fault::new(pointer, kind.keyword(), message));
            }
        }
        other => faults.push(Fault::new(pointer, other.keyword(), words(other))),
    }
}

/// What each form of a union has to say against a value.
type Arm<'a> = Vec<&'a ValidationError<'static>>;

/// The forms of a union, those of unions within it among them.
fn arms<'a>(pointer: &str, context: &'a [Vec<ValidationError<'static>>]) -> Vec<Arm<'a>> {
    let arm = |errors: &'a Vec<ValidationError<'static>>| match errors.as_slice() {
        [only] if only.instance_path().as_str() == pointer => match only.kind() {
            Kind::AnyOf { context } | Kind::OneOfNotValid { context } => arms(pointer, context),
            _ => vec![vec![only]],
        },
        errors => vec![errors.iter().collect()],
    };
    context.iter().flat_map(arm).collect()
}

/// The form that a value is meant to have: the only one, or the only one that takes the value's tag.
fn arm_meant<'a, 'b>(pointer: &str, arms: &'b [Arm<'a>]) -> Option<&'b Arm<'a>> {
    if let [only] = arms {
        return Some(only);
    }
    tags(pointer, arms).find_map(|tag| {
        let mut taking = arms.iter().filter(|arm| values(arm, tag).is_empty());
        taking.next().filter(|_| taking.next().is_none())
    })
}

/// What is wrong with the tag of a value that no form takes: it is not there, or is none of the known ones.
fn no_arm(pointer: &str, arms: &[Arm<'_>]) -> Option<Vec<Fault>> {
    let none_takes = |tag: &&str| arms.iter().all(|arm| !values(arm, tag).is_empty());
    if let Some(tag) = tags(pointer, arms).find(none_takes) {
        let known: Vec<Value> = arms.iter().flat_map(|arm| values(arm, tag)).cloned().collect();
        let message = format!("is not one of {}", listed(&Value::Array(known)));
        return Some(vec![Fault::new(tag, "enum", message)]);
    }
    let is_missing = |arm: &Arm<'_>, member: &Value| {
        arm.iter().any(|error| matches!(error.kind(), Kind::Required { property } if property == member))
    };
    let missing = arms.first()?.iter().filter(|error| match error.kind() {
        Kind::Required { property } => arms.iter().all(|arm| is_missing(arm, property)),
        _ => false,
    });
    let mut faults = Vec::new();
    for error in missing {
        push(&mut faults, error.instance_path().as_str(), error.kind());
    }
    Some(faults).filter(|faults| !faults.is_empty())
}

/// The only form that objects to members alone, not to the value as a whole.
fn arm_complete<'a, 'b>(pointer: &str, arms: &'b [Arm<'a>]) -> Option<&'b Arm<'a>> {
    let is_complete = |arm: &&Arm<'_>| arm.iter().all(|error| error.instance_path().as_str() != pointer);
    let mut complete = arms.iter().filter(is_complete);
    complete.next().filter(|_| complete.next().is_none())
}

/// What forms miss that differ in nothing else: "needs `a`, or `b` and `c`".
fn needs(pointer: &str, arms: &[Arm<'_>]) -> Option<String> {
    let of = |arm: &Arm<'_>| {
        let members: Vec<String> = missing(pointer, arm).map(|member| format!("`{member}`")).collect();
        (members.len() == arm.len()).then(|| members.join(" and "))
    };
    let forms: Vec<String> = arms.iter().map(of).collect::<Option<_>>()?;
    Some(format!("needs {}", forms.join(", or ")))
}

/// The members of the value itself that a form misses.
fn missing<'b>(pointer: &str, arm: &'b Arm<'_>) -> impl Iterator<Item = &'b str> {
    let own = arm.iter().filter(move |error| error.instance_path().as_str() == pointer);
    own.filter_map(|error| match error.kind() {
        Kind::Required { property } => property.as_str(),
        _ => None,
    })
}

/// Members of the value that some form wants to be a constant: what tells forms apart.
fn tags<'a>(pointer: &str, arms: &[Arm<'a>]) -> impl Iterator<Item = &'a str> {
    let depth = pointer.matches('/').count() + 1;
    let errors = arms.iter().flatten().filter(|error| matches!(error.kind(), Kind::Constant { .. }));
    let paths: Vec<&'a str> = errors.map(|error| error.instance_path().as_str()).collect();
    paths.into_iter().filter(move |path| path.matches('/').count() == depth)
}

/// What a form wants a member to be that it is not.
fn values<'a>(arm: &Arm<'a>, path: &str) -> Vec<&'a Value> {
    let errors = arm.iter().filter(|error| error.instance_path().as_str() == path);
    let wanted = errors.map(|error| match error.kind() {
        Kind::Constant { expected_value } => vec![&**expected_value],
        Kind::Enum { options } => options.as_array().into_iter().flatten().collect(),
        _ => Vec::new(),
    });
    wanted.flatten().collect()
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn faults_of_unions_are_those_of_the_form_that_is_meant() {
        let schema = json!({
            "oneOf": [
                {
                    "allOf": [
                        { "type": "object", "required": ["kind"], "properties": { "kind": { "const": "trade" } } },
                        { "required": ["price"], "properties": { "price": { "type": "number" } } },
                    ],
                },
                { "required": ["kind", "level"], "properties": { "kind": { "enum": ["level", "depth"] } } },
                {
                    "oneOf": [
                        { "required": ["kind", "up"], "properties": { "kind": { "const": "up" } } },
                        { "required": ["kind", "why"], "properties": { "kind": { "const": "down" } } },
                    ],
                },
            ],
        });
        let validator = jsonschema::validator_for(&schema).unwrap();
        let cases = [
            (json!({ "kind": "trade" }), vec![("/price", "required")]),
            (json!({ "kind": "trade", "price": "1" }), vec![("/price", "type")]),
            (json!({ "kind": "depth" }), vec![("/level", "required")]),
            (json!({ "kind": "down" }), vec![("/why", "required")]),
            (json!({ "kind": "gone" }), vec![("/kind", "enum")]),
            (json!({ "price": 1 }), vec![("/kind", "required")]),
            (json!({}), vec![("/kind", "required")]),
        ];
        for (value, expected) in cases {
            let faults = explain(validator.iter_errors(&value));
            let told: Vec<(&str, &str)> =
                faults.iter().map(|fault| (fault.pointer.as_str(), fault.rule.as_ref())).collect();
            assert_eq!(told, expected, "{value}");
        }
    }

    #[test]
    fn of_forms_without_a_tag_the_one_that_is_complete_is_meant() {
        let schema = json!({
            "anyOf": [
                { "type": "object", "required": ["a"], "properties": { "a": { "enum": ["x", "y"] } } },
                { "type": "object", "required": ["b", "c"], "properties": { "b": { "type": "number" } } },
                { "type": "string" },
            ],
        });
        let validator = jsonschema::validator_for(&schema).unwrap();
        let told = |value: Value| {
            let faults = explain(validator.iter_errors(&value));
            assert_eq!(faults.len(), 1, "{faults:?}");
            (faults[0].pointer.clone(), faults[0].message.to_string())
        };
        let told_of = |pointer: &str, message: &str| (pointer.to_owned(), message.to_owned());
        assert_eq!(told(json!({ "a": "z" })), told_of("/a", "is not one of \"x\", \"y\""));
        assert_eq!(told(json!({ "b": "1", "c": 1 })), told_of("/b", "is not a number"));
        assert_eq!(told(json!(7)), told_of("", "fits none of the allowed forms"));
    }

    #[test]
    fn where_no_form_is_complete_it_is_said_what_each_needs() {
        let schema = json!({ "anyOf": [{ "required": ["a"] }, { "required": ["b", "c"] }] });
        let validator = jsonschema::validator_for(&schema).unwrap();
        let faults = explain(validator.iter_errors(&json!({})));
        let told: Vec<(&str, &str)> =
            faults.iter().map(|fault| (fault.pointer.as_str(), fault.message.as_ref())).collect();
        assert_eq!(told, [("", "needs `a`, or `b` and `c`")]);
    }
}
