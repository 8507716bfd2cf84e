//! Handshakes, whichever way they come: who may connect, and what everybody else is told.

use std::net::SocketAddr;
use std::time::Duration;

use bellwire::{App, Node, Settings, Size};
use serde_json::json;
use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Error;

use crate::by_hand::frame;
use crate::contract::REPLY_ADDRESS;
use crate::harness::{Client, TestServer, WAYS, eventually, head};
use crate::services::{TestServices, endpoint};

fn status(error: Option<Error>) -> u16 {
    match error {
        Some(Error::Http(response)) => response.status().as_u16(),
        other => panic!("expected an HTTP refusal, got {other:?}"),
    }
}

/// The lines of a good handshake; a test leaves some out and adds others.
const LINES: [&str; 5] = [
    "host: localhost",
    "connection: keep-alive, Upgrade",
    "upgrade: WebSocket",
    "sec-websocket-version: 13",
    "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==",
];

fn request(first: &str, without: &str, with: &str) -> String {
    let kept = LINES.iter().filter(|line| without.is_empty() || !line.starts_with(without));
    let lines: String = kept.map(|line| format!("{line}\r\n")).collect();
    format!("{first}\r\n{lines}{with}\r\n")
}

fn good() -> String {
    request(&format!("GET {REPLY_ADDRESS} HTTP/1.1"), "", "")
}

#[tokio::test]
async fn the_subprotocol_is_chosen_or_the_handshake_refused() {
    for way in WAYS {
        let server = TestServer::start().await.by(way);
        let cases = [
            ("bellwire.json.v1", Some("bellwire.json.v1")),
            ("other.v2, bellwire.json.v1", Some("bellwire.json.v1")),
            ("other.v2", None),
        ];
        for (offered, chosen) in cases {
            let client = server.try_connect(REPLY_ADDRESS, &[("sec-websocket-protocol", offered)]).await;
            match chosen {
                Some(chosen) => assert_eq!(client.expect(offered).subprotocol.as_deref(), Some(chosen)),
                None => assert_eq!(status(client.err()), 400),
            }
        }
        assert_eq!(server.client().await.subprotocol, None);
    }
}

#[tokio::test]
async fn pages_of_other_origins_may_not_connect() {
    for way in WAYS {
        let server = TestServer::start().await.by(way);
        let refused = server.try_connect(REPLY_ADDRESS, &[("origin", "https://evil.example")]).await;
        assert_eq!(status(refused.err()), 403);
        server.try_connect(REPLY_ADDRESS, &[("origin", "http://localhost:5173")]).await.expect("loopback");
        let listed = TestServer::start_with(|settings| {
            settings.allow_origin = vec!["https://app.example".to_owned()];
        })
        .await
        .by(way);
        listed.try_connect(REPLY_ADDRESS, &[("origin", "https://app.example")]).await.expect("listed");
    }
}

#[tokio::test]
async fn beyond_the_limit_connections_are_told_to_come_back() {
    for way in WAYS {
        let server = TestServer::start_with(|settings| settings.max_connections = Some(1)).await.by(way);
        let first = server.client().await;
        let mut told = Vec::new();
        for _ in 0..64 {
            told.push(server.client().await);
        }
        let beyond = server.try_connect(REPLY_ADDRESS, &[]).await;
        assert_eq!(status(beyond.err()), 503, "so many are not even told by a close");
        for mut client in told {
            assert_eq!(client.close().await, (1013, "Try again later".to_owned()));
        }
        drop(first);
        eventually("there is room again", || server.node.connection_count() == 0).await;
        server.client().await.nothing_waits().await;
        let metrics = server.get("/metrics").await.body;
        let counted = "bellwire_connection_limit_reached_total 65";
        assert!(metrics.lines().any(|line| line == counted), "{way:?}\n{metrics}");
    }
}

#[tokio::test]
async fn what_is_no_handshake_is_told_what_is_missing() {
    let get = format!("GET {REPLY_ADDRESS} HTTP/1.1");
    let cases = [
        (request(&get, "", ""), "101"),
        (request(&format!("GET {REPLY_ADDRESS}?a=b%20c HTTP/1.1"), "", "x-other: \u{e9}\r\n"), "101"),
        (request(&get, "", &"x-many: lines\r\n".repeat(60)), "101"),
        (request(&get, "", &format!("x-long: {}\r\n", "x".repeat(20_000))), "101"),
        (request(&get, "", "content-length: 0\r\n"), "101"),
        (request(&get, "connection", ""), "426"),
        (request(&get, "upgrade", ""), "426"),
        (request(&get, "sec-websocket-version", ""), "426"),
        (request(&get, "sec-websocket-version", "sec-websocket-version: 8\r\n"), "426"),
        (request(&get, "sec-websocket-key", ""), "400"),
        (request(&get, "sec-websocket-key", "sec-websocket-key: dGhlIHNhbXBsZQ==\r\n"), "400"),
        (request(&get, "sec-websocket-key", "sec-websocket-key: not sixteen bytes, no==\r\n"), "400"),
        (request(&format!("POST {REPLY_ADDRESS} HTTP/1.1"), "", ""), "405"),
        (request(&format!("GET {REPLY_ADDRESS}/nowhere HTTP/1.1"), "", ""), "404"),
        (request(&format!("GET {REPLY_ADDRESS} HTTP/1.0"), "", ""), "426"),
        (request(&get, "", "no header line\r\n"), "400"),
        ("\0\r\n\r\n".to_owned(), "400"),
    ];
    for way in WAYS {
        let server = TestServer::start().await.by(way);
        for (request, status) in &cases {
            let mut stream = server.tcp().await;
            stream.write_all(request.as_bytes()).await.expect("writes");
            let head = head(&mut stream).await;
            assert_eq!(head.split(' ').nth(1), Some(*status), "{way:?} {request}\n{head}");
            if *status == "101" {
                assert!(head.contains("sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"), "{head}");
            }
        }
    }
}

