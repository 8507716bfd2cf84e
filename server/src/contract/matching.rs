//! Recognising a frame as one of the messages of explicit operations.

use serde_json::Value;

use super::schema::Schemas;
use crate::protocol::{Matcher, MessageSpec};

/// A frame, parsed if it is JSON.
#[derive(Debug)]
pub(crate) struct Candidate<'a> {
    /// As it came.
    pub(crate) text: &'a str,
    /// Its JSON value; `None` where it is bare text.
    pub(crate) value: Option<Value>,
}

impl<'a> Candidate<'a> {
    /// Parses the text.
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, value: serde_json::from_str(text).ok() }
    }

    /// What it holds as this message: text is text, also where it could be read as JSON.
    pub(crate) fn as_message(&self, message: &MessageSpec) -> Value {
        let bare = || Value::String(self.text.to_owned());
        self.value.clone().filter(|_| message.matcher != Matcher::Text).unwrap_or_else(bare)
    }

    /// Whether a tag says that it is this message.
    pub(crate) fn is_tagged(&self, message: &MessageSpec) -> bool {
        let Matcher::Tag { pointer, value } = message.matcher else { return false };
        let expected: Option<Value> = serde_json::from_str(value).ok();
        self.value.as_ref().and_then(|frame| frame.pointer(pointer)) == expected.as_ref()
            && expected.is_some()
    }

    /// Whether it is this message by its shape, or as bare text.
    pub(crate) fn is_shaped(&self, message: &MessageSpec, schemas: &Schemas) -> bool {
        let fits = |value: &Value| message.schema.is_none_or(|schema| schemas.check(schema, value).is_ok());
        match message.matcher {
            Matcher::Tag { .. } => false,
            Matcher::Shape => self.value.as_ref().is_some_and(fits),
            // Text such as `5` is JSON too: what counts is that it is no object and no list.
            Matcher::Text => {
                !matches!(self.value, Some(Value::Object(_) | Value::Array(_)))
                    && fits(&Value::String(self.text.to_owned()))
            }
        }
    }
}

/// Which of the messages the frame is: tagged ones first, then by shape and text in order.
pub(crate) fn find<'m, K: Copy>(
    candidate: &Candidate<'_>,
    mut messages: impl Iterator<Item = (K, &'m MessageSpec)> + Clone,
    schemas: &Schemas,
) -> Option<K> {
    let mut tagged = messages.clone();
    tagged
        .find(|(_, message)| candidate.is_tagged(message))
        .or_else(|| messages.find(|(_, message)| candidate.is_shaped(message, schemas)))
        .map(|(key, _)| key)
}
