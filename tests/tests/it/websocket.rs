//! The WebSocket decoder against another one: what tungstenite understands, ours understands alike.

use std::io::{self, Cursor, Read, Write};

use bellwire::websocket::{Decoder, Event, Inflating, Limits};
use proptest::prelude::*;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocket, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

const MESSAGE_LIMIT: usize = 1_000;

/// One masked frame as bytes.
fn frame() -> impl Strategy<Value = Vec<u8>> {
    let opcode = prop_oneof![6 => 0x0..=0x2_u8, 3 => 0x8..=0xa_u8, 1 => 0x3..=0xf_u8];
    let payload = prop_oneof![
        4 => "\\PC{0,40}".prop_map(String::into_bytes),
        2 => prop::collection::vec(any::<u8>(), 0..130),
        1 => prop::collection::vec(b'a'..=b'z', 120..700),
        1 => (1000..5000_u16).prop_map(|code| code.to_be_bytes().to_vec()),
    ];
    (prop::bool::weighted(0.7), prop::bool::weighted(0.03), opcode, payload, any::<[u8; 4]>()).prop_map(
        |(is_final, reserved, opcode, payload, key)| {
            let mut bytes = vec![u8::from(is_final) << 7 | u8::from(reserved) << 5 | opcode];
            match u8::try_from(payload.len()) {
                Ok(short @ 0..=125) => bytes.push(0x80 | short),
                _ => {
                    bytes.push(0x80 | 126);
                    bytes.extend(u16::try_from(payload.len()).expect("short").to_be_bytes());
                }
            }
            bytes.extend(key);
            bytes.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
            bytes
        },
    )
}

fn ours(mut bytes: Vec<u8>, piece: usize) -> (Vec<String>, bool) {
    let mut decoder =
        Decoder::new(Limits { message: MESSAGE_LIMIT, fragments: usize::MAX }, Inflating::Never);
    let (mut told, mut closed) = (Vec::new(), false);
    for piece in bytes.chunks_mut(piece) {
        let fed = decoder.feed(piece, |event| match event {
            Event::Text(text) => told.push(format!("text {text}")),
            Event::Binary(bytes) => told.push(format!("binary {bytes:?}")),
            Event::Ping(bytes) => told.push(format!("ping {bytes:?}")),
            Event::Pong(bytes) => told.push(format!("pong {bytes:?}")),
            Event::Close(_) => closed = true,
        });
        if fed.is_err() || closed {
            return (told, fed.is_err());
        }
    }
    (told, false)
}

/// Reads from memory, writes into nothing.
struct Memory(Cursor<Vec<u8>>);

impl Read for Memory {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Memory {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn theirs(bytes: Vec<u8>) -> (Vec<String>, bool) {
    let limit = Some(MESSAGE_LIMIT);
    let config = WebSocketConfig::default().max_message_size(limit).max_frame_size(limit);
    let mut socket = WebSocket::from_raw_socket(Memory(Cursor::new(bytes)), Role::Server, Some(config));
    let mut told = Vec::new();
    loop {
        match socket.read() {
            Ok(Message::Text(text)) => told.push(format!("text {text}")),
            Ok(Message::Binary(bytes)) => told.push(format!("binary {:?}", &bytes[..])),
            Ok(Message::Ping(bytes)) => told.push(format!("ping {:?}", &bytes[..])),
            Ok(Message::Pong(bytes)) => told.push(format!("pong {:?}", &bytes[..])),
            // A code that may not stand on the wire is answered by a close of its own, not by an error.
            Ok(Message::Close(close)) => {
                return (told, close.is_some_and(|close| close.reason.as_str() == "Protocol violation"));
            }
            Ok(Message::Frame(_)) => return (told, false),
            Err(Error::Protocol(error)) => {
                let ended =
                    tokio_tungstenite::tungstenite::error::ProtocolError::ResetWithoutClosingHandshake;
                return (told, error != ended);
            }
            Err(Error::Io(_) | Error::ConnectionClosed) => return (told, false),
            Err(_) => return (told, true),
        }
    }
}

proptest! {
    #[test]
    fn agrees_with_tungstenite(frames in prop::collection::vec(frame(), 1..12), piece in 1..300_usize) {
        let bytes = frames.concat();
        let (our_events, our_refusal) = ours(bytes.clone(), piece);
        let (their_events, their_refusal) = theirs(bytes);
        prop_assert_eq!(our_events, their_events);
        prop_assert_eq!(our_refusal, their_refusal);
    }
}
