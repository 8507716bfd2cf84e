//! Plain scalars by the core schema of YAML 1.2.

use crate::spec::node::NodeValue;

/// A plain scalar by the core schema of YAML 1.2; `None` is a string.
pub(super) fn core_scalar(text: &str) -> Option<NodeValue> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Some(NodeValue::Null),
        "true" | "True" | "TRUE" => return Some(NodeValue::Bool(true)),
        "false" | "False" | "FALSE" => return Some(NodeValue::Bool(false)),
        ".nan" | ".NaN" | ".NAN" => return Some(NodeValue::Float(f64::NAN)),
        _ => {}
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") {
        return Some(NodeValue::Float(f64::INFINITY));
    }
    let bounds = i128::from(i64::MIN)..=i128::from(u64::MAX);
    let radix =
        |digits: &str, radix| i128::from_str_radix(digits, radix).ok().filter(|value| bounds.contains(value));
    if let Some(digits) = text.strip_prefix("0x").filter(|digits| !digits.starts_with(['-', '+'])) {
        return radix(digits, 16).map(NodeValue::Integer);
    }
    if let Some(digits) = text.strip_prefix("0o").filter(|digits| !digits.starts_with(['-', '+'])) {
        return radix(digits, 8).map(NodeValue::Integer);
    }
    // Rust also reads `inf`, `nan` and `1_000`, which are strings here.
    if !unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        || !text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'))
    {
        return None;
    }
    if unsigned.bytes().all(|b| b.is_ascii_digit())
        && let Some(value) = text.parse().ok().filter(|value| bounds.contains(value))
    {
        return Some(NodeValue::Integer(value));
    }
    text.parse().ok().map(NodeValue::Float)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_the_core_schema() {
        let integer = |value| Some(NodeValue::Integer(value));
        for (text, value) in [
            ("1", integer(1)),
            ("-0", integer(0)),
            ("+7", integer(7)),
            ("010", integer(10)),
            ("0x1F", integer(31)),
            ("0o17", integer(15)),
            ("18446744073709551615", integer(18_446_744_073_709_551_615)),
            ("18446744073709551616", Some(NodeValue::Float(18_446_744_073_709_551_616.0))),
            ("1.0", Some(NodeValue::Float(1.0))),
            (".5", Some(NodeValue::Float(0.5))),
            ("1e3", Some(NodeValue::Float(1000.0))),
            ("~", Some(NodeValue::Null)),
            ("True", Some(NodeValue::Bool(true))),
        ] {
            assert_eq!(core_scalar(text), value, "{text}");
        }
        for text in
            ["yes", "on", "No", "1_000", "inf", "nan", "1.2.3", "0x", "0x-1", "-", ".", "1e", "12:30", "e1"]
        {
            assert_eq!(core_scalar(text), None, "{text}");
        }
    }
}
