//! Operations written in plain AsyncAPI: their messages are whole frames, matched by tag, by shape, or as bare text.

use std::fmt;
use std::future::Future;

use super::{Caller, Never, Refusal};
use crate::protocol::{OperationSpec, ReplaySpec};

/// An operation written in plain AsyncAPI.
pub trait Operation: Send + Sync + 'static {
    /// Its messages.
    type Message: Frames;
    /// Its replies; [`Never`] where none is declared.
    type Reply: Frames;
    /// What the document declares of it.
    const SPEC: OperationSpec;
    /// How its messages are kept while nobody is connected, if they are.
    const REPLAY: Option<ReplaySpec> = None;
}

/// Routes one operation that the server receives to a service.
pub trait OperationRouter<O: Operation>: Send + Sync + 'static {
    /// Takes the message, and answers it where an answer is declared.
    fn call(
        &self,
        caller: &Caller,
        message: O::Message,
    ) -> impl Future<Output = Result<Option<O::Reply>, Refusal>> + Send;
}

/// Routes an operation whose messages each new connection gets.
pub trait GreetRouter<O: Operation>: Send + Sync + 'static {
    /// The messages for this caller, in order.
    fn greet(&self, caller: &Caller) -> impl Future<Output = Vec<O::Message>> + Send;
}

/// Messages that are whole frames.
pub trait Frames: Sized + Send + Sync + 'static {
    /// Reads a frame that was recognised as the message at `index` of the operation's list.
    ///
    /// # Errors
    /// Where the frame does not fit the message's type.
    fn decode(index: usize, frame: &str) -> Result<Self, DecodeError>;

    /// Writes the frame.
    ///
    /// # Errors
    /// Where the message cannot be written as JSON.
    fn encode(&self) -> Result<String, EncodeError>;
}

impl Frames for Never {
    fn decode(index: usize, _: &str) -> Result<Self, DecodeError> {
        Err(DecodeError::unknown_message(index))
    }

    fn encode(&self) -> Result<String, EncodeError> {
        match *self {}
    }
}

/// A frame does not fit the type of its message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodeError(String);

impl DecodeError {
    /// The operation has no message of this index.
    pub fn unknown_message(index: usize) -> Self {
        Self(format!("no message has index {index}"))
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for DecodeError {}

/// A message cannot be written as a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodeError(String);

impl fmt::Display for EncodeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for EncodeError {}

/// What generated implementations of [`Frames`] are made of.
pub mod frames {
    /// Frames that are JSON.
    pub mod json {
        use serde::Serialize;
        use serde::de::DeserializeOwned;

        use super::super::{DecodeError, EncodeError};

        /// Reads a JSON frame.
        ///
        /// # Errors
        /// Where it is no JSON or does not fit the type.
        pub fn decode<T: DeserializeOwned>(frame: &str) -> Result<T, DecodeError> {
            crate::contract::from_str(frame).map_err(|error| DecodeError(error.to_string()))
        }

        /// Writes a JSON frame.
        ///
        /// # Errors
        /// Where the value has no JSON form.
        pub fn encode<T: Serialize>(value: &T) -> Result<String, EncodeError> {
            crate::protocol::json::to_string(value).map_err(|error| EncodeError(error.to_string()))
        }
    }

    /// Frames that are bare text.
    pub mod text {
        use serde::Serialize;
        use serde::de::DeserializeOwned;
        use serde_json::Value;

        use super::super::{DecodeError, EncodeError};

        /// Reads bare text into a type whose JSON form is a string.
        ///
        /// # Errors
        /// Where the text does not fit the type.
        pub fn decode<T: DeserializeOwned>(frame: &str) -> Result<T, DecodeError> {
            let value = Value::String(frame.to_owned());
            crate::contract::from_value(&value).map_err(|error| DecodeError(error.to_string()))
        }

        /// Writes a value whose JSON form is a string as bare text.
        ///
        /// # Errors
        /// Where its JSON form is anything else.
        pub fn encode<T: Serialize>(value: &T) -> Result<String, EncodeError> {
            match serde_json::to_value(value) {
                Ok(Value::String(text)) => Ok(text),
                Ok(_) => Err(EncodeError("the message's JSON form is not a string".to_owned())),
                Err(error) => Err(EncodeError(error.to_string())),
            }
        }
    }
}
