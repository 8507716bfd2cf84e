//! Topics: streams that clients subscribe to by typed parameters.

use serde_json::Value;

use super::{Docs, ErrorCode, Name, Type, TypeId};

/// One entry of `x-topics`.
#[derive(Debug, Clone, PartialEq)]
pub struct Topic {
    /// Route on the wire (`broker-connection`); Rust `UpperCamel`; TypeScript `camelCase` member.
    pub name: Name,
    /// Rust module and method name, `snake_case`.
    pub module: String,
    /// Summary and description.
    pub docs: Docs,
    /// Names of tags.
    pub tags: Vec<String>,
    /// Type of the parameters: always an object.
    pub params: TypeId,
    /// How parameters become the topic string: every declared member with its default.
    pub param_shape: ParamShape,
    /// Type of an update's payload.
    pub update: Type,
    /// What is retained for new subscribers.
    pub state: Option<State>,
    /// Type of the snapshot's payload: declared, or derived from the kind of state.
    pub snapshot: Option<Type>,
    /// How updates reach a slow or crowded socket.
    pub delivery: Delivery,
    /// What a returning client can recover.
    pub history: Option<History>,
    /// The `access` object as written: which claim must cover which parameter.
    pub access: Option<Value>,
    /// Template of the human-readable subject in replies, `{symbol}`: "Subscribed to AAPL".
    pub label: String,
    /// Payload members whose own members are read as if they stood beside them (an older form of the request).
    pub unwrap: Vec<String>,
    /// Failures of its own that a subscription may be answered with.
    pub errors: Vec<ErrorCode>,
    /// Most subscriptions to this topic that one connection may hold.
    pub max_subscriptions: Option<u32>,
    /// Services join and leave it for a connection; clients cannot themselves.
    pub by_handler: bool,
    /// Type of the frames of updates and retained values, which then hold the payload alone.
    pub message: Option<String>,
}

impl Topic {
    /// Type of an update's frame.
    pub fn update_tag(&self) -> String {
        self.message.clone().unwrap_or_else(|| format!("{}.update", self.name.wire))
    }
}

/// The members that a topic string is made of, in declaration order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ParamShape {
    /// Wire key, default if any, and the members of a nested object.
    pub members: Vec<(String, Option<Value>, Option<ParamShape>)>,
}

/// What the server retains per topic.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// How an update changes it.
    pub kind: StateKind,
    /// Path of a plain HTTP GET of the same state, where asked for.
    pub http: Option<String>,
}

/// How an update changes the retained state.
#[derive(Debug, Clone, PartialEq)]
pub enum StateKind {
    /// Replaces it.
    Latest,
    /// Merges into it, key by key.
    Merge,
    /// Replaces the entry with the same key.
    Keyed {
        /// Members of the update that make the key.
        key: Vec<String>,
        /// Most keys that are kept.
        max_keys: u32,
        /// What happens to a new key when there are as many.
        when_full: WhenFull,
    },
    /// Joins the last `size` updates.
    Window {
        /// How many are kept.
        size: u32,
        /// In which order they are shown.
        order: Order,
    },
}

/// What happens to a new key when as many are kept as may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenFull {
    /// The key that has been there longest goes.
    DropOldest,
    /// The new one is not kept.
    Refuse,
}

/// Order of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The newest entry first.
    NewestFirst,
    /// The newest entry last.
    NewestLast,
}

/// How updates are delivered.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// Every update, or only the latest per key.
    pub mode: DeliveryMode,
    /// Joins what arrives within this many milliseconds into one write; 0 writes at once.
    pub flush_ms: u64,
    /// What happens when a connection's queue is full.
    pub overflow: Overflow,
    /// Whether updates may be compressed.
    pub compress: bool,
}

/// Every update, or the latest per key.
#[derive(Debug, Clone, PartialEq)]
pub enum DeliveryMode {
    /// Each one.
    Every,
    /// The latest per key.
    Latest {
        /// Members of the update that make the key; empty means the whole topic is one value.
        key: Vec<String>,
        /// Least distance between two deliveries of a key, in milliseconds; 0 is as fast as the socket takes it.
        interval_ms: u64,
    },
}

/// What happens when a connection's queue is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overflow {
    /// The connection is closed with the `slow-consumer` close.
    Close,
    /// The oldest queued update of the topic goes; the next one says so.
    DropOldest,
    /// All queued updates of the topic go, the client is told, and a fresh snapshot follows.
    Resync,
}

/// What a returning client can recover.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// Publications kept per topic.
    pub size: u32,
    /// How long they are kept, in milliseconds.
    pub ttl_ms: u64,
}
