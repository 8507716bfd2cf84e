//! The bare echo endpoint: what the connection layer takes and says, up to its limits and one beyond.

use bellwire::echo_routes;
use bellwire::websocket::{CompressionPolicy, Compressor};
use flate2::{Compress, Compression, FlushCompress};

use crate::by_hand::{ByHand, Raw, frame};
use crate::harness::{TestServer, WAYS};
use crate::services::TestServices;

/// As in `examples/echo.rs`.
const MAX_MESSAGE: usize = 16 << 20;
const COMPRESSION: CompressionPolicy = CompressionPolicy { threshold: 1, level: 1, client_context: true };
/// Fragments that may follow the first one of a message (PROTOCOL.md).
const MORE_FRAGMENTS: usize = 65_536;

const PATH: &str = "/echo";
const OFFER: &str = "sec-websocket-extensions: permessage-deflate; client_max_window_bits\r\n";
/// What is offered, and nothing.
const OFFERS: [&str; 2] = ["", OFFER];

const TEXT: u8 = 0x1;
const BINARY: u8 = 0x2;
const FINAL: u8 = 0x80;
const DEFLATED: u8 = 0x40;
const CLOSE: u8 = 0x88;
const PING: u8 = 0x89;
const PONG: u8 = 0x8a;

const TOO_BIG: (u16, &str) = (1009, "Message too big");
const TOO_MANY: (u16, &str) = (1008, "Policy violation");
const NO_TEXT: (u16, &str) = (1007, "Invalid UTF-8");
const BROKEN: (u16, &str) = (1002, "Protocol error");

async fn server() -> TestServer {
    let routes = echo_routes(PATH, MAX_MESSAGE, Some(COMPRESSION));
    TestServer::serve(TestServices::default(), Vec::new(), routes, |_| {}).await
}

async fn open(server: &TestServer, offer: &str) -> ByHand {
    let opened = ByHand::open_at(server, PATH, offer).await;
    assert_eq!(opened.head.contains("permessage-deflate"), !offer.is_empty(), "{}", opened.head);
    opened
}

fn deflated(payload: &[u8]) -> Vec<u8> {
    Compressor::shared(payload, 6).to_vec()
}

/// A message in one frame.
fn whole(kind: u8, payload: &[u8]) -> Vec<u8> {
    frame(FINAL | kind, payload)
}

/// A message in frames of these payloads.
fn fragments<'a>(kind: u8, payloads: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut payloads = payloads.into_iter().peekable();
    let (mut bytes, mut opcode) = (Vec::new(), kind);
    while let Some(payload) = payloads.next() {
        let is_final = if payloads.peek().is_none() { FINAL } else { 0 };
        bytes.extend(frame(is_final | opcode, payload));
        opcode = 0;
    }
    bytes
}

/// Holds that this comes back as one message of its kind.
async fn comes_back(client: &mut ByHand, sent: &[u8], kind: u8, payload: &[u8]) -> Raw {
    client.send(sent).await;
    let raw = client.next().await;
    assert_eq!(raw.first & !DEFLATED, FINAL | kind, "a message of its kind, of {} bytes", payload.len());
    assert!(raw.bytes() == payload, "{} bytes came back as {}", payload.len(), raw.bytes().len());
    raw
}

/// Holds that this ends a connection of its own, before which nothing is said.
async fn is_refused(server: &TestServer, offer: &str, sent: &[u8], (code, reason): (u16, &str)) {
    let mut client = open(server, offer).await;
    client.send(sent).await;
    assert_eq!(
        client.next().await.close(),
        (code, reason.to_owned()),
        "{:02x?}",
        &sent[..sent.len().min(20)]
    );
}

#[tokio::test]
async fn text_comes_back_as_text_and_binary_as_binary() {
    let text = "Grüße, 世界 🦀\0 ".repeat(5_000).into_bytes();
    let every: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let mut cases = vec![(TEXT, text), (BINARY, vec![0xff, 0xfe, 0xc0]), (BINARY, every)];
    // Where the length of a header changes, and the empty ones.
    for len in [0, 1, 125, 126, 127, 65_535, 65_536, 65_537] {
        cases.extend([(TEXT, vec![b'x'; len]), (BINARY, vec![0; len])]);
    }
    let mut server = server().await;
    for way in WAYS {
        server = server.by(way);
        for offer in OFFERS {
            let mut client = open(&server, offer).await;
            for (kind, payload) in &cases {
                let raw = comes_back(&mut client, &whole(*kind, payload), *kind, payload).await;
                let shrinks = payload.len() > 100;
                assert_eq!(raw.is_compressed(), shrinks && !offer.is_empty(), "{}", payload.len());
                if !offer.is_empty() {
                    let sent = whole(DEFLATED | kind, &deflated(payload));
                    assert_eq!(comes_back(&mut client, &sent, *kind, payload).await, raw);
                }
            }
        }
    }
}

#[tokio::test]
async fn a_message_may_be_as_long_as_the_limit_and_not_a_byte_longer() {
    let server = server().await;
    let longest = vec![b'x'; MAX_MESSAGE];
    let longer = vec![b'x'; MAX_MESSAGE + 1];
    for kind in [TEXT, BINARY] {
        for (offer, sent) in [
            ("", whole(kind, &longest)),
            ("", fragments(kind, longest.chunks(1 << 20))),
            (OFFER, whole(kind, &longest)),
            // What counts is what it inflates to.
            (OFFER, whole(DEFLATED | kind, &deflated(&longest))),
        ] {
            let mut client = open(&server, offer).await;
            comes_back(&mut client, &sent, kind, &longest).await;
            comes_back(&mut client, &whole(kind, b"and goes on"), kind, b"and goes on").await;
        }
        // A length that is announced is enough.
        let announced = &whole(kind, &longer)[..14];
        let little_by_little = fragments(kind, [&longest[..], b"x"]);
        let bomb = whole(DEFLATED | kind, &deflated(&longer));
        for (offer, sent) in [("", announced), ("", &little_by_little), (OFFER, announced), (OFFER, &bomb)] {
            is_refused(&server, offer, sent, TOO_BIG).await;
        }
    }
}

