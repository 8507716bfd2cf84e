//! The resolved, language-neutral description of an API: what lowering produces and emitters print.
//!
//! Everything a generated file says has been decided here: identifiers in both languages, widths of integers, which
//! union is tagged and by what, defaults, codes. An emitter that has to look something up or choose has found a hole
//! in this model. The model knows no YAML, no spans and no target syntax; its order is the document's order.

mod connection;
mod docs;
mod http;
mod operation;
mod store;
mod topic;
mod types;

pub use connection::{
    Activity, Auth, AuthMode, Close, Connection, Envelope, ErrorCode, OnInvalid, Replay, Retry,
};
pub use docs::{Constraint, Docs, Name};
pub use http::{HealthMember, Http, HttpCall, HttpMethod, HttpParameter, HttpSubject, HttpText};
pub use operation::{Action, Broadcast, Channel, Matcher, Message, Operation, Parameter, Reply, Request};
pub use store::{Store, Take, Told};
pub use topic::{
    Delivery, DeliveryMode, History, Order, Overflow, ParamShape, State, StateKind, Topic, WhenFull,
};
pub use types::{
    Additional, Enum, EnumRepr, EnumValue, Field, IntWidth, Object, Shape, Tagged, TaggedArm, Type, TypeDef,
    TypeId, UnionArm,
};

use serde_json::Value;

/// One document, resolved: the input of every emitter.
#[derive(Debug, Clone, PartialEq)]
pub struct Api {
    /// The API's own name; its wire form is the document's file stem (`trading`).
    pub name: Name,
    /// The document's `info` object, kept whole; `title` and `version` are guaranteed to be strings.
    pub info: Value,
    /// The document's `servers` object with references resolved, or an empty object.
    pub servers: Value,
    /// `components.securitySchemes` with references resolved, or an empty object.
    pub security_schemes: Value,
    /// One entry per distinct socket address, in document order.
    pub endpoints: Vec<Endpoint>,
    /// All named types; a [`TypeId`] is an index into this list.
    pub types: Vec<TypeDef>,
}

/// One WebSocket address with everything that can be said over it.
#[derive(Debug, Clone, PartialEq)]
pub struct Endpoint {
    /// The channel key that declares the endpoint (`trading`), with its identifiers.
    pub name: Name,
    /// Path of the socket as written, `{param}` expressions included: `/api/v1/ws`.
    pub address: String,
    /// Parameters of the address, in order of appearance.
    pub parameters: Vec<Parameter>,
    /// Title, description and the like.
    pub docs: Docs,
    /// The channel's `bindings.ws` object (query, headers), if there is one.
    pub binding: Option<Value>,
    /// Names of security schemes, each an alternative; empty means open to all.
    pub security: Vec<String>,
    /// What belongs to the socket: envelope, limits, closes.
    pub connection: Connection,
    /// Streams that clients subscribe to.
    pub topics: Vec<Topic>,
    /// Calls with a typed reply.
    pub requests: Vec<Request>,
    /// Messages to every connection.
    pub broadcasts: Vec<Broadcast>,
    /// What is retained of broadcasts.
    pub stores: Vec<Store>,
    /// Explicit channels of this address; operations refer to them by index.
    pub channels: Vec<Channel>,
    /// Explicit operations, written in plain AsyncAPI.
    pub operations: Vec<Operation>,
    /// All that clients do over plain HTTP.
    pub http_calls: Vec<HttpCall>,
}

impl Endpoint {
    /// What clients call a thing that is done over HTTP, if it is.
    #[must_use]
    pub fn http_call(&self, subject: HttpSubject) -> Option<&HttpCall> {
        self.http_calls.iter().find(|call| call.subject == subject)
    }

    /// The requests that are made over the socket.
    pub fn socket_requests(&self) -> impl Iterator<Item = &Request> {
        self.requests.iter().filter(|request| request.socket)
    }
}

impl Endpoint {
    /// Whether the service is asked for something to tell each new connection.
    #[must_use]
    pub fn greets(&self) -> bool {
        self.broadcasts.iter().any(Broadcast::asks_service)
            || self.operations.iter().any(|operation| operation.on_connect)
    }
}

impl Api {
    /// The definition behind an id.
    #[must_use]
    pub fn type_def(&self, id: TypeId) -> &TypeDef {
        &self.types[id.0]
    }

    /// `info.title`.
    #[must_use]
    pub fn title(&self) -> &str {
        self.info.get("title").and_then(Value::as_str).unwrap_or_default()
    }

    /// `info.version`.
    #[must_use]
    pub fn version(&self) -> &str {
        self.info.get("version").and_then(Value::as_str).unwrap_or_default()
    }

    /// `info.description`, if there is one.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.info.get("description").and_then(Value::as_str)
    }
}
