//! Frames nobody should send: each gets its declared answer, and nobody else notices.

use std::time::{Duration, Instant};

use bellwire::{Period, Size};
use flate2::{Compress, Compression, FlushCompress};
use futures_util::SinkExt;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use crate::by_hand::{ByHand, frame};
use crate::contract::REPLY_ADDRESS;
use crate::harness::{TestServer, eventually};

fn raw(payload: Vec<u8>, kind: Data, is_final: bool) -> Message {
    Message::Frame(Frame::message(payload, OpCode::Data(kind), is_final))
}

/// Longer than anything takes that works.
const PATIENCE: Duration = Duration::from_secs(5);

#[tokio::test]
async fn what_is_not_a_text_frame_of_accepted_size_ends_its_connection_alone() {
    let server = TestServer::start().await;
    let mut witness = server.client().await;
    let cases: Vec<(Vec<Message>, (u16, &str))> = vec![
        (vec![Message::binary(vec![1, 2, 3])], (1003, "Text frames only")),
        (vec![raw(vec![0xff, 0xfe], Data::Text, true)], (1007, "Invalid UTF-8")),
        (vec![Message::text("x".repeat(100 << 10))], (1009, "Message too big")),
        (
            vec![
                raw(vec![b'x'; 40 << 10], Data::Text, false),
                raw(vec![b'x'; 40 << 10], Data::Continue, true),
            ],
            (1009, "Message too big"),
        ),
    ];
    for (messages, (code, reason)) in cases {
        let mut client = server.client().await;
        for message in messages {
            client.socket.send(message).await.expect("sends");
        }
        assert_eq!(client.close().await, (code, reason.to_owned()));
        witness.nothing_waits().await;
    }
}

#[tokio::test]
async fn odd_frames_are_answered_and_the_connection_goes_on() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    let deep = format!("{{\"type\":\"act\",\"payload\":{}1{}}}", "[".repeat(5000), "]".repeat(5000));
    let long_id = format!("{{\"type\":\"ping\",\"id\":\"{}\"}}", "x".repeat(65));
    let cases = [
        ("", "invalid-json"),
        ("null", "invalid-json"),
        ("\"ping\"", "invalid-json"),
        ("{", "invalid-json"),
        ("{\"type\":\"ping\"}}", "invalid-json"),
        ("{\"type\":{\"a\":1}}", "invalid-json"),
        ("{\"type\":\"\"}", "unknown-type"),
        ("{\"type\":\"ping\\u0000\"}", "unknown-type"),
        ("{\"type\":\"bars\"}", "unknown-type"),
        ("{\"type\":\"bars.update\"}", "unknown-type"),
        ("{\"type\":\"bars.subscribe\"}", "invalid-payload"),
        ("{\"type\":\"bars.subscribe\",\"payload\":null}", "invalid-payload"),
        ("{\"type\":\"bars.subscribe\",\"payload\":[\"A\",\"1\"]}", "invalid-payload"),
        ("{\"type\":\"bars.subscribe\",\"payload\":{\"symbol\":{}}}", "invalid-payload"),
        (
            "{\"type\":\"bars.subscribe\",\"payload\":{\"symbol\":\"A\",\"params\":7,\"resolution\":1}}",
            "invalid-payload",
        ),
        ("{\"type\":\"orders.place\",\"payload\":{\"qty\":1e999}}", "invalid-payload"),
        (&deep, "invalid-json"),
        (&long_id, "invalid-json"),
    ];
    for (text, code) in cases {
        client.send_text(text).await;
        let answer = client.frame().await;
        assert_eq!(answer["payload"]["code"], code, "{text} got {answer}");
    }
    let repeated = "{\"type\":\"no\",\"id\":1,\"type\":\"ping\",\"id\":2,\"extra\":[{}]}";
    client.send_text(repeated).await;
    assert_eq!(client.frame().await, json!({"type": "pong", "id": 2}));
}

