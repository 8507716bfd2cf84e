//! A socket opened by hand: it can send what no library would, and sees frames as they are.

use std::time::Duration;

use flate2::{Decompress, FlushDecompress};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::contract::REPLY_ADDRESS;
use crate::harness::{TestServer, head};

/// Longer than anything takes that works.
const PATIENCE: Duration = Duration::from_secs(5);

/// One frame as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Raw {
    /// First byte of the header: FIN, reserved bits, opcode.
    pub(crate) first: u8,
    pub(crate) payload: Vec<u8>,
}

impl Raw {
    pub(crate) fn is_compressed(&self) -> bool {
        self.first & 0x40 != 0
    }

    /// The payload, inflated where it is compressed.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        if self.is_compressed() { inflate(&self.payload) } else { self.payload.clone() }
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.bytes()).expect("text")
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text()).expect("JSON")
    }

    /// Code and reason of a close frame.
    pub(crate) fn close(&self) -> (u16, String) {
        assert_eq!(self.first, 0x88, "{self:?}");
        let (code, reason) = self.payload.split_first_chunk::<2>().expect("a code");
        (u16::from_be_bytes(*code), String::from_utf8_lossy(reason).into_owned())
    }
}

/// What the server compressed without context, inflated by a state of its own.
fn inflate(payload: &[u8]) -> Vec<u8> {
    let input = [payload, &[0, 0, 0xff, 0xff]].concat();
    // Room for the longest message of any test.
    let mut output = Vec::with_capacity(17 << 20);
    Decompress::new(false).decompress_vec(&input, &mut output, FlushDecompress::Sync).expect("inflates");
    output
}

/// One frame as a client sends it, masked by a key that changes nothing.
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        short @ 0..=125 => bytes.push(0x80 | u8::try_from(short).expect("short")),
        medium @ 126..=0xffff => {
            bytes.push(0x80 | 126);
            bytes.extend(u16::try_from(medium).expect("medium").to_be_bytes());
        }
        long => {
            bytes.push(0x80 | 127);
            bytes.extend((long as u64).to_be_bytes());
        }
    }
    bytes.extend([0; 4]);
    bytes.extend(payload);
    bytes
}

pub(crate) struct ByHand {
    pub(crate) stream: TcpStream,
    /// The answer to the handshake.
    pub(crate) head: String,
}

impl ByHand {
    pub(crate) async fn open(server: &TestServer) -> Self {
        Self::open_with(server, "").await
    }

    /// Opens with further header lines, each with its end.
    pub(crate) async fn open_with(server: &TestServer, headers: &str) -> Self {
        Self::open_at(server, REPLY_ADDRESS, headers).await
    }

    /// The same at another path.
    pub(crate) async fn open_at(server: &TestServer, path: &str, headers: &str) -> Self {
        let mut stream = server.tcp().await;
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n"
        );
        stream.write_all(request.as_bytes()).await.expect("writes");
        let head = head(&mut stream).await;
        assert!(head.starts_with("HTTP/1.1 101"), "{head}");
        Self { stream, head }
    }

    /// Opens with permessage-deflate.
    pub(crate) async fn deflating(server: &TestServer) -> Self {
        let opened = Self::open_with(server, "sec-websocket-extensions: permessage-deflate\r\n").await;
        assert!(opened.head.contains("permessage-deflate; server_no_context_takeover"), "{}", opened.head);
        opened
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.expect("writes");
    }

    /// The next frame that is no ping.
    pub(crate) async fn next(&mut self) -> Raw {
        loop {
            let raw = timeout(PATIENCE, self.read()).await.expect("a frame in time");
            if raw.first & 0x0f != 0x09 {
                return raw;
            }
        }
    }

    async fn read(&mut self) -> Raw {
        let first = self.stream.read_u8().await.expect("a header");
        let len = match self.stream.read_u8().await.expect("a length") {
            126 => usize::from(self.stream.read_u16().await.expect("a length")),
            127 => usize::try_from(self.stream.read_u64().await.expect("a length")).expect("fits"),
            short => usize::from(short),
        };
        let mut payload = vec![0; len];
        self.stream.read_exact(&mut payload).await.expect("a payload");
        Raw { first, payload }
    }

    /// The close that ends the connection, whatever comes before.
    pub(crate) async fn close(&mut self) -> (u16, String) {
        loop {
            let raw = self.next().await;
            if raw.first == 0x88 {
                return raw.close();
            }
        }
    }

    /// Sends a request and returns its answer.
    pub(crate) async fn ask(&mut self, request: &Value) -> Raw {
        self.send(&frame(0x81, request.to_string().as_bytes())).await;
        self.next().await
    }
}
