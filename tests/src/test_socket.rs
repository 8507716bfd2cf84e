//! A client with no opinion: sends what it is told, hands out what arrives in order, never answers by itself but for pings.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::PATIENCE;

/// How a connection ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// The close code; 1006 where the connection broke without one.
    pub code: u16,
    /// The reason.
    pub reason: String,
}

/// One connection.
#[derive(Debug)]
pub struct TestSocket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl TestSocket {
    /// Connects, offering no subprotocol.
    ///
    /// # Panics
    /// When the handshake is refused.
    pub async fn connect(url: &str) -> Self {
        let (stream, _) = connect_async(url).await.unwrap_or_else(|error| panic!("{url}: {error}"));
        Self { stream }
    }

    /// Connects with one more header.
    ///
    /// # Panics
    /// When the handshake is refused.
    pub async fn connect_with(url: &str, name: &'static str, value: &str) -> Self {
        let mut request = url.into_client_request().expect("a valid address");
        request.headers_mut().insert(name, HeaderValue::from_str(value).expect("a valid header"));
        let (stream, _) = connect_async(request).await.unwrap_or_else(|error| panic!("{url}: {error}"));
        Self { stream }
    }

    /// Connects with these subprotocols; the status of the answer where it is refused.
    ///
    /// # Errors
    /// The HTTP status of a refusal.
    ///
    /// # Panics
    /// When nobody answers.
    pub async fn offer(url: &str, subprotocols: &str) -> Result<(Self, Option<String>), u16> {
        let mut request = url.into_client_request().expect("a valid address");
        let header = HeaderValue::from_str(subprotocols).expect("a valid header");
        request.headers_mut().insert("sec-websocket-protocol", header);
        match connect_async(request).await {
            Ok((stream, response)) => {
                let chosen = response.headers().get("sec-websocket-protocol");
                let chosen = chosen.and_then(|value| value.to_str().ok()).map(str::to_owned);
                Ok((Self { stream }, chosen))
            }
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("{url}: {error}"),
        }
    }

    /// Sends a frame.
    ///
    /// # Panics
    /// When the connection is gone.
    pub async fn send(&mut self, frame: &Value) {
        self.send_text(&frame.to_string()).await;
    }

    /// Sends a text as it is.
    ///
    /// # Panics
    /// When the connection is gone.
    pub async fn send_text(&mut self, text: &str) {
        self.send_message(Message::text(text)).await;
    }

    /// Sends any WebSocket message.
    ///
    /// # Panics
    /// When the connection is gone.
    pub async fn send_message(&mut self, message: Message) {
        self.try_send(message).await.expect("an open connection");
    }

    /// Sends any WebSocket message on a connection that may be closed already.
    ///
    /// # Errors
    /// When it is.
    pub async fn try_send(&mut self, message: Message) -> Result<(), Error> {
        self.stream.send(message).await
    }

    /// Subscribes and returns the payload of the reply.
    ///
    /// # Panics
    /// When another frame comes first.
    pub async fn subscribe(&mut self, route: &str, params: &Value) -> Value {
        self.send(&json!({ "type": format!("{route}.subscribe"), "id": "s", "payload": params })).await;
        let reply = self.next_of(&format!("{route}.subscribe.response")).await;
        assert_eq!(reply["id"], "s", "{reply}");
        reply["payload"].clone()
    }

    /// The next frame.
    ///
    /// # Panics
    /// When none comes in time, or the connection ends.
    pub async fn next(&mut self) -> Value {
        let text = self.next_text().await;
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error} in {text}"))
    }

    /// The next frame of a type; others are let go.
    ///
    /// # Panics
    /// When none comes in time, or the connection ends.
    pub async fn next_of(&mut self, kind: &str) -> Value {
        loop {
            let frame = self.next().await;
            if frame["type"] == kind {
                return frame;
            }
        }
    }

    /// The next text message.
    ///
    /// # Panics
    /// When none comes in time, or the connection ends.
    pub async fn next_text(&mut self) -> String {
        // Pings are no sign that the frame will come.
        let deadline = Instant::now() + PATIENCE;
        loop {
            match timeout_at(deadline, self.stream.next()).await.expect("a frame in time") {
                Some(Ok(Message::Text(text))) => return text.to_string(),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("a text frame was expected, not {other:?}"),
            }
        }
    }

    /// Lets everything go until the connection ends, and says how it did.
    ///
    /// # Panics
    /// When it does not end in time.
    pub async fn closed(&mut self) -> Closed {
        self.closed_within(PATIENCE).await
    }

    /// The same with a patience of one's own.
    ///
    /// # Panics
    /// When it does not end in time.
    pub async fn closed_within(&mut self, patience: Duration) -> Closed {
        timeout(patience, self.drain(|_| {})).await.expect("the connection ends in time")
    }

    /// Every text until the connection ends, and how it does.
    ///
    /// # Panics
    /// When it does not end in time.
    pub async fn rest(&mut self) -> (Vec<String>, Closed) {
        let mut texts = Vec::new();
        let ended = timeout(PATIENCE, self.drain(|text| texts.push(text))).await;
        (texts, ended.expect("the connection ends in time"))
    }

    async fn drain(&mut self, mut take: impl FnMut(String)) -> Closed {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Text(text))) => take(text.to_string()),
                Some(Ok(Message::Close(Some(frame)))) => {
                    return Closed { code: frame.code.into(), reason: frame.reason.to_string() };
                }
                Some(Ok(Message::Close(None))) => return Closed { code: 1005, reason: String::new() },
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Closed { code: 1006, reason: String::new() },
            }
        }
    }

    /// Whether nothing arrives for a while: the only wait for an absence, so keep it short.
    pub async fn is_silent_for(&mut self, time: Duration) -> bool {
        timeout(time, self.stream.next()).await.is_err()
    }

    /// Closes from this side.
    pub async fn close(mut self) {
        // The other side may have closed first; either way it is over.
        let _ = self.stream.close(None).await;
    }
}
