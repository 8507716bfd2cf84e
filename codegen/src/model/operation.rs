//! Requests, broadcasts, and operations written in plain AsyncAPI.

use serde_json::Value;

use super::{Docs, ErrorCode, Http, Name, Told, Type};

/// One entry of `x-requests`: a call with a typed reply and typed errors.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// `orders.place` on the wire; `UpperCamel` in Rust; in TypeScript the last segment in `camelCase`.
    pub name: Name,
    /// Rust method name, `snake_case` of the whole name: `orders_place`.
    pub method: String,
    /// TypeScript path of members, `["orders", "place"]`.
    pub path: Vec<String>,
    /// Summary and description.
    pub docs: Docs,
    /// Names of tags.
    pub tags: Vec<String>,
    /// Type of the request's payload, if it has one.
    pub payload: Option<Type>,
    /// Type of the reply's payload, if it has one.
    pub reply: Option<Type>,
    /// The failures a caller must expect, beside those of the framework.
    pub errors: Vec<ErrorCode>,
    /// The `access` object as written.
    pub access: Option<Value>,
    /// How it is made over plain HTTP, if it is.
    pub http: Option<Http>,
    /// Whether it is made over the socket.
    pub socket: bool,
    /// Whether it goes unanswered where it comes without an id.
    pub notification: bool,
}

impl Request {
    /// The media type of a reply that is bytes.
    #[must_use]
    pub fn produces(&self) -> Option<&str> {
        self.http.as_ref()?.produces.as_deref()
    }
}

/// One entry of `x-broadcasts`: a message to every connection.
#[derive(Debug, Clone, PartialEq)]
pub struct Broadcast {
    /// The message's `type`; `UpperCamel` in Rust; `camelCase` member in TypeScript.
    pub name: Name,
    /// Rust method name, `snake_case`.
    pub method: String,
    /// Summary and description.
    pub docs: Docs,
    /// Names of tags.
    pub tags: Vec<String>,
    /// Type of the payload, if it has one.
    pub payload: Option<Type>,
    /// Sent once to each new connection instead of when published.
    pub on_connect: bool,
    /// The stores it feeds, by their places in the endpoint.
    pub feeds: Vec<usize>,
    /// What is retained that it tells new connections.
    pub tells: Option<Told>,
}

impl Broadcast {
    /// Whether the service makes it up for each new connection.
    #[must_use]
    pub fn asks_service(&self) -> bool {
        self.on_connect && self.tells.is_none()
    }
}

/// A parameter of an address.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// As in the address; `snake_case` in Rust.
    pub name: Name,
    /// Description and examples.
    pub docs: Docs,
    /// Allowed values; empty means any.
    pub values: Vec<String>,
    /// Used when the caller gives none.
    pub default: Option<String>,
}

/// A channel written in plain AsyncAPI.
#[derive(Debug, Clone, PartialEq)]
pub struct Channel {
    /// The key under `channels`.
    pub id: String,
    /// Title, summary, description.
    pub docs: Docs,
    /// Its messages; operations refer to them by index.
    pub messages: Vec<Message>,
}

/// A message of an explicit channel; its payload is the whole frame.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// The key under the channel's `messages`; `UpperCamel` identifiers.
    pub name: Name,
    /// Title, summary, description, example payloads.
    pub docs: Docs,
    /// Type of the frame; `None` where the document gives no payload.
    pub payload: Option<Type>,
    /// `contentType`, else the document's default, else `application/json`.
    pub content_type: String,
    /// How a frame is recognised as this message.
    pub matcher: Matcher,
    /// `correlationId.location` as a pointer into the payload.
    pub correlation: Option<String>,
}

/// How a frame is recognised.
#[derive(Debug, Clone, PartialEq)]
pub enum Matcher {
    /// The member at this JSON pointer has this value.
    Tag {
        /// Such as `/type` or `/action`.
        pointer: String,
        /// A string, integer or boolean.
        value: Value,
    },
    /// The frame fits the payload's schema; such messages are tried in order after all tagged ones.
    Shape,
    /// Bare text that is not JSON: content type `text/*`, checked against the payload's schema as a string.
    Text,
}

/// An operation written in plain AsyncAPI.
#[derive(Debug, Clone, PartialEq)]
pub struct Operation {
    /// The key under `operations`; `UpperCamel` in Rust, `camelCase` in TypeScript.
    pub name: Name,
    /// Rust method name, `snake_case`.
    pub method: String,
    /// From the described server's side, after any change of perspective.
    pub action: Action,
    /// Index into the endpoint's channels.
    pub channel: usize,
    /// Indices into that channel's messages.
    pub messages: Vec<usize>,
    /// The answer, if one is declared.
    pub reply: Option<Reply>,
    /// Of what the server sends: each new connection gets some, too.
    pub on_connect: bool,
    /// Title, summary, description.
    pub docs: Docs,
    /// Names of tags.
    pub tags: Vec<String>,
}

/// The answer to an explicit operation.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// Index into the endpoint's channels.
    pub channel: usize,
    /// Indices into that channel's messages.
    pub messages: Vec<usize>,
}

/// Who speaks, seen from the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// The server receives it: a method of the service.
    Receive,
    /// The server sends it: a publisher.
    Send,
}
