//! A server on an ephemeral port, and clients that wait for what they expect, but not for ever.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use bellwire::contract::{Endpoint, Node};
use bellwire::{App, Error, Period, Settings};
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::contract::{CLOSE_ADDRESS, REPLY_ADDRESS};
use crate::services::{TestServices, endpoint};

/// Longer than anything takes that works.
const PATIENCE: Duration = Duration::from_secs(5);

/// How a handshake comes to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// As the first request of its connection: read at the door.
    Door,
    /// Behind another request of the same connection: read by the HTTP server.
    Http,
}

/// Both ways: what is promised of handshakes holds for either.
pub(crate) const WAYS: [Way; 2] = [Way::Door, Way::Http];

/// A running server.
pub(crate) struct TestServer {
    pub(crate) node: Node,
    pub(crate) address: SocketAddr,
    pub(crate) services: TestServices,
    way: Way,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<Result<(), Error>>,
}

impl TestServer {
    /// The test endpoints with the defaults.
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// The test endpoints with changed settings.
    pub(crate) async fn start_with(change: impl FnOnce(&mut Settings)) -> Self {
        let services = TestServices::default();
        let endpoints = vec![endpoint::<false>(&services), endpoint::<true>(&services)];
        Self::serve(services, endpoints, axum::Router::new(), change).await
    }

    /// Any endpoints.
    pub(crate) async fn serve(
        services: TestServices,
        endpoints: Vec<Endpoint>,
        routes: axum::Router,
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        Self::serve_on(Node::new(), services, endpoints, routes, change).await
    }

    /// Any endpoints on a node that may have been used before.
    pub(crate) async fn serve_on(
        node: Node,
        services: TestServices,
        endpoints: Vec<Endpoint>,
        routes: axum::Router,
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        let mut settings = Settings::default();
        settings.port = Some(0);
        settings.publish_token = Some("token".into());
        settings.shutdown_timeout = Some(Period(Duration::from_secs(2)));
        change(&mut settings);
        let mut app = App::new(node.clone(), settings).routes(routes);
        for endpoint in endpoints {
            app = app.endpoint(endpoint);
        }
        let server = app.bind().await.expect("an ephemeral port is free");
        let address = server.local_addr();
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(server.run(async {
            let _ = stopped.await;
        }));
        Self { node, address, services, way: Way::Door, stop: Some(stop), task }
    }

    /// The same, with handshakes that come this way.
    pub(crate) fn by(mut self, way: Way) -> Self {
        self.way = way;
        self
    }

    /// A TCP connection on which a handshake may come next.
    pub(crate) async fn tcp(&self) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.expect("connects");
        if self.way == Way::Http {
            stream.write_all(b"GET /nothing/here HTTP/1.1\r\nhost: localhost\r\n\r\n").await.expect("writes");
            let head = head(&mut stream).await;
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length = length.map_or(0, |length| length.parse().expect("a number"));
            stream.read_exact(&mut vec![0; length]).await.expect("a body");
        }
        stream
    }

    /// A client of the endpoint that answers failures.
    pub(crate) async fn client(&self) -> Client {
        self.connect(REPLY_ADDRESS).await
    }

    /// A client of the endpoint that closes on failures.
    pub(crate) async fn closing_client(&self) -> Client {
        self.connect(CLOSE_ADDRESS).await
    }

    pub(crate) async fn connect(&self, path: &str) -> Client {
        self.try_connect(path, &[]).await.expect("the handshake succeeds")
    }

    pub(crate) async fn try_connect(
        &self,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Client, tungstenite::Error> {
        let mut request = format!("ws://{}{path}", self.address).into_client_request()?;
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().expect("a header value"));
        }
        let stream = MaybeTlsStream::Plain(self.tcp().await);
        let (socket, response) = tokio_tungstenite::client_async(request, stream).await?;
        let chosen = response.headers().get("sec-websocket-protocol");
        let subprotocol = chosen.and_then(|value| value.to_str().ok()).map(str::to_owned);
        Ok(Client { socket, subprotocol })
    }

    /// Tells the server to stop.
    pub(crate) fn stop(&mut self) {
        self.stop.take();
    }

    /// Waits until it has stopped.
    pub(crate) async fn stopped(self) {
        timeout(PATIENCE, self.task).await.expect("stops in time").expect("no panic").expect("stops well");
    }

    /// One HTTP exchange; the body as text.
    pub(crate) async fn http(&self, method: &str, path: &str, headers: &str, body: &str) -> Answer {
        let headers = format!("connection: close\r\ncontent-length: {}\r\n{headers}", body.len());
        self.exchange(method, path, &headers, body).await
    }

    /// The same with a body that does not end, on a connection that may go on.
    pub(crate) async fn http_in_part(&self, method: &str, path: &str, headers: &str, body: &str) -> Answer {
        let headers = format!("content-length: {}\r\n{headers}", body.len() + 1);
        self.exchange(method, path, &headers, body).await
    }

    async fn exchange(&self, method: &str, path: &str, headers: &str, body: &str) -> Answer {
        let mut stream = TcpStream::connect(self.address).await.expect("connects");
        let request = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\n{headers}\r\n{body}", self.address);
        stream.write_all(request.as_bytes()).await.expect("writes");
        let mut bytes = Vec::new();
        let _ = timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.expect("answers in time");
        Answer::parse(&String::from_utf8(bytes).expect("text"))
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.http("GET", path, "", "").await
    }

    /// Publishes as a back end in another language would.
    pub(crate) async fn publish(&self, body: &Value) -> Answer {
        self.http("POST", "/api/v1/publish", "authorization: Bearer token\r\n", &body.to_string()).await
    }
}

