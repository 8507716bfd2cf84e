//! Values that are fixed by the document.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, Unexpected};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A member that is always `true` or always `false`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConstantBool<const VALUE: bool>;

impl<const VALUE: bool> Serialize for ConstantBool<VALUE> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(VALUE)
    }
}

impl<'de, const VALUE: bool> Deserialize<'de> for ConstantBool<VALUE> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let found = bool::deserialize(deserializer)?;
        if found == VALUE {
            return Ok(Self);
        }
        Err(D::Error::invalid_value(Unexpected::Bool(found), &if VALUE { "true" } else { "false" }))
    }
}

impl<const VALUE: bool> JsonSchema for ConstantBool<VALUE> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        if VALUE { "True" } else { "False" }.into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "const": VALUE })
    }
}

/// A value that is not in the enum it was read as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownValue(String);

impl UnknownValue {
    /// `found` is not one of the values of `of`.
    pub fn new(of: &str, found: impl fmt::Display) -> Self {
        Self(format!("{found} is not one of the values of {of}"))
    }
}

impl fmt::Display for UnknownValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UnknownValue {}
