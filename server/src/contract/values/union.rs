//! Reading unions: by the tag where there is one, else by trying the arms in order.

use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::from_value;

/// A value read whole, so that its tag can be looked at before the arm is chosen.
#[derive(Debug)]
pub struct TaggedValue {
    tag: &'static str,
    value: Value,
}

/// What stands at the tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tag<'a> {
    /// A string.
    Text(&'a str),
    /// An integer; `1.0` is one too.
    Integer(i64),
    /// `true` or `false`.
    Boolean(bool),
    /// Nothing, or nothing that can be a tag.
    Missing,
}

impl TaggedValue {
    /// Reads a value whose member `tag` says which arm it is.
    ///
    /// # Errors
    /// When the input itself cannot be read.
    pub fn read<'de, D: Deserializer<'de>>(deserializer: D, tag: &'static str) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(|value| Self { tag, value })
    }

    /// The tag's value.
    #[must_use]
    pub fn tag(&self) -> Tag<'_> {
        match self.value.get(self.tag) {
            Some(Value::String(text)) => Tag::Text(text),
            Some(Value::Bool(value)) => Tag::Boolean(*value),
            Some(number @ Value::Number(_)) => from_value(number).map_or(Tag::Missing, Tag::Integer),
            _ => Tag::Missing,
        }
    }

    /// The value as the chosen arm.
    ///
    /// # Errors
    /// When it does not fit the arm.
    pub fn arm<T: DeserializeOwned, E: Error>(&self) -> Result<T, E> {
        from_value(&self.value).map_err(E::custom)
    }

    /// The error for a value that no arm claims.
    #[must_use]
    pub fn refuse<E: Error>(&self, known: &str) -> E {
        let tag = self.tag;
        match self.value.get(tag) {
            Some(found) => E::custom(format_args!("{tag} is {found}, expected one of {known}")),
            None => E::custom(format_args!("missing {tag}, expected one of {known}")),
        }
    }
}

/// A value read whole, so that several arms can be tried on it.
#[derive(Debug)]
pub struct UntaggedValue(Value);

impl UntaggedValue {
    /// Reads a value.
    ///
    /// # Errors
    /// When the input itself cannot be read.
    pub fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(Self)
    }

    /// The value as this arm, if it fits.
    #[must_use]
    pub fn arm<T: DeserializeOwned>(&self) -> Option<T> {
        from_value(&self.0).ok()
    }

    /// The error for a value that fits no arm.
    #[must_use]
    pub fn refuse<E: Error>(&self, known: &str) -> E {
        E::custom(format_args!("{} is none of {known}", self.0))
    }
}