#[tokio::test]
async fn a_handshake_may_come_in_pieces_and_bring_its_first_frames() {
    let (ping, pong) = (json!({"type": "ping", "id": 1}), json!({"type": "pong", "id": 1}));
    let bytes = [good().into_bytes(), frame(0x81, ping.to_string().as_bytes())].concat();
    for way in WAYS {
        let server = TestServer::start().await.by(way);
        for cut in [0, 1, 20, good().len() - 2, good().len(), good().len() + 3] {
            let mut stream = server.tcp().await;
            stream.set_nodelay(true).expect("a socket");
            for piece in [&bytes[..cut], &bytes[cut..]] {
                stream.write_all(piece).await.expect("writes");
                // The other side has time to see the pieces apart.
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            let mut client = crate::by_hand::ByHand { head: head(&mut stream).await, stream };
            assert!(client.head.starts_with("HTTP/1.1 101"), "{way:?} {cut}\n{}", client.head);
            assert_eq!(client.next().await.json(), pong, "{way:?} {cut}");
        }
    }
}

#[tokio::test]
async fn a_client_that_says_nothing_is_given_up() {
    let server = TestServer::start_with(|settings| {
        settings.head_timeout = Some(bellwire::Period(Duration::from_millis(100)));
    })
    .await;
    let mut silent = server.tcp().await;
    let ended = tokio::io::AsyncReadExt::read_u8(&mut silent);
    assert!(tokio::time::timeout(Duration::from_secs(5), ended).await.expect("in time").is_err());
}

#[tokio::test(start_paused = true)]
async fn a_head_in_pieces_has_no_more_time_than_one_in_one() {
    let server = TestServer::start_with(|settings| {
        settings.head_timeout = Some(bellwire::Period(Duration::from_secs(10)));
    })
    .await;
    let (mut stream, start) = (server.tcp().await, Instant::now());
    for piece in ["GET /health HTTP/1.1\r\n", "host: x\r\n"] {
        tokio::time::sleep(Duration::from_secs(4)).await;
        stream.write_all(piece.as_bytes()).await.expect("writes");
    }
    assert!(stream.read_u8().await.is_err(), "the server ends it");
    assert_eq!(start.elapsed().as_secs(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_head_that_came_in_time_bounds_nothing_that_follows() {
    let server = TestServer::start_with(|settings| {
        settings.head_timeout = Some(bellwire::Period(Duration::from_secs(10)));
    })
    .await;
    let mut stream = server.tcp().await;
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_secs(8)).await;
        stream.write_all(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("writes");
        let head = head(&mut stream).await;
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length = length.expect("a length").parse().expect("a number");
        stream.read_exact(&mut vec![0; length]).await.expect("a body");
    }
}

#[tokio::test]
async fn an_application_may_serve_the_routes_itself() {
    let (node, services) = (Node::new(), TestServices::default());
    let app = App::new(node.clone(), Settings::default()).endpoint(endpoint::<false>(&services));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("an ephemeral port is free");
    let address = listener.local_addr().expect("an address");
    let router = app.into_router().expect("good settings");
    tokio::spawn(async move { axum::serve(listener, router).await });
    let mut client = Client::open(&format!("ws://{address}{REPLY_ADDRESS}")).await;
    client.ask_ok(json!({"type": "plain.subscribe", "payload": {"symbol": "A"}})).await;
    assert_eq!(node.connection_count(), 1);
    let mut stream = TcpStream::connect(address).await.expect("connects");
    stream.write_all(request("GET /health HTTP/1.1", "", "").as_bytes()).await.expect("writes");
    assert!(head(&mut stream).await.starts_with("HTTP/1.1 200"));
}

/// A listener of an application's own; the test keeps a hand on the socket it accepts.
struct Watched {
    listener: TcpListener,
    accepted: mpsc::Sender<std::net::TcpStream>,
}

impl axum::serve::Listener for Watched {
    type Io = TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (TcpStream, SocketAddr) {
        let (stream, remote) = self.listener.accept().await.expect("accepts");
        let stream = stream.into_std().expect("a socket");
        self.accepted
            .send(stream.try_clone().expect("a second handle"))
            .await
            .expect("the test waits for it");
        (TcpStream::from_std(stream).expect("a socket"), remote)
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

#[tokio::test]
async fn sockets_of_an_applications_own_server_send_at_once_and_hold_little() {
    const SEND_BUFFER: usize = 64 << 10;
    let mut settings = Settings::default();
    settings.send_buffer = Some(Size(SEND_BUFFER as u64));
    let app = App::new(Node::new(), settings).endpoint(endpoint::<false>(&TestServices::default()));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("an ephemeral port is free");
    let address = listener.local_addr().expect("an address");
    let (accepted, mut sockets) = mpsc::channel(1);
    let router = app.into_router().expect("good settings");
    tokio::spawn(async move { axum::serve(Watched { listener, accepted }, router).await });
    let mut client = Client::open(&format!("ws://{address}{REPLY_ADDRESS}")).await;
    client.nothing_waits().await;
    let socket = sockets.recv().await.expect("a socket");
    assert!(socket.nodelay().expect("known"), "a small frame waits for no other");
    // Linux counts twice what was asked for.
    let held = SockRef::from(&socket).send_buffer_size().expect("known");
    assert!((SEND_BUFFER..=2 * SEND_BUFFER).contains(&held), "{held}");
}
