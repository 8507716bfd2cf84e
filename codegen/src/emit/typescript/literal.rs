//! Values, strings and keys as TypeScript writes them, laid out as `prettier` does.

use serde_json::Value;
use unicode_ident::{is_xid_continue, is_xid_start};

use super::compact::filled as filled_words;

/// The line width that generated files keep to.
pub(super) const WIDTH: usize = 110;

/// Largest integer that a `number` holds exactly, 2^53 − 1.
const MAX_SAFE: u64 = 9_007_199_254_740_991;

/// A string literal: single quotes, unless that means more escapes than double ones.
pub(super) fn string(text: &str) -> String {
    let quote = if text.matches('\'').count() > text.matches('"').count() { '"' } else { '\'' };
    let mut out = String::with_capacity(text.len() + 2);
    out.push(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote => out.extend(['\\', c]),
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out.push(quote);
    out
}

/// A key in an interface or a type: bare where it is a plain identifier, else quoted.
pub(super) fn property_key(wire: &str) -> String {
    if is_plain_identifier(wire) { wire.to_owned() } else { string(wire) }
}

/// A key in an object literal. `__proto__` would set the prototype there, unless computed.
pub(super) fn object_key(wire: &str) -> String {
    if wire == "__proto__" { "['__proto__']".to_owned() } else { property_key(wire) }
}

/// An identifier of the basic plane: what `prettier` leaves unquoted. Keywords may be keys.
fn is_plain_identifier(text: &str) -> bool {
    let mut chars = text.chars();
    let basic = |c: char| u32::from(c) <= 0xffff;
    chars.next().is_some_and(|c| matches!(c, '_' | '$') || (basic(c) && is_xid_start(c)))
        && chars.all(|c| c == '$' || (basic(c) && is_xid_continue(c)))
}

/// A scalar as a literal, which is also its literal type. Integers beyond 2^53 arrive as `bigint`.
pub(super) fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => string(text),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(n), _) if n.unsigned_abs() > MAX_SAFE => format!("{n}n"),
            (None, Some(n)) => format!("{n}n"),
            (Some(n), _) => n.to_string(),
            (None, None) => float(number.as_f64().unwrap_or_default()),
        },
        other => other.to_string(),
    }
}

/// The shortest text that reads back as the same number, as `prettier` spells it.
fn float(number: f64) -> String {
    if number == 0.0 {
        return "0".to_owned();
    }
    let text = if (1e-6..1e21).contains(&number.abs()) { format!("{number}") } else { format!("{number:e}") };
    text.strip_suffix(".0").map(ToOwned::to_owned).unwrap_or(text)
}

/// An object literal or a part of one, to be laid out.
#[derive(Debug, Clone)]
pub(super) enum Literal {
    /// Printed as it stands.
    Raw(String),
    /// `[…]`
    Array(Vec<Literal>),
    /// `{ … }`; keys are wire keys.
    Object(Vec<(String, Literal)>),
    /// An object that has one member per line even where it would fit on one.
    Spread(Vec<(String, Literal)>),
    /// An object whose keys are numbers.
    Codes(Vec<(String, Literal)>),
}

impl From<&Value> for Literal {
    fn from(value: &Value) -> Self {
        match value {
            Value::Array(items) => Self::Array(items.iter().map(Self::from).collect()),
            Value::Object(members) => {
                Self::Object(members.iter().map(|(key, value)| (key.clone(), Self::from(value))).collect())
            }
            other => Self::Raw(scalar(other)),
        }
    }
}

impl Literal {
    /// A string literal.
    pub(super) fn text(text: &str) -> Self {
        Self::Raw(string(text))
    }

    /// The literal as it stands after `column` characters of a line, with `tail` more to follow on its last line.
    pub(super) fn print(&self, indent: usize, column: usize, tail: usize) -> String {
        let fits = |text: &String| column + width(text) + tail <= WIDTH;
        if let Some(flat) = self.flat().filter(fits) {
            return flat;
        }
        let inner = " ".repeat(indent + 2);
        let outer = " ".repeat(indent);
        match self {
            Self::Raw(text) => text.clone(),
            Self::Array(items) if items.iter().all(Self::is_number) => filled(items, indent),
            Self::Array(items) => {
                let lines =
                    items.iter().map(|item| format!("{inner}{},\n", item.print(indent + 2, indent + 2, 1)));
                format!("[\n{}{outer}]", lines.collect::<String>())
            }
            Self::Object(members) | Self::Spread(members) | Self::Codes(members) => {
                let lines = members.iter().map(|(key, value)| {
                    let key = self.key(key);
                    let value = value.print(indent + 2, indent + 2 + width(&key) + 2, 1);
                    format!("{inner}{key}: {value},\n")
                });
                format!("{{\n{}{outer}}}", lines.collect::<String>())
            }
        }
    }

