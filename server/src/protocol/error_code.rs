//! What answers one request that failed: the framework's own codes, and what a client does next.

use std::fmt;

/// What a client does after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Retry {
    /// Nothing: the same thing would fail again.
    Never,
    /// The same again after a pause.
    Later,
    /// The same again at once.
    Now,
}

impl Retry {
    /// Its word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Later => "later",
            Self::Now => "now",
        }
    }
}

/// A failure that the framework itself answers with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum ErrorCode {
    /// The frame is not a JSON object, is nested too deeply, or has no string `type`.
    InvalidJson,
    /// No operation has this type.
    UnknownType,
    /// The payload does not fit its schema.
    InvalidPayload,
    /// The caller may not do this.
    Forbidden,
    /// The operation needs an identity.
    NotAuthenticated,
    /// A limit of subscriptions is reached.
    TooManySubscriptions,
    /// Too many messages.
    RateLimited,
    /// The service did not answer in time.
    RequestTimeout,
    /// The service failed.
    Internal,
    /// The server is about to stop.
    ShuttingDown,
}

impl ErrorCode {
    /// Its word on the wire.
    #[must_use]
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidJson => "invalid-json",
            Self::UnknownType => "unknown-type",
            Self::InvalidPayload => "invalid-payload",
            Self::Forbidden => "forbidden",
            Self::NotAuthenticated => "not-authenticated",
            Self::TooManySubscriptions => "too-many-subscriptions",
            Self::RateLimited => "rate-limited",
            Self::RequestTimeout => "request-timeout",
            Self::Internal => "internal",
            Self::ShuttingDown => "shutting-down",
        }
    }

    /// What a client does next.
    #[must_use]
    pub(crate) const fn retry(self) -> Retry {
        match self {
            Self::InvalidJson
            | Self::UnknownType
            | Self::InvalidPayload
            | Self::Forbidden
            | Self::NotAuthenticated
            | Self::TooManySubscriptions => Retry::Never,
            Self::RateLimited | Self::RequestTimeout | Self::Internal | Self::ShuttingDown => Retry::Later,
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