#[tokio::test]
async fn a_message_that_never_ends_is_given_up_however_lively_its_client_is() {
    let server = TestServer::start_with(|settings| {
        settings.message_timeout = Some(Period(Duration::from_millis(100)));
    })
    .await;
    let mut client = ByHand::open(&server).await;
    client.send(&frame(0x01, b"{\"type\"")).await;
    let ended = async {
        loop {
            client.send(&frame(0x89, b"alive")).await;
            match client.next().await {
                pong if pong.first == 0x8a => {}
                other => return other.close(),
            }
        }
    };
    assert_eq!(timeout(PATIENCE, ended).await, Ok((1008, "Policy violation".to_owned())));
    // Nor is one waited for whose client falls silent.
    for begun in
        [&frame(0x01, b"{\"type\"")[..], &[0x81, 0xfe, 0xea], &[0x81, 0xfe, 0xea, 0x60, 0, 0, 0, 0, b'{']]
    {
        let mut client = ByHand::open(&server).await;
        client.send(begun).await;
        let closed = timeout(PATIENCE, client.next()).await.map(|frame| frame.close());
        assert_eq!(closed, Ok((1008, "Policy violation".to_owned())), "{begun:?}");
    }
    // Nor while nothing is read because much is under way: its time begins once that is done.
    let mut client = ByHand::open(&server).await;
    let request = frame(0x81, b"{\"type\":\"act\",\"payload\":{\"do\":\"wait\"}}");
    let (mut burst, begun) = (request.repeat(64), frame(0x01, b"{\"type\""));
    burst.extend_from_slice(&begun);
    client.send(&burst).await;
    let ended = async {
        for _ in 0..64 {
            assert_eq!(client.next().await.first, 0x81);
        }
        client.next().await.close()
    };
    let opening = async {
        loop {
            server.services.gate.notify_waiters();
            tokio::task::yield_now().await;
        }
    };
    let closed = timeout(PATIENCE, async {
        tokio::select! { closed = ended => closed, never = opening => never }
    });
    assert_eq!(closed.await, Ok((1008, "Policy violation".to_owned())));
    // What is whole may come for as long as it likes.
    let mut client = ByHand::open(&server).await;
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(200) {
        client.send(&frame(0x89, b"alive")).await;
        assert_eq!(client.next().await.payload, b"alive");
    }
}

