//! A value of the document with its place.

use serde_json::Value;

use crate::source::Span;

/// A YAML value and where it stands. Aliases have been replaced by copies of what they name (with the place of the
/// original), merge keys (`<<`) by the entries they bring; nesting and size are bounded.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where it stands; `span.file` is also the file that relative references in it start from.
    pub span: Span,
    /// What it is.
    pub value: NodeValue,
}

/// What a node is: JSON's kinds, with integers apart.
#[derive(Debug, Clone, PartialEq)]
pub enum NodeValue {
    /// `null`, `~`, or nothing at all.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number written without point or exponent, between `i64::MIN` and `u64::MAX`.
    Integer(i128),
    /// Any other number; always finite.
    Float(f64),
    /// Text.
    String(String),
    /// A list.
    Sequence(Vec<Node>),
    /// Entries in the order of the document; keys are unique.
    Mapping(Vec<Entry>),
}

/// One entry of a mapping.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key as text: `200:` and `"200":` are one key.
    pub key: String,
    /// Where the key stands: usually the best place to point at.
    pub key_span: Span,
    /// The value.
    pub value: Node,
}

impl Node {
    /// What it is, for a sentence: `a mapping`, `the string "x"` is left to the caller.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.value {
            NodeValue::Null => "null",
            NodeValue::Bool(_) => "a boolean",
            NodeValue::Integer(_) => "an integer",
            NodeValue::Float(_) => "a number",
            NodeValue::String(_) => "a string",
            NodeValue::Sequence(_) => "a list",
            NodeValue::Mapping(_) => "a mapping",
        }
    }

    /// The value of a key, if this is a mapping that has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The whole entry of a key.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    /// The entries of a mapping; none for anything else.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        match &self.value {
            NodeValue::Mapping(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list; none for anything else.
    #[must_use]
    pub fn items(&self) -> &[Node] {
        match &self.value {
            NodeValue::Sequence(items) => items,
            _ => &[],
        }
    }

    /// Whether it is a mapping.
    #[must_use]
    pub fn is_mapping(&self) -> bool {
        matches!(self.value, NodeValue::Mapping(_))
    }

    /// Whether it is a list.
    #[must_use]
    pub fn is_sequence(&self) -> bool {
        matches!(self.value, NodeValue::Sequence(_))
    }

    /// Whether it is null.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self.value, NodeValue::Null)
    }

    /// The text, if it is a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            NodeValue::String(text) => Some(text),
            _ => None,
        }
    }

    /// The truth value, if it is one.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self.value {
            NodeValue::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// The whole number, if it is one; `1.0` counts, as JSON Schema says.
    #[must_use]
    pub fn as_integer(&self) -> Option<i128> {
        match self.value {
            NodeValue::Integer(value) => Some(value),
            // Exact below 2^53; beyond, a float is no reliable integer.
            NodeValue::Float(value) if value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0 => {
                Some(value as i128)
            }
            _ => None,
        }
    }

    /// The number, if it is one.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        match self.value {
            NodeValue::Integer(value) => Some(value as f64),
            NodeValue::Float(value) => Some(value),
            _ => None,
        }
    }

    /// The `$ref` of a reference object: a mapping with a `$ref` whose value is a string.
    #[must_use]
    pub fn reference(&self) -> Option<&Node> {
        self.get("$ref").filter(|target| target.as_str().is_some())
    }

    /// The same value as JSON, references left as they are.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match &self.value {
            NodeValue::Null => Value::Null,
            NodeValue::Bool(value) => Value::Bool(*value),
            NodeValue::Integer(value) => match (i64::try_from(*value), u64::try_from(*value)) {
                (Ok(value), _) => value.into(),
                (_, Ok(value)) => value.into(),
                _ => (*value as f64).into(),
            },
            NodeValue::Float(value) => (*value).into(),
            NodeValue::String(value) => Value::String(value.clone()),
            NodeValue::Sequence(items) => items.iter().map(Self::to_json).collect(),
            NodeValue::Mapping(entries) => {
                entries.iter().map(|entry| (entry.key.clone(), entry.value.to_json())).collect()
            }
        }
    }
}
