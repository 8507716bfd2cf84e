//! Frames from the server: never masked, so that one frame's bytes serve every socket.

use bytes::{BufMut, Bytes, BytesMut};

use super::{CloseFrame, OpCode};

/// Longest reason a close frame can carry, in bytes.
const REASON_MAX: usize = 123;

/// Bytes that the header of a payload of this length takes.
#[must_use]
pub fn header_len(payload_len: usize) -> usize {
    match payload_len {
        0..=125 => 2,
        126..=0xffff => 4,
        _ => 10,
    }
}

/// Room that any header fits into.
pub(crate) const HEADER_ROOM: usize = 10;

/// The header of a frame, and how long it is.
fn header(opcode: OpCode, compressed: bool, payload_len: usize) -> ([u8; HEADER_ROOM], usize) {
    let mut header = [0; HEADER_ROOM];
    header[0] = 0x80 | (u8::from(compressed) << 6) | opcode as u8;
    match payload_len {
        #[expect(clippy::cast_possible_truncation, reason = "the arm bounds the length")]
        short @ 0..=125 => header[1] = short as u8,
        #[expect(clippy::cast_possible_truncation, reason = "the arm bounds the length")]
        medium @ 126..=0xffff => {
            header[1] = 126;
            header[2..4].copy_from_slice(&(medium as u16).to_be_bytes());
        }
        long => {
            header[1] = 127;
            header[2..].copy_from_slice(&(long as u64).to_be_bytes());
        }
    }
    (header, header_len(payload_len))
}

/// Appends one whole frame; `compressed` sets RSV1.
pub fn frame_into(buffer: &mut BytesMut, opcode: OpCode, compressed: bool, payload: &[u8]) {
    let (header, length) = header(opcode, compressed, payload.len());
    buffer.reserve(length + payload.len());
    buffer.put_slice(&header[..length]);
    buffer.put_slice(payload);
}

/// Puts the header of a text message before its text, for which there are [`HEADER_ROOM`] bytes; says where the frame
/// begins.
pub(crate) fn put_header(text: &mut [u8]) -> usize {
    let (header, length) = header(OpCode::Text, false, text.len() - HEADER_ROOM);
    let start = HEADER_ROOM - length;
    text[start..HEADER_ROOM].copy_from_slice(&header[..length]);
    start
}

fn whole(opcode: OpCode, payload: &[u8]) -> Bytes {
    let mut buffer = BytesMut::with_capacity(header_len(payload.len()) + payload.len());
    frame_into(&mut buffer, opcode, false, payload);
    buffer.freeze()
}

/// A text message as one frame.
#[must_use]
pub fn text_frame(text: &str) -> Bytes {
    whole(OpCode::Text, text.as_bytes())
}

/// A ping or pong; a payload beyond 125 bytes is cut.
#[must_use]
pub fn control_frame(opcode: OpCode, payload: &[u8]) -> Bytes {
    whole(opcode, &payload[..payload.len().min(125)])
}

/// A close frame; a reason beyond 123 bytes is cut between characters.
#[must_use]
pub fn close_frame(close: Option<&CloseFrame>) -> Bytes {
    let Some(close) = close else { return whole(OpCode::Close, &[]) };
    let reason = &close.reason[..close.reason.floor_char_boundary(REASON_MAX)];
    whole(OpCode::Close, &[&close.code.to_be_bytes(), reason.as_bytes()].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_take_the_shortest_form() {
        for (length, header) in [(0, 2), (125, 2), (126, 4), (65_535, 4), (65_536, 10)] {
            let frame = text_frame(&"x".repeat(length));
            assert_eq!((frame.len(), header_len(length)), (header + length, header));
        }
    }

    #[test]
    fn close_reasons_are_cut_between_characters() {
        let close = CloseFrame { code: 4408, reason: "€".repeat(60) };
        let frame = close_frame(Some(&close));
        assert_eq!(&frame[..4], [0x88, 2 + 123, 0x11, 0x38]);
        assert_eq!(std::str::from_utf8(&frame[4..]).unwrap(), "€".repeat(41));
    }
}