#[expect(clippy::disallowed_methods, reason = "the server is to miss what happens meanwhile")]
#[tokio::test]
async fn a_pause_of_the_server_is_not_taken_for_a_message_that_never_ends() {
    let limit = Duration::from_millis(100);
    let server = TestServer::start_with(|settings| {
        settings.message_timeout = Some(Period(limit));
        settings.max_message = Some(Size(1 << 20));
    })
    .await;
    let mut client = ByHand::open(&server).await;
    // More than is read at once.
    let ping = format!(r#"{{"type":"ping","pad":"{}"}}"#, "x".repeat(70_000));
    let message = frame(0x81, ping.as_bytes());
    let (begun, rest) = message.split_at(10);
    client.send(&[&frame(0x89, b"here"), begun].concat()).await;
    assert_eq!(client.next().await.payload, b"here");
    // Client and server share this thread: the rest has come before the server looks again.
    assert_eq!(client.stream.try_write(rest).expect("writes"), rest.len());
    std::thread::sleep(2 * limit);
    assert_eq!(client.next().await.text(), r#"{"type":"pong"}"#);
}

/// A compressed text message that is long when it is inflated, and a few bytes before.
fn swelling(length: usize) -> Vec<u8> {
    let mut payload = Vec::with_capacity(1024);
    let mut deflate = Compress::new(Compression::best(), false);
    deflate.compress_vec(&vec![b' '; length], &mut payload, FlushCompress::Sync).expect("compresses");
    payload.truncate(payload.len() - 4);
    frame(0xc1, &payload)
}

#[tokio::test]
async fn what_comes_behind_requests_under_way_or_a_mistake_is_not_even_inflated() {
    let request = frame(0x81, b"{\"type\":\"act\",\"payload\":{\"do\":\"wait\"}}");
    let binary = frame(0x82, b"no text");
    for (first, taken_in) in [(request.repeat(64), 64), (binary, 0)] {
        let server = TestServer::start().await;
        let mut client = ByHand::deflating(&server).await;
        // In one write: all of it is there when the first of it is read.
        let mut burst = first;
        burst.extend_from_slice(&swelling(60 << 10).repeat(300));
        assert!(burst.len() < 60 << 10, "one read");
        client.send(&burst).await;
        if taken_in == 0 {
            assert_eq!(client.close().await.0, 1003);
        }
        while received(&server).await < taken_in {}
        server.client().await.nothing_waits().await;
        assert_eq!(received(&server).await, taken_in + 1, "the other client's message is one");
        if taken_in == 0 {
            continue;
        }
        server.services.gate.notify_waiters();
        let mut codes = Vec::new();
        for _ in 0..64 + 300 {
            codes.push(client.next().await.json()["payload"]["code"].as_str().map(str::to_owned));
        }
        let waited = codes.iter().filter(|code| code.is_none()).count();
        assert_eq!(waited, 64, "all else is no JSON, or too much");
    }
}

/// How many messages the server took in so far.
async fn received(server: &TestServer) -> usize {
    let metrics = server.get("/metrics").await.body;
    let name = "bellwire_messages_received_total ";
    let count = metrics.lines().find_map(|line| line.strip_prefix(name)).expect("it is counted");
    count.parse().expect("a number")
}

#[tokio::test]
async fn broken_framing_ends_the_connection() {
    let server = TestServer::start().await;
    let cases: [&[u8]; 5] = [
        &[0x81, 0x02, b'h', b'i'], // not masked
        &[0xf1, 0x80, 0, 0, 0, 0], // reserved bits
        &[0x8b, 0x80, 0, 0, 0, 0], // a reserved opcode
        &[0x09, 0x80, 0, 0, 0, 0], // a ping in fragments
        &[0x80, 0x80, 0, 0, 0, 0], // a continuation of nothing
    ];
    for bytes in cases {
        let mut stream = ByHand::open(&server).await.stream;
        stream.write_all(bytes).await.expect("writes");
        let mut rest = Vec::new();
        let ended = timeout(Duration::from_secs(5), stream.read_to_end(&mut rest)).await;
        assert!(ended.is_ok(), "{bytes:?}");
    }
    eventually("they are gone", || server.node.connection_count() == 0).await;
    server.client().await.nothing_waits().await;
}

#[tokio::test]
async fn a_peer_that_vanished_is_noticed() {
    let server = TestServer::start_with(|settings| {
        settings.heartbeat = Some(Period(Duration::from_millis(200)));
    })
    .await;
    let silent = ByHand::open(&server).await.stream;
    eventually("it is connected", || server.node.connection_count() == 1).await;
    eventually("it is given up", || server.node.connection_count() == 0).await;
    drop(silent);
}

#[tokio::test]
async fn a_frame_that_never_ends_holds_nothing_but_itself() {
    let server = TestServer::start_with(|settings| {
        settings.heartbeat = Some(Period(Duration::from_millis(300)));
    })
    .await;
    let mut stream = ByHand::open(&server).await.stream;
    // A text frame of 60 000 bytes, of which ten come.
    stream.write_all(&[0x81, 0xfe, 0xea, 0x60, 0, 0, 0, 0]).await.expect("writes");
    stream.write_all(b"{\"type\":\"p").await.expect("writes");
    server.client().await.nothing_waits().await;
    eventually("it is given up", || server.node.connection_count() == 0).await;
}

#[tokio::test]
async fn a_request_whose_head_never_ends_is_given_up() {
    let server = TestServer::start_with(|settings| {
        settings.head_timeout = Some(Period(Duration::from_millis(100)));
    })
    .await;
    let mut stream = TcpStream::connect(server.address).await.expect("connects");
    stream
        .write_all(format!("GET {REPLY_ADDRESS} HTTP/1.1\r\nhost: x\r\n").as_bytes())
        .await
        .expect("writes");
    let mut rest = Vec::new();
    let ended = timeout(Duration::from_secs(5), stream.read_to_end(&mut rest)).await;
    assert!(ended.is_ok(), "the server ends it");
    server.client().await.nothing_waits().await;
}
