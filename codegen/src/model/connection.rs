//! What belongs to a socket as a whole: `x-connection`.

use super::{Docs, Name, Type};

/// Settings and tables of one endpoint; every field holds the value in force, defaults applied.
#[derive(Debug, Clone, PartialEq)]
pub struct Connection {
    /// How frames wrap payloads.
    pub envelope: Envelope,
    /// WebSocket subprotocol name that clients may offer.
    pub subprotocol: String,
    /// A client silent for this long is closed with `heartbeat-timeout`.
    pub heartbeat_ms: u64,
    /// A connection of this age is closed with `lifetime-exceeded`; `None` is for ever.
    pub lifetime_ms: Option<u64>,
    /// What counts as a sign of life.
    pub activity: Activity,
    /// What an invalid payload gets.
    pub on_invalid: OnInvalid,
    /// Largest frame or message accepted, in bytes.
    pub max_message_bytes: u64,
    /// Deepest nesting of JSON accepted.
    pub max_depth: u32,
    /// Most subscriptions one connection may hold.
    pub max_subscriptions: u32,
    /// Bytes queued for one connection before its topics' overflow policies apply.
    pub queue_bytes: u64,
    /// Client messages accepted per second, as a sustained rate; bursts of twice as many pass.
    pub messages_per_second: u32,
    /// Path below which HTTP publishing and health stand: `/api/v1`; may be empty.
    pub http_base: String,
    /// Messages kept while nobody is connected.
    pub replay: Option<Replay>,
    /// Who may connect.
    pub auth: Auth,
    /// Every close the server may send, in a fixed order.
    pub closes: Vec<Close>,
    /// Every error code of the framework that a reply may carry.
    pub errors: Vec<ErrorCode>,
}

/// How frames wrap payloads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// Member that says what a frame of the server is.
    pub tag: String,
    /// Member that says what a frame of a client is.
    pub client_tag: String,
    /// Member that holds the payload; `None` where the payload's own members stand beside the tag.
    pub body: Option<String>,
    /// Member that holds the time of sending.
    pub timestamp: Option<String>,
}

impl Envelope {
    /// `{"type", "id"?, "topic"?, "payload"?}`.
    #[must_use]
    pub fn standard() -> Self {
        let (tag, body) = ("type".to_owned(), Some("payload".to_owned()));
        Self { client_tag: tag.clone(), tag, body, timestamp: None }
    }

    /// The member that holds the payload, or `flat`.
    #[must_use]
    pub fn body_word(&self) -> &str {
        self.body.as_deref().unwrap_or("flat")
    }

    /// The member that says what a frame of this side is.
    #[must_use]
    pub fn tag_of(&self, from_client: bool) -> &str {
        if from_client { &self.client_tag } else { &self.tag }
    }
}

/// Messages kept while nobody is connected, for those who come later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replay {
    /// How many are kept.
    pub size: u32,
    /// How long they are kept.
    pub ttl_ms: u64,
    /// How many bytes of them are kept.
    pub bytes: u64,
}

/// Who may connect, and how tokens arrive.
#[derive(Debug, Clone, PartialEq)]
pub struct Auth {
    /// Whether a token is needed; `None` where the document leaves it to the operator.
    pub mode: Option<AuthMode>,
    /// How long a client without a token may take to send one as its first message; `None` is not at all.
    pub timeout_ms: Option<u64>,
    /// Type of a token's claims, where declared.
    pub claims: Option<Type>,
    /// Name of the token in a query.
    pub query: String,
    /// Whether the document speaks of tokens at all, here or in its servers' security.
    pub asks: bool,
}

/// Whether a token is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthMode {
    /// Who brings a token must bring a good one.
    Optional,
    /// Nobody without a good token.
    Required,
}

/// What counts as a sign of life from a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activity {
    /// Any valid message; protocol pings and pongs do not count.
    Message,
    /// Anything that arrives.
    Any,
}

/// What an invalid payload gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnInvalid {
    /// A reply with `status: "error"`.
    Reply,
    /// The `invalid-payload` close.
    Close,
}

/// A reason for which the server ends a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Close {
    /// Fixed name of the condition, kebab-case: `heartbeat-timeout`.
    pub condition: String,
    /// Close code on the wire.
    pub code: u16,
    /// Close reason on the wire; `{…}` placeholders are filled by the runtime.
    pub reason: String,
    /// What a client does next.
    pub retry: Retry,
    /// For readers of the document.
    pub description: String,
}

/// A failure that answers one request.
#[derive(Debug, Clone, PartialEq)]
pub struct ErrorCode {
    /// kebab-case on the wire (`insufficient-funds`); variant in Rust and key of the constants in TypeScript.
    pub name: Name,
    /// Description.
    pub docs: Docs,
    /// What a client does next.
    pub retry: Retry,
    /// Type of the `details` member, if it has one.
    pub details: Option<Type>,
    /// Status of an HTTP answer that carries it, where the document says so.
    pub status: Option<u16>,
}

/// What a client does after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// Nothing: the same thing would fail again.
    Never,
    /// The same again after a pause.
    Later,
    /// The same again at once.
    Now,
}
