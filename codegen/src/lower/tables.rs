//! The fixed tables of the protocol: closes and error codes, before a document's overrides.

use crate::model::Retry;

/// A close as it is where the document says nothing.
#[derive(Debug)]
pub(crate) struct CloseRow {
    pub(crate) condition: &'static str,
    pub(crate) code: u16,
    pub(crate) reason: &'static str,
    pub(crate) retry: Retry,
    pub(crate) description: &'static str,
}

const fn close(
    condition: &'static str,
    code: u16,
    reason: &'static str,
    retry: Retry,
    description: &'static str,
) -> CloseRow {
    CloseRow { condition, code, reason, retry, description }
}

/// Every condition for which a server closes, in the order in which documents list them.
pub(crate) const CLOSES: &[CloseRow] = &[
    close(
        "not-json",
        1003,
        "Could not decode message",
        Retry::Never,
        "A frame is not a JSON object with a `type`.",
    ),
    close("unknown-type", 1003, "No matching type", Retry::Never, "No operation has the `type` of a frame."),
    close(
        "invalid-payload",
        1003,
        "Could not validate payload",
        Retry::Never,
        "A payload does not fit its schema.",
    ),
    close("binary-frame", 1003, "Text frames only", Retry::Never, "A binary frame arrived."),
    close("invalid-utf8", 1007, "Invalid UTF-8", Retry::Never, "A text frame is not UTF-8."),
    close("protocol-error", 1002, "Protocol error", Retry::Never, "The client broke the WebSocket protocol."),
    close(
        "policy-violation",
        1008,
        "Policy violation",
        Retry::Never,
        "The client broke a rule of the service.",
    ),
    close(
        "unauthenticated",
        1008,
        "Authentication required",
        Retry::Never,
        "The client did not say who it is.",
    ),
    close("invalid-token", 1008, "Invalid token", Retry::Never, "The client's token is no good."),
    close("token-expired", 4401, "Token expired", Retry::Now, "The client's credentials have run out."),
    close("message-too-big", 1009, "Message too big", Retry::Never, "A frame exceeds `maxMessage`."),
    close("internal-error", 1011, "Internal error", Retry::Later, "The server failed."),
    close(
        "heartbeat-timeout",
        4408,
        "No sign of life for {heartbeat}",
        Retry::Now,
        "Nothing that counts as activity arrived for `heartbeat`.",
    ),
    close(
        "lifetime-exceeded",
        4409,
        "Connection lifetime of {lifetime} exceeded",
        Retry::Now,
        "The connection is as old as `lifetime` allows.",
    ),
    close("shutting-down", 1012, "Service restart", Retry::Later, "The server is about to stop."),
    close(
        "too-many-messages",
        4429,
        "Too many messages",
        Retry::Later,
        "More than `messagesPerSecond` arrive.",
    ),
    close(
        "slow-consumer",
        4413,
        "Slow consumer",
        Retry::Now,
        "The client reads more slowly than its topics allow.",
    ),
    close(
        "too-many-connections",
        1013,
        "Try again later",
        Retry::Later,
        "The server has no room for another connection.",
    ),
];

/// Code, retry class and description of every error of the framework.
pub(crate) const FRAMEWORK_ERRORS: &[(&str, Retry, &str)] = &[
    (
        "invalid-json",
        Retry::Never,
        "The frame is not a JSON object, is nested too deeply, or has no string `type`.",
    ),
    ("unknown-type", Retry::Never, "No operation has this type."),
    ("invalid-payload", Retry::Never, "The payload does not fit its schema."),
    ("forbidden", Retry::Never, "The caller may not do this."),
    ("not-authenticated", Retry::Never, "The operation needs an identity."),
    ("too-many-subscriptions", Retry::Never, "The connection's or the topic's limit is reached."),
    ("rate-limited", Retry::Later, "Too many messages."),
    ("request-timeout", Retry::Later, "The service did not answer in time."),
    ("internal", Retry::Later, "The service failed."),
    ("shutting-down", Retry::Later, "The server is about to stop."),
];
