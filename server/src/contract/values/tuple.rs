//! Tuples that go on: fixed positions first, then any number of one type.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{DeserializeOwned, Error as _};
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::from_value;

/// A JSON array of fixed positions (`Head`, a tuple) followed by any number of `Rest`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct WithRest<Head, Rest> {
    /// The fixed positions.
    pub head: Head,
    /// What follows them.
    pub rest: Vec<Rest>,
}

/// How many positions a tuple has; a tuple of references knows no better way to say so.
fn positions<Head: DeserializeOwned>(items: &[Value]) -> Option<(Head, usize)> {
    // serde reads a tuple only from an array of its own length, so the longest prefix that fits is the head.
    (1..=items.len().min(12)).rev().find_map(|length| {
        from_value(&Value::Array(items[..length].to_vec())).ok().map(|head| (head, length))
    })
}

impl<'de, Head: DeserializeOwned, Rest: DeserializeOwned> Deserialize<'de> for WithRest<Head, Rest> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let items = Vec::<Value>::deserialize(deserializer)?;
        let (head, length) = positions(&items)
            .ok_or_else(|| D::Error::custom("the fixed positions of the array do not fit"))?;
        let rest =
            items[length..].iter().map(from_value).collect::<Result<_, _>>().map_err(D::Error::custom)?;
        Ok(Self { head, rest })
    }
}

impl<Head: Serialize, Rest: Serialize> Serialize for WithRest<Head, Rest> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Value::Array(mut items) = serde_json::to_value(&self.head).map_err(S::Error::custom)? else {
            return Err(S::Error::custom("the head of an open tuple is a tuple"));
        };
        for item in &self.rest {
            items.push(serde_json::to_value(item).map_err(S::Error::custom)?);
        }
        items.serialize(serializer)
    }
}

impl<Head: JsonSchema, Rest: JsonSchema> JsonSchema for WithRest<Head, Rest> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("{}_then_{}", Head::schema_name(), Rest::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = Head::json_schema(generator);
        schema.remove("maxItems");
        schema.insert("items".into(), generator.subschema_for::<Rest>().to_value());
        schema
    }
}
