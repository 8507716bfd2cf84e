//! Frame headers (RFC 6455, 5.2).

/// What a frame carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum OpCode {
    /// More of the message that has begun.
    Continuation = 0x0,
    /// UTF-8 text.
    Text = 0x1,
    /// Bytes.
    Binary = 0x2,
    /// The end of the conversation.
    Close = 0x8,
    /// Asks for a pong.
    Ping = 0x9,
    /// Answers a ping, or just says hello.
    Pong = 0xa,
}

impl OpCode {
    fn from_bits(bits: u8) -> Option<Self> {
        Some(match bits {
            0x0 => Self::Continuation,
            0x1 => Self::Text,
            0x2 => Self::Binary,
            0x8 => Self::Close,
            0x9 => Self::Ping,
            0xa => Self::Pong,
            _ => return None,
        })
    }

    /// Close, ping and pong: short, never fragmented, allowed between fragments.
    pub(super) fn is_control(self) -> bool {
        self as u8 & 0x8 != 0
    }
}

/// Longest header a client can send.
pub(super) const HEADER_MAX: usize = 14;

/// The header of a client's frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) is_final: bool,
    /// RSV1: the message is compressed.
    pub(super) compressed: bool,
    pub(super) opcode: OpCode,
    pub(super) key: [u8; 4],
    pub(super) payload_len: u64,
}

/// Why a header is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HeaderError {
    ReservedBits,
    UnknownOpCode,
    NotMasked,
    LongControlFrame,
    FragmentedControlFrame,
    BadLength,
}

impl Header {
    /// Reads a header: `Ok(None)` while bytes are missing, else the header and how many bytes it took.
    pub(super) fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, HeaderError> {
        let &[first, second, ref rest @ ..] = bytes else {
            // A lone first byte can be wrong already.
            return bytes.first().map_or(Ok(None), |first| Self::opcode(*first).map(|_| None));
        };
        let opcode = Self::opcode(first)?;
        if second & 0x80 == 0 {
            return Err(HeaderError::NotMasked);
        }
        let is_final = first & 0x80 != 0;
        let short = second & 0x7f;
        if opcode.is_control() && !is_final {
            return Err(HeaderError::FragmentedControlFrame);
        }
        if opcode.is_control() && short > 125 {
            return Err(HeaderError::LongControlFrame);
        }
        let (payload_len, rest, length_bytes) = match short {
            126 => match rest.split_first_chunk::<2>() {
                Some((length, rest)) => (u64::from(u16::from_be_bytes(*length)), rest, 2),
                None => return Ok(None),
            },
            127 => match rest.split_first_chunk::<8>() {
                Some((length, rest)) => (u64::from_be_bytes(*length), rest, 8),
                None => return Ok(None),
            },
            short => (u64::from(short), rest, 0),
        };
        if payload_len > u64::MAX / 2 {
            return Err(HeaderError::BadLength);
        }
        let Some(key) = rest.first_chunk::<4>() else { return Ok(None) };
        let header = Self { is_final, compressed: first & 0x40 != 0, opcode, key: *key, payload_len };
        Ok(Some((header, 2 + length_bytes + 4)))
    }

    fn opcode(first: u8) -> Result<OpCode, HeaderError> {
        if first & 0x30 != 0 {
            return Err(HeaderError::ReservedBits);
        }
        OpCode::from_bits(first & 0x0f).ok_or(HeaderError::UnknownOpCode)
    }
}
