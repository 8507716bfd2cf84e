//! What a document declares, as constants: the tables generated code is full of.
//!
//! Everything here is plain data without behaviour; what it means is decided where it is read.

use super::{CloseCondition, Envelope, HttpSpec, Retry};

/// One WebSocket address and everything that is served with it.
#[derive(Debug)]
pub struct EndpointSpec {
    /// Name of the endpoint's channel: `trading`.
    pub name: &'static str,
    /// `info.title`.
    pub title: &'static str,
    /// `info.version`.
    pub version: &'static str,
    /// Path of the socket, `{parameters}` included: `/api/v1/ws`.
    pub address: &'static str,
    /// What belongs to the socket as a whole.
    pub connection: ConnectionSpec,
    /// The AsyncAPI 3.0.0 document; also where schemas are looked up.
    pub asyncapi_json: &'static str,
    /// The same as AsyncAPI 2.4.0.
    pub asyncapi_2_json: &'static str,
    /// The docs page.
    pub docs_html: &'static str,
}

/// `x-connection`, defaults applied.
#[derive(Debug, Clone, Copy)]
pub struct ConnectionSpec {
    /// How frames wrap payloads.
    pub envelope: Envelope,
    /// WebSocket subprotocol that clients may offer.
    pub subprotocol: &'static str,
    /// A client silent for this long is closed.
    pub heartbeat_ms: u64,
    /// A connection of this age is closed; `None` is for ever.
    pub lifetime_ms: Option<u64>,
    /// What counts as a sign of life.
    pub activity: Activity,
    /// What an invalid payload gets.
    pub on_invalid: OnInvalid,
    /// Largest message accepted.
    pub max_message_bytes: u64,
    /// Deepest nesting of JSON accepted.
    pub max_depth: u32,
    /// Most subscriptions one connection may hold.
    pub max_subscriptions: u32,
    /// Bytes queued for one connection before overflow policies apply.
    pub queue_bytes: u64,
    /// Sustained rate of client messages; twice as many pass in a burst.
    pub messages_per_second: u32,
    /// Path below which publishing over HTTP stands; may be empty.
    pub http_base: &'static str,
    /// Who may connect.
    pub auth: AuthSpec,
    /// Every close the server may send.
    pub closes: &'static [CloseSpec],
}

/// `x-connection.auth`, and what `components.securitySchemes` says about tokens.
#[derive(Debug, Clone, Copy)]
pub struct AuthSpec {
    /// Whether a token is needed; `None` where the document leaves it to the operator.
    pub mode: Option<AuthMode>,
    /// How long a client without a token may take to send one as its first message; `None` is not at all.
    pub timeout_ms: Option<u64>,
    /// Name of the token in a query.
    pub query: &'static str,
    /// Schema of the claims.
    pub claims: Option<SchemaRef>,
}

impl AuthSpec {
    /// What holds where the document says nothing.
    pub const UNDECLARED: Self = Self { mode: None, timeout_ms: None, query: "token", claims: None };
}

/// Whether callers must say who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AuthMode {
    /// Who brings a token must bring a good one; who brings none is nobody in particular.
    Optional,
    /// Nobody without a good token.
    Required,
    /// Tokens are not looked at, and access rules do not count: for development.
    Off,
}

/// What counts as a sign of life from a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activity {
    /// Any valid message; protocol pings and pongs do not count.
    Message,
    /// Anything that arrives.
    Any,
}

/// What a frame that cannot be served gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnInvalid {
    /// A reply with `status: "error"`.
    Reply,
    /// A close.
    Close,
}

/// One row of the close table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CloseSpec {
    /// When it is sent.
    pub condition: CloseCondition,
    /// Close code on the wire.
    pub code: u16,
    /// Close reason on the wire; `{heartbeat}` and `{lifetime}` are filled in.
    pub reason: &'static str,
    /// What a client does next.
    pub retry: Retry,
}

impl CloseSpec {
    /// A row of the table.
    #[must_use]
    pub const fn new(condition: CloseCondition, code: u16, reason: &'static str, retry: Retry) -> Self {
        Self { condition, code, reason, retry }
    }
}

/// Where the schema of a type stands in the served document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SchemaRef {
    /// `#/components/schemas/Bar`.
    pub pointer: &'static str,
    /// Whether the schema demands more than the Rust type enforces, so that input must be checked against it.
    pub checked: bool,
}

impl SchemaRef {
    /// A schema that demands more than the Rust type enforces.
    #[must_use]
    pub const fn checked(pointer: &'static str) -> Self {
        Self { pointer, checked: true }
    }

    /// A schema that the Rust type enforces in full.
    #[must_use]
    pub const fn unchecked(pointer: &'static str) -> Self {
        Self { pointer, checked: false }
    }
}

