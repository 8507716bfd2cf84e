//! Why a server ends a connection, and what it says then.

use std::fmt;

use super::{CloseSpec, Retry};

/// A reason for which the server ends a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CloseCondition {
    /// A frame is not a JSON object with a string `type`.
    NotJson,
    /// No operation has the frame's type.
    UnknownType,
    /// A payload does not fit its schema.
    InvalidPayload,
    /// A binary frame arrived.
    BinaryFrame,
    /// Text that is not UTF-8 arrived.
    InvalidUtf8,
    /// The client broke the WebSocket protocol.
    ProtocolError,
    /// The client broke a rule that has no condition of its own.
    PolicyViolation,
    /// The endpoint needs an identity.
    Unauthenticated,
    /// The token is no good.
    InvalidToken,
    /// The identity expired.
    TokenExpired,
    /// A message exceeds the size limit.
    MessageTooBig,
    /// The server failed.
    InternalError,
    /// The client was silent for too long.
    HeartbeatTimeout,
    /// The connection is too old.
    LifetimeExceeded,
    /// The server is about to stop.
    ShuttingDown,
    /// The client goes on sending beyond the rate limit.
    TooManyMessages,
    /// The client reads too slowly.
    SlowConsumer,
    /// The server has as many connections as it may.
    TooManyConnections,
}

impl CloseCondition {
    /// Its fixed name: `heartbeat-timeout`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotJson => "not-json",
            Self::UnknownType => "unknown-type",
            Self::InvalidPayload => "invalid-payload",
            Self::BinaryFrame => "binary-frame",
            Self::InvalidUtf8 => "invalid-utf8",
            Self::ProtocolError => "protocol-error",
            Self::PolicyViolation => "policy-violation",
            Self::Unauthenticated => "unauthenticated",
            Self::InvalidToken => "invalid-token",
            Self::TokenExpired => "token-expired",
            Self::MessageTooBig => "message-too-big",
            Self::InternalError => "internal-error",
            Self::HeartbeatTimeout => "heartbeat-timeout",
            Self::LifetimeExceeded => "lifetime-exceeded",
            Self::ShuttingDown => "shutting-down",
            Self::TooManyMessages => "too-many-messages",
            Self::SlowConsumer => "slow-consumer",
            Self::TooManyConnections => "too-many-connections",
        }
    }

    /// The row of the protocol's table, for documents that say nothing else.
    #[must_use]
    pub const fn default_spec(self) -> CloseSpec {
        let (code, reason, retry) = match self {
            Self::NotJson => (1003, "Could not decode message", Retry::Never),
            Self::UnknownType => (1003, "No matching type", Retry::Never),
            Self::InvalidPayload => (1003, "Could not validate payload", Retry::Never),
            Self::BinaryFrame => (1003, "Text frames only", Retry::Never),
            Self::InvalidUtf8 => (1007, "Invalid UTF-8", Retry::Never),
            Self::ProtocolError => (1002, "Protocol error", Retry::Never),
            Self::PolicyViolation => (1008, "Policy violation", Retry::Never),
            Self::Unauthenticated => (1008, "Authentication required", Retry::Never),
            Self::InvalidToken => (1008, "Invalid token", Retry::Never),
            Self::TokenExpired => (4401, "Token expired", Retry::Now),
            Self::MessageTooBig => (1009, "Message too big", Retry::Never),
            Self::InternalError => (1011, "Internal error", Retry::Later),
            Self::HeartbeatTimeout => (4408, "No sign of life for {heartbeat}", Retry::Now),
            Self::LifetimeExceeded => (4409, "Connection lifetime of {lifetime} exceeded", Retry::Now),
            Self::ShuttingDown => (1012, "Service restart", Retry::Later),
            Self::TooManyMessages => (4429, "Too many messages", Retry::Later),
            Self::SlowConsumer => (4413, "Slow consumer", Retry::Now),
            Self::TooManyConnections => (1013, "Try again later", Retry::Later),
        };
        CloseSpec { condition: self, code, reason, retry }
    }
}

impl fmt::Display for CloseCondition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A close as it goes over the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Close {
    /// Why.
    pub(crate) condition: CloseCondition,
    /// Code of the close frame.
    pub(crate) code: u16,
    /// Reason of the close frame, at most 123 bytes.
    pub(crate) reason: String,
    /// What the client does next.
    pub(crate) retry: Retry,
}

/// Bytes a close frame has for its reason (RFC 6455, 5.5.1).
const REASON_LIMIT: usize = 123;

impl Close {
    /// The close of a condition, from the endpoint's table or else the protocol's.
    pub(crate) fn new(table: &[CloseSpec], condition: CloseCondition, values: &ReasonValues) -> Self {
        let spec = table.iter().find(|row| row.condition == condition).copied();
        let spec = spec.unwrap_or_else(|| condition.default_spec());
        let reason = spec
            .reason
            .replace("{heartbeat}", &seconds(Some(values.heartbeat_ms)))
            .replace("{lifetime}", &seconds(values.lifetime_ms));
        Self { condition, code: spec.code, reason: truncate(reason), retry: spec.retry }
    }

    /// The same with `: detail` after the reason, as far as the frame's limit goes.
    pub(crate) fn with_detail(mut self, detail: &str) -> Self {
        self.reason = truncate(format!("{}: {detail}", self.reason));
        self
    }
}

/// What the placeholders of a reason stand for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReasonValues {
    /// The heartbeat in force.
    pub(crate) heartbeat_ms: u64,
    /// The lifetime in force.
    pub(crate) lifetime_ms: Option<u64>,
}

/// Seconds with at least one decimal, `unset` for none.
fn seconds(milliseconds: Option<u64>) -> String {
    milliseconds.map_or_else(|| "unset".to_owned(), |ms| format!("{:?}", ms as f64 / 1000.0))
}

fn truncate(mut reason: String) -> String {
    if reason.len() > REASON_LIMIT {
        let end = (0..=REASON_LIMIT).rev().find(|&index| reason.is_char_boundary(index)).unwrap_or_default();
        reason.truncate(end);
    }
    reason
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUES: ReasonValues = ReasonValues { heartbeat_ms: 30_000, lifetime_ms: None };

    #[test]
    fn fills_placeholders_in_seconds() {
        let table = [CloseSpec {
            condition: CloseCondition::HeartbeatTimeout,
            code: 1003,
            reason: "Heartbeat interval {heartbeat}. Max connection lifespan {lifetime}",
            retry: Retry::Now,
        }];
        let close = Close::new(&table, CloseCondition::HeartbeatTimeout, &VALUES);
        assert_eq!(close.reason, "Heartbeat interval 30.0. Max connection lifespan unset");
        assert_eq!(close.code, 1003);
    }

    #[test]
    fn a_reason_ends_at_a_character_within_123_bytes() {
        let close = Close::new(&[], CloseCondition::InvalidPayload, &VALUES).with_detail(&"é".repeat(100));
        assert!(close.reason.len() <= REASON_LIMIT);
        assert!(close.reason.starts_with("Could not validate payload: éé"));
    }
}
