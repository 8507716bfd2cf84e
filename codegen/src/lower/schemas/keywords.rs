//! The keywords of a schema: what each holds, and what becomes of it.

use crate::spec::Node;

/// What a keyword's value must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    /// Text.
    Text,
    /// `true` or `false`.
    Flag,
    /// Any number.
    Number,
    /// A whole number from 0.
    Count,
    /// Any JSON value.
    Anything,
    /// A list of any JSON values.
    Values,
    /// A list of strings.
    Strings,
    /// A schema.
    Schema,
    /// A list of schemas, at least one.
    SchemaList,
    /// Schemas by name.
    SchemaMap,
    /// A schema or a list of schemas: `items`.
    SchemaOrList,
    /// Schemas or lists of names, by name: `dependencies`.
    Dependencies,
    /// The name of a type, or a list of them.
    TypeNames,
    /// A number, or the boolean of older drafts.
    ExclusiveBound,
}

/// What normalising makes of a keyword.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It stays as it is.
    Stays,
    /// It is said in another way in draft-07.
    Rewritten,
    /// It says nothing about a value and is dropped without a word.
    Dropped,
    /// Draft-07 cannot say it: dropped with a warning.
    Unsupported,
}

/// Every keyword that is known, with what it holds and what becomes of it.
const KEYWORDS: &[(&str, Holds, Fate)] = {
    use Fate::{Dropped, Rewritten, Stays, Unsupported};
    use Holds::{
        Anything, Count, Dependencies, ExclusiveBound, Flag, Number, Schema, SchemaList, SchemaMap,
        SchemaOrList, Strings, Text, TypeNames, Values,
    };
    &[
        ("title", Text, Stays),
        ("description", Text, Stays),
        ("deprecated", Flag, Stays),
        ("readOnly", Flag, Stays),
        ("writeOnly", Flag, Stays),
        ("default", Anything, Stays),
        ("examples", Values, Stays),
        ("example", Anything, Rewritten),
        ("type", TypeNames, Stays),
        ("nullable", Flag, Rewritten),
        ("const", Anything, Stays),
        ("enum", Values, Stays),
        ("format", Text, Stays),
        ("pattern", Text, Stays),
        ("minLength", Count, Stays),
        ("maxLength", Count, Stays),
        ("contentEncoding", Text, Stays),
        ("contentMediaType", Text, Stays),
        ("minimum", Number, Stays),
        ("maximum", Number, Stays),
        ("exclusiveMinimum", ExclusiveBound, Rewritten),
        ("exclusiveMaximum", ExclusiveBound, Rewritten),
        ("multipleOf", Number, Stays),
        ("items", SchemaOrList, Rewritten),
        ("prefixItems", SchemaList, Rewritten),
        ("additionalItems", Schema, Rewritten),
        ("contains", Schema, Stays),
        ("minItems", Count, Stays),
        ("maxItems", Count, Stays),
        ("uniqueItems", Flag, Stays),
        ("properties", SchemaMap, Stays),
        ("required", Strings, Stays),
        ("additionalProperties", Schema, Stays),
        ("patternProperties", SchemaMap, Stays),
        ("propertyNames", Schema, Stays),
        ("minProperties", Count, Stays),
        ("maxProperties", Count, Stays),
        ("dependencies", Dependencies, Rewritten),
        ("dependentRequired", Dependencies, Rewritten),
        ("dependentSchemas", Dependencies, Rewritten),
        ("allOf", SchemaList, Stays),
        ("anyOf", SchemaList, Stays),
        ("oneOf", SchemaList, Stays),
        ("discriminator", Anything, Rewritten),
        ("not", Schema, Stays),
        ("if", Schema, Stays),
        ("then", Schema, Stays),
        ("else", Schema, Stays),
        ("definitions", Anything, Dropped),
        ("$defs", Anything, Dropped),
        ("$schema", Anything, Dropped),
        ("$id", Anything, Dropped),
        ("$comment", Anything, Dropped),
        ("$anchor", Anything, Dropped),
        ("externalDocs", Anything, Dropped),
        ("xml", Anything, Dropped),
        ("unevaluatedProperties", Anything, Unsupported),
        ("unevaluatedItems", Anything, Unsupported),
        ("minContains", Anything, Unsupported),
        ("maxContains", Anything, Unsupported),
        ("contentSchema", Anything, Unsupported),
        ("$dynamicRef", Anything, Unsupported),
        ("$dynamicAnchor", Anything, Unsupported),
        ("$recursiveRef", Anything, Unsupported),
    ]
};

/// What a keyword holds and what becomes of it; `None` for what is no keyword.
pub(super) fn keyword(name: &str) -> Option<(Holds, Fate)> {
    KEYWORDS.iter().find(|(known, ..)| *known == name).map(|(_, holds, fate)| (*holds, *fate))
}

/// What a keyword holds in normal form.
pub(super) fn holds(name: &str) -> Option<Holds> {
    keyword(name).map(|(holds, _)| holds)
}

/// All names, for suggestions.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    KEYWORDS.iter().map(|(name, ..)| *name).chain(std::iter::once("$ref"))
}

/// The schemas directly inside a keyword's value.
pub(super) fn children<'n>(name: &str, value: &'n Node) -> Vec<&'n Node> {
    let Some((holds, Fate::Stays | Fate::Rewritten)) = keyword(name) else { return Vec::new() };
    match holds {
        Holds::Schema => vec![value],
        Holds::SchemaList => value.items().iter().collect(),
        Holds::SchemaMap => value.entries().iter().map(|entry| &entry.value).collect(),
        Holds::SchemaOrList if value.is_sequence() => value.items().iter().collect(),
        Holds::SchemaOrList => vec![value],
        Holds::Dependencies => {
            value.entries().iter().map(|entry| &entry.value).filter(|value| !value.is_sequence()).collect()
        }
        Holds::Text
        | Holds::Flag
        | Holds::Number
        | Holds::Count
        | Holds::Anything
        | Holds::Values
        | Holds::Strings
        | Holds::TypeNames
        | Holds::ExclusiveBound => Vec::new(),
    }
}
