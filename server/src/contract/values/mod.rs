//! What generated *types* lean on: strict decoding, unions, and the few scalars Rust has no type for.
//!
//! Nothing here knows topics, requests or sockets, and nothing checks bounds, patterns or formats: that is the
//! document's own schema, applied by the runtime before a value reaches a service.

mod constant;
mod decimal;
mod integer_string;
mod strict;
#[cfg(test)]
mod tests;
mod text;
mod tuple;
mod union;

pub use constant::{ConstantBool, UnknownValue};
pub use decimal::{Decimal, DecimalError};
pub use integer_string::IntegerString;
pub use schemars::{self, JsonSchema};
pub use serde::{self, Deserialize, Deserializer, Serialize, Serializer};
pub use serde_json::{self, Value};
pub use strict::{from_str, from_value};
pub(crate) use text::from_text;
pub use tuple::WithRest;
pub use union::{Tag, TaggedValue, UntaggedValue};

/// Reads an optional member that is there. `null` reaches `T`, so that only members that may be `null` accept it and
/// `Option<Option<T>>` tells `null` from absent.
///
/// # Errors
/// When the value is no `T`.
pub fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Reads a member that may be `null` but not absent.
///
/// # Errors
/// When the value is neither `null` nor a `T`.
pub fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    Option::deserialize(deserializer)
}

/// A default that the document declares and that is too large for a plain Rust expression.
///
/// # Panics
/// Never for generated code: the generator has checked the value against the type.
#[must_use]
pub fn literal<T: serde::de::DeserializeOwned>(json: &str) -> T {
    match from_str(json) {
        Ok(value) => value,
        Err(error) => unreachable!("a declared default fits its type: {error}"),
    }
}

/// Whether a value is the one written in `json`; `1` and `1.0` are the same number.
#[must_use]
pub fn same_json(json: &str, value: &Value) -> bool {
    serde_json::from_str::<Value>(json).is_ok_and(|known| match (&known, value) {
        (Value::Number(left), Value::Number(right)) => left == right || left.as_f64() == right.as_f64(),
        _ => known == *value,
    })
}