/// The head of an answer.
pub(crate) async fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(timeout(PATIENCE, stream.read_u8()).await.expect("in time").expect("an answer"));
    }
    String::from_utf8(head).expect("text")
}

/// An HTTP answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Answer {
    fn parse(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).expect("a status line");
        let headers = lines.filter_map(|line| line.split_once(": "));
        Self {
            status: status.parse().expect("a number"),
            headers: headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect(),
            body: body.to_owned(),
        }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

/// A connected client.
pub(crate) struct Client {
    pub(crate) socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    pub(crate) subprotocol: Option<String>,
}

impl Client {
    /// A client of a server that is not a [`TestServer`].
    pub(crate) async fn open(url: &str) -> Self {
        let (socket, _) = tokio_tungstenite::connect_async(url).await.expect("the handshake succeeds");
        Self { socket, subprotocol: None }
    }

    pub(crate) async fn send(&mut self, frame: Value) {
        self.send_text(&frame.to_string()).await;
    }

    pub(crate) async fn send_text(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.expect("sends");
    }

    /// The next text message.
    pub(crate) async fn text(&mut self) -> String {
        loop {
            let message = timeout(PATIENCE, self.socket.next()).await.expect("a message in time");
            match message.expect("an open socket").expect("a message") {
                Message::Text(text) => return text.to_string(),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("expected text, got {other:?}"),
            }
        }
    }

    /// The next frame.
    pub(crate) async fn frame(&mut self) -> Value {
        let text = self.text().await;
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// Sends a frame and returns the next one.
    pub(crate) async fn ask(&mut self, frame: Value) -> Value {
        self.send(frame).await;
        self.frame().await
    }

    /// The next frame's payload, which answers something with `status: "ok"`.
    pub(crate) async fn ask_ok(&mut self, frame: Value) -> Value {
        let answer = self.ask(frame).await;
        assert_eq!(answer["payload"]["status"], "ok", "{answer}");
        answer["payload"].clone()
    }

    /// Asserts that nothing was sent before the answer to a ping.
    pub(crate) async fn nothing_waits(&mut self) {
        let answer = self.ask(serde_json::json!({"type": "ping", "id": "nothing"})).await;
        assert_eq!(answer, serde_json::json!({"type": "pong", "id": "nothing"}));
    }

    /// The code and reason the server closes with, whatever comes before.
    pub(crate) async fn close(&mut self) -> (u16, String) {
        loop {
            match timeout(PATIENCE, self.socket.next()).await.expect("a close in time") {
                Some(Ok(Message::Close(Some(frame)))) => {
                    return (frame.code.into(), frame.reason.to_string());
                }
                Some(Ok(_)) => {}
                other => panic!("expected a close, got {other:?}"),
            }
        }
    }
}

/// Waits until something holds that another task brings about.
pub(crate) async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("never happened: {what}"));
}
