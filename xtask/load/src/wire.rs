//! WebSocket as a client needs it: the handshake, masked frames out, frame headers in. No sockets here.

use anyhow::{Result, bail};

/// Any mask will do; one that is not zero makes the server unmask.
const MASK: [u8; 4] = [0x5a, 0x3c, 0x96, 0xe1];

/// A text message.
pub(crate) const TEXT: u8 = 1;
/// The end of a connection.
pub(crate) const CLOSE: u8 = 8;
/// A sign of life that asks for one.
pub(crate) const PING: u8 = 9;
/// A sign of life.
pub(crate) const PONG: u8 = 10;

/// The beginning of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    /// What it is.
    pub(crate) opcode: u8,
    /// Its payload is deflated.
    pub(crate) deflated: bool,
    /// Bytes before the payload.
    pub(crate) bytes: usize,
    /// Bytes of the payload.
    pub(crate) payload: usize,
}

/// Reads the header of a server's frame; `None` until it is complete. Fragments are refused: no peer sends them.
pub(crate) fn header(bytes: &[u8]) -> Result<Option<Header>> {
    let [first, second, rest @ ..] = bytes else { return Ok(None) };
    if second & 0x80 != 0 {
        bail!("the server masked a frame");
    }
    if first & 0x80 == 0 || first & 0x0f == 0 {
        bail!("the server sent a message in fragments");
    }
    let (length, payload) = match (second & 0x7f, rest) {
        (126, [a, b, ..]) => (2, usize::from(u16::from_be_bytes([*a, *b]))),
        (127, [a, b, c, d, e, f, g, h, ..]) => {
            let length = u64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h]);
            (8, usize::try_from(length)?)
        }
        (126 | 127, _) => return Ok(None),
        (short, _) => (0, usize::from(short)),
    };
    Ok(Some(Header { opcode: first & 0x0f, deflated: first & 0x40 != 0, bytes: 2 + length, payload }))
}

/// Appends a client's frame.
pub(crate) fn frame(out: &mut Vec<u8>, opcode: u8, payload: &[u8]) {
    out.push(0x80 | opcode);
    match payload.len() {
        length @ 0..=125 => out.push(0x80 | u8::try_from(length).unwrap_or(0)),
        length @ 126..=0xffff => {
            out.push(0x80 | 126);
            out.extend(u16::try_from(length).unwrap_or(0).to_be_bytes());
        }
        length => {
            out.push(0x80 | 127);
            out.extend((length as u64).to_be_bytes());
        }
    }
    out.extend(MASK);
    out.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
}

/// The request that opens a socket.
pub(crate) fn handshake(host: &str, path: &str, deflate: bool) -> String {
    let extensions = if deflate {
        "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover\r\n"
    } else {
        ""
    };
    format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{extensions}\r\n"
    )
}

/// A server's answer to the handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Opened {
    /// Bytes it took.
    pub(crate) bytes: usize,
    /// The server agreed to compress.
    pub(crate) deflate: bool,
}

/// Reads the answer to a handshake; `None` until it is complete.
pub(crate) fn opened(bytes: &[u8]) -> Result<Option<Opened>> {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
    let status = head.lines().next().unwrap_or_default();
    if !status.starts_with("http/1.1 101") {
        bail!("the server refused the socket: {status}");
    }
    Ok(Some(Opened { bytes: end + 4, deflate: head.contains("permessage-deflate") }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_as_soon_as_they_are_complete() {
        let text = |bytes: usize, payload: usize| Header { opcode: TEXT, deflated: false, bytes, payload };
        let cases: [(&[u8], Option<Header>); 8] = [
            (&[], None),
            (&[0x81], None),
            (&[0x81, 5], Some(text(2, 5))),
            (&[0x81, 126, 1], None),
            (&[0x81, 126, 1, 0], Some(text(4, 256))),
            (&[0x81, 127, 0, 0, 0, 0, 0, 1, 0], None),
            (&[0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0], Some(text(10, 65_536))),
            (&[0xc1, 7], Some(Header { deflated: true, ..text(2, 7) })),
        ];
        for (bytes, expected) in cases {
            assert_eq!(header(bytes).expect("a good header"), expected, "{bytes:?}");
        }
        for bad in [[0x81, 0x85], [0x01, 5], [0x80, 5]] {
            assert!(header(&bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn frames_are_masked_at_every_length() {
        for length in [0, 1, 125, 126, 65_535, 65_536] {
            let payload: Vec<u8> = (0..length).map(|at| u8::try_from(at % 251).unwrap_or(0)).collect();
            let mut out = Vec::new();
            frame(&mut out, TEXT, &payload);
            let masked = &out[out.len() - length..];
            let plain: Vec<u8> =
                masked.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
            assert_eq!(plain, payload);
            out[1] &= 0x7f;
            let header = header(&out).expect("a good header").expect("a whole header");
            assert_eq!((header.payload, header.bytes + 4), (length, out.len() - length));
        }
    }

    #[test]
    fn answers_to_the_handshake_are_told_apart() {
        let yes =
            b"HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n\x81";
        assert_eq!(opened(yes).expect("open"), Some(Opened { bytes: yes.len() - 1, deflate: true }));
        assert_eq!(opened(b"HTTP/1.1 101 Switching").expect("open"), None);
        assert!(opened(b"HTTP/1.1 503 Service Unavailable\r\n\r\n").is_err());
    }
}
