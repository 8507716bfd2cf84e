//! Retained state of an endpoint.

use serde_json::Value;

use super::{Docs, Name, StateKind, Type};

/// One entry of `x-state`: what is kept of broadcasts for those who come later.
#[derive(Debug, Clone, PartialEq)]
pub struct Store {
    /// The member of snapshots that holds it; `UpperCamel` in Rust; `camelCase` in TypeScript.
    pub name: Name,
    /// Rust field, `snake_case`.
    pub field: String,
    /// Summary and description.
    pub docs: Docs,
    /// How a value changes it.
    pub kind: StateKind,
    /// The broadcasts that feed it, by their places in the endpoint.
    pub from: Vec<usize>,
    /// What of a broadcast goes into it.
    pub take: Take,
    /// The members of a value that are kept; empty means all.
    pub members: Vec<String>,
    /// Type of a value.
    pub item: Type,
    /// Type of all it holds, once it holds something: the value, or a list of values.
    pub value: Type,
    /// Type of what clients see: the same, or `null` where there may be nothing yet.
    pub shown: Type,
    /// What it holds at first.
    pub initial: Option<Value>,
    /// Path of a plain HTTP GET, where asked for.
    pub http: Option<String>,
}

/// What of a broadcast goes into a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Take {
    /// Its payload.
    Payload,
    /// One member of its payload.
    Member(String),
    /// The whole frame.
    Frame,
}

/// What a broadcast tells new connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The stores, by their places in the endpoint.
    pub stores: Vec<usize>,
    /// Member of the payload that holds them; `None` where they are the payload.
    pub member: Option<String>,
    /// Path of a plain HTTP GET of the same, where asked for.
    pub http: Option<String>,
}