    /// The literal with its lines filled, for tables too long to be read; at most `line_count` lines.
    pub(super) fn print_filled(&self, indent: usize, line_count: usize) -> String {
        let mut words = Vec::new();
        self.words("", "", &mut words);
        filled_words(&words, indent, line_count)
    }

    /// Pieces between which a line may end.
    fn words(&self, head: &str, tail: &str, out: &mut Vec<String>) {
        let (open, close) = match self {
            Self::Raw(text) => return out.push(format!("{head}{text}{tail}")),
            Self::Array(_) => ('[', ']'),
            _ => ('{', '}'),
        };
        let members: Vec<(String, &Self)> = match self {
            Self::Raw(_) => Vec::new(),
            Self::Array(items) => items.iter().map(|item| (String::new(), item)).collect(),
            Self::Object(members) | Self::Spread(members) | Self::Codes(members) => {
                members.iter().map(|(key, value)| (format!("{}: ", self.key(key)), value)).collect()
            }
        };
        if members.is_empty() {
            return out.push(format!("{head}{open}{close}{tail}"));
        }
        out.push(format!("{head}{open}"));
        for (head, value) in members {
            value.words(&head, ",", out);
        }
        out.push(format!("{close}{tail}"));
    }

    /// On one line; `None` where `prettier` would insist on several.
    fn flat(&self) -> Option<String> {
        match self {
            Self::Raw(text) => Some(text.clone()),
            Self::Array(items) => {
                let crowded = items.len() > 1
                    && (items.iter().all(|item| matches!(item, Self::Object(members) if members.len() > 1))
                        || items.iter().all(|item| matches!(item, Self::Array(inner) if inner.len() > 1)));
                if crowded {
                    return None;
                }
                let items = items.iter().map(Self::flat).collect::<Option<Vec<_>>>()?;
                Some(format!("[{}]", items.join(", ")))
            }
            Self::Object(members) | Self::Spread(members) | Self::Codes(members) if members.is_empty() => {
                Some("{}".to_owned())
            }
            Self::Object(members) | Self::Codes(members) => {
                let members =
                    members.iter().map(|(key, value)| Some(format!("{}: {}", self.key(key), value.flat()?)));
                Some(format!("{{ {} }}", members.collect::<Option<Vec<_>>>()?.join(", ")))
            }
            Self::Spread(_) => None,
        }
    }

    fn key(&self, key: &str) -> String {
        if matches!(self, Self::Codes(_)) { key.to_owned() } else { object_key(key) }
    }

    fn is_number(&self) -> bool {
        matches!(self, Self::Raw(text) if text.trim_start_matches('-').starts_with(|c: char| c.is_ascii_digit()))
    }
}

/// Numbers share lines, as many as fit.
fn filled(items: &[Literal], indent: usize) -> String {
    let inner = " ".repeat(indent + 2);
    let mut out = String::from("[\n");
    let mut line = inner.clone();
    for item in items {
        let Literal::Raw(text) = item else { continue };
        if line.len() > inner.len() && line.len() + text.len() + 2 > WIDTH {
            out.push_str(&line);
            out.push('\n');
            line.clone_from(&inner);
        }
        if line.len() > inner.len() {
            line.push(' ');
        }
        line.push_str(text);
        line.push(',');
    }
    format!("{out}{line}\n{}]", " ".repeat(indent))
}

/// How many columns a text takes on a line: wide East Asian characters and emoji count twice, marks not at all.
pub(super) fn width(text: &str) -> usize {
    text.chars().map(char_width).sum()
}

fn char_width(c: char) -> usize {
    match u32::from(c) {
        0x300..=0x36f | 0xfe00..=0xfe0f | 0x200b..=0x200d => 0,
        0x1100..=0x115f
        | 0x2e80..=0x303e
        | 0x3041..=0xa4cf
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f
        | 0xff00..=0xff60
        | 0xffe0..=0xffe6
        | 0x1f300..=0x1f64f
        | 0x1f680..=0x1f6ff
        | 0x1f900..=0x1f9ff
        | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}