/// One stream that clients subscribe to.
#[derive(Debug, Clone, Copy)]
pub struct TopicSpec {
    /// Address of its endpoint.
    pub endpoint: &'static str,
    /// First part of every topic string: `bars`.
    pub route: &'static str,
    /// How its frames wrap payloads.
    pub envelope: Envelope,
    /// Schema of the parameters.
    pub params: SchemaRef,
    /// Schema of an update's payload.
    pub update: SchemaRef,
    /// The members a topic string is made of; quickest in the order in which they stand there, that of RFC 8785.
    pub shape: &'static [ParamMember],
    /// Template of the subject in replies: `{symbol}`.
    pub label: &'static str,
    /// Payload members whose own members are read as if they stood beside them.
    pub unwrap: &'static [&'static str],
    /// What is retained for new subscribers.
    pub state: Option<StateSpec>,
    /// How updates reach a slow or crowded socket.
    pub delivery: DeliverySpec,
    /// What a returning client can recover.
    pub history: Option<HistorySpec>,
    /// The `access` object as JSON text.
    pub access: Option<&'static str>,
    /// Most subscriptions to this topic that one connection may hold.
    pub max_subscriptions: Option<u32>,
    /// Services join and leave it for a connection; clients cannot themselves.
    pub by_handler: bool,
    /// Type of the frames of updates and retained values, which then hold the payload alone.
    pub message: Option<&'static str>,
}

/// One declared parameter of a topic.
#[derive(Debug, Clone, Copy)]
pub struct ParamMember {
    /// Wire key.
    pub key: &'static str,
    /// Default as JSON text.
    pub default: Option<&'static str>,
    /// Members of a nested object; empty for anything else.
    pub members: &'static [ParamMember],
}

impl ParamMember {
    /// A parameter with its default as JSON text, and its own members where it is an object.
    #[must_use]
    pub const fn new(
        key: &'static str,
        default: Option<&'static str>,
        members: &'static [ParamMember],
    ) -> Self {
        Self { key, default, members }
    }
}

/// What is retained per topic.
#[derive(Debug, Clone, Copy)]
pub struct StateSpec {
    /// How an update changes it.
    pub kind: StateKind,
    /// Path of a plain HTTP GET of the same state.
    pub http: Option<&'static str>,
}

/// How an update changes the retained state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StateKind {
    /// Replaces it.
    Latest,
    /// Merges into it, key by key.
    Merge,
    /// Replaces the entry with the same key.
    Keyed {
        /// Members of the update that make the key.
        key: &'static [&'static str],
        /// Most keys that are kept.
        max_keys: u32,
        /// What happens to a new key when there are as many.
        when_full: WhenFull,
    },
    /// Joins the last `size` updates.
    Window {
        /// How many are kept.
        size: u32,
        /// Whether the newest entry is shown first.
        newest_first: bool,
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

/// How updates are delivered.
#[derive(Debug, Clone, Copy)]
pub struct DeliverySpec {
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryMode {
    /// Each one.
    Every,
    /// The latest per key.
    Latest {
        /// Members of the update that make the key; empty means the whole topic is one value.
        key: &'static [&'static str],
        /// Least distance between two deliveries of a key; 0 is as fast as the socket takes it.
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

/// What a returning client can recover. Without effect where only the latest of each key is delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistorySpec {
    /// Publications kept per topic, one MiB of them at most.
    pub size: u32,
    /// How long they are kept.
    pub ttl_ms: u64,
}

/// One call with a typed reply.
#[derive(Debug, Clone, Copy)]
pub struct RequestSpec {
    /// Its `type` on the wire.
    pub name: &'static str,
    /// Schema of its payload, if it has one.
    pub payload: Option<SchemaRef>,
    /// The `access` object as JSON text.
    pub access: Option<&'static str>,
    /// How it is made over plain HTTP, if it is.
    pub http: Option<HttpSpec>,
    /// Whether it is made over the socket.
    pub socket: bool,
    /// Whether it goes unanswered where it comes without an id.
    pub notification: bool,
}

/// One message to every connection.
#[derive(Debug, Clone, Copy)]
pub struct BroadcastSpec {
    /// Address of its endpoint.
    pub endpoint: &'static str,
    /// Its `type` on the wire.
    pub name: &'static str,
    /// How its frame wraps the payload.
    pub envelope: Envelope,
    /// Schema of its payload, if it has one.
    pub payload: Option<SchemaRef>,
    /// Sent once to each new connection instead of when published.
    pub on_connect: bool,
}

/// `x-connection.replay`: messages kept while nobody is connected, for those who come later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplaySpec {
    /// How many are kept.
    pub size: u32,
    /// How long each is kept.
    pub ttl_ms: u64,
    /// How many bytes of them are kept.
    pub bytes: u64,
}

/// One operation written in plain AsyncAPI; its messages are whole frames.
#[derive(Debug, Clone, Copy)]
pub struct OperationSpec {
    /// Address of its endpoint.
    pub endpoint: &'static str,
    /// Key under `operations`.
    pub name: &'static str,
    /// Its messages; [`Frames::decode`](crate::contract::Frames::decode) counts in this order.
    pub messages: &'static [MessageSpec],
    /// Where the correlation id stands in request and reply, as a JSON pointer.
    pub correlation: Option<&'static str>,
}

/// One message of an explicit operation.
#[derive(Debug, Clone, Copy)]
pub struct MessageSpec {
    /// Key under the channel's `messages`.
    pub name: &'static str,
    /// How a frame is recognised as this message.
    pub matcher: Matcher,
    /// Schema of the frame.
    pub schema: Option<SchemaRef>,
}

/// How a frame is recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Matcher {
    /// The member at this JSON pointer has this value.
    Tag {
        /// Such as `/type`.
        pointer: &'static str,
        /// The value as JSON text.
        value: &'static str,
    },
    /// The frame fits its schema; tried in order after all tagged messages.
    Shape,
    /// Bare text that is not JSON.
    Text,
}