#[tokio::test]
async fn a_message_may_come_in_so_many_fragments_and_not_one_more() {
    let server = server().await;
    let most = vec![b'x'; 1 + MORE_FRAGMENTS];
    let more = vec![b'x'; 2 + MORE_FRAGMENTS];
    for kind in [TEXT, BINARY] {
        let mut client = open(&server, "").await;
        // The count begins anew with each message.
        for _ in 0..2 {
            comes_back(&mut client, &fragments(kind, most.chunks(1)), kind, &most).await;
        }
        is_refused(&server, "", &fragments(kind, more.chunks(1)), TOO_MANY).await;
        // Empty ones count.
        let empty = std::iter::repeat_n(&[][..], 1 + MORE_FRAGMENTS);
        comes_back(&mut client, &fragments(kind, empty), kind, b"").await;
        let empty = std::iter::repeat_n(&[][..], 2 + MORE_FRAGMENTS);
        is_refused(&server, "", &fragments(kind, empty), TOO_MANY).await;
    }
}

#[tokio::test]
async fn pings_are_answered_between_the_fragments_of_a_message() {
    let server = server().await;
    // Cut within characters, and at nothing at all.
    let text = "Grüße, 世界 🦀".as_bytes();
    let deflated = deflated(text);
    for (offer, first, payload) in
        [("", TEXT, text), (OFFER, TEXT, text), (OFFER, DEFLATED | TEXT, &deflated)]
    {
        let mut client = open(&server, offer).await;
        client.send(&frame(first, &[])).await;
        for byte in payload.chunks(1) {
            // In one write: a second one would wait until the first is acknowledged.
            client.send(&[frame(0, byte), frame(PING, byte)].concat()).await;
            assert_eq!(client.next().await, Raw { first: PONG, payload: byte.to_vec() });
        }
        comes_back(&mut client, &frame(FINAL, &[]), TEXT, text).await;
    }
}

#[tokio::test]
async fn text_that_is_no_utf_8_is_refused_as_soon_as_that_shows() {
    let server = server().await;
    let cases: [&[u8]; 7] = [
        b"\xff",
        b"good \x80",
        b"\xc0\x80",         // overlong
        b"\xed\xa0\x80",     // a surrogate
        b"\xf4\x90\x80\x80", // beyond the last character
        b"\xe4\xb8",         // ends within a character
        b"\xe4\xb8x",        // a character that does not end
    ];
    for text in cases {
        is_refused(&server, "", &whole(TEXT, text), NO_TEXT).await;
        is_refused(&server, "", &fragments(TEXT, text.chunks(1)), NO_TEXT).await;
        is_refused(&server, OFFER, &whole(DEFLATED | TEXT, &deflated(text)), NO_TEXT).await;
        let mut client = open(&server, "").await;
        comes_back(&mut client, &whole(BINARY, text), BINARY, text).await;
    }
    // The rest of the frame, and of the message, has not come.
    is_refused(&server, "", &frame(TEXT, b"good \xff"), NO_TEXT).await;
    is_refused(&server, "", &whole(TEXT, b"good \xff and so on")[..12], NO_TEXT).await;
}

#[tokio::test]
async fn a_client_may_refer_to_what_it_compressed_before() {
    let server = server().await;
    let mut client = open(&server, OFFER).await;
    let mut context = Compress::new(Compression::best(), false);
    let text: Vec<u8> =
        (0..2_000_u32).flat_map(|number| number.wrapping_mul(0x9e37_79b9).to_be_bytes()).collect();
    let mut lengths = Vec::new();
    for _ in 0..3 {
        let mut payload = Vec::with_capacity(2 * text.len());
        context.compress_vec(&text, &mut payload, FlushCompress::Sync).expect("compresses");
        assert!(payload.ends_with(&[0, 0, 0xff, 0xff]));
        payload.truncate(payload.len() - 4);
        // In pieces, of which the first alone is marked.
        comes_back(&mut client, &fragments(DEFLATED | BINARY, payload.chunks(50)), BINARY, &text).await;
        lengths.push(payload.len());
    }
    assert!(lengths[1] < lengths[0] / 10, "{lengths:?}");
}

#[tokio::test]
async fn what_cannot_be_inflated_or_was_not_agreed_on_is_a_protocol_error() {
    let server = server().await;
    for (offer, sent) in [
        ("", whole(DEFLATED | TEXT, &deflated(b"text"))),
        (OFFER, whole(DEFLATED | TEXT, b"\xff\xff\xff\xff")),
        (OFFER, [frame(TEXT, b"a"), frame(FINAL | DEFLATED, b"b")].concat()),
        (OFFER, frame(PING | DEFLATED, b"")),
    ] {
        is_refused(&server, offer, &sent, BROKEN).await;
    }
}

#[tokio::test]
async fn a_goodbye_is_answered_in_kind_behind_what_was_said_before() {
    let server = server().await;
    for payload in [&b""[..], b"\x03\xe8", b"\x03\xe8gone home", b"\x0f\xa0\xc3\xbc"] {
        for offer in OFFERS {
            let mut client = open(&server, offer).await;
            let sent = [whole(TEXT, b"last words"), frame(CLOSE, payload)].concat();
            comes_back(&mut client, &sent, TEXT, b"last words").await;
            let answer = client.next().await;
            assert_eq!(answer, Raw { first: CLOSE, payload: payload.to_vec() });
        }
    }
}
