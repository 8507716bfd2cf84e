//! Names and prose that every part of the model carries.

use serde_json::Value;

/// A name on the wire with the identifiers chosen for it, keywords and collisions already dealt with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// Exactly as the document spells it.
    pub wire: String,
    /// Rust identifier in the casing of its place: `UpperCamel` for types and variants, `snake_case` for fields,
    /// methods and modules.
    pub rust: String,
    /// TypeScript identifier in the casing of its place: `UpperCamel` for types, `camelCase` for members. Property
    /// keys are not identifiers: they stay as on the wire.
    pub typescript: String,
}

/// What the document says in prose about a thing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Docs {
    /// `title` or `summary`: one line.
    pub summary: Option<String>,
    /// `description`: CommonMark, line ends normalised to `\n`, trimmed.
    pub description: Option<String>,
    /// `deprecated: true`.
    pub deprecated: bool,
    /// `example` and `examples`, payloads only.
    pub examples: Vec<Value>,
}

/// One constraint of a schema, for documentation; enforcement uses the schema itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Constraint {
    /// JSON Schema keyword: `minimum`, `pattern`, `maxItems`, `format`, …
    pub keyword: String,
    /// Its value.
    pub value: Value,
}
