//! How a conversation ends: close frames, and violations that lead to one.

use super::{header::HeaderError, utf8::Invalid};

/// The body of a close frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloseFrame {
    /// Close code as it stands on the wire.
    pub code: u16,
    /// At most 123 bytes.
    pub reason: String,
}

/// A client broke the protocol or a limit; the connection is closed with [`Violation::code`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Violation {
    /// A reserved bit is set that no extension has claimed.
    #[error("reserved bits are set")]
    ReservedBits,
    /// The opcode is not defined.
    #[error("unknown opcode")]
    UnknownOpCode,
    /// Clients mask every frame.
    #[error("frame is not masked")]
    NotMasked,
    /// Control frames carry 125 bytes at most.
    #[error("control frame is too long")]
    LongControlFrame,
    /// Control frames are whole.
    #[error("control frame is fragmented")]
    FragmentedControlFrame,
    /// The length's first bit is set.
    #[error("length is out of range")]
    BadLength,
    /// A continuation without a beginning.
    #[error("nothing to continue")]
    UnexpectedContinuation,
    /// A new message inside an unfinished one.
    #[error("message inside a message")]
    ExpectedContinuation,
    /// A close frame of one byte, with a forbidden code or a reason that is no UTF-8.
    #[error("close frame is malformed")]
    MalformedClose,
    /// Text that is no UTF-8.
    #[error("text is not UTF-8")]
    InvalidUtf8,
    /// The message, or what it inflates to, is larger than the limit.
    #[error("message is too big")]
    TooBig,
    /// The message has more fragments than the limit.
    #[error("message has too many fragments")]
    TooManyFragments,
    /// Compressed data that cannot be inflated.
    #[error("compressed data is malformed")]
    MalformedDeflate,
}

impl Violation {
    /// The close code it leads to.
    #[must_use]
    pub fn code(self) -> u16 {
        match self {
            Self::InvalidUtf8 => 1007,
            Self::TooBig => 1009,
            Self::TooManyFragments => 1008,
            _ => 1002,
        }
    }
}

impl From<Invalid> for Violation {
    fn from(_: Invalid) -> Self {
        Self::InvalidUtf8
    }
}

impl From<HeaderError> for Violation {
    fn from(error: HeaderError) -> Self {
        match error {
            HeaderError::ReservedBits => Self::ReservedBits,
            HeaderError::UnknownOpCode => Self::UnknownOpCode,
            HeaderError::NotMasked => Self::NotMasked,
            HeaderError::LongControlFrame => Self::LongControlFrame,
            HeaderError::FragmentedControlFrame => Self::FragmentedControlFrame,
            HeaderError::BadLength => Self::BadLength,
        }
    }
}

impl CloseFrame {
    /// Reads a close frame's body; an empty one is none.
    pub(super) fn parse(body: &[u8]) -> Result<Option<Self>, Violation> {
        let Some((code, reason)) = body.split_first_chunk::<2>() else {
            return if body.is_empty() { Ok(None) } else { Err(Violation::MalformedClose) };
        };
        let code = u16::from_be_bytes(*code);
        if !is_sendable(code) {
            return Err(Violation::MalformedClose);
        }
        let reason = std::str::from_utf8(reason).map_err(|_| Violation::InvalidUtf8)?;
        Ok(Some(Self { code, reason: reason.to_owned() }))
    }
}

/// Codes that may stand in a close frame (RFC 6455, 7.4, and the IANA registry).
fn is_sendable(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}
